#include "core/authority.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/x509.h"

#define AUTHORITY_LIFE_MS ((int64_t)30 * 365 * 86400000)

static int authority_make(struct authority *a, const char *name, const char *key_path,
                          const char *cert_path)
{
    const int64_t now_ms = sk_clock_wall_ms();
    struct x509_validity v = {now_ms - AUTHORITY_BACKDATE_MS, now_ms + AUTHORITY_LIFE_MS};
    struct sk_buf pem;
    int err = x509_key_new(&a->key);

    sk_buf_init(&pem, X509_PEM_MAX);
    if (!err)
        err = x509_ca_make(&a->der, a->key, name, &v);
    if (!err)
        err = x509_key_write_pem(&pem, a->key);
    if (!err)
        err = sk_file_write(key_path, pem.data, pem.len, 0600);
    sk_buf_fini_wipe(&pem);
    if (!err)
        err = authority_pem(a, &pem);
    if (!err)
        err = sk_file_write(cert_path, pem.data, pem.len, 0644);
    sk_buf_fini(&pem);
    return err;
}

static int authority_load(struct authority *a, const char *key_path, const char *cert_path)
{
    struct sk_buf pem;

    sk_buf_init(&pem, X509_PEM_MAX);
    int err = sk_file_read(&pem, key_path);
    if (!err)
        err = x509_key_parse(&a->key, pem.data, pem.len);
    sk_buf_fini_wipe(&pem);
    if (!err)
        err = sk_file_read(&pem, cert_path);
    if (!err)
        err = x509_cert_read(&a->der, pem.data, pem.len);
    sk_buf_fini(&pem);
    return err;
}

int authority_open(struct authority *a, const char *room, const char *data_dir, const char *folder,
                   const char *name, int may_make)
{
    char *dir = sk_path_join(data_dir, folder);
    char *key_path = sk_path_join(dir, "ca.key"), *cert_path = sk_path_join(dir, "ca.crt");
    int err = sk_dir_make(dir, 0700);

    a->key = NULL;
    sk_buf_init(&a->der, X509_CERT_MAX);
    if (!err)
        err = authority_load(a, key_path, cert_path);
    if (err == -SK_ENOTFOUND && may_make) {
        authority_close(a); /* a key without its certificate: neither was ever used */
        sk_buf_init(&a->der, X509_CERT_MAX);
        err = authority_make(a, name, key_path, cert_path);
    }
    if (err)
        log_error(room, "authority", "path=%s reason=\"%s\"", dir, sk_error_text(err));
    free(key_path);
    free(cert_path);
    free(dir);
    return err;
}

void authority_close(struct authority *a)
{
    x509_key_free(a->key);
    a->key = NULL;
    sk_buf_fini(&a->der);
}

int authority_pem(const struct authority *a, struct sk_buf *out)
{
    return x509_cert_write_pem(out, a->der.data, a->der.len);
}
