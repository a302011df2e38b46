/* The handlers: apps as their owners and the box's staff see them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "app/internal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { OVERLAP_MAX_S = 30 * 86400, RATE_DEFAULT = 10, BURST_DEFAULT = 50 };

/* ---- answers ---- */

static json_t *credentials_json(const struct app_facts *f, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->credential_count; i++) {
        const struct credential *c = &f->credentials[i];
        if (c->ends && now_ms >= c->ends)
            continue;
        json_t *v = json_object();
        sk_json_set_str(v, "id", c->id);
        sk_json_set_str(v, "kind", credential_kind_name(c->kind));
        sk_json_set_int(v, "created", c->created);
        if (c->ends)
            sk_json_set_int(v, "ends", c->ends);
        json_array_append_new(list, v);
    }
    return list;
}

static json_t *sources_json(const struct app_facts *f)
{
    json_t *list = json_array();
    const char *at = f->sources_text;

    while (*at) {
        size_t len = strcspn(at, " ");
        json_array_append_new(list, json_stringn(at, len));
        at += len;
        at += *at == ' ';
    }
    return list;
}

static json_t *app_json(const struct app_facts *f, const struct http_request *req)
{
    int64_t now_ms = http_now_ms(req);
    json_t *v = json_object();

    sk_json_set_str(v, "id", f->id);
    sk_json_set_str(v, "name", f->name);
    sk_json_set_str(v, "account", f->account);
    json_object_set_new(v, "scopes", scope_json(f->scopes));
    sk_json_set_int(v, "rate", f->rate);
    sk_json_set_int(v, "burst", f->burst);
    sk_json_set_int(v, "quota", f->quota);
    json_object_set_new(v, "sources", sources_json(f));
    sk_json_set_str(v, "state", f->killed ? "killed" : "active");
    sk_json_set_int(v, "created", f->created);
    if (f->killed_ms)
        sk_json_set_int(v, "killed", f->killed_ms);
    if (f->effect_ms >= 0)
        sk_json_set_int(v, "effect_ms", f->effect_ms);
    if (f->last_used) {
        sk_json_set_int(v, "last_used", f->last_used);
        sk_json_set_str(v, "last_source", f->last_source);
    }
    sk_json_set_int(v, "used_today", f->used.day == now_ms / 86400000 ? f->used.count : 0);
    json_object_set_new(v, "credentials", credentials_json(f, now_ms));
    sk_json_set_bool(v, "own", strcmp(f->account, http_principal(req)->account) == 0);
    return v;
}

/* The app as it stands in the table, and the secret of a credential that was just made (NULL:
 * none). Wipes `f`. */
static int answer_app(struct http_request *req, int status, struct app_facts *f,
                      const struct credential *fresh)
{
    char secret[APP_SECRET_SIZE] = "";
    json_t *v = app_json(f, req);

    if (fresh && fresh->kind == CREDENTIAL_HMAC) {
        memcpy(secret, fresh->material, APP_SECRET_SIZE - 1);
        sk_json_set_str(v, "secret", secret);
    }
    http_json(req, status, v);
    crypto_wipe(secret, sizeof(secret));
    crypto_wipe(f, sizeof(*f));
    return 0;
}

/* Another organization's app does not exist. */
static int is_visible(const struct http_request *req, const struct app_facts *f)
{
    char organization[ORGANIZATION_ID_SIZE];

    return authorize_organization_of("account", f->account, organization) == 0 &&
           strcmp(organization, http_principal(req)->organization) == 0;
}

/* -SK_ENOTFOUND; else wipe it. */
static int app_take(const struct http_request *req, struct app_facts *out)
{
    int err = table_get(http_param(req, "id"), out);

    if (!err && !is_visible(req, out)) {
        crypto_wipe(out, sizeof(*out));
        err = -SK_ENOTFOUND;
    }
    return err;
}

static struct app_actor actor_of(const struct http_request *req)
{
    const struct principal *p = http_principal(req);

    return (struct app_actor){"account", p->account, p->session, p->source, http_now_ms(req)};
}

/* ---- bodies ---- */

