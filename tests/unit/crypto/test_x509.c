#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "crypto/x509.h"

struct ca {
    struct x509_key *key;
    struct sk_buf cert;
    struct x509_issuer issuer;
};

static struct x509_validity validity(int64_t days)
{
    int64_t now_ms = sk_clock_wall_ms();
    return (struct x509_validity){now_ms - 3600000, now_ms + days * 86400000};
}

static void ca_init(struct ca *ca, const char *cn)
{
    struct x509_validity v = validity(3650);
    sk_buf_init(&ca->cert, X509_CERT_MAX);
    assert_int_equal(x509_key_new(&ca->key), 0);
    assert_int_equal(x509_ca_make(&ca->cert, ca->key, cn, &v), 0);
    ca->issuer = (struct x509_issuer){ca->key, ca->cert.data, ca->cert.len};
}

static void ca_fini(struct ca *ca)
{
    x509_key_free(ca->key);
    sk_buf_fini(&ca->cert);
}

static void key_round_trip(void **state)
{
    (void)state;
    struct x509_key *a, *b, *c;
    struct sk_buf pem, der;
    uint8_t pa[X509_POINT_SIZE], pb[X509_POINT_SIZE], pc[X509_POINT_SIZE];
    sk_buf_init(&pem, 4096);
    sk_buf_init(&der, 4096);
    assert_int_equal(x509_key_new(&a), 0);
    assert_int_equal(x509_key_write_pem(&pem, a), 0);
    assert_int_equal(x509_key_write_der(&der, a), 0);
    assert_int_equal(x509_key_parse(&b, pem.data, pem.len), 0);
    assert_int_equal(x509_key_parse(&c, der.data, der.len), 0);
    assert_int_equal(x509_key_point(a, pa), 0);
    assert_int_equal(x509_key_point(b, pb), 0);
    assert_int_equal(x509_key_point(c, pc), 0);
    assert_int_equal(pa[0], 4);
    assert_memory_equal(pa, pb, sizeof pa);
    assert_memory_equal(pa, pc, sizeof pa);
    struct x509_key *none = NULL;
    assert_int_equal(x509_key_parse(&none, der.data, der.len - 1), -SK_EINVAL);
    assert_int_equal(x509_key_parse(&none, "", 0), -SK_EINVAL);
    assert_null(none);
    x509_key_free(a);
    x509_key_free(b);
    x509_key_free(c);
    sk_buf_fini_wipe(&pem);
    sk_buf_fini_wipe(&der);
}

static void device_certificate(void **state)
{
    (void)state;
    struct ca ca, other;
    struct x509_key *key;
    struct x509_csr csr;
    struct x509_info info;
    struct sk_buf req, cert, again;
    uint8_t serial[X509_SERIAL_SIZE], serial_2[X509_SERIAL_SIZE];
    struct x509_validity v = validity(365);
    ca_init(&ca, "Skep device CA");
    ca_init(&other, "Skep device CA");
    sk_buf_init(&req, X509_CSR_MAX);
    sk_buf_init(&cert, X509_CERT_MAX);
    sk_buf_init(&again, X509_CERT_MAX);
    assert_int_equal(x509_key_new(&key), 0);
    assert_int_equal(x509_csr_make(&req, key, "camera", "SN-0042"), 0);
    assert_int_equal(x509_csr_parse(&csr, req.data, req.len), 0);
    assert_string_equal(csr.cn, "camera");
    assert_string_equal(csr.serial_number, "SN-0042");

    assert_int_equal(
        x509_device_issue(&cert, &ca.issuer, &csr, "k3vz6d2mq5xw7t4hyb2nrc5o3e", &v, serial), 0);
    assert_int_equal(x509_cert_info(&info, cert.data, cert.len), 0);
    assert_string_equal(info.cn, "k3vz6d2mq5xw7t4hyb2nrc5o3e");
    assert_int_equal(info.serial_len, X509_SERIAL_SIZE);
    assert_memory_equal(info.serial, serial, sizeof serial);
    assert_int_equal(info.not_after_ms, v.not_after_ms / 1000 * 1000);
    assert_int_equal(info.not_before_ms, v.not_before_ms / 1000 * 1000);
    assert_int_equal(x509_cert_check(cert.data, cert.len, ca.cert.data, ca.cert.len), 0);
    assert_int_equal(x509_cert_check(cert.data, cert.len, other.cert.data, other.cert.len),
                     -SK_ECRYPTO);
    assert_int_equal(x509_device_issue(&again, &ca.issuer, &csr, "x", &v, serial_2), 0);
    assert_memory_not_equal(serial, serial_2, sizeof serial);

    assert_int_equal(x509_device_issue(&again, &ca.issuer, &csr, "a,CN=b", &v, serial), -SK_EINVAL);
    assert_int_equal(x509_device_issue(&again, &ca.issuer, &csr, "", &v, serial), -SK_EINVAL);
    x509_key_free(key);
    sk_buf_fini(&req);
    sk_buf_fini(&cert);
    sk_buf_fini(&again);
    ca_fini(&ca);
    ca_fini(&other);
}

static void expired_certificate(void **state)
{
    (void)state;
    struct ca ca;
    struct sk_buf cert;
    const char *const names[] = {"localhost", NULL};
    struct x509_validity v = validity(-1);
    v.not_before_ms = v.not_after_ms - 86400000;
    ca_init(&ca, "CA");
    sk_buf_init(&cert, X509_CERT_MAX);
    assert_int_equal(x509_server_issue(&cert, &ca.issuer, ca.key, "s", names, &v), 0);
    assert_int_equal(x509_cert_check(cert.data, cert.len, ca.cert.data, ca.cert.len), -SK_ECRYPTO);
    sk_buf_fini(&cert);
    ca_fini(&ca);
}

