/* Business authorization codes: what a viewer shows at signaling and relay to prove that its
 * account was allowed this, for this camera, in this session. Kept in memory only: after a restart
 * every viewer asks anew. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "device/internal.h"
#include "wire/codes.h"

enum {
    FIRST_USE_MS = 60 * 1000,
    IDLE_MS = 60 * 1000, /* not asked for since: may make room for a new one */
    CODES_MAX = 100000,
    CODES_PER_LOGIN = 1024,
    ACTIONS_MAX = 10
};

struct code {
    char text[DEVICE_CODE_SIZE];
    struct device_grant grant;
    int64_t expires_ms; /* until first use; monotonic */
    int64_t asked_ms;   /* when it was last shown or looked at; monotonic */
    int used;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_text;
} codes = {.lock = PTHREAD_MUTEX_INITIALIZER};

void codes_start(void)
{
    codes.by_text = sk_map_new(DEVICE_CODE_SIZE - 1);
}

static void code_free(struct code *c)
{
    sk_wipe(c, sizeof(*c));
    free(c);
}

void codes_stop(void)
{
    size_t pos = 0;
    struct code *c;

    pthread_mutex_lock(&codes.lock);
    while ((c = sk_map_next(codes.by_text, &pos)) != NULL)
        code_free(c);
    sk_map_free(codes.by_text);
    codes.by_text = NULL;
    pthread_mutex_unlock(&codes.lock);
}

static void code_drop_locked(struct code *c)
{
    sk_map_remove(codes.by_text, c->text, DEVICE_CODE_SIZE - 1);
    code_free(c);
}

/* Drops what was never used in time; returns how many codes the login session still has. When they
 * are as many as it may have, the one that was quiet for longest goes: a login may last for weeks,
 * and a code that is in use is looked at with every envelope. */
static size_t codes_sweep_locked(const char *login_session, int64_t now_ms)
{
    size_t pos = 0, own = 0;
    struct code *c, *oldest = NULL;

    while ((c = sk_map_next(codes.by_text, &pos)) != NULL) {
        if (!c->used && c->expires_ms <= now_ms) {
            code_drop_locked(c);
        } else if (strcmp(c->grant.login_session, login_session) == 0) {
            own++;
            if (!oldest || c->asked_ms < oldest->asked_ms)
                oldest = c;
        }
    }
    if (own >= CODES_PER_LOGIN && now_ms - oldest->asked_ms >= IDLE_MS) {
        code_drop_locked(oldest);
        own--;
    }
    return own;
}

size_t codes_end(const char *login_session, const char *device, const char *account)
{
    size_t pos = 0, ended = 0;
    struct code *c;

    pthread_mutex_lock(&codes.lock);
    while ((c = sk_map_next(codes.by_text, &pos)) != NULL) {
        if ((login_session && strcmp(c->grant.login_session, login_session) == 0) ||
            (device && strcmp(c->grant.device, device) == 0) ||
            (account && strcmp(c->grant.account, account) == 0)) {
            sk_map_remove(codes.by_text, c->text, DEVICE_CODE_SIZE - 1);
            code_free(c);
            ended++;
        }
    }
    pthread_mutex_unlock(&codes.lock);
    return ended;
}

/* Whose code has ended, and on which camera. */
struct ended {
    char device[DEVICE_ID_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
};

static int ended_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ended));
}

/* The camera closes the account's channels and changes its media keys: once each, however many
 * codes there were. */
static void ended_tell(struct ended *list, size_t count)
{
    qsort(list, count, sizeof(*list), ended_compare);
    for (size_t i = 0; i < count; i++) {
        if (i && ended_compare(&list[i], &list[i - 1]) == 0)
            continue;
        json_t *notice = json_object();
        size_t len;
        sk_json_set_str(notice, "kind", "revoke");
        sk_json_set_str(notice, "account", list[i].account);
        char *text = sk_json_text(notice, &len);
        if (text && device_send(list[i].device, WIRE_NOTICE, text, len))
            log_info("device", "revoke-unsent", "device=%s reason=offline", list[i].device);
        free(text);
        json_decref(notice);
    }
}

