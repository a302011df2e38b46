#include "cli/agent_enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "crypto/x509.h"
#include "monitor/agent.h"
#include "net/https_client.h"

enum { FIELD_MAX = 320 };

static char *file_path(const char *dir, const char *name, const char *end)
{
    char file[96];

    snprintf(file, sizeof(file), "%s%s", name, end);
    return sk_path_join(dir, file);
}

static int file_load(struct sk_buf *out, const char *dir, const char *name, const char *end)
{
    char *path = file_path(dir, name, end);

    sk_buf_init(out, X509_PEM_MAX);
    int err = sk_file_read(out, path);
    free(path);
    return err;
}

static int file_save(const char *dir, const char *name, const char *end, const void *data,
                     size_t len, mode_t mode)
{
    char *path = file_path(dir, name, end);
    int err = sk_file_write(path, data, len, mode);

    free(path);
    return err;
}

int agent_identity_load(struct tls_config **out, const char *dir, const char *name)
{
    struct sk_buf ca, cert, key;
    int err = file_load(&ca, dir, "box-ca", ".pem");
    int err_cert = file_load(&cert, dir, name, ".crt"),
        err_key = file_load(&key, dir, name, ".key");

    if (!err)
        err = err_cert ? err_cert : err_key;
    if (!err)
        err = agent_tls(out, &ca, &cert, &key);
    sk_buf_fini(&ca);
    sk_buf_fini(&cert);
    sk_buf_fini_wipe(&key);
    return err;
}

static int answer_save(const char *body, size_t len, const char *dir, const char *name,
                       const struct sk_buf *key)
{
    const char *certificate, *box;
    json_t *o = NULL;
    int err = sk_json_parse(&o, body, len);

    if (!err)
        err = sk_json_str(o, "certificate", X509_PEM_MAX, &certificate);
    if (!err)
        err = sk_json_str(o, "authority", X509_PEM_MAX, &box);
    if (!err)
        err = file_save(dir, name, ".key", key->data, key->len, 0600);
    if (!err)
        err = file_save(dir, "box-ca", ".pem", box, strlen(box), 0644);
    if (!err) /* last: with it the three are whole */
        err = file_save(dir, name, ".crt", certificate, strlen(certificate), 0644);
    json_decref(o);
    return err;
}

static int request_make(struct sk_buf *key_pem, char **text)
{
    struct x509_key *key = NULL;
    struct sk_buf csr;

    sk_buf_init(&csr, X509_CSR_MAX);
    int err = x509_key_new(&key);
    if (!err)
        err = x509_key_write_pem(key_pem, key);
    if (!err)
        err = x509_csr_make(&csr, key, "agent", NULL);
    if (!err) {
        *text = sk_alloc(SK_B64_SIZE(csr.len));
        sk_b64_encode(*text, csr.data, csr.len);
    }
    x509_key_free(key);
    sk_buf_fini(&csr);
    return err;
}

int agent_enrol(struct https_client *http, const char *token, const char *dir, const char *name)
{
    struct https_query q = {
        .method = "POST", .path = "/api/v1/hosts/enrol", .type = "application/pkcs10"};
    struct sk_buf key, field;
    char *text = NULL;
    const char *body;
    size_t len;
    int status = 0;

    sk_buf_init(&key, X509_PEM_MAX);
    sk_buf_init(&field, FIELD_MAX);
    int err = sk_dir_make(dir, 0700);
    if (!err)
        err = request_make(&key, &text);
    if (!err)
        err = sk_buf_addf(&field, "Bearer %s", token);
    q.authorization = (const char *)field.data;
    q.body = text;
    q.body_len = text ? strlen(text) : 0;
    if (!err)
        err = https_client_query(http, &q, &status, &body, &len);
    if (!err && status != 201)
        err = status == 401 || status == 410 ? -SK_EAUTH : status == 429 ? -SK_ELIMIT : -SK_EIO;
    if (!err)
        err = answer_save(body, len, dir, name, &key);
    free(text);
    sk_buf_fini_wipe(&field);
    sk_buf_fini_wipe(&key);
    return err;
}

int agent_box_open(struct box *b, const char *url, const char *pin, struct https_client **http,
                   struct sk_buf *why)
{
    struct tls_config *tls = NULL;

    box_init(b);
    if (!url || box_parse_url(b, url))
        return sk_buf_add_str(why, "--hub wants https://name:port") ? -SK_EINTERNAL : -SK_EINVAL;
    if (!http)
        return 0;
    if (!pin || box_parse_pin(b, pin))
        return sk_buf_add_str(why, "--pin wants the SHA-256 of the hub's certificate")
                   ? -SK_EINTERNAL
                   : -SK_EINVAL;
    int err = box_tls_http(b, &tls);
    if (!err)
        err = https_client_new(http, b->host, b->port, tls);
    tls_config_drop(tls);
    return err;
}