/* A bit flipped anywhere is either malformed or a wrong signature, never accepted. */
static void csr_is_checked(void **state)
{
    (void)state;
    struct x509_key *key;
    struct x509_csr csr;
    struct sk_buf req;
    sk_buf_init(&req, X509_CSR_MAX);
    assert_int_equal(x509_key_new(&key), 0);
    assert_int_equal(x509_csr_make(&req, key, "camera", NULL), 0);
    for (size_t i = 0; i < req.len; i++) {
        req.data[i] ^= 1;
        assert_int_not_equal(x509_csr_parse(&csr, req.data, req.len), 0);
        req.data[i] ^= 1;
        if (i > 0)
            assert_int_not_equal(x509_csr_parse(&csr, req.data, i), 0);
    }
    assert_int_equal(x509_csr_parse(&csr, req.data, req.len), 0);
    assert_int_equal(csr.serial_number[0], 0);
    assert_int_equal(sk_buf_add_u8(&req, 0), 0);
    assert_int_equal(x509_csr_parse(&csr, req.data, req.len), -SK_EINVAL);
    assert_int_equal(x509_csr_parse(&csr, req.data, X509_CSR_MAX + 1), -SK_ETOOBIG);
    x509_key_free(key);
    sk_buf_fini(&req);
}

static void server_names(void **state)
{
    (void)state;
    struct ca ca;
    struct sk_buf cert, pem, der;
    const char *const names[] = {"localhost", "127.0.0.1", "::1", "box.example", NULL};
    const char *const bad[] = {"local host", NULL};
    const char *const none[] = {NULL};
    /* RFC 5280 4.2.1.6: [2] "localhost", [7] 127.0.0.1, [7] ::1, [2] "box.example" */
    const uint8_t san[] = "\x30\x30\x82\x09localhost\x87\x04\x7f\0\0\1\x87\x10"
                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x82\x0b"
                          "box.example";
    struct x509_validity v = validity(90);
    ca_init(&ca, "Skep server CA");
    sk_buf_init(&cert, X509_CERT_MAX);
    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&der, X509_CERT_MAX);
    assert_int_equal(x509_server_issue(&cert, &ca.issuer, ca.key, "Skep", names, &v), 0);
    assert_non_null(memmem(cert.data, cert.len, san, sizeof san - 1));
    assert_int_equal(x509_cert_write_pem(&pem, cert.data, cert.len), 0);
    assert_int_equal(x509_cert_read(&der, pem.data, pem.len), 0);
    assert_int_equal(der.len, cert.len);
    assert_memory_equal(der.data, cert.data, cert.len);
    assert_int_equal(x509_server_issue(&cert, &ca.issuer, ca.key, "Skep", bad, &v), -SK_EINVAL);
    assert_int_equal(x509_server_issue(&cert, &ca.issuer, ca.key, "Skep", none, &v), -SK_EINVAL);
    sk_buf_fini(&cert);
    sk_buf_fini(&pem);
    sk_buf_fini(&der);
    ca_fini(&ca);
}

static void pkcs7_round_trip(void **state)
{
    (void)state;
    struct ca ca;
    struct sk_buf out;
    struct x509_der in[X509_PKCS7_CERTS_MAX + 1], got[X509_PKCS7_CERTS_MAX];
    size_t count = 0;
    ca_init(&ca, "CA");
    sk_buf_init(&out, 65536);
    for (size_t i = 0; i < X509_PKCS7_CERTS_MAX + 1; i++)
        in[i] = (struct x509_der){ca.cert.data, ca.cert.len};
    assert_int_equal(x509_pkcs7_write(&out, in, 0), -SK_EINVAL);
    assert_int_equal(x509_pkcs7_write(&out, in, X509_PKCS7_CERTS_MAX + 1), -SK_EINVAL);
    for (size_t n = 1; n <= X509_PKCS7_CERTS_MAX; n++) {
        sk_buf_reset(&out);
        assert_int_equal(x509_pkcs7_write(&out, in, n), 0);
        assert_int_equal(x509_pkcs7_read(got, &count, out.data, out.len), 0);
        assert_int_equal(count, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(got[i].len, ca.cert.len);
            assert_memory_equal(got[i].data, ca.cert.data, ca.cert.len);
        }
    }
    for (size_t i = 0; i < out.len; i++)
        assert_int_not_equal(x509_pkcs7_read(got, &count, out.data, i), 0);
    for (size_t i = 0; i < 40; i++) { /* the frame; the certificates are opaque here */
        out.data[i] ^= 0x01;
        assert_int_not_equal(x509_pkcs7_read(got, &count, out.data, out.len), 0);
        out.data[i] ^= 0x01;
    }
    assert_int_equal(sk_buf_add_u8(&out, 0), 0);
    assert_int_equal(x509_pkcs7_read(got, &count, out.data, out.len), -SK_EINVAL);
    sk_buf_fini(&out);
    ca_fini(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_round_trip),      cmocka_unit_test(device_certificate),
        cmocka_unit_test(expired_certificate), cmocka_unit_test(csr_is_checked),
        cmocka_unit_test(server_names),        cmocka_unit_test(pkcs7_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
