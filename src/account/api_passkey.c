/* The handlers of a person's own passkeys, and of an admin who helps somebody that lost a factor.
 */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

enum { BOUND_SIZE = 64 };

static void create_bound(char out[BOUND_SIZE], const struct session *s)
{
    memcpy(out, "create:", 7);
    memcpy(out + 7, s->id, ID_SIZE);
}

static int conflict(struct http_request *req, const char *reason)
{
    return http_problem(req, -SK_ECONFLICT, json_pack("{s:s}", "reason", reason));
}

/* ---- a new one ---- */

static int creation_json(const struct account_row *a, const char *bound, json_t **out)
{
    uint8_t challenge[CHALLENGE_BYTES];
    json_t *exclude;
    int err = passkey_credentials_json(a->id, &exclude);

    if (err)
        return err;
    challenge_make(challenge, bound, sk_clock_mono_ms());
    *out = json_object();
    sk_json_set_bin(*out, "challenge", challenge, sizeof(challenge));
    sk_json_set_str(*out, "rp", passkey_rp());
    sk_json_set_bin(*out, "user", a->id, strlen(a->id));
    sk_json_set_str(*out, "name", a->name);
    json_object_set_new(*out, "exclude", exclude);
    return 0;
}

int api_passkey_request(struct http_request *req)
{
    char bound[BOUND_SIZE];
    struct session s;
    struct account_row a;
    struct factors f = {0};
    json_t *body, *passkey;

    if (http_body_json(req, &body) || self_take(req, &s, &a))
        return 0;
    int err = factors_read(account_get()->store, a.id, &f);
    create_bound(bound, &s);
    if (err || json_object_size(body))
        http_problem(req, err ? err : -SK_EINVAL, NULL);
    else if (!passkey_rp())
        conflict(req, "passkeys-off");
    else if (f.passkeys >= PASSKEYS_PER_ACCOUNT_MAX)
        conflict(req, "limit");
    else if (!fresh_take(req, &s)) {
        err = creation_json(&a, bound, &passkey);
        if (err)
            http_problem(req, err, NULL);
        else
            http_json(req, 200, json_pack("{s:o}", "passkey", passkey));
    }
    crypto_wipe(&f, sizeof(f));
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* What the browser sent. */
struct creation {
    const char *name;
    uint8_t client_room[PASSKEY_CLIENT_DATA_MAX], attestation_room[PASSKEY_ATTESTATION_MAX];
    struct passkey_bytes client_data, attestation;
    struct passkey_made made;
    struct passkey_row row;
};

static int creation_parse(const json_t *body, struct creation *c)
{
    static const char *const members[] = {"name", "client_data", "attestation", NULL};

    if (sk_json_only(body, members) || sk_json_str(body, "name", PASSKEY_NAME_SIZE - 1, &c->name) ||
        !text_is_plain(c->name, PASSKEY_NAME_POINTS_MAX) ||
        factor_bytes_take(body, "client_data", c->client_room, sizeof(c->client_room),
                          &c->client_data) ||
        factor_bytes_take(body, "attestation", c->attestation_room, sizeof(c->attestation_room),
                          &c->attestation))
        return -SK_EINVAL;
    return 0;
}

static enum passkey_fault creation_judge(const struct session *s, struct creation *c)
{
    uint8_t challenge[CHALLENGE_BYTES];
    char bound[BOUND_SIZE], text[2][PASSKEY_ORIGIN_SIZE];
    const char *origins[3];
    size_t len;
    int64_t now_ms = sk_clock_mono_ms();

    create_bound(bound, s);
    passkey_origins(origins, text);
    if (passkey_claimed_challenge(c->client_data, challenge, sizeof(challenge), &len))
        return PASSKEY_FORM;
    if (challenge_check(challenge, len, bound, now_ms))
        return PASSKEY_CHALLENGE;
    const struct passkey_expect want = {passkey_rp(), origins, {challenge, len}};
    enum passkey_fault fault = passkey_made_check(&want, c->client_data, c->attestation, &c->made);
    if (!fault && challenge_use(challenge, now_ms))
        fault = PASSKEY_CHALLENGE;
    return fault;
}

static int row_fill(struct creation *c)
{
    struct passkey_row *p = &c->row;

    id_make(p->id);
    memcpy(p->credential, c->made.credential, c->made.credential_len);
    p->credential_len = c->made.credential_len;
    memcpy(p->key, c->made.key, c->made.key_len);
    p->key_len = c->made.key_len;
    p->sign_count = c->made.sign_count;
    p->backed_up = c->made.backed_up;
    return sk_copy(p->name, sizeof(p->name), c->name);
}

static int creation_store(struct http_request *req, const struct session *s, struct creation *c)
{
    struct actor by = actor_of(req);
    uint8_t hashes[RECOVERY_CODES][32];
    struct factors f;
    int err = factors_read(account_get()->store, s->account, &f);

    if (!err)
        err = row_fill(c);
    c->row.created = by.now_ms;
    json_t *codes = err || f.recovery_left ? json_array() : recovery_codes_make(s->account, hashes);
    if (!err)
        err = passkey_add(account_get()->store, &by, &c->row,
                          f.recovery_left ? NULL : (const uint8_t(*)[32])hashes);
    crypto_wipe(hashes, sizeof(hashes));
    crypto_wipe(&f, sizeof(f));
    if (err) {
        json_decref(codes);
        return err == -SK_ELIMIT ? conflict(req, "limit") : http_problem(req, err, NULL);
    }
    factors_refresh(s->account);
    log_info("account", "factor-added", "account=%s kind=passkey passkey=%s source=%s", s->account,
             c->row.id, by.source);
    return http_json(req, 201,
                     json_pack("{s:o, s:o}", "passkey", passkey_json(&c->row), "codes", codes));
}

static void creation_take(struct http_request *req, const struct session *s, const json_t *body)
{
    struct creation *c = sk_alloc(sizeof(*c));
    enum passkey_fault fault;

    memset(c, 0, sizeof(*c));
    if (!passkey_rp()) {
        conflict(req, "passkeys-off");
    } else if (creation_parse(body, c)) {
        http_problem(req, -SK_EINVAL, NULL);
    } else if ((fault = creation_judge(s, c)) != PASSKEY_OK) {
        metric_refused("account", "passkey");
        http_problem(req, -SK_EINVAL, json_pack("{s:s}", "reason", passkey_fault_name(fault)));
    } else {
        creation_store(req, s, c);
    }
    free(c);
}

int api_passkey_add(struct http_request *req)
{
    struct session s;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &s, NULL))
        return 0;
    if (!fresh_take(req, &s))
        creation_take(req, &s, body);
    crypto_wipe(&s, sizeof(s));
    return 0;
}