static void id_make(char id[APP_ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}

static int name_parse(struct app_facts *f, const json_t *body)
{
    const char *name;
    int err = sk_json_str(body, "name", APP_NAME_SIZE - 1, &name);
    size_t len = err ? 0 : strlen(name);

    if (err || !len || !sk_utf8_is_valid(name, len) ||
        sk_utf8_count(name, len) > APP_NAME_POINTS_MAX || name[0] == ' ' || name[len - 1] == ' ')
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return -SK_EINVAL;
    return sk_copy(f->name, sizeof(f->name), name);
}

static int sources_parse(struct app_facts *f, const json_t *list)
{
    size_t i, at = 0;
    json_t *v;

    f->source_count = 0;
    f->sources_text[0] = '\0';
    if (!json_is_array(list) || json_array_size(list) > APP_SOURCES_MAX)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (!text || source_net_parse(&f->sources[f->source_count++], text))
            return -SK_EINVAL;
        if (at)
            f->sources_text[at++] = ' ';
        if (sk_copy(f->sources_text + at, sizeof(f->sources_text) - at, text))
            return -SK_EINVAL;
        at += strlen(text);
    }
    return 0;
}

static int number_parse(const json_t *body, const char *name, int64_t min, int64_t max,
                        int64_t *out)
{
    return json_object_get(body, name) ? sk_json_int(body, name, min, max, out) : 0;
}

/* What may be changed later; absent members leave what is there. */
static int terms_parse(struct app_facts *f, const json_t *body)
{
    int err = json_object_get(body, "name") ? name_parse(f, body) : 0;

    if (!err && json_object_get(body, "scopes"))
        err = scope_parse(&f->scopes, json_object_get(body, "scopes"));
    if (!err)
        err = number_parse(body, "rate", 1, APP_RATE_MAX, &f->rate);
    if (!err)
        err = number_parse(body, "burst", 1, APP_BURST_MAX, &f->burst);
    if (!err)
        err = number_parse(body, "quota", 0, APP_QUOTA_MAX, &f->quota);
    if (!err && json_object_get(body, "sources"))
        err = sources_parse(f, json_object_get(body, "sources"));
    return err;
}

/* A credential as the body asks for it, put behind the others of `f`. */
static int credential_add(struct app_facts *f, const json_t *body, int64_t now_ms)
{
    struct credential c = {.kind = CREDENTIAL_HMAC, .created = now_ms};
    const char *kind = "hmac-sha256";
    int has_key = json_object_get(body, "public_key") != NULL;
    int err = json_object_get(body, "kind") ? sk_json_str(body, "kind", 32, &kind) : 0;

    if (!err)
        err = credential_kind_find(&c.kind, kind);
    if (!err && has_key != (c.kind == CREDENTIAL_ECDSA))
        err = -SK_EINVAL;
    if (!err && has_key) {
        c.len = APP_POINT_BYTES;
        err = sk_json_bin(body, "public_key", c.material, c.len);
        if (!err && crypto_p256_check(c.material))
            err = -SK_EINVAL;
    } else if (!err) {
        uint8_t raw[32];
        char text[APP_SECRET_SIZE + 4];
        sk_random(raw, sizeof(raw));
        sk_b64url_encode(text, raw, sizeof(raw));
        c.len = APP_SECRET_SIZE - 1;
        memcpy(c.material, text, c.len);
        crypto_wipe(raw, sizeof(raw));
        crypto_wipe(text, sizeof(text));
    }
    id_make(c.id);
    if (!err)
        f->credentials[f->credential_count++] = c;
    crypto_wipe(&c, sizeof(c));
    return err;
}

/* The body with no other members than these, and the app that is asked for. 0, or answered. */
static int change_take(struct http_request *req, const char *const *members, json_t **body,
                       struct app_facts *f)
{
    int err = http_body_json(req, body);

    if (err)
        return err;
    err = sk_json_only(*body, members);
    if (!err)
        err = app_take(req, f);
    if (err)
        http_problem(req, err, NULL);
    return err;
}

/* Its credential acts with the rights of its account: nobody else may make one, or widen it. */
static int own_check(struct http_request *req, struct app_facts *f)
{
    if (strcmp(f->account, http_principal(req)->account) == 0)
        return 0;
    crypto_wipe(f, sizeof(*f));
    http_problem(req, -SK_EDENIED, json_pack("{s:s}", "reason", "own"));
    return -SK_EDENIED;
}

static int problem_wipe(struct http_request *req, int err, struct app_facts *f)
{
    crypto_wipe(f, sizeof(*f));
    return http_problem(req, err, NULL);
}

