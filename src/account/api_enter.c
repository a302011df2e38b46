/* The handlers by which somebody enters: setup and login. Each checks what is cheap first and
 * hashes a password only when everything else was right. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "account/gate.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

/* ---- setup ---- */

int api_setup_get(struct http_request *req)
{
    uint8_t hash[32];
    char shown[HTTP_FINGERPRINT_SIZE];
    json_t *out;
    int needed;
    int err = setup_is_needed(account_get()->store, &needed);

    if (err)
        return http_problem(req, err, NULL);
    out = json_object();
    edge_certificate_fingerprint(hash);
    http_fingerprint_text(shown, hash);
    sk_json_set_bool(out, "needed", needed);
    sk_json_set_str(out, "fingerprint", shown);
    sk_json_set_bin(out, "fingerprint_raw", hash, sizeof(hash));
    sk_json_set_str(out, "host", edge_host());
    return http_json(req, 200, out);
}

static int setup_check(void *ctx, const uint8_t hash[32], int64_t now_ms)
{
    (void)ctx;
    return ledger_setup_token_check(account_get()->store, hash, now_ms);
}

int api_setup_strength(struct http_request *req)
{
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON, "setup", setup_check, NULL))
        answer_strength(req, b.name, "owner", b.password);
    link_body_wipe(&b);
    return 0;
}

static int setup_store(struct entering *e, void *ctx)
{
    const struct link_body *b = ctx;

    return ledger_setup(account_get()->store, b->hash, &e->row, &e->entry);
}

/* Name and password are good: hash, write the owner, enter. */
static int setup_do(struct http_request *req, struct link_body *b)
{
    struct entering e = {.req = req};
    int err = ledger_owner(account_get()->store, &e.row);

    if (err == -SK_ENOTFOUND) {
        id_make(e.row.id);
        err = sk_copy(e.row.role, sizeof(e.row.role), "owner");
        if (!err)
            err = sk_copy(e.row.theme, sizeof(e.row.theme), "auto");
    }
    if (!err)
        err = sk_copy(e.row.name, sizeof(e.row.name), b->name);
    if (!err)
        err = hash_make(b->password, strlen(b->password), e.row.password);
    if (!err) {
        entering_make(&e);
        err = entering_store(&e, setup_store, b);
    }
    if (err) {
        answer_hash_error(req, err);
    } else {
        access_changed(account_get()->store, e.row.id, http_now_ms(req));
        owners_holdings_end(http_now_ms(req)); /* of a reset while the box was down */
        log_info("account", "setup", "account=%s source=%s", e.row.id, http_principal(req)->source);
        entering_finish(&e, 201);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_setup_post(struct http_request *req)
{
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON, "setup", setup_check, NULL)) {
        if (account_name_check(b.name))
            http_problem(req, -SK_EINVAL, NULL);
        else if (!password_judge(req, b.name, "owner", b.password))
            setup_do(req, &b);
    }
    link_body_wipe(&b);
    return 0;
}

/* ---- login ---- */

struct login_body {
    const char *name, *password;
    const json_t *proof; /* NULL: none */
    int bearer;
};

static int login_body_take(struct http_request *req, json_t **json, struct login_body *b)
{
    static const char *const members[] = {"name", "password", "bearer", "proof", NULL};

    if (http_body_json(req, json))
        return -1;
    b->proof = sk_json_has(*json, "proof") ? json_object_get(*json, "proof") : NULL;
    if (sk_json_only(*json, members) || sk_json_str(*json, "name", NAME_MAX_BYTES, &b->name) ||
        sk_json_str(*json, "password", PASSWORD_MAX_BYTES, &b->password) ||
        (sk_json_has(*json, "bearer") && sk_json_bool(*json, "bearer", &b->bearer))) {
        http_problem(req, -SK_EINVAL, NULL);
        return -1;
    }
    return 0;
}

