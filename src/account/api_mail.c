/* The handlers behind mailed links: registration, recovery, and the address of an account. */
#include <string.h>

#include "account/access.h"
#include "account/mail.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

enum { START_ANSWER = 202 };

#define NEWCOMER_ROLE "owner" /* of an organization of one */

/* ---- modes ---- */

static const char *const registration_names[] = {
    [REGISTRATION_CLOSED] = "closed",
    [REGISTRATION_INVITATION] = "invitation",
    [REGISTRATION_OPEN] = "open",
};

int registration_find(const char *name, enum registration *out)
{
    for (int r = REGISTRATION_CLOSED; r <= REGISTRATION_OPEN; r++)
        if (strcmp(registration_names[r], name) == 0)
            return *out = (enum registration)r, 0;
    return -SK_EINVAL;
}

const char *registration_name(enum registration r)
{
    return registration_names[r];
}

int api_entrance(struct http_request *req)
{
    const struct account_state *a = account_get();
    json_t *out = json_object();

    sk_json_set_str(out, "registration", registration_name(a->registration));
    sk_json_set_bool(out, "recovery", outbound_mail_is_on());
    if (a->external_name)
        json_object_set_new(out, "sso", json_pack("{s:s}", "name", a->external_name));
    return http_json(req, 200, out);
}

/* ---- asking for a link ---- */

static int lang_take(const json_t *body, struct letter *l)
{
    const char *lang;

    if (!sk_json_has(body, "lang"))
        return 0;
    int err = sk_json_str(body, "lang", sizeof(l->lang) - 1, &lang);
    if (!err && strcmp(lang, "en") != 0 && strcmp(lang, "zh-CN") != 0)
        err = -SK_EINVAL;
    return err ? err : sk_copy(l->lang, sizeof(l->lang), lang);
}

/* Whether the address is known is not asked here: every address gets the same answer at once. */
static int start(struct http_request *req, enum letter_kind kind)
{
    static const char *const members[] = {"mail", "lang", NULL};
    static const struct throttle_rule rule = {.interval_ms = 10000, .burst = 10};
    struct letter l = {.kind = kind};
    uint8_t key[THROTTLE_KEY_BYTES];
    const char *mail;
    int64_t retry_ms;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    if (sk_json_only(body, members) || sk_json_str(body, "mail", OUTBOUND_MAIL_TO_MAX, &mail) ||
        mail_take(l.address, mail) || lang_take(body, &l))
        return http_problem(req, -SK_EINVAL, NULL);
    if (!outbound_mail_is_on())
        return http_problem(req, -SK_EUNSUPPORTED, NULL);
    prefix_key(key, "mail", http_principal(req)->source);
    if (throttle_take(account_get()->throttle, key, &rule, sk_clock_mono_ms(), &retry_ms))
        return answer_throttled(req, retry_ms);
    int err = post_put(&l);
    return err ? http_problem(req, err, NULL) : http_empty(req, START_ANSWER);
}

int api_register_start(struct http_request *req)
{
    if (account_get()->registration != REGISTRATION_OPEN)
        return http_problem(req, -SK_EUNSUPPORTED, NULL);
    return start(req, LETTER_REGISTER);
}

int api_recover_start(struct http_request *req)
{
    return start(req, LETTER_RECOVER);
}

/* ---- registration ---- */

static int register_find(void *ctx, const uint8_t hash[32], int64_t now_ms)
{
    if (account_get()->registration != REGISTRATION_OPEN)
        return -SK_EGONE;
    return mail_link_find(account_get()->store, hash, "register", now_ms, ctx);
}

int api_register_check(struct http_request *req)
{
    struct mail_link link;
    struct link_body b;

    if (!link_body_take(req, &b, LINK_TOKEN, "register", register_find, &link))
        http_json(
            req, 200,
            json_pack("{s:s, s:I}", "mail", link.address, "expires", (json_int_t)link.expires));
    link_body_wipe(&b);
    return 0;
}

int api_register_strength(struct http_request *req)
{
    struct mail_link link;
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON, "register", register_find, &link))
        answer_strength(req, b.name, NEWCOMER_ROLE, b.password);
    link_body_wipe(&b);
    return 0;
}

