/* `skep call`: one request, signed with an AppKey (RFC 9421), and its answer. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/args.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/cli.h"
#include "crypto/tls.h"
#include "net/https_client.h"

enum { CA_MAX = 65536, BODY_MAX = 1 << 20, KEY_MAX = 256, PIN_BYTES = 32, PORT_DEFAULT = 8443 };

struct call {
    const char *server, *ca, *pin, *key_file, *body_file;
    const char *method, *target;
    char host[256], authority[270], path[1024];
    uint16_t port;
    struct tls_config *tls;
    struct sk_buf key, body, fields; /* key: "<AppKey> <secret>" */
};

static int fail(const char *what, int err)
{
    fprintf(stderr, "skep: %s: %s\n", what, sk_error_text(err));
    return err;
}

/* https://name:port */
static int server_parse(struct call *c)
{
    static const char scheme[] = "https://";
    uint64_t port = PORT_DEFAULT;

    if (!c->server || strncmp(c->server, scheme, sizeof(scheme) - 1) != 0 ||
        sk_copy(c->host, sizeof(c->host), c->server + sizeof(scheme) - 1))
        return -SK_EINVAL;
    c->host[strcspn(c->host, "/")] = '\0';
    char *colon = strrchr(c->host, ':');
    if (colon && sk_parse_u64(&port, colon + 1, strlen(colon + 1), UINT16_MAX))
        return -SK_EINVAL;
    if (colon)
        *colon = '\0';
    c->port = (uint16_t)port;
    int n = snprintf(c->authority, sizeof(c->authority), "%s:%u", c->host, c->port);
    return c->host[0] && n > 0 && (size_t)n < sizeof(c->authority) ? 0 : -SK_EINVAL;
}

static int trust_make(struct call *c)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls_client_options o = {.alpn = alpn};
    struct sk_buf ca;
    uint8_t pin[PIN_BYTES];
    size_t len;
    int err = -SK_EINVAL;

    sk_buf_init(&ca, CA_MAX);
    if (c->ca && (err = sk_file_read(&ca, c->ca)) == 0) {
        o.ca = ca.data;
        o.ca_len = ca.len;
    } else if (c->pin && !sk_hex_decode(pin, sizeof(pin), &len, c->pin, strlen(c->pin)) &&
               len == PIN_BYTES) {
        o.pin_sha256 = pin;
        err = 0;
    }
    if (!err)
        err = tls_config_client_new(&c->tls, &o);
    sk_buf_fini(&ca);
    return err;
}

static int sign(struct call *c)
{
    char *secret = strchr((char *)c->key.data, ' '), *query = strchr(c->path, '?');
    uint8_t raw[16];
    char nonce[SK_B64_SIZE(16)];

    if (!secret)
        return -SK_EINVAL;
    *secret++ = '\0';
    if (query)
        *query = '\0';
    sk_random(raw, sizeof(raw));
    sk_b64url_encode(nonce, raw, sizeof(raw));
    const struct app_signing s = {
        .method = c->method,
        .authority = c->authority,
        .path = c->path,
        .query = query ? query + 1 : "",
        .body = c->body.data,
        .body_len = c->body.len,
        .key = (const char *)c->key.data,
        .secret = secret,
        .nonce = nonce,
        .created = sk_clock_wall_ms() / 1000,
    };
    return app_sign(&c->fields, &s);
}

/* What can go wrong before anything is sent. */
static int prepare(struct call *c)
{
    int err = server_parse(c);

    if (err)
        return fail("--server https://name:port is needed", err);
    if ((err = trust_make(c)) != 0)
        return fail("--ca FILE or --pin HEX is needed", err);
    if ((err = c->key_file ? sk_secret_read(&c->key, c->key_file) : -SK_EINVAL) != 0)
        return fail("--key-file FILE (mode 0600, \"APPKEY SECRET\") is needed", err);
    if (c->body_file && (err = sk_file_read(&c->body, c->body_file)) != 0)
        return fail("--body-file", err);
    if (c->target[0] != '/' || (err = sk_copy(c->path, sizeof(c->path), c->target)) != 0)
        return fail("the path must begin with / and be short", -SK_EINVAL);
    err = sign(c);
    return err ? fail("cannot sign this", err) : 0;
}

static int ask(struct call *c)
{
    const struct https_query q = {
        .method = c->method,
        .path = c->target,
        .fields = (const char *)c->fields.data,
        .type = c->body.len ? "application/json" : NULL,
        .body = c->body.data,
        .body_len = c->body.len,
    };
    struct https_client *http = NULL;
    const char *answer = "";
    size_t len = 0;
    int status = 0;
    int err = https_client_new(&http, c->host, c->port, c->tls);

    if (!err)
        err = https_client_query(http, &q, &status, &answer, &len);
    if (err)
        fail(c->server, err);
    else
        printf("%.*s%s", (int)len, answer, len ? "\n" : "");
    if (!err && status >= 400)
        fprintf(stderr, "skep: status %d\n", status);
    https_client_free(http);
    return err || status >= 400 ? 1 : 0;
}

static int usage(const struct args_flag *flags)
{
    printf(
        "skep call METHOD PATH: ask the box as an app.\n\n"
        "  Signs one request with an AppKey (RFC 9421), sends it, prints the answer. The key file\n"
        "  holds one line, \"APPKEY SECRET\", and must not be readable by others.\n\n");
    args_help(stdout, flags);
    return 0;
}

int cli_call(int argc, char **argv)
{
    struct call c = {0};
    int help = 0;
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &c.server, 0, 0, "URL", "the box, https://name:port"},
        {"--ca", ARGS_TEXT, &c.ca, 0, 0, "FILE", "authority that vouches for it, PEM; or"},
        {"--pin", ARGS_TEXT, &c.pin, 0, 0, "HEX", "SHA-256 of its certificate"},
        {"--key-file", ARGS_TEXT, &c.key_file, 0, 0, "FILE", "AppKey and secret, one line"},
        {"--body-file", ARGS_TEXT, &c.body_file, 0, 0, "FILE",
         "JSON to send; - reads standard input"},
        {"--help", ARGS_SWITCH, &help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    sk_buf_init(&why, 256);
    sk_buf_init(&c.key, KEY_MAX);
    sk_buf_init(&c.body, BODY_MAX);
    sk_buf_init(&c.fields, 2048);
    int err = args_parse(flags, &argc, argv, &why), result = 2;
    if (!err && help) {
        result = usage(flags);
    } else if (err || argc != 3) {
        fprintf(stderr, "skep call: %s\n",
                err ? (const char *)why.data : "METHOD and PATH are needed");
    } else {
        c.method = argv[1];
        c.target = argv[2];
        result = prepare(&c) ? 1 : ask(&c);
    }
    tls_config_drop(c.tls);
    sk_buf_fini(&why);
    sk_buf_fini_wipe(&c.key);
    sk_buf_fini_wipe(&c.body);
    sk_buf_fini(&c.fields);
    return result;
}
