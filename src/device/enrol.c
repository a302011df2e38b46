/* Enrolment: a one-time (or counted) token lets a camera's own key in. The shape is that of EST
 * simpleenroll (RFC 7030 4.2): a PKCS#10 request goes up, a certificate comes down. The device CA
 * is made at first start and never leaves the data folder. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/authority.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "device/internal.h"
#include "edge/edge.h"

#define YEAR_MS (365 * 86400000LL)

enum { DEVICE_YEARS = 10, TOKEN_COUNT_MAX = 10000, TOKEN_TTL_MAX_S = 86400, TOKEN_TTL_MIN_S = 60 };

static struct authority ca;

int enrol_start(struct house *house)
{
    struct sk_buf pem;
    int err = authority_open(&ca, "device", house->data_dir, "device-ca", "Skep device authority",
                             registry_is_empty());

    sk_buf_init(&pem, X509_PEM_MAX);
    if (!err)
        err = authority_pem(&ca, &pem);
    if (!err)
        edge_device_ca_set((const char *)pem.data);
    sk_buf_fini(&pem);
    return err;
}

void enrol_stop(void)
{
    authority_close(&ca);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct token_row {
    char id[SESSION_ID_SIZE];
    uint8_t hash[32];
    const char *account;
    int64_t created_ms, expires_ms;
    int64_t count, used, simulated;
    const struct principal *by; /* NULL: the box itself */
};

