/* Handlers of who is shared with: own keys, own claims, what was received. */
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "share/internal.h"

void share_id_make(char id[SHARE_ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}

struct share_by share_by_of(struct http_request *req)
{
    return (struct share_by){http_principal(req), http_now_ms(req)};
}

void share_key_text(char out[SHARE_KEY_SIZE], const uint8_t public_key[65])
{
    uint8_t id[16];

    crypto_key_id(id, CRYPTO_KEY_VIEWER, public_key);
    sk_b64url_encode(out, id, sizeof(id));
}

void share_tell(const char *device, const char *account, int64_t now_ms)
{
    event_publish(&(struct event){
        .kind = EVENT_SHARE_CHANGED, .device = device, .account = account, .wall_ms = now_ms});
}

static int limit_answer(struct http_request *req, int err)
{
    if (err == -SK_ELIMIT)
        return http_problem(req, -SK_ECONFLICT, json_pack("{s:s}", "reason", "limit"));
    return http_problem(req, err, NULL);
}

/* ---- the directory ---- */

static json_t *key_json(const struct share_key *k)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", k->id);
    sk_json_set_bin(v, "public_key", k->public_key, sizeof(k->public_key));
    if (k->name[0])
        sk_json_set_str(v, "name", k->name);
    sk_json_set_int(v, "added", k->added);
    return v;
}

static int key_append(void *ctx, const struct share_key *k)
{
    json_array_append_new(ctx, key_json(k));
    return 0;
}

json_t *share_keys_json(const char *account)
{
    json_t *list = json_array();

    if (ledger_keys(account, key_append, list))
        json_array_clear(list);
    return list;
}

int api_keys(struct http_request *req)
{
    json_t *list = json_array();
    int err = ledger_keys(http_principal(req)->account, key_append, list);

    if (err) {
        json_decref(list);
        return http_problem(req, err, NULL);
    }
    return http_json(req, 200, json_pack("{s:o}", "keys", list));
}

/* 1..64 code points, no control characters, no blank at either end. */
static int name_is_fit(const char *name)
{
    size_t len = strlen(name);

    if (!len || !sk_utf8_is_valid(name, len) || sk_utf8_count(name, len) > SHARE_NAME_POINTS_MAX ||
        name[0] == ' ' || name[len - 1] == ' ')
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return 0;
    return 1;
}

static int key_parse(struct share_key *k, const json_t *body)
{
    static const char *const members[] = {"public_key", "name", NULL};
    const char *name = "";
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_bin(body, "public_key", k->public_key, sizeof(k->public_key));
    if (!err && sk_json_has(body, "name")) {
        err = sk_json_str(body, "name", SHARE_NAME_SIZE - 1, &name);
        if (!err && !name_is_fit(name))
            err = -SK_EINVAL;
    }
    if (err || crypto_p256_check(k->public_key))
        return -SK_EINVAL;
    share_key_text(k->id, k->public_key);
    return sk_copy(k->name, sizeof(k->name), name);
}

struct key_wanted {
    const char *id;
    json_t *found;
};

static int key_pick(void *ctx, const struct share_key *k)
{
    struct key_wanted *w = ctx;

    if (strcmp(k->id, w->id) == 0 && !w->found)
        w->found = key_json(k);
    return 0;
}

int api_key_put(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    struct share_key k = {.added = by.now_ms};
    struct key_wanted w = {k.id, NULL};
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = key_parse(&k, body);
    if (!err)
        err = ledger_key_put(&by, &k);
    if (!err)
        err = ledger_keys(by.who->account, key_pick, &w);
    if (!err && !w.found)
        err = -SK_ENOTFOUND;
    if (err) {
        json_decref(w.found);
        return limit_answer(req, err);
    }
    return http_json(req, 200, w.found);
}

int api_key_delete(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    int err = ledger_key_delete(&by, http_param(req, "id"));

    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- own claims ---- */

static int claim_parse(struct share_claim *c, const json_t *body)
{
    static const char *const members[] = {"device", "public_key", "claim", NULL};
    const char *device;
    uint8_t raw[16];
    size_t len;
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_str(body, "device", DEVICE_ID_SIZE - 1, &device);
    if (!err)
        err = sk_b32_decode(raw, sizeof(raw), &len, device, strlen(device));
    if (!err && len != sizeof(raw))
        err = -SK_EINVAL;
    if (!err)
        err = sk_json_bin(body, "public_key", c->public_key, sizeof(c->public_key));
    if (!err)
        err = sk_json_bin(body, "claim", c->claim, sizeof(c->claim));
    if (err || crypto_p256_check(c->public_key))
        return -SK_EINVAL;
    share_key_text(c->key, c->public_key);
    return sk_copy(c->device, sizeof(c->device), device);
}

/* The answer is the same whether or not there is such a camera. */
int api_claim_add(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    struct share_claim c = {.created = by.now_ms, .expires = by.now_ms + SHARE_CLAIM_MS};
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = claim_parse(&c, body);
    if (!err)
        err = sk_copy(c.account, sizeof(c.account), by.who->account);
    share_id_make(c.id);
    if (!err)
        err = ledger_claim_add(&by, &c);
    if (err)
        return limit_answer(req, err);
    share_tell(c.device, c.account, by.now_ms);
    return http_json(req, 202,
                     json_pack("{s:s,s:I}", "id", c.id, "expires", (json_int_t)c.expires));
}

static int claim_append(void *ctx, const struct share_claim *c)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", c->id);
    sk_json_set_str(v, "device", c->device);
    sk_json_set_str(v, "key", c->key);
    sk_json_set_int(v, "created", c->created);
    sk_json_set_int(v, "expires", c->expires);
    sk_json_set_str(v, "state", c->state);
    json_array_append_new(ctx, v);
    return 0;
}

int api_claims_mine(struct http_request *req)
{
    json_t *list = json_array();
    int err = ledger_claims_of_account(http_principal(req)->account, http_now_ms(req), claim_append,
                                       list);

    if (err) {
        json_decref(list);
        return http_problem(req, err, NULL);
    }
    return http_json(req, 200, json_pack("{s:o}", "claims", list));
}

int api_claim_delete(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    int err = ledger_claim_delete(&by, http_param(req, "id"));

    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- what was received ---- */

int api_share_give_up(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    struct share s;
    int err = ledger_share_find(http_param(req, "id"), &s);

    if (!err && strcmp(s.account, by.who->account) != 0)
        err = -SK_ENOTFOUND;
    if (!err)
        err = ledger_end(&by, &s);
    if (err)
        return http_problem(req, err, NULL);
    log_info("share", "given-up", "share=%s device=%s by=%s", s.id, s.device, s.account);
    account_share_changed(share_store(), s.account, by.now_ms);
    share_tell(s.device, s.account, by.now_ms);
    return http_empty(req, 204);
}
