#include "wire/httpsig.h"

#include <string.h>

#include "base/text.h"

/* ---- a reader over one field ----------------------------------------------------------------- */

struct reader {
    const char *p, *end;
};

static int at(const struct reader *r, char c)
{
    return r->p < r->end && *r->p == c;
}

static int take(struct reader *r, char c)
{
    int is = at(r, c);
    r->p += is;
    return is;
}

static void spaces_skip(struct reader *r)
{
    while (take(r, ' '))
        ;
}

static int is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int text_is(const struct http1_text *t, const char *s)
{
    return t->len == strlen(s) && memcmp(t->p, s, t->len) == 0;
}

static int text_same(const struct http1_text *a, const struct http1_text *b)
{
    return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )  (RFC 8941 3.1.2) */
static int key_take(struct reader *r, struct http1_text *out)
{
    out->p = r->p;
    if (r->p == r->end || (!is_lower(*r->p) && *r->p != '*'))
        return -SK_EINVAL;
    while (r->p < r->end && (is_lower(*r->p) || is_digit(*r->p) || *r->p == '_' || *r->p == '-' ||
                             *r->p == '.' || *r->p == '*'))
        r->p++;
    out->len = (size_t)(r->p - out->p);
    return 0;
}

/* A string, printable ASCII; one with an escape is outside of the subset. */
static int string_take(struct reader *r, struct http1_text *out)
{
    if (!take(r, '"'))
        return -SK_EINVAL;
    out->p = r->p;
    while (r->p < r->end && *r->p != '"') {
        if (*r->p == '\\')
            return -SK_EUNSUPPORTED;
        if (*r->p < 0x20 || *r->p > 0x7e)
            return -SK_EINVAL;
        r->p++;
    }
    out->len = (size_t)(r->p - out->p);
    return take(r, '"') ? 0 : -SK_EINVAL;
}

/* An integer of 1 to 15 digits (RFC 8941 3.3.1); ours are moments: never negative. */
static int integer_take(struct reader *r, int64_t *out)
{
    const char *start = r->p;
    *out = 0;
    while (r->p < r->end && is_digit(*r->p) && r->p - start < 16)
        *out = *out * 10 + (*r->p++ - '0');
    return r->p == start || r->p - start > 15 ? -SK_EINVAL : 0;
}

/* A byte sequence `:base64:`; padding is there, nothing stands between. */
static int bytes_take(struct reader *r, struct http1_text *out)
{
    if (!take(r, ':'))
        return -SK_EINVAL;
    out->p = r->p;
    while (r->p < r->end && *r->p != ':') {
        if (*r->p <= ' ')
            return -SK_EINVAL;
        r->p++;
    }
    out->len = (size_t)(r->p - out->p);
    return take(r, ':') ? 0 : -SK_EINVAL;
}

/* ---- Signature-Input ------------------------------------------------------------------------- */

static int component_take(struct httpsig_input *out, struct reader *r)
{
    struct http1_text name;
    int rc = string_take(r, &name);
    if (rc != 0)
        return rc;
    if (at(r, ';')) /* ;sf ;bs ;key ;req ;tr: parts or other forms of a field */
        return -SK_EUNSUPPORTED;
    for (size_t i = 0; i < out->component_count; i++)
        if (text_same(&out->components[i], &name))
            return -SK_EINVAL;
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            return -SK_EINVAL;
    if (name.len == 0 || text_is(&name, "@signature-params"))
        return -SK_EINVAL;
    if (out->component_count == HTTPSIG_COMPONENTS_MAX)
        return -SK_ETOOBIG;
    out->components[out->component_count++] = name;
    return 0;
}

static int list_take(struct httpsig_input *out, struct reader *r)
{
    if (!take(r, '('))
        return -SK_EINVAL;
    for (;;) {
        spaces_skip(r);
        if (take(r, ')'))
            return 0;
        int rc = component_take(out, r);
        if (rc != 0)
            return rc;
        if (!at(r, ' ') && !at(r, ')'))
            return -SK_EINVAL;
    }
}

static int moment_take(struct reader *r, int *has, int64_t *out)
{
    if (*has)
        return -SK_EINVAL;
    *has = 1;
    return integer_take(r, out);
}

static int text_take(struct reader *r, struct http1_text *out)
{
    return out->p != NULL ? -SK_EINVAL : string_take(r, out);
}