static void id_make(char id[SESSION_ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}

static int token_record(struct store_tx *tx, const struct principal *by, const char *action,
                        const char *id, int64_t now_ms)
{
    return audit_record(tx,
                        AUDIT(.at_ms = now_ms, .actor_kind = by ? "account" : "box",
                              .actor = by ? by->account : NULL, .session = by ? by->session : NULL,
                              .action = action, .object_kind = "enrolment", .object = id,
                              .source = by ? by->source : NULL));
}

/* What the box makes is for those who run it. */
static const char *by_organization(const struct principal *by)
{
    return by && by->organization[0] ? by->organization : "home";
}

static int token_write(struct store_tx *tx, void *ctx)
{
    const struct token_row *t = ctx;
    int err = token_record(tx, t->by, "enrolment.made", t->id, t->created_ms);

    if (err)
        return err;
    return store_exec(tx, "enrolment_insert",
                      STORE_ARGS(store_text("id", t->id), store_blob("token_hash", t->hash, 32),
                                 store_text("account", t->account),
                                 store_int("created", t->created_ms),
                                 store_int("expires", t->expires_ms), store_int("count", t->count),
                                 store_int("simulated", t->simulated),
                                 store_text("organization", by_organization(t->by))),
                      NULL);
}

struct tokens_of {
    const char *account;
    int64_t now_ms, count;
};

static int tokens_count_read(struct store_tx *tx, void *ctx)
{
    struct tokens_of *t = ctx;

    return store_one_int(tx, "enrolment_count_of",
                         STORE_ARGS(store_text("account", t->account), store_int("now", t->now_ms)),
                         &t->count);
}

size_t enrol_tokens_count(const char *account, int64_t now_ms)
{
    struct tokens_of t = {account, now_ms, 0};

    /* What cannot be counted may be there. */
    return store_read(registry_store(), tokens_count_read, &t) ? 1 : (size_t)t.count;
}

static int tokens_end_write(struct store_tx *tx, void *ctx)
{
    const struct tokens_of *t = ctx;

    return store_exec(tx, "enrolment_end_of",
                      STORE_ARGS(store_text("account", t->account), store_int("now", t->now_ms)),
                      NULL);
}

int enrol_tokens_end(const char *account, int64_t now_ms)
{
    struct tokens_of t = {account, now_ms, 0};

    return store_write(registry_store(), tokens_end_write, &t);
}

int enrol_token_make(uint32_t count, int64_t ttl_s, int simulated, const struct principal *by,
                     int64_t now_ms, char token[DEVICE_CODE_SIZE], char id[SESSION_ID_SIZE])
{
    struct token_row row = {.account = by ? by->account : "box",
                            .by = by,
                            .created_ms = now_ms,
                            .expires_ms = now_ms + ttl_s * 1000,
                            .count = count,
                            .simulated = simulated};
    uint8_t raw[32];

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(token, raw, sizeof(raw));
    sk_wipe(raw, sizeof(raw));
    crypto_sha256(row.hash, token, strlen(token));
    id_make(row.id);
    memcpy(id, row.id, SESSION_ID_SIZE);
    return store_write(registry_store(), token_write, &row);
}

int device_fleet_token(uint32_t count, int64_t ttl_s, char token[DEVICE_CODE_SIZE],
                       char id[SESSION_ID_SIZE])
{
    return enrol_token_make(count, ttl_s, 1, NULL, sk_clock_wall_ms(), token, id);
}

/* What to type where the cameras are; the pin tells them this box from any other. */
static int command_write(struct sk_buf *out, int64_t count)
{
    char pin[SK_HEX_SIZE(32)];
    uint8_t hash[32];

    edge_certificate_fingerprint(hash);
    sk_hex_encode(pin, hash, sizeof(hash));
    int err = sk_buf_addf(out, "skep %s --server https://%s:%u --pin %s --token-file -",
                          count == 1 ? "camera" : "fleet", edge_host(), edge_port(), pin);
    return err || count == 1 ? err : sk_buf_addf(out, " --count %lld", (long long)count);
}

int enrol_token_create(struct http_request *req)
{
    static const char *const members[] = {"count", "ttl_s", "simulated", NULL};
    char token[DEVICE_CODE_SIZE], id[SESSION_ID_SIZE];
    int64_t count, ttl_s;
    int simulated = 0;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = sk_json_int(body, "count", 1, TOKEN_COUNT_MAX, &count);
    if (!err)
        err = sk_json_int(body, "ttl_s", TOKEN_TTL_MIN_S, TOKEN_TTL_MAX_S, &ttl_s);
    if (!err && sk_json_has(body, "simulated"))
        err = sk_json_bool(body, "simulated", &simulated);
    if (!err)
        err = enrol_token_make((uint32_t)count, ttl_s, simulated, http_principal(req),
                               http_now_ms(req), token, id);
    if (err)
        return http_problem(req, err, NULL);
    json_t *answer = json_object();
    sk_json_set_str(answer, "id", id);
    sk_json_set_str(answer, "token", token);
    sk_json_set_int(answer, "expires", http_now_ms(req) + ttl_s * 1000);
    sk_json_set_int(answer, "count", count);
    struct sk_buf command;
    sk_buf_init(&command, 512);
    if (!command_write(&command, count))
        sk_json_set_str(answer, "command", (const char *)command.data);
    sk_buf_fini(&command);
    sk_wipe(token, sizeof(token));
    return http_json(req, 201, answer);
}

struct token_query {
    const char *id, *organization;
    int64_t expires_ms, count, used;
    json_t *devices;
};

static int token_row_read(void *ctx, const struct store_row *row)
{
    struct token_query *q = ctx;

    q->expires_ms = store_row_int(row, 0);
    q->count = store_row_int(row, 1);
    q->used = store_row_int(row, 2);
    return 0;
}

static int token_device_read(void *ctx, const struct store_row *row)
{
    struct token_query *q = ctx;

    return json_array_append_new(q->devices, json_string(store_row_text(row, 0))) ? -SK_ENOMEM : 0;
}

static int token_read(struct store_tx *tx, void *ctx)
{
    struct token_query *q = ctx;
    int err =
        store_one(tx, "enrolment_by_id",
                  STORE_ARGS(store_text("id", q->id), store_text("organization", q->organization)),
                  token_row_read, q);

    json_array_clear(q->devices);
    return err ? err
               : store_many(tx, "enrolment_device_list", STORE_ARGS(store_text("enrolment", q->id)),
                            TOKEN_COUNT_MAX, token_device_read, q);
}

int enrol_token_get(struct http_request *req)
{
    struct token_query q = {.id = http_param(req, "id"),
                            .organization = http_principal(req)->organization,
                            .devices = json_array()};
    int err = store_read(registry_store(), token_read, &q);

    if (err) {
        json_decref(q.devices);
        return http_problem(req, err, NULL);
    }
    json_t *answer = json_object();
    sk_json_set_str(answer, "id", q.id);
    sk_json_set_int(answer, "expires", q.expires_ms);
    sk_json_set_int(answer, "count", q.count);
    sk_json_set_int(answer, "used", q.used);
    json_object_set_new(answer, "devices", q.devices);
    return http_json(req, 200, answer);
}

struct token_end {
    const char *id;
    const struct principal *by;
    int64_t now_ms;
};

static int token_end_write(struct store_tx *tx, void *ctx)
{
    const struct token_end *e = ctx;
    int64_t rows;
    int err = store_exec(tx, "enrolment_end",
                         STORE_ARGS(store_text("id", e->id), store_int("now", e->now_ms),
                                    store_text("organization", by_organization(e->by))),
                         &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : token_record(tx, e->by, "enrolment.ended", e->id, e->now_ms);
}

int enrol_token_end(struct http_request *req)
{
    struct token_end e = {http_param(req, "id"), http_principal(req), http_now_ms(req)};
    int err = store_write(registry_store(), token_end_write, &e);

    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- simpleenroll ---------------------------------------------------------------------------- */

struct enrolment {
    uint8_t token_hash[32];
    char token_id[SESSION_ID_SIZE];
    struct x509_csr csr;
    struct device_new device;
    struct sk_buf cert;
    const char *source;
};

static int enrolment_token_row(void *ctx, const struct store_row *row)
{
    struct enrolment *e = ctx;

    e->device.simulated = store_row_int(row, 4) != 0;
    int err = store_row_copy(row, 0, e->token_id, sizeof(e->token_id));
    return err ? err
               : store_row_copy(row, 5, e->device.organization, sizeof(e->device.organization));
}

static int token_lookup(struct store_tx *tx, void *ctx)
{
    struct enrolment *e = ctx;

    return store_one(tx, "enrolment_by_hash",
                     STORE_ARGS(store_blob("token_hash", e->token_hash, 32)), enrolment_token_row,
                     e);
}

/* Token use and camera in one transaction: a crash leaves both or neither. */
static int enrolment_write(struct store_tx *tx, void *ctx)
{
    const struct enrolment *e = ctx;
    const struct device_new *d = &e->device;
    int64_t rows;
    int err =
        store_exec(tx, "enrolment_use",
                   STORE_ARGS(store_text("id", e->token_id), store_int("now", d->now_ms)), &rows);

    if (err || rows != 1)
        return err ? err : -SK_EGONE;
    err = store_exec(
        tx, "device_insert",
        STORE_ARGS(
            store_text("id", d->id), store_text("name", d->name), store_text("serial", d->serial),
            store_blob("cert_serial", d->cert_serial, d->cert_serial_len),
            store_int("cert_not_after", d->cert_not_after_ms), store_int("simulated", d->simulated),
            store_int("enrolled", d->now_ms), store_text("organization", d->organization)),
        NULL);
    if (!err)
        err = store_exec(
            tx, "enrolment_device_insert",
            STORE_ARGS(store_text("enrolment", e->token_id), store_text("device", d->id)), NULL);
    return err ? err
               : audit_record(tx, AUDIT(.at_ms = d->now_ms, .actor_kind = "token",
                                        .actor = e->token_id, .action = "device.enrolled",
                                        .object_kind = "device", .object = d->id,
                                        .source = e->source, .organization = d->organization));
}

static int certificate_issue(struct enrolment *e)
{
    struct x509_issuer issuer = {ca.key, ca.der.data, ca.der.len};
    struct x509_validity v = {e->device.now_ms - AUTHORITY_BACKDATE_MS,
                              e->device.now_ms + DEVICE_YEARS * YEAR_MS};

    id_make(e->device.id);
    e->device.name = e->csr.cn[0] ? e->csr.cn : e->device.id;
    e->device.serial = e->csr.serial_number;
    e->device.cert_not_after_ms = v.not_after_ms;
    e->device.cert_serial_len = X509_SERIAL_SIZE;
    return x509_device_issue(&e->cert, &issuer, &e->csr, e->device.id, &v, e->device.cert_serial);
}

static int csr_read(struct enrolment *e, struct http_request *req)
{
    uint8_t der[X509_CSR_MAX];
    size_t body_len, der_len;
    const uint8_t *body = http_body(req, &body_len);
    int err = sk_b64_decode(der, sizeof(der), &der_len, (const char *)body, body_len);

    return err ? err : x509_csr_parse(&e->csr, der, der_len);
}

static int bearer_hash(uint8_t hash[32], const char *authorization)
{
    static const char scheme[] = "Bearer ";

    if (strncmp(authorization, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EAUTH;
    const char *token = authorization + sizeof(scheme) - 1;
    if (strlen(token) != DEVICE_CODE_SIZE - 1)
        return -SK_EAUTH;
    crypto_sha256(hash, token, strlen(token));
    return 0;
}

static int pkcs7_answer(struct http_request *req, const struct x509_der *certs, size_t count)
{
    struct sk_buf der;
    int err;

    sk_buf_init(&der, X509_PKCS7_CERTS_MAX * X509_CERT_MAX + 256);
    err = x509_pkcs7_write(&der, certs, count);
    if (err) {
        sk_buf_fini(&der);
        return http_problem(req, err, NULL);
    }
    char *text = sk_alloc(SK_B64_SIZE(der.len));
    sk_b64_encode(text, der.data, der.len);
    http_header(req, "Content-Transfer-Encoding", "base64");
    http_bytes(req, 200, "application/pkcs7-mime; smime-type=certs-only", text, strlen(text));
    free(text);
    sk_buf_fini(&der);
    return 0;
}

int enrol_simple(struct http_request *req)
{
    struct enrolment e = {.device = {.now_ms = http_now_ms(req)},
                          .source = http_principal(req)->source};
    const char *reason = "token";
    int err = bearer_hash(e.token_hash, http_authorization(req));

    sk_buf_init(&e.cert, X509_CERT_MAX);
    if (!err && store_read(registry_store(), token_lookup, &e))
        err = -SK_EAUTH;
    if (!err) {
        reason = "csr";
        err = csr_read(&e, req);
    }
    if (!err)
        err = certificate_issue(&e);
    if (!err) {
        reason = "token";
        err = store_write(registry_store(), enrolment_write, &e);
    }
    if (err) {
        metric_refused("enrolment", err == -SK_ESTORAGE ? "storage" : reason);
        sk_buf_fini(&e.cert);
        return http_problem(req, err, NULL);
    }
    registry_add(&e.device);
    history_add(e.device.id, e.device.now_ms, "enrolled", "", http_principal(req)->source);
    event_publish(&(struct event){.kind = EVENT_DEVICE_ENROLLED,
                                  .device = e.device.id,
                                  .detail = e.token_id,
                                  .wall_ms = e.device.now_ms});
    struct x509_der cert = {e.cert.data, e.cert.len};
    pkcs7_answer(req, &cert, 1);
    sk_buf_fini(&e.cert);
    return 0;
}

int enrol_cacerts(struct http_request *req)
{
    struct x509_der certs[2] = {{ca.der.data, ca.der.len}, {NULL, 0}};
    struct sk_buf pem, der;
    int err;

    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&der, X509_CERT_MAX);
    err = edge_ca_pem(&pem);
    if (!err)
        err = x509_cert_read(&der, pem.data, pem.len);
    certs[1] = (struct x509_der){der.data, der.len};
    if (err)
        http_problem(req, err, NULL);
    else
        pkcs7_answer(req, certs, 2);
    sk_buf_fini(&pem);
    sk_buf_fini(&der);
    return 0;
}