/* One answer for every wrong pair: it does not say which half was wrong. */
int login_refuse(struct http_request *req, const struct account_row *row)
{
    metric_refused("account", "login");
    log_warn("account", "login-refused", "account=%s source=%s", row->id[0] ? row->id : "-",
             http_principal(req)->source);
    audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody", .action = "session.login",
                     .object_kind = "account", .object = row->id, .result = "refused",
                     .source = http_principal(req)->source));
    return http_problem_code(req, 401, "auth-failed", NULL);
}

static int session_of_account(void *ctx, const struct session *s)
{
    return strcmp(s->account, ctx) == 0;
}

int sessions_bound(const char *account, int64_t now_ms)
{
    size_t count;
    struct session *list = session_list(session_of_account, (void *)(uintptr_t)account, &count);
    int err = count >= SESSIONS_PER_ACCOUNT_MAX
                  ? sessions_end(list, count - SESSIONS_PER_ACCOUNT_MAX + 1, "session-surplus", "",
                                 now_ms)
                  : 0;

    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return err;
}

static int login_store(struct entering *e, void *ctx)
{
    (void)ctx;
    return ledger_login(account_get()->store, &e->entry);
}

int login_enter(struct entering *e, const char *checked, const char *rehash,
                const struct factor_use *factor)
{
    int err = sessions_bound(e->row.id, http_now_ms(e->req));

    entering_make(e);
    e->entry.checked = checked;
    e->entry.rehash = rehash[0] ? rehash : NULL;
    e->entry.factor = factor;
    if (!err)
        err = entering_store(e, login_store, NULL);
    if (err == -SK_EAUTH)
        return login_refuse(e->req, &e->row);
    return err ? http_problem(e->req, err, NULL) : entering_finish(e, 200);
}

/* The password was right. Where a second factor is set nothing is given back yet: who has the
 * password and guesses the factor must not win new tries by it. */
static int login_checked(struct entering *e, const char *password, int stale,
                         const struct login_try *try)
{
    char fresh[PHC_SIZE] = "";
    struct factors f;
    int err = factors_read(account_get()->store, e->row.id, &f);

    if (err)
        return http_problem(e->req, err, NULL);
    if (stale && hash_make(password, strlen(password), fresh))
        fresh[0] = '\0';
    if (f.kinds & (FACTOR_TOTP | FACTOR_PASSKEY)) {
        login_factor_ask(e, try, fresh, f.kinds);
    } else {
        login_succeeded(account_get()->throttle, try, sk_clock_mono_ms());
        login_enter(e, e->row.password, fresh, NULL);
    }
    crypto_wipe(fresh, sizeof(fresh));
    crypto_wipe(&f, sizeof(f));
    return 0;
}

static int login_do(struct http_request *req, const struct login_body *b)
{
    struct entering e = {.req = req, .bearer = b->bearer};
    struct browser browser = {0};
    struct gate gate;
    int matches = 0, stale = 0;
    int err = ledger_account_by_name(account_get()->store, b->name, &e.row);

    if (err && err != -SK_ENOTFOUND)
        return http_problem(req, err, NULL);
    if (browser_by_id(http_principal(req)->browser, &browser) ||
        strcmp(browser.account, e.row.id) != 0)
        browser.id[0] = '\0';
    if (gate_pass(req, b->name, browser.id, b->proof, &gate)) {
        /* answered: work first, or wait */
    } else if ((err = hash_check_for(&gate.share, e.row.password, b->password, strlen(b->password),
                                     &matches, &stale)) == -SK_EBUSY) {
        gate_undecided(&gate);
        answer_hash_error(req, err);
    } else if (err || !matches || e.row.disabled) { /* disabled looks like a wrong password */
        if (err)
            log_error("account", "hash-check", "account=%s reason=\"%s\"", e.row.id,
                      sk_error_text(err));
        gate_wrong(req, &gate, b->password);
        login_refuse(req, &e.row);
    } else {
        gate_right(req, &gate, e.row.id);
        login_checked(&e, b->password, stale, &gate.try);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_login(struct http_request *req)
{
    struct login_body b = {0};
    json_t *json = NULL;

    if (!login_body_take(req, &json, &b))
        login_do(req, &b);
    json_secret_wipe(json, "password");
    return 0;
}