/* ---- the list ---- */

struct one {
    const char *id;
    json_t *found;
};

static void one_take(void *ctx, const struct passkey_row *p)
{
    struct one *o = ctx;

    if (strcmp(p->id, o->id) == 0 && !o->found)
        o->found = passkey_json(p);
}

int api_passkey_rename(struct http_request *req)
{
    static const char *const members[] = {"name", NULL};
    struct actor by = actor_of(req);
    struct one one = {http_param(req, "id"), NULL};
    const char *name;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    if (sk_json_only(body, members) || sk_json_str(body, "name", PASSKEY_NAME_SIZE - 1, &name) ||
        !text_is_plain(name, PASSKEY_NAME_POINTS_MAX))
        return http_problem(req, -SK_EINVAL, NULL);
    int err = passkey_rename(account_get()->store, &by, one.id, name);
    if (!err)
        err = passkeys_each(account_get()->store, by.account, one_take, &one);
    if (!err && !one.found)
        err = -SK_ENOTFOUND;
    if (err)
        return http_problem(req, err, NULL);
    return http_json(req, 200, one.found);
}

int api_passkey_remove(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct session s;
    struct account_row a;

    if (self_take(req, &s, &a))
        return 0;
    if (!fresh_take(req, &s)) {
        int err = passkey_remove(account_get()->store, &by, http_param(req, "id"),
                                 factor_is_required(a.role));
        if (err == -SK_ECONFLICT)
            conflict(req, "required");
        else if (err)
            http_problem(req, err, NULL);
        else
            http_empty(req, 204);
        if (!err)
            factors_refresh(a.id);
    }
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* ---- somebody else's ---- */

int api_account_factors_reset(struct http_request *req)
{
    struct actor by = actor_of(req);
    const char *account = http_param(req, "id");
    enum refusal refusal = REFUSAL_NONE;
    struct session s;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &s, NULL))
        return 0;
    int fresh = fresh_take(req, &s);
    crypto_wipe(&s, sizeof(s));
    if (fresh)
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    int err = people_factors_reset(account_get()->store, &by, account, &refusal);
    if (err)
        return answer_refusal(req, err, refusal);
    tickets_drop_of(account);
    factors_refresh(account);
    sessions_cut(account, NULL, "factors-reset", by.now_ms);
    log_info("account", "factors-reset", "account=%s by=%s", account, by.account);
    return http_empty(req, 204);
}
