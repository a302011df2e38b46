#include "firmware-sim/link/enrol.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "crypto/x509.h"
#include "net/https_client.h"

enum { CERTS_MAX = 65536, TOKEN_FIELD_MAX = 320 };

static int pkcs7_certs(struct x509_der certs[X509_PKCS7_CERTS_MAX], size_t *count,
                       struct sk_buf *der, const char *text, size_t len)
{
    size_t got;

    sk_buf_reset(der);
    int err = sk_buf_reserve(der, len);
    if (!err)
        err = sk_b64_decode(der->data, len, &got, text, len);
    return err ? err : x509_pkcs7_read(certs, count, der->data, got);
}

static int authority_fetch(struct https_client *http, struct box *box)
{
    static const struct https_query query = {.method = "GET", .path = "/.well-known/est/cacerts"};
    struct x509_der certs[X509_PKCS7_CERTS_MAX];
    struct sk_buf der;
    const char *body;
    size_t body_len, count = 0;
    int status, err;

    sk_buf_init(&der, CERTS_MAX);
    err = https_client_query(http, &query, &status, &body, &body_len);
    if (!err)
        err = status == 200 ? pkcs7_certs(certs, &count, &der, body, body_len) : -SK_EIO;
    if (!err && count != 2)
        err = -SK_EINVAL;
    if (!err)
        err = x509_cert_write_pem(&box->ca_pem, certs[1].data, certs[1].len);
    sk_buf_fini(&der);
    return err;
}

static int status_error(int status)
{
    return status == 200   ? 0
           : status == 401 ? -SK_EAUTH
           : status == 410 ? -SK_EGONE
           : status == 503 ? -SK_EBUSY
           : status == 507 ? -SK_ESTORAGE
                           : -SK_EINVAL;
}

static int certificate_take(struct vault *v, const char *body, size_t len)
{
    struct x509_der certs[X509_PKCS7_CERTS_MAX];
    struct x509_info info;
    struct sk_buf der;
    size_t count = 0;

    sk_buf_init(&der, CERTS_MAX);
    int err = pkcs7_certs(certs, &count, &der, body, len);
    if (!err)
        err = count == 1 ? x509_cert_info(&info, certs[0].data, certs[0].len) : -SK_EINVAL;
    if (!err)
        err = sk_copy(v->device, sizeof(v->device), info.cn);
    if (!err) {
        sk_buf_reset(&v->cert);
        err = sk_buf_add(&v->cert, certs[0].data, certs[0].len);
    }
    sk_buf_fini(&der);
    return err;
}

static int request_send(struct https_client *http, const char *token, const struct sk_buf *csr,
                        struct vault *v)
{
    struct https_query query = {
        .method = "POST", .path = "/.well-known/est/simpleenroll", .type = "application/pkcs10"};
    char *text = sk_alloc(SK_B64_SIZE(csr->len));
    struct sk_buf authorization;
    const char *body;
    size_t body_len;
    int status;

    sk_buf_init(&authorization, TOKEN_FIELD_MAX);
    sk_b64_encode(text, csr->data, csr->len);
    query.body = text;
    query.body_len = strlen(text);
    int err = sk_buf_addf(&authorization, "Bearer %s", token);
    query.authorization = (const char *)authorization.data;
    if (!err)
        err = https_client_query(http, &query, &status, &body, &body_len);
    if (!err)
        err = status_error(status);
    if (!err)
        err = certificate_take(v, body, body_len);
    sk_buf_fini_wipe(&authorization);
    free(text);
    return err;
}

static int camera_enrol(struct https_client *http, const char *token, struct enrol_request *r)
{
    struct x509_key *key = NULL;
    struct sk_buf csr;

    sk_buf_init(&csr, X509_CSR_MAX);
    sk_buf_reset(&r->vault->key);
    int err = x509_key_new(&key);
    if (!err)
        err = x509_key_write_der(&r->vault->key, key);
    if (!err)
        err = x509_csr_make(&csr, key, r->name, r->serial);
    if (!err)
        err = request_send(http, token, &csr, r->vault);
    if (!err)
        err = vault_save_identity(r->vault);
    x509_key_free(key);
    sk_buf_fini(&csr);
    return err;
}

int enrol_run(struct box *box, const char *token, struct enrol_request *requests, size_t count,
              void (*progress)(void *ctx, size_t done, size_t count), void *ctx, struct sk_buf *why)
{
    struct tls_config *tls = NULL;
    struct https_client *http = NULL;
    const char *step = "making TLS settings";
    int err = box_tls_http(box, &tls);

    if (!err)
        err = https_client_new(&http, box->host, box->port, tls);
    if (!err && box->ca_pem.len == 0) {
        step = "fetching the box's authority";
        err = authority_fetch(http, box);
    }
    for (size_t i = 0; !err && i < count; i++) {
        step = "enrolling";
        err = camera_enrol(http, token, &requests[i]);
        if (!err && progress)
            progress(ctx, i + 1, count);
    }
    if (err && sk_buf_addf(why, "%s at %s:%u: %s", step, box->host, box->port,
                           err == -SK_ECRYPTO || (err == -SK_EAUTH && box->ca_pem.len == 0)
                               ? "this is not the box that --pin or --ca names"
                               : sk_error_text(err)))
        err = -SK_EINTERNAL;
    https_client_free(http);
    tls_config_drop(tls);
    return err;
}