static int param_take(struct httpsig_input *out, struct http1_text *tag, struct reader *r)
{
    struct http1_text key;
    spaces_skip(r);
    int rc = key_take(r, &key);
    if (rc != 0 || !take(r, '='))
        return rc != 0 ? rc : -SK_EUNSUPPORTED; /* a bare key is a boolean: none of ours is one */
    if (text_is(&key, "created"))
        return moment_take(r, &out->has_created, &out->created);
    if (text_is(&key, "expires"))
        return moment_take(r, &out->has_expires, &out->expires);
    if (text_is(&key, "nonce"))
        return text_take(r, &out->nonce);
    if (text_is(&key, "keyid"))
        return text_take(r, &out->keyid);
    if (text_is(&key, "alg"))
        return text_take(r, &out->alg);
    return text_is(&key, "tag") ? text_take(r, tag) : -SK_EUNSUPPORTED;
}

int httpsig_input_parse(struct httpsig_input *out, const char *text, size_t len)
{
    struct reader r = {text, text + len};
    struct http1_text tag = {NULL, 0};
    memset(out, 0, sizeof(*out));
    int rc = key_take(&r, &out->label);
    if (rc != 0 || !take(&r, '='))
        return -SK_EINVAL;
    const char *start = r.p;
    rc = list_take(out, &r);
    while (rc == 0 && take(&r, ';'))
        rc = param_take(out, &tag, &r);
    if (rc != 0)
        return rc;
    out->params = (struct http1_text){start, (size_t)(r.p - start)};
    return r.p == r.end ? 0 : -SK_EINVAL; /* a second signature, or anything else */
}

int httpsig_covers(const struct httpsig_input *in, const char *name)
{
    for (size_t i = 0; i < in->component_count; i++)
        if (text_is(&in->components[i], name))
            return 1;
    return 0;
}

/* ---- Signature and Content-Digest ------------------------------------------------------------ */

int httpsig_signature_parse(uint8_t out[HTTPSIG_BYTES_MAX], size_t *out_len,
                            const struct http1_text *label, const char *text, size_t len)
{
    struct reader r = {text, text + len};
    struct http1_text key, bytes;
    if (key_take(&r, &key) != 0 || !text_same(&key, label) || !take(&r, '=') ||
        bytes_take(&r, &bytes) != 0 || r.p != r.end || bytes.len == 0 ||
        sk_b64_decode(out, HTTPSIG_BYTES_MAX, out_len, bytes.p, bytes.len) != 0)
        return -SK_EINVAL;
    return 0;
}

/* One member `name=:base64:`; sha-256 goes to `out`, others are only read over. */
static int digest_member(struct reader *r, uint8_t out[32], int *found)
{
    struct http1_text key, bytes;
    size_t got;
    if (key_take(r, &key) != 0 || !take(r, '=') || bytes_take(r, &bytes) != 0)
        return -SK_EINVAL;
    if (!text_is(&key, "sha-256"))
        return 0;
    if (*found || sk_b64_decode(out, 32, &got, bytes.p, bytes.len) != 0 || got != 32)
        return -SK_EINVAL;
    *found = 1;
    return 0;
}

int httpsig_digest_parse(uint8_t out[32], const char *text, size_t len)
{
    struct reader r = {text, text + len};
    int found = 0;
    for (;;) {
        if (digest_member(&r, out, &found) != 0)
            return -SK_EINVAL;
        if (r.p == r.end)
            return found ? 0 : -SK_EINVAL;
        while (at(&r, ' ') || at(&r, '\t'))
            r.p++;
        if (!take(&r, ','))
            return -SK_EINVAL;
        while (at(&r, ' ') || at(&r, '\t'))
            r.p++;
    }
}

/* ---- the signature base ---------------------------------------------------------------------- */

static int part_add(struct sk_buf *out, const char *p, size_t len)
{
    return len > 0 ? sk_buf_add(out, p, len) : 0;
}

int httpsig_base(struct sk_buf *out, const struct httpsig_input *in, httpsig_value_fn value,
                 void *ctx)
{
    for (size_t i = 0; i < in->component_count; i++) {
        struct http1_text v;
        int rc = value(ctx, &in->components[i], &v);
        if (rc == 0 && v.len > 0 &&
            (memchr(v.p, '\n', v.len) != NULL || memchr(v.p, '\r', v.len) != NULL))
            rc = -SK_EINVAL;
        if (rc == 0)
            rc = sk_buf_add_str(out, "\"");
        if (rc == 0)
            rc = part_add(out, in->components[i].p, in->components[i].len);
        if (rc == 0)
            rc = sk_buf_add_str(out, "\": ");
        if (rc == 0)
            rc = part_add(out, v.p, v.len);
        if (rc == 0)
            rc = sk_buf_add_str(out, "\n");
        if (rc != 0)
            return rc;
    }
    int rc = sk_buf_add_str(out, "\"@signature-params\": ");
    return rc != 0 ? rc : part_add(out, in->params.p, in->params.len);
}