static int register_store(struct entering *e, void *ctx)
{
    const struct link_body *b = ctx;

    return mail_register(account_get()->store, b->hash, &e->row, &e->entry);
}

static int register_do(struct http_request *req, struct link_body *b)
{
    struct entering e = {.req = req};
    struct account_row other;
    int err = ledger_account_by_name(account_get()->store, b->name, &other);

    crypto_wipe(&other, sizeof(other));
    if (!err)
        return answer_name_taken(req);
    if (err != -SK_ENOTFOUND)
        return http_problem(req, err, NULL);
    id_make(e.row.id);
    err = sk_copy(e.row.role, sizeof(e.row.role), NEWCOMER_ROLE);
    if (!err)
        err = sk_copy(e.row.theme, sizeof(e.row.theme), "auto");
    if (!err)
        err = sk_copy(e.row.name, sizeof(e.row.name), b->name);
    if (!err)
        err = hash_make(b->password, strlen(b->password), e.row.password);
    if (!err) {
        entering_make(&e);
        err = entering_store(&e, register_store, b);
    }
    if (err == -SK_ECONFLICT) {
        answer_name_taken(req);
    } else if (err) {
        answer_hash_error(req, err);
    } else {
        access_changed(account_get()->store, e.row.id, http_now_ms(req));
        log_info("account", "registered", "account=%s source=%s", e.row.id,
                 http_principal(req)->source);
        entering_finish(&e, 201);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_register(struct http_request *req)
{
    struct mail_link link;
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON, "register", register_find, &link)) {
        if (account_name_check(b.name))
            http_problem(req, -SK_EINVAL, NULL);
        else if (!password_judge(req, b.name, NEWCOMER_ROLE, b.password))
            register_do(req, &b);
    }
    link_body_wipe(&b);
    return 0;
}

/* ---- recovery ---- */

struct recovering {
    struct mail_link link;
    struct account_row row;
};

static int recover_find(void *ctx, const uint8_t hash[32], int64_t now_ms)
{
    struct recovering *r = ctx;
    struct store *s = account_get()->store;
    int err = mail_link_find(s, hash, "recover", now_ms, &r->link);

    if (!err)
        err = ledger_account_by_id(s, r->link.account, &r->row);
    return err == -SK_ENOTFOUND || (!err && r->row.disabled) ? -SK_EGONE : err;
}

int api_recover_check(struct http_request *req)
{
    struct recovering r = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_TOKEN, "recover", recover_find, &r))
        http_json(
            req, 200,
            json_pack("{s:s, s:I}", "name", r.row.name, "expires", (json_int_t)r.link.expires));
    link_body_wipe(&b);
    crypto_wipe(&r, sizeof(r));
    return 0;
}

int api_recover_strength(struct http_request *req)
{
    struct recovering r = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PASSWORD, "recover", recover_find, &r))
        answer_strength(req, r.row.name, r.row.role, b.password);
    link_body_wipe(&b);
    crypto_wipe(&r, sizeof(r));
    return 0;
}

static int recover_do(struct http_request *req, const struct link_body *b)
{
    int64_t now_ms = http_now_ms(req);
    char phc[PHC_SIZE], account[ID_SIZE] = "";
    int err = hash_make(b->password, strlen(b->password), phc);

    if (!err)
        err = mail_recover(account_get()->store, b->hash, phc, http_principal(req)->source, now_ms,
                           account);
    crypto_wipe(phc, sizeof(phc));
    if (err)
        return answer_hash_error(req, err);
    browser_remove_of(account);
    sessions_cut(account, NULL, "password-recovered", now_ms);
    post_news(LETTER_PASSWORD_CHANGED, account, "");
    log_info("account", "password-recovered", "account=%s source=%s", account,
             http_principal(req)->source);
    return http_empty(req, 204);
}

int api_recover(struct http_request *req)
{
    struct recovering r = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PASSWORD, "recover", recover_find, &r) &&
        !password_judge(req, r.row.name, r.row.role, b.password))
        recover_do(req, &b);
    link_body_wipe(&b);
    crypto_wipe(&r, sizeof(r));
    return 0;
}

/* ---- the own address ---- */

