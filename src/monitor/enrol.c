/* Tokens and certificates of agents. Their authority is another than the cameras', made at first
 * start; at the handshake hosts_may_link() knows only what was given out here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/authority.h"
#include "core/metrics.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "edge/edge.h"
#include "monitor/internal.h"

#define YEAR_MS ((int64_t)365 * 86400000)

enum { AGENT_YEARS = 10, TOKEN_COUNT_MAX = 2000, TOKEN_TTL_MAX_S = 86400, TOKEN_TTL_MIN_S = 60 };

static struct authority authority;

int enrol_agents_start(struct house *house)
{
    struct sk_buf pem;
    int err = authority_open(&authority, "monitor", house->data_dir, "agent-ca",
                             "Skep agent authority", hosts_count() <= 1 /* the box itself */);

    sk_buf_init(&pem, X509_PEM_MAX);
    if (!err)
        err = authority_pem(&authority, &pem);
    if (!err)
        edge_authority_add((const char *)pem.data);
    sk_buf_fini(&pem);
    return err;
}

void enrol_agents_stop(void)
{
    authority_close(&authority);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void id_make(char id[SESSION_ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}

/* A name of a host or region: any text without control characters. */
static int name_take(const json_t *body, const char *member, int is_needed, char *out)
{
    const char *text = "";
    int err = is_needed || sk_json_has(body, member)
                  ? sk_json_str(body, member, MONITOR_NAME_MAX, &text)
                  : 0;

    for (const char *c = text; !err && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            err = -SK_EINVAL;
    if (!err && is_needed && !*text)
        err = -SK_EINVAL;
    return err ? err : sk_copy(out, MONITOR_NAME_MAX + 1, text);
}

static int token_parse(const json_t *body, struct token_row *t, int64_t now_ms)
{
    static const char *const members[] = {"name", "region", "ttl_s", "simulated", "count", NULL};
    int64_t ttl_s = 0;
    int err = sk_json_only(body, members);

    t->count = 1;
    if (!err)
        err = name_take(body, "name", 1, t->name);
    if (!err)
        err = name_take(body, "region", 0, t->region);
    if (!err)
        err = sk_json_int(body, "ttl_s", TOKEN_TTL_MIN_S, TOKEN_TTL_MAX_S, &ttl_s);
    if (!err && sk_json_has(body, "simulated"))
        err = sk_json_bool(body, "simulated", &t->simulated);
    if (!err && sk_json_has(body, "count"))
        err = sk_json_int(body, "count", 1, TOKEN_COUNT_MAX, &t->count);
    t->created_ms = now_ms;
    t->expires_ms = now_ms + ttl_s * 1000;
    return err;
}

/* What to type on the host; the pin tells it this box from any other. */
static void command_set(json_t *answer, const struct token_row *t)
{
    char pin[SK_HEX_SIZE(32)];
    uint8_t hash[32];
    struct sk_buf b;

    sk_buf_init(&b, 512);
    edge_certificate_fingerprint(hash);
    sk_hex_encode(pin, hash, sizeof(hash));
    int err = sk_buf_addf(&b, "skep %s --hub https://%s:%u --pin %s --enrol-file -",
                          t->simulated ? "hosts" : "agent", edge_host(), edge_port(), pin);
    if (!err && t->simulated)
        err = sk_buf_addf(&b, " --count %lld", (long long)t->count);
    if (!err)
        sk_json_set_str(answer, "command", (const char *)b.data);
    sk_buf_fini(&b);
}

int api_host_token_add(struct http_request *req)
{
    struct token_row t = {.count = 1};
    char token[MONITOR_TOKEN_SIZE];
    uint8_t raw[32];
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = token_parse(body, &t, http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    sk_random(raw, sizeof(raw));
    sk_b64url_encode(token, raw, sizeof(raw));
    sk_wipe(raw, sizeof(raw));
    crypto_sha256(t.hash, token, strlen(token));
    id_make(t.id);
    err = host_ledger_token_add(&t, http_principal(req));
    if (err)
        return http_problem(req, err, NULL);
    json_t *answer = json_object();
    sk_json_set_str(answer, "id", t.id);
    sk_json_set_str(answer, "token", token);
    sk_json_set_int(answer, "expires", t.expires_ms);
    command_set(answer, &t);
    sk_wipe(token, sizeof(token));
    return http_json(req, 201, answer);
}

int api_host_token_end(struct http_request *req)
{
    int err = host_ledger_token_end(http_param(req, "id"), http_principal(req), http_now_ms(req));

    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static int bearer_hash(uint8_t hash[32], const char *authorization)
{
    static const char scheme[] = "Bearer ";

    if (strncmp(authorization, scheme, sizeof(scheme) - 1) != 0 ||
        strlen(authorization) != sizeof(scheme) - 1 + MONITOR_TOKEN_SIZE - 1)
        return -SK_EAUTH;
    crypto_sha256(hash, authorization + sizeof(scheme) - 1, MONITOR_TOKEN_SIZE - 1);
    return 0;
}

static int certificate_issue(struct http_request *req, struct host_row *row, struct sk_buf *cert)
{
    struct x509_issuer ca = {authority.key, authority.der.data, authority.der.len};
    struct x509_validity v = {http_now_ms(req) - AUTHORITY_BACKDATE_MS,
                              http_now_ms(req) + AGENT_YEARS * YEAR_MS};
    struct x509_csr csr;
    uint8_t der[X509_CSR_MAX];
    size_t body_len, der_len;
    const uint8_t *body = http_body(req, &body_len);
    int err = sk_b64_decode(der, sizeof(der), &der_len, (const char *)body, body_len);

    if (!err)
        err = x509_csr_parse(&csr, der, der_len);
    id_make(row->id);
    row->cert_serial_len = X509_SERIAL_SIZE;
    return err ? err : x509_device_issue(cert, &ca, &csr, row->id, &v, row->cert_serial);
}

/* Of a token for many, only one may have the name as it is: the others get the end of their id. */
static int name_make(struct host_row *row, const struct token_row *t)
{
    int n = t->count == 1 ? snprintf(row->name, sizeof(row->name), "%s", t->name)
                          : snprintf(row->name, sizeof(row->name), "%.56s-%.7s", t->name, row->id);

    row->is_simulated = t->simulated;
    return n < 0 ? -SK_EINTERNAL : sk_copy(row->region, sizeof(row->region), t->region);
}

static int answer_give(struct http_request *req, const struct host_row *row,
                       const struct sk_buf *cert)
{
    struct sk_buf pem, box;

    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&box, X509_PEM_MAX);
    int err = x509_cert_write_pem(&pem, cert->data, cert->len);
    if (!err)
        err = edge_ca_pem(&box);
    if (err) {
        http_problem(req, err, NULL);
    } else {
        json_t *answer = json_object();
        sk_json_set_str(answer, "host", row->id);
        sk_json_set_str(answer, "certificate", (const char *)pem.data);
        sk_json_set_str(answer, "authority", (const char *)box.data);
        http_json(req, 201, answer);
    }
    sk_buf_fini(&pem);
    sk_buf_fini(&box);
    return 0;
}

int api_host_enrol(struct http_request *req)
{
    struct token_row t = {.count = 0};
    struct host_row row = {.number = 0};
    struct sk_buf cert;
    int err = bearer_hash(t.hash, http_authorization(req));

    sk_buf_init(&cert, X509_CERT_MAX);
    if (!err)
        err = host_ledger_token_find(&t, http_now_ms(req));
    if (!err && hosts_count() > MONITOR_HOSTS_MAX)
        err = -SK_ELIMIT;
    if (!err)
        err = certificate_issue(req, &row, &cert);
    if (!err)
        err = name_make(&row, &t);
    if (!err)
        err = host_ledger_add(&t, &row, http_principal(req)->source, http_now_ms(req));
    if (!err)
        err = hosts_add(&row);
    if (err) {
        metric_refused("monitor", err == -SK_EAUTH ? "enrol-token" : "enrol");
        http_problem(req, err, NULL);
    } else {
        answer_give(req, &row, &cert);
    }
    sk_buf_fini(&cert);
    return 0;
}
