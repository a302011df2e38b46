/* The signer's side of the standard form: what `skep call` sends. */
#include <string.h>

#include "app/internal.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { BASE_MAX_BYTES = 8192, INPUT_MAX_BYTES = 512 };

/* `sha-256=:...:` of the body, or "". */
static int digest_make(struct sk_buf *out, const struct app_signing *s)
{
    uint8_t hash[32];
    char text[SK_B64_SIZE(32)];

    if (!s->body_len)
        return 0;
    crypto_sha256(hash, s->body, s->body_len);
    sk_b64_encode(text, hash, sizeof(hash));
    return sk_buf_addf(out, "sha-256=:%s:", text);
}

static int input_make(struct sk_buf *out, const struct app_signing *s)
{
    return sk_buf_addf(out,
                       "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\"%s);created=%lld;"
                       "keyid=\"%s\";nonce=\"%s\";alg=\"hmac-sha256\"",
                       s->body_len ? " \"content-digest\"" : "", (long long)s->created, s->key,
                       s->nonce);
}

static int fields_write(struct sk_buf *fields, const char *digest, const char *input,
                        const uint8_t mac[32])
{
    char text[SK_B64_SIZE(32)];
    int err = digest[0] ? sk_buf_addf(fields, "Content-Digest: %s\r\n", digest) : 0;

    sk_b64_encode(text, mac, 32);
    return err ? err
               : sk_buf_addf(fields, "Signature-Input: %s\r\nSignature: sig1=:%s:\r\n", input,
                             text);
}

int app_sign(struct sk_buf *fields, const struct app_signing *s)
{
    struct sk_buf digest, input, base;
    struct httpsig_input in;
    uint8_t mac[32];

    sk_buf_init(&digest, 128);
    sk_buf_init(&input, INPUT_MAX_BYTES);
    sk_buf_init(&base, BASE_MAX_BYTES);
    int err = digest_make(&digest, s);
    if (!err)
        err = input_make(&input, s);
    if (!err)
        err = httpsig_input_parse(&in, (const char *)input.data, input.len);
    const struct httpsig_request req = {s->method, s->authority, s->path, s->query,
                                        digest.data ? (const char *)digest.data : ""};
    if (!err)
        err = httpsig_request_base(&base, &in, &req);
    if (!err) {
        crypto_hmac_sha256(mac, s->secret, strlen(s->secret), base.data, base.len);
        err = fields_write(fields, req.digest, (const char *)input.data, mac);
        crypto_wipe(mac, sizeof(mac));
    }
    sk_buf_fini(&digest);
    sk_buf_fini(&input);
    sk_buf_fini(&base);
    return err;
}
