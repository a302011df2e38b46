/* The sign on the door: settings, and how the room fills the `authorize` seam. */
#include <string.h>
#include <unistd.h>

#include "account/approval.h"
#include "account/factor.h"
#include "account/gate.h"
#include "account/mail.h"
#include "account/refresh.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "crypto/wipe.h"
#include "net/loop.h"

enum { THROTTLE_CELLS_MAX = 65536, HASH_WAITING_MAX = 8, TICK_MS = 100 };

static struct account_state state;
static struct net_timer tick; /* on the first loop's thread only */

/* The link of this start, until main has taken it. */
static struct {
    char token[ACCOUNT_TOKEN_SIZE];
    int made, taken;
} link_token;

struct account_state *account_get(void)
{
    return &state;
}

/* ---- the seam ---- */

/* Who must have a second factor and has none may get one, and nothing else. Asked of the role at
 * home, whatever the role is towards the camera in question. */
static int owes_factor(const struct rule *r, const struct principal *p, int64_t now_ms)
{
    int ignored;

    if (p->kind != PRINCIPAL_ACCOUNT || !factor_is_required("owner") || rule_is_of_self(r))
        return 0;
    enum role role = access_standing(p->account, 0, NULL, now_ms, &ignored);
    return role != ROLE_NONE && factor_is_owed(p->account, role_name(role)) &&
           !session_is_vouched(p->session, now_ms);
}

static int decide(void *ctx, const struct principal *p, const char *action,
                  struct object_ref object)
{
    const struct rule *r = rule_find(action);
    enum role role = ROLE_NONE;
    int granted = 0;

    (void)ctx;
    if (p->kind == PRINCIPAL_ACCOUNT || p->kind == PRINCIPAL_APP) {
        int64_t now_ms = sk_clock_wall_ms();
        int is_camera = object.kind && strcmp(object.kind, "device") == 0;
        if (p->kind == PRINCIPAL_APP || session_is_of(p->session, p->account, now_ms))
            role = access_standing(p->account, rule_right(r), is_camera ? object.id : NULL, now_ms,
                                   &granted);
        if (rule_module(r))
            granted = access_level(p->account, rule_module(r)) >= rule_level(r);
    }
    int err = rule_decide(r, p, role, granted);
    return !err && owes_factor(r, p, sk_clock_wall_ms()) ? -SK_EFACTOR : err;
}

static void device_tags(void *ctx, const char *device, const char *organization,
                        const char *const *tags, size_t count)
{
    (void)ctx;
    access_device_tags(device, organization, tags, count);
}

static int organization_of(void *ctx, const char *kind, const char *id,
                           char out[ORGANIZATION_ID_SIZE])
{
    (void)ctx;
    return access_organization_of(kind, id, out);
}

static void principal_fill(struct principal *out, const struct session *s, int by_cookie)
{
    if (sk_copy(out->account, sizeof(out->account), s->account) ||
        sk_copy(out->session, sizeof(out->session), s->id) ||
        access_organization_of("account", s->account, out->organization))
        return;
    out->kind = PRINCIPAL_ACCOUNT;
    out->by_cookie = by_cookie;
}

static void browser_note(const char *cookie, struct principal *out)
{
    char text[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32];
    struct browser b;

    if (cookie_find(cookie, "__Host-skep-device", text, sizeof(text)) == 0 &&
        token_hash(hash, text) == 0 && browser_by_token(hash, &b) == 0)
        memcpy(out->browser, b.id, sizeof(out->browser));
    crypto_wipe(text, sizeof(text));
}

/* The session of a short-lived access token. */
static int session_by_access(const uint8_t hash[32], int64_t now_ms, struct session *out)
{
    char id[ID_SIZE];
    int err = refresh_access_find(hash, now_ms, id);

    if (!err)
        err = session_by_id(id, now_ms, out);
    if (!err)
        session_touch(id, now_ms);
    return err;
}

/* A bearer token is no cookie and the reverse: each is looked up as what it was made for, and a
 * request that bears an Authorization field is judged by that alone. */