int httpsig_authority(char out[HTTPSIG_AUTHORITY_SIZE], const char *host)
{
    size_t len = strlen(host);
    if (len > 4 && strcmp(host + len - 4, ":443") == 0)
        len -= 4;
    if (len >= HTTPSIG_AUTHORITY_SIZE)
        return -SK_ETOOBIG;
    for (size_t i = 0; i < len; i++)
        out[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] + 32) : host[i];
    out[len] = '\0';
    return 0;
}

/* The texts of a request, as components have them. */
struct values {
    const struct httpsig_request *req;
    char authority[HTTPSIG_AUTHORITY_SIZE];
    char query[HTTPSIG_QUERY_SIZE];
};

static int values_make(struct values *v, const struct httpsig_request *req)
{
    v->req = req;
    v->query[0] = '?';
    int rc = sk_copy(v->query + 1, sizeof(v->query) - 1, req->query);
    return rc != 0 ? rc : httpsig_authority(v->authority, req->authority);
}

static int request_value(void *ctx, const struct http1_text *name, struct http1_text *value)
{
    const struct values *v = ctx;
    const char *text = NULL;
    if (text_is(name, "@method"))
        text = v->req->method;
    else if (text_is(name, "@authority"))
        text = v->authority;
    else if (text_is(name, "@path"))
        text = v->req->path[0] != '\0' ? v->req->path : "/";
    else if (text_is(name, "@query"))
        text = v->query;
    else if (text_is(name, "content-digest") && v->req->digest[0] != '\0')
        text = v->req->digest;
    if (text == NULL)
        return -SK_ENOTFOUND;
    *value = (struct http1_text){text, strlen(text)};
    return 0;
}

int httpsig_request_base(struct sk_buf *out, const struct httpsig_input *in,
                         const struct httpsig_request *req)
{
    struct values v;
    int rc = values_make(&v, req);
    return rc != 0 ? rc : httpsig_base(out, in, request_value, &v);
}

/* ---- the short form -------------------------------------------------------------------------- */

static int member_take(struct reader *r, const char *name, struct http1_text *out)
{
    size_t len = strlen(name);
    if ((size_t)(r->end - r->p) <= len || memcmp(r->p, name, len) != 0 || r->p[len] != '=')
        return -SK_EINVAL;
    r->p += len + 1;
    out->p = r->p;
    while (r->p < r->end && (is_lower(*r->p) || is_digit(*r->p) || *r->p == '-' || *r->p == '_' ||
                             (*r->p >= 'A' && *r->p <= 'Z')))
        r->p++;
    out->len = (size_t)(r->p - out->p);
    return out->len > 0 ? 0 : -SK_EINVAL;
}

static int between(struct reader *r)
{
    return take(r, ',') && take(r, ' ');
}

int httpsig_short_parse(struct httpsig_short *out, const char *text, size_t len)
{
    static const char scheme[] = "Skep-HMAC ";
    struct reader r = {text, text + len};
    struct http1_text t, sig;
    size_t got;
    uint64_t seconds;
    if (len < sizeof(scheme) - 1 || memcmp(text, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EINVAL;
    r.p += sizeof(scheme) - 1;
    if (member_take(&r, "key", &out->key) != 0 || !between(&r) || member_take(&r, "t", &t) != 0 ||
        !between(&r) || member_take(&r, "nonce", &out->nonce) != 0 || !between(&r) ||
        member_take(&r, "sig", &sig) != 0 || r.p != r.end ||
        sk_parse_u64(&seconds, t.p, t.len, 999999999999999) != 0 ||
        sk_b64url_decode(out->sig, sizeof(out->sig), &got, sig.p, sig.len) != 0 ||
        got != sizeof(out->sig))
        return -SK_EINVAL;
    out->t = (int64_t)seconds;
    return 0;
}

int httpsig_short_base(struct sk_buf *out, const struct httpsig_short *s,
                       const struct httpsig_request *req, const uint8_t body_sha256[32])
{
    struct values v;
    char hex[SK_HEX_SIZE(32)];
    int rc = values_make(&v, req);
    if (rc != 0)
        return rc;
    sk_hex_encode(hex, body_sha256, 32);
    return sk_buf_addf(out, "skep-hmac/1\n%s\n%s\n%s\n%s\n%s\n%lld\n%.*s\n%.*s", req->method,
                       v.authority, req->path, v.query, hex, (long long)s->t, (int)s->nonce.len,
                       s->nonce.p, (int)s->key.len, s->key.p);
}