int api_me_mail(struct http_request *req)
{
    struct mail_row row;
    json_t *out = json_object();
    int err = mail_of(account_get()->store, http_principal(req)->account, &row);

    if (err && err != -SK_ENOTFOUND) {
        json_decref(out);
        return http_problem(req, err, NULL);
    }
    sk_json_set_bool(out, "available", outbound_mail_is_on());
    if (!err) {
        sk_json_set_str(out, "mail", row.address);
        sk_json_set_int(out, "verified", row.verified);
    }
    return http_json(req, 200, out);
}

/* A stolen session must not guess the password faster than a stranger at the login; without the
 * password it must not lead the recovery to another address. 0, or answered. */
static int self_prove(struct http_request *req, const struct account_row *a, const char *password)
{
    struct throttle *t = account_get()->throttle;
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    uint8_t key[THROTTLE_KEY_BYTES];
    int matches = 0, stale, err;

    prefix_key(key, a->id, http_principal(req)->source);
    if (throttle_take(t, key, &login_rule_unknown, now_ms, &retry_ms)) {
        answer_throttled(req, retry_ms);
        return -SK_ELIMIT;
    }
    err = hash_check(a->password, password, strlen(password), &matches, &stale);
    if (err) {
        answer_hash_error(req, err);
    } else if (!matches) {
        metric_refused("account", "mail-change");
        http_problem_code(req, 401, "auth-failed", NULL);
        err = -SK_EAUTH;
    } else {
        throttle_give_back(t, key, &login_rule_unknown, now_ms);
    }
    return err;
}

static int mail_forget(struct http_request *req, const struct account_row *a)
{
    struct mail_row row;
    struct store *s = account_get()->store;
    int err = mail_of(s, a->id, &row);

    if (err == -SK_ENOTFOUND)
        return http_empty(req, 204);
    if (!err)
        err = mail_remove(s, a->id, http_principal(req)->source, http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    post_news(LETTER_MAIL_CHANGED, a->id, row.address);
    return http_empty(req, 204);
}

static int mail_want(struct http_request *req, const struct account_row *a, const char *address)
{
    struct letter l = {.kind = LETTER_VERIFY};
    int err = sk_copy(l.account, sizeof(l.account), a->id);

    if (!err)
        err = sk_copy(l.address, sizeof(l.address), address);
    if (!err)
        err = post_put(&l);
    return err ? http_problem(req, err, NULL) : http_empty(req, START_ANSWER);
}

int api_me_mail_put(struct http_request *req)
{
    static const char *const members[] = {"mail", "password", NULL};
    char address[MAIL_SIZE] = "";
    const char *mail = NULL, *password;
    struct session self;
    struct account_row a;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &self, &a))
        return 0;
    int err = sk_json_only(body, members);
    if (!err && sk_json_has(body, "mail"))
        err = sk_json_str(body, "mail", OUTBOUND_MAIL_TO_MAX, &mail);
    if (!err)
        err = sk_json_str(body, "password", PASSWORD_MAX_BYTES, &password);
    if (!err && mail)
        err = mail_take(address, mail);
    if (err)
        http_problem(req, err, NULL);
    else if (mail && !outbound_mail_is_on())
        http_problem(req, -SK_EUNSUPPORTED, NULL);
    else if (!self_prove(req, &a, password))
        mail ? mail_want(req, &a, address) : mail_forget(req, &a);
    json_secret_wipe(body, "password");
    crypto_wipe(&self, sizeof(self));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

static int verify_find(void *ctx, const uint8_t hash[32], int64_t now_ms)
{
    return mail_link_find(account_get()->store, hash, "verify", now_ms, ctx);
}

int api_mail_verify(struct http_request *req)
{
    char account[ID_SIZE] = "", former[MAIL_SIZE] = "";
    struct mail_link link;
    struct link_body b;

    if (!link_body_take(req, &b, LINK_TOKEN, "verify", verify_find, &link)) {
        int err = mail_verify(account_get()->store, b.hash, http_principal(req)->source,
                              http_now_ms(req), account, former);
        if (!err && former[0])
            post_news(LETTER_MAIL_CHANGED, account, former);
        if (err)
            http_problem(req, err, NULL);
        else
            http_empty(req, 204);
    }
    link_body_wipe(&b);
    return 0;
}