static void authenticate_request(void *ctx, const char *cookie, const char *authorization,
                                 int64_t now_ms, struct principal *out)
{
    char text[ACCOUNT_TOKEN_SIZE] = "";
    uint8_t hash[32];
    struct session s;
    int bearer = authorization != NULL;
    int err;

    (void)ctx;
    if (cookie)
        browser_note(cookie, out);
    if (bearer)
        err = strncmp(authorization, "Bearer ", 7) == 0
                  ? sk_copy(text, sizeof(text), authorization + 7)
                  : -SK_EINVAL;
    else
        err = cookie_find(cookie, "__Host-skep", text, sizeof(text));
    if (!err)
        err = token_hash(hash, text);
    if (!err && (session_by_token(hash, bearer, now_ms, 1, &s) == 0 ||
                 (bearer && session_by_access(hash, now_ms, &s) == 0))) {
        principal_fill(out, &s, !bearer);
        crypto_wipe(&s, sizeof(s));
    }
    crypto_wipe(text, sizeof(text));
}

static int csrf_check(void *ctx, const struct principal *p, const char *csrf)
{
    char want[CSRF_SIZE];
    struct session s;

    (void)ctx;
    if (session_by_id(p->session, sk_clock_wall_ms(), &s))
        return 0;
    session_csrf(want, &s);
    int holds = strlen(csrf) == CSRF_SIZE - 1 && sk_equal_ct(want, csrf, CSRF_SIZE - 1);
    crypto_wipe(want, sizeof(want));
    crypto_wipe(&s, sizeof(s));
    return holds;
}

/* ---- start and stop ---- */

int account_setup_link_token(char out[ACCOUNT_TOKEN_SIZE])
{
    if (!link_token.made)
        return -SK_ENOTFOUND;
    if (link_token.taken)
        return -SK_EGONE;
    memcpy(out, link_token.token, ACCOUNT_TOKEN_SIZE);
    crypto_wipe(link_token.token, sizeof(link_token.token));
    link_token.taken = 1;
    return 0;
}

/* Nobody can log in yet: make a link. Somebody can: then the pepper must be there. */
static int owner_find(const char *data_dir)
{
    struct account_row row;
    int err = ledger_owner(state.store, &row);
    int has_password = !err && row.password[0];

    crypto_wipe(&row, sizeof(row));
    if (err && err != -SK_ENOTFOUND)
        return err;
    err = pepper_load(data_dir, !has_password);
    if (!err && !has_password) {
        err = setup_token_make(state.store, 0, sk_clock_wall_ms(), link_token.token);
        link_token.made = !err;
    }
    return err;
}

static unsigned hash_workers(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores > 2 ? (unsigned)cores - 1 : 1;
}

static void account_stop(void)
{
    control_stop();
    post_stop();
    hash_pool_stop();
    session_table_stop();
    browser_table_stop();
    refresh_table_stop();
    factor_memory_stop();
    gate_stop();
    weak_list_free();
    pepper_wipe();
    throttle_free(state.throttle);
    state.throttle = NULL;
    crypto_wipe(&link_token, sizeof(link_token));
    access_stop();
}

/* A wall that is being watched is not idle, though it asks for nothing. */
static void on_session_used(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (ev->session)
        account_session_touch(ev->session, ev->wall_ms);
}

/* A camera that is gone: its grants go at the next sweep, on a thread that may wait. */
static void on_device_removed(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (ev->device)
        gone_add(ev->device);
}

/* A grant began or ended by itself: those who hold rights by it are told to ask again. */
static void on_tick(struct net_timer *t, void *arg)
{
    const struct event ev = {.kind = EVENT_GRANT_CHANGED, .wall_ms = sk_clock_wall_ms()};

    (void)arg;
    if (access_tick(ev.wall_ms))
        event_publish(&ev);
    net_timer_set_in(t, TICK_MS);
}

static void tick_start(void *arg)
{
    net_timer_init(&tick, net_loops_at(arg, 0), on_tick, NULL);
    net_timer_set_in(&tick, TICK_MS);
}