/* ---- handlers ---- */

int api_apps(struct http_request *req)
{
    size_t count;
    struct app_facts *list = table_list(NULL, &count);
    json_t *apps = json_array();

    for (size_t i = 0; i < count; i++)
        if (is_visible(req, &list[i]))
            json_array_append_new(apps, app_json(&list[i], req));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return http_json(req, 200, json_pack("{s:o, s:o}", "apps", apps, "scopes", scope_json_all()));
}

int api_app(struct http_request *req)
{
    struct app_facts f;
    int err = app_take(req, &f);

    return err ? http_problem(req, err, NULL) : answer_app(req, 200, &f, NULL);
}

int api_app_add(struct http_request *req)
{
    static const char *const members[] = {"name",  "scopes", "kind",    "public_key", "rate",
                                          "burst", "quota",  "sources", NULL};
    struct app_actor by = actor_of(req);
    struct app_facts f = {
        .rate = RATE_DEFAULT, .burst = BURST_DEFAULT, .created = by.now_ms, .effect_ms = -1};
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    /* A key would go on when the provider's word has ended: nobody asks about it in between. */
    int err = account_stands_alone(by.account);
    if (err == -SK_EDENIED)
        return http_problem(req, err, json_pack("{s:s}", "reason", "external"));
    if (!err)
        err = sk_json_only(body, members);
    if (!err)
        err = terms_parse(&f, body);
    if (!err && (!f.name[0] || !f.scopes))
        err = -SK_EINVAL;
    if (!err)
        err = sk_copy(f.account, sizeof(f.account), by.account);
    if (!err)
        err = credential_add(&f, body, by.now_ms);
    id_make(f.id);
    if (!err)
        err = app_ledger_add(app_get()->store, &by, &f);
    if (err)
        return problem_wipe(req, err, &f);
    table_add(&f);
    log_info("app", "created", "app=%s by=%s", f.id, by.account);
    return answer_app(req, 201, &f, &f.credentials[0]);
}

/* What changes an app reads it first: one at a time. A kill does not wait here. */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER;

static int one_at_a_time(struct http_request *req, int (*fn)(struct http_request *req))
{
    pthread_mutex_lock(&change);
    int err = fn(req);
    pthread_mutex_unlock(&change);
    return err;
}

static int patch(struct http_request *req)
{
    static const char *const members[] = {"name",  "scopes",  "rate", "burst",
                                          "quota", "sources", NULL};
    struct app_actor by = actor_of(req);
    struct app_facts f;
    json_t *body;

    if (change_take(req, members, &body, &f) || own_check(req, &f))
        return 0;
    int err = terms_parse(&f, body);
    if (!err)
        err = app_ledger_set(app_get()->store, &by, &f);
    if (err)
        return problem_wipe(req, err, &f);
    table_terms_set(&f);
    event_publish(
        &(struct event){.kind = EVENT_GRANT_CHANGED, .account = f.account, .wall_ms = by.now_ms});
    return answer_app(req, 200, &f, NULL);
}

static int rotate(struct http_request *req)
{
    static const char *const members[] = {"overlap_s", "kind", "public_key", NULL};
    struct app_actor by = actor_of(req);
    struct app_facts f;
    int64_t overlap_s;
    json_t *body;

    if (change_take(req, members, &body, &f) || own_check(req, &f))
        return 0;
    int err = sk_json_int(body, "overlap_s", 0, OVERLAP_MAX_S, &overlap_s);
    if (!err && f.credential_count && f.credentials[0].ends && by.now_ms >= f.credentials[0].ends)
        f.credentials[0] = f.credentials[--f.credential_count]; /* its time is over */
    if (!err && (f.killed || f.credential_count != 1))
        err = -SK_ECONFLICT;
    int64_t ends = !err && overlap_s ? by.now_ms + overlap_s * 1000 : 0;
    if (!err && ends)
        f.credentials[0].ends = ends;
    else if (!err)
        f.credential_count = 0;
    if (!err)
        err = credential_add(&f, body, by.now_ms);
    if (!err)
        err = app_ledger_rotate(app_get()->store, &by, &f, ends);
    if (!err)
        err = table_credentials_set(&f, 0);
    if (err)
        return problem_wipe(req, err, &f);
    log_info("app", "rotated", "app=%s by=%s", f.id, by.account);
    return answer_app(req, 200, &f, &f.credentials[f.credential_count - 1]);
}