size_t codes_judge(const char *device, const char *account)
{
    size_t pos = 0, count = 0;
    struct ended *list;
    struct code *c;

    pthread_mutex_lock(&codes.lock);
    list = sk_alloc((sk_map_count(codes.by_text) + 1) * sizeof(*list));
    while ((c = sk_map_next(codes.by_text, &pos)) != NULL) {
        if ((device && strcmp(c->grant.device, device) != 0) ||
            (account && strcmp(c->grant.account, account) != 0) || device_grant_holds(&c->grant))
            continue;
        memcpy(list[count].device, c->grant.device, sizeof(list[count].device));
        memcpy(list[count].account, c->grant.account, sizeof(list[count].account));
        count++;
        sk_map_remove(codes.by_text, c->text, DEVICE_CODE_SIZE - 1);
        code_free(c);
    }
    pthread_mutex_unlock(&codes.lock);
    ended_tell(list, count);
    free(list);
    return count;
}

/* What the holder of the codes is seen to hold (core/authorize.h). */
size_t codes_count(const char *account, int64_t now_ms)
{
    size_t pos = 0, count = 0;
    const struct code *c;

    now_ms = sk_clock_mono_ms(); /* what is given is of the wall */

    pthread_mutex_lock(&codes.lock);
    while ((c = sk_map_next(codes.by_text, &pos)) != NULL)
        count += (c->used || now_ms < c->expires_ms) && strcmp(c->grant.account, account) == 0;
    pthread_mutex_unlock(&codes.lock);
    return count;
}

int device_code_check(const char *code, const struct principal *p, int64_t now_ms,
                      struct device_grant *out)
{
    int err = -SK_EDENIED;

    if ((p->kind != PRINCIPAL_ACCOUNT && p->kind != PRINCIPAL_APP) ||
        strlen(code) != DEVICE_CODE_SIZE - 1)
        return err;
    pthread_mutex_lock(&codes.lock);
    struct code *c = sk_map_find(codes.by_text, code, DEVICE_CODE_SIZE - 1);
    if (c && (c->used || now_ms < c->expires_ms) && strcmp(c->grant.account, p->account) == 0 &&
        strcmp(c->grant.login_session, p->session) == 0 &&
        c->grant.is_app == (p->kind == PRINCIPAL_APP)) {
        c->used = 1;
        c->asked_ms = now_ms;
        *out = c->grant;
        err = 0;
    }
    pthread_mutex_unlock(&codes.lock);
    return err;
}

int device_code_is_live(const char *code)
{
    int live = 0;

    if (strlen(code) != DEVICE_CODE_SIZE - 1)
        return 0;
    pthread_mutex_lock(&codes.lock);
    struct code *c = codes.by_text ? sk_map_find(codes.by_text, code, DEVICE_CODE_SIZE - 1) : NULL;
    live = c != NULL;
    if (c)
        c->asked_ms = sk_clock_mono_ms();
    pthread_mutex_unlock(&codes.lock);
    return live;
}

static int actions_parse(const json_t *body, uint16_t *rights)
{
    const json_t *list = json_object_get(body, "actions");
    size_t count = json_array_size(list);

    *rights = 0;
    if (!json_is_array(list) || count == 0 || count > ACTIONS_MAX)
        return -SK_EINVAL;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint16_t bit = !name                         ? 0
                       : strcmp(name, "manage") == 0 ? WIRE_RIGHT_MANAGE
                                                     : wire_right_find(name);
        if (!bit || (*rights & bit))
            return -SK_EINVAL;
        *rights |= bit;
    }
    return 0;
}

