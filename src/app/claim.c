/* What a signature says, and whether it holds. The verifier, not the signer, decides what must be
 * covered: method, authority, path, query, and the body's digest when there is a body. */
#include <stdio.h>
#include <string.h>

#include "app/internal.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { BASE_MAX_BYTES = 8192, DAY_S = 86400 };

static const char *const kind_names[] = {"hmac-sha256", "ecdsa-p256-sha256"};

const char *credential_kind_name(enum credential_kind k)
{
    return kind_names[k];
}

int credential_kind_find(enum credential_kind *out, const char *name)
{
    for (int k = CREDENTIAL_HMAC; k <= CREDENTIAL_ECDSA; k++) {
        if (strcmp(kind_names[k], name) == 0) {
            *out = (enum credential_kind)k;
            return 0;
        }
    }
    return -SK_EINVAL;
}

/* Copy a borrowed piece; -SK_EINVAL when it is absent, too short, or does not fit. */
static int text_keep(char *out, size_t cap, const struct http1_text *t, size_t min)
{
    if (!t->p || t->len < min || t->len >= cap)
        return -SK_EINVAL;
    memcpy(out, t->p, t->len);
    out[t->len] = '\0';
    return 0;
}

/* The field's digest must be that of the bytes that came. */
static int digest_check(const struct signed_request *r)
{
    uint8_t said[32], is[32];

    if (httpsig_digest_parse(said, r->content_digest, strlen(r->content_digest)))
        return -SK_EINVAL;
    crypto_sha256(is, r->body, r->body_len);
    return sk_equal_ct(said, is, sizeof(is)) ? 0 : -SK_EAUTH;
}

static const char *covered_check(const struct httpsig_input *in, const struct signed_request *r)
{
    static const char *const required[] = {"@method", "@authority", "@path", "@query"};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (!httpsig_covers(in, required[i]))
            return "covers";
    if (!in->has_created || !in->nonce.p || !in->keyid.p || !in->alg.p)
        return "covers";
    int has_digest = httpsig_covers(in, "content-digest");
    if (r->body_len && !has_digest)
        return "covers";
    return has_digest && digest_check(r) ? "digest" : NULL;
}

static struct httpsig_request facts_of(const struct signed_request *r)
{
    return (struct httpsig_request){r->method, r->authority, r->path, r->query, r->content_digest};
}

static const char *standard_take(struct claim *out, const struct signed_request *r)
{
    const struct httpsig_request facts = facts_of(r);
    struct httpsig_input in;
    char alg[24];
    size_t len;

    int err = httpsig_input_parse(&in, r->signature_input, strlen(r->signature_input));
    if (err)
        return err == -SK_EUNSUPPORTED ? "covers" : "form";
    const char *why = covered_check(&in, r);
    if (why)
        return why;
    if (text_keep(out->key, sizeof(out->key), &in.keyid, 1) ||
        text_keep(out->nonce, sizeof(out->nonce), &in.nonce, HTTPSIG_NONCE_MIN) ||
        text_keep(alg, sizeof(alg), &in.alg, 1) || credential_kind_find(&out->kind, alg))
        return "form";
    out->created = in.created;
    out->expires = in.has_expires ? in.expires : 0;
    if (in.has_expires && in.expires < in.created)
        return "form";
    if (httpsig_signature_parse(out->sig, &len, &in.label, r->signature, strlen(r->signature)) ||
        len != (out->kind == CREDENTIAL_HMAC ? 32 : CRYPTO_P256_SIG_BYTES))
        return "form";
    err = httpsig_request_base(&out->base, &in, &facts);
    return !err ? NULL : err == -SK_ENOTFOUND ? "covers" : "form";
}

static const char *short_take(struct claim *out, const struct signed_request *r)
{
    const struct httpsig_request facts = facts_of(r);
    struct httpsig_short s;
    uint8_t body[32];

    if (httpsig_short_parse(&s, r->authorization, strlen(r->authorization)) ||
        text_keep(out->key, sizeof(out->key), &s.key, 1) ||
        text_keep(out->nonce, sizeof(out->nonce), &s.nonce, HTTPSIG_NONCE_MIN))
        return "form";
    out->is_short = 1;
    out->kind = CREDENTIAL_HMAC;
    out->created = s.t;
    memcpy(out->sig, s.sig, sizeof(s.sig));
    crypto_sha256(body, r->body, r->body_len);
    return httpsig_short_base(&out->base, &s, &facts, body) ? "form" : NULL;
}

int claim_take(struct claim *out, const struct signed_request *r, const char **reason)
{
    int is_short = strncmp(r->authorization, "Skep-HMAC", strlen("Skep-HMAC")) == 0;
    int is_standard = r->signature_input[0] || r->signature[0];

    memset(out, 0, sizeof(*out));
    sk_buf_init(&out->base, BASE_MAX_BYTES);
    *reason = NULL;
    /* Two ways to write a path are two things that a signature could mean. */
    if (!r->path_is_plain || (is_short && is_standard) || (!is_short && r->authorization[0]))
        *reason = "form";
    else
        *reason = is_short ? short_take(out, r) : standard_take(out, r);
    return *reason ? -SK_EAUTH : 0;
}

void claim_fini(struct claim *c)
{
    sk_buf_fini_wipe(&c->base);
    crypto_wipe(c, sizeof(*c));
}

void claim_day_key(uint8_t out[32], const void *secret, size_t len, int64_t created)
{
    char what[48];
    int n = snprintf(what, sizeof(what), "skep-hmac/1 day %lld", (long long)(created / DAY_S));

    crypto_hmac_sha256(out, secret, len, what, (size_t)n);
}

static int hmac_check(const struct claim *c, const struct credential *with)
{
    uint8_t mac[32], day[32];

    if (c->is_short) {
        claim_day_key(day, with->material, with->len, c->created);
        crypto_hmac_sha256(mac, day, sizeof(day), c->base.data, c->base.len);
        crypto_wipe(day, sizeof(day));
    } else {
        crypto_hmac_sha256(mac, with->material, with->len, c->base.data, c->base.len);
    }
    int same = sk_equal_ct(mac, c->sig, sizeof(mac));
    crypto_wipe(mac, sizeof(mac));
    return same ? 0 : -SK_EAUTH;
}

int claim_check(const struct claim *c, const struct credential *with)
{
    uint8_t hash[32];

    if (c->kind != with->kind)
        return -SK_EAUTH;
    if (c->kind == CREDENTIAL_HMAC)
        return hmac_check(c, with);
    crypto_sha256(hash, c->base.data, c->base.len);
    return crypto_p256_verify(c->sig, with->material, hash) ? -SK_EAUTH : 0;
}