/* First it acts, then it is written down: a full disk must not keep an app alive. */
static int kill_do(const struct app_actor *by, const char *account, const char *id)
{
    int err = table_kill(id, by->now_ms);

    if (err)
        return err;
    int64_t effect_ms = cut_now(account, id);
    table_effect_set(id, effect_ms);
    log_warn("app", "killed", "app=%s by=%s effect_ms=%lld", id, by->account, (long long)effect_ms);
    return app_ledger_kill(app_get()->store, by, id, effect_ms);
}

/* One's own dies at once: that is the brake. Another's takes a second person. */
static int kill_ask(struct http_request *req, const struct app_facts *f,
                    char approval[SESSION_ID_SIZE])
{
    if (strcmp(f->account, http_principal(req)->account) == 0)
        return 0;
    json_t *what = json_pack("{s:s}", "app", f->id);
    int err =
        approval_ask(http_principal(req), "app.kill", what, f->name, http_now_ms(req), approval);
    json_decref(what);
    return err;
}

int api_app_kill(struct http_request *req)
{
    static const char *const members[] = {NULL};
    struct app_actor by = actor_of(req);
    char approval[SESSION_ID_SIZE] = "";
    struct app_facts f;
    json_t *body;

    if (change_take(req, members, &body, &f))
        return 0;
    crypto_wipe(f.credentials, sizeof(f.credentials));
    int err = kill_ask(req, &f, approval);
    if (err == -SK_EAPPROVAL)
        return http_problem(req, err, json_pack("{s:s}", "approval", approval));
    if (!err)
        err = kill_do(&by, f.account, f.id);
    if (!err)
        err = table_get(f.id, &f);
    return err ? problem_wipe(req, err, &f) : answer_app(req, 200, &f, NULL);
}

static int kill_apply(const json_t *what, const struct principal *by, const char *author,
                      int64_t now_ms)
{
    const struct app_actor actor = {"account", by->account, by->session, by->source, now_ms};
    char of[ORGANIZATION_ID_SIZE];
    struct app_facts f;
    const char *id;
    int err = sk_json_str(what, "app", SESSION_ID_SIZE - 1, &id);

    (void)author; /* an app that one person wanted dead and another agrees */
    if (!err)
        err = table_get(id, &f);
    if (err)
        return err;
    crypto_wipe(f.credentials, sizeof(f.credentials));
    if (authorize_organization_of("account", f.account, of) || strcmp(of, by->organization) != 0)
        return -SK_ENOTFOUND;
    return kill_do(&actor, f.account, f.id);
}

void app_kill_kind_add(void)
{
    static const struct approval_kind kind = {"app.kill", "organization.manage", 0, kill_apply};

    approval_kind_add(&kind);
}

static int restore(struct http_request *req)
{
    static const char *const members[] = {"kind", "public_key", NULL};
    struct app_actor by = actor_of(req);
    struct app_facts f;
    json_t *body;

    if (change_take(req, members, &body, &f) || own_check(req, &f))
        return 0;
    int err = f.killed ? 0 : -SK_ECONFLICT;
    f.credential_count = 0;
    if (!err)
        err = credential_add(&f, body, by.now_ms);
    if (!err)
        err = app_ledger_restore(app_get()->store, &by, &f);
    if (!err)
        err = table_credentials_set(&f, 1);
    if (err)
        return problem_wipe(req, err, &f);
    f.killed = 0;
    log_info("app", "restored", "app=%s by=%s", f.id, by.account);
    return answer_app(req, 200, &f, &f.credentials[0]);
}

int api_app_patch(struct http_request *req)
{
    return one_at_a_time(req, patch);
}

int api_app_rotate(struct http_request *req)
{
    return one_at_a_time(req, rotate);
}

int api_app_restore(struct http_request *req)
{
    return one_at_a_time(req, restore);
}

int api_app_delete(struct http_request *req)
{
    struct app_actor by = actor_of(req);
    struct app_facts f;
    int err = app_take(req, &f);

    if (!err)
        err = app_ledger_remove(app_get()->store, &by, f.id);
    if (err)
        return problem_wipe(req, err, &f);
    table_remove(f.id);
    cut_now(f.account, f.id);
    crypto_wipe(&f, sizeof(f));
    return http_empty(req, 204);
}