/* One question per asked right; the action names of may() are "device." + the right's name. */
static int rights_allowed(struct http_request *req, const json_t *body, const char *device)
{
    const json_t *list = json_object_get(body, "actions");

    for (size_t i = 0; i < json_array_size(list); i++) {
        char action[48] = "device.";
        const char *name = json_string_value(json_array_get(list, i));
        if (sk_copy(action + 7, sizeof(action) - 7, name) ||
            http_may(req, action, (struct object_ref){"device", device}))
            return -SK_EDENIED;
    }
    return 0;
}

int code_store(const struct device_grant *grant, int64_t now_ms, char text[DEVICE_CODE_SIZE])
{
    struct code *c = sk_alloc(sizeof(*c));
    uint8_t raw[32];
    int err = 0;

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(c->text, raw, sizeof(raw));
    sk_wipe(raw, sizeof(raw));
    c->grant = *grant;
    c->expires_ms = now_ms + FIRST_USE_MS;
    c->asked_ms = now_ms;
    memcpy(text, c->text, DEVICE_CODE_SIZE);
    pthread_mutex_lock(&codes.lock);
    if (codes_sweep_locked(grant->login_session, now_ms) >= CODES_PER_LOGIN ||
        sk_map_count(codes.by_text) >= CODES_MAX)
        err = -SK_ELIMIT;
    else
        sk_map_put(codes.by_text, c->text, DEVICE_CODE_SIZE - 1, c);
    pthread_mutex_unlock(&codes.lock);
    if (err)
        code_free(c);
    else if (!device_grant_holds(grant)) /* revoked since it was asked: too late for the judging */
        codes_judge(grant->device, grant->account);
    return err;
}

/* Nobody watches unrecorded: the row is on the disk before the code is given. The actions have been
 * checked: they are our own words. */
static int view_record(struct http_request *req, const json_t *body, const char *device)
{
    const struct principal *p = http_principal(req);
    json_t *v = json_pack("{s:O}", "actions", json_object_get(body, "actions"));
    char *detail = sk_json_text(v, NULL);
    int is_app = p->kind == PRINCIPAL_APP;
    int err = audit_write(AUDIT(.at_ms = http_now_ms(req), .actor_kind = is_app ? "app" : "account",
                                .actor = is_app ? p->session : p->account,
                                .session = is_app ? "" : p->session, .action = "view.begun",
                                .object_kind = "device", .object = device, .source = p->source,
                                .detail = detail));

    free(detail);
    json_decref(v);
    return err;
}

int code_create(struct http_request *req)
{
    static const char *const members[] = {"device", "actions", "session", NULL};
    const struct principal *p = http_principal(req);
    struct device_grant grant = {.is_app = p->kind == PRINCIPAL_APP};
    char text[DEVICE_CODE_SIZE];
    const char *device;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = sk_json_str(body, "device", DEVICE_ID_SIZE - 1, &device);
    if (!err)
        err = sk_json_bin(body, "session", grant.sealed_session, sizeof(grant.sealed_session));
    if (!err)
        err = actions_parse(body, &grant.rights);
    if (err) {
        http_problem(req, err, NULL);
        goto out;
    }
    if (rights_allowed(req, body, device))
        goto out; /* answered */
    if (!registry_has(device)) {
        http_problem(req, -SK_ENOTFOUND, NULL);
        goto out;
    }
    if (sk_copy(grant.device, sizeof(grant.device), device) ||
        sk_copy(grant.account, sizeof(grant.account), p->account) ||
        sk_copy(grant.login_session, sizeof(grant.login_session), p->session))
        err = -SK_EINVAL;
    if (!err)
        err = view_record(req, body, grant.device);
    if (!err)
        err = code_store(&grant, sk_clock_mono_ms(), text);
    if (err) {
        metric_refused("device", err == -SK_ESTORAGE ? "storage" : "code-limit");
        http_problem(req, err, NULL);
        goto out;
    }
    json_t *answer = json_object();
    sk_json_set_str(answer, "code", text);
    sk_json_set_int(answer, "expires", http_now_ms(req) + FIRST_USE_MS);
    http_json(req, 201, answer);
out:
    sk_wipe(text, sizeof(text));
    return 0;
}