static int registration_take(const struct config *c)
{
    enum registration r;

    if (registration_find(config_text(c, "account.registration"), &r)) {
        log_error("account", "settings", "account.registration: closed, invitation or open");
        return -SK_EINVAL;
    }
    state.registration = r;
    if (r == REGISTRATION_OPEN && !config_text(c, "outbound.smtp_host")) {
        log_error("account", "settings", "account.registration = open needs outbound.smtp_host");
        return -SK_EINVAL;
    }
    return 0;
}

static int account_start(struct house *house)
{
    static const struct authorizer seam = {
        .decide = decide,
        .authenticate = authenticate_request,
        .csrf_holds = csrf_check,
        .device_tags = device_tags,
        .organization_of = organization_of,
    };
    const char *two_person = config_text(house->config, "account.two_person");
    enum factor_rule factor_rule;

    if (strcmp(two_person, "on") != 0 && strcmp(two_person, "off") != 0) {
        log_error("account", "setting", "key=account.two_person reason=\"on or off\"");
        return -SK_EINVAL;
    }
    if (factor_rule_find(config_text(house->config, "account.require_factor"), &factor_rule)) {
        log_error("account", "setting",
                  "key=account.require_factor reason=\"none, admins or all\"");
        return -SK_EINVAL;
    }
    state = (struct account_state){
        .store = house->store,
        .data_dir = house->data_dir,
        .throttle = throttle_new(THROTTLE_CELLS_MAX),
        .lifetime_ms = config_int(house->config, "account.session_max_h") * 3600000,
        .fresh_ms = config_int(house->config, "account.fresh_s") * 1000,
    };
    session_table_start(config_int(house->config, "account.session_idle_min") * 60000);
    browser_table_start();
    refresh_table_start();
    factor_memory_start(factor_rule);
    weak_list_load();
    gate_start();
    int err = registration_take(house->config);
    if (!err)
        err = breach_list_load(config_text(house->config, "account.breach_list"));
    if (!err)
        err = ledger_load(state.store);
    if (!err)
        err = refresh_load(state.store, sk_clock_wall_ms());
    if (!err)
        err = factors_load(state.store, NULL);
    if (!err)
        err = owner_find(house->data_dir);
    access_start();
    if (!err)
        err = access_reload(state.store, sk_clock_wall_ms());
    if (!err)
        err = hash_pool_start(hash_workers(), HASH_WAITING_MAX);
    if (!err)
        err = control_start(house->data_dir);
    if (!err)
        err = post_start();
    if (err) {
        account_stop();
        return err;
    }
    authorize_fill(&seam);
    approval_start(strcmp(two_person, "on") == 0);
    emergency_start();
    event_subscribe(EVENT_SESSION_USED, on_session_used, NULL);
    event_subscribe(EVENT_DEVICE_REMOVED, on_device_removed, NULL);
    if (house->loops)
        net_loop_post(net_loops_at(house->loops, 0), tick_start, house->loops);
    return 0;
}

/* ---- what the room adds to the house ---- */

static const struct config_key config_keys[] = {
    {"account.session_idle_min", CONFIG_INT, "720", 1, 43200,
     "Minutes without use after which a login session ends"},
    {"account.session_max_h", CONFIG_INT, "720", 1, 8760,
     "Hours after which a login session ends in any case"},
    {"account.breach_list", CONFIG_PATH, NULL, 0, 0,
     "List of breached passwords that are refused, made by skep pwlist build"},
    {"account.fresh_s", CONFIG_INT, "600", 1, 86400,
     "Seconds for which a shown password or factor allows sensitive acts"},
    {"account.require_factor", CONFIG_TEXT, "none", 0, 0,
     "Who must have a second factor: none, admins (and owners) or all"},
    {"account.two_person", CONFIG_TEXT, "on", 0, 0,
     "Acts that wait for a second person where there is one who could say yes: on or off"},
    {"account.registration", CONFIG_TEXT, "invitation", 0, 0,
     "Who may make an account: closed, invitation, or open (by a mailed link)"},
    {0},
};

static const struct store_schema schema = {.room = "account"};

const struct room account_room = {
    .name = "account",
    .config = config_keys,
    .schema = &schema,
    .routes = account_routes,
    .start = account_start,
    .stop = account_stop,
};
