#include "firmware-sim/link/box.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/tls.h"

enum { CA_PEM_MAX = 65536, PORT_DEFAULT = 8443 };

void box_init(struct box *b)
{
    memset(b, 0, sizeof(*b));
    sk_buf_init(&b->ca_pem, CA_PEM_MAX);
}

void box_fini(struct box *b)
{
    sk_buf_fini(&b->ca_pem);
    tls_config_drop(b->media);
    b->media = NULL;
}

int box_parse_url(struct box *b, const char *url)
{
    static const char scheme[] = "https://";
    uint64_t port = PORT_DEFAULT;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EINVAL;
    const char *host = url + sizeof(scheme) - 1;
    size_t host_len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    const char *tail = host + host_len;
    if (*tail == ':') {
        size_t digits = strspn(tail + 1, "0123456789");
        if (sk_parse_u64(&port, tail + 1, digits, 65535) || port == 0)
            return -SK_EINVAL;
        tail += 1 + digits;
    }
    if (*tail == '/')
        tail++;
    if (*tail || host_len == 0 || host_len >= sizeof(b->host))
        return -SK_EINVAL;
    if (host[0] == '[') { /* an IPv6 literal stands without its brackets */
        host++;
        host_len -= 2;
    }
    memcpy(b->host, host, host_len);
    b->host[host_len] = 0;
    b->port = (uint16_t)port;
    return 0;
}

int box_parse_pin(struct box *b, const char *text)
{
    char hex[65];
    size_t n = 0, len;

    for (; *text; text++) {
        if (*text == ':' || *text == ' ')
            continue;
        if (n == 64)
            return -SK_EINVAL;
        hex[n++] = (char)(*text >= 'A' && *text <= 'F' ? *text + 32 : *text);
    }
    if (n != 64 || sk_hex_decode(b->pin, sizeof(b->pin), &len, hex, n))
        return -SK_EINVAL;
    b->has_pin = 1;
    return 0;
}

static void authority_set(const struct box *b, struct tls_client_options *o)
{
    if (b->ca_pem.len) {
        o->ca = b->ca_pem.data;
        o->ca_len = b->ca_pem.len;
    } else if (b->has_pin) {
        o->pin_sha256 = b->pin;
    }
}

int box_tls_http(const struct box *b, struct tls_config **out)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls_client_options o = {.alpn = alpn};

    authority_set(b, &o);
    return tls_config_client_new(out, &o);
}

int box_tls_device(const struct box *b, const struct sk_buf *cert, const struct sk_buf *key,
                   struct tls_config **out)
{
    static const char *const alpn[] = {"skep-device/1", NULL};
    struct tls_client_options o = {.alpn = alpn,
                                   .cert = cert->data,
                                   .cert_len = cert->len,
                                   .key = key->data,
                                   .key_len = key->len,
                                   .small_records = 1};

    authority_set(b, &o);
    return tls_config_client_new(out, &o);
}

int box_ready(struct box *b)
{
    static const char *const alpn[] = {"skep-media/1", NULL};
    struct tls_client_options o = {.alpn = alpn};

    authority_set(b, &o);
    return tls_config_client_new(&b->media, &o);
}

int box_save(const struct box *b, const char *dir)
{
    char *path = sk_path_join(dir, "box-ca.pem");
    int err = sk_file_write(path, b->ca_pem.data, b->ca_pem.len, 0644);

    free(path);
    return err;
}

int box_load(struct box *b, const char *dir)
{
    char *path = sk_path_join(dir, "box-ca.pem");
    sk_buf_reset(&b->ca_pem);
    int err = sk_file_read(&b->ca_pem, path);

    free(path);
    return err;
}
