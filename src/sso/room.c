/* The sign on the door: settings, routes, and the sessions that the last run left behind. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "outbound/outbound.h"
#include "sso/internal.h"

static struct sso_settings settings;

const struct sso_settings *sso_settings_get(void)
{
    return &settings;
}

static int refuse(const char *key, const char *why)
{
    log_error("sso", "settings", "key=%s reason=\"%s\"", key, why);
    return -SK_EINVAL;
}

static int settings_take(const struct config *c)
{
    const char *secret = config_text(c, "sso.client_secret_file");

    settings.issuer = config_text(c, "sso.issuer");
    settings.client_id = config_text(c, "sso.client_id");
    settings.name = config_text(c, "sso.name");
    settings.scope = config_text(c, "sso.scope");
    settings.groups_claim = config_text(c, "sso.groups_claim");
    settings.owner_groups = config_text(c, "sso.owner_groups");
    settings.admin_groups = config_text(c, "sso.admin_groups");
    settings.member_groups = config_text(c, "sso.member_groups");
    settings.organization = config_text(c, "sso.organization");
    settings.factor = config_text(c, "sso.factor");
    settings.poll_ms = config_int(c, "sso.poll_s") * 1000;
    if (!settings.issuer)
        return 0;
    if (outbound_url_check(settings.issuer) || strlen(settings.issuer) >= URL_SIZE)
        return refuse("sso.issuer", "the provider's address, https://...");
    if (!settings.client_id || !settings.client_id[0])
        return refuse("sso.client_id", "what the provider calls this box");
    if (secret && sk_secret_read(&settings.secret, secret))
        return refuse("sso.client_secret_file", "a file that only this user may read");
    return 0;
}

/* ---- sessions of the last run: nobody watches them any more ---- */

struct left_behind {
    char ids[4096][SESSION_ID_SIZE];
    size_t count;
};

static int id_take(void *ctx, const struct store_row *row)
{
    struct left_behind *l = ctx;

    if (l->count == sizeof(l->ids) / sizeof(l->ids[0]))
        return STORE_STOP;
    return store_row_copy(row, 0, l->ids[l->count++], SESSION_ID_SIZE);
}

static int left_read(struct store_tx *tx, void *ctx)
{
    ((struct left_behind *)ctx)->count = 0;
    return store_many(tx, "sso_session_all", NULL, 100000, id_take, ctx);
}

static int left_end(struct store *store)
{
    struct left_behind *l = sk_alloc(sizeof(*l));
    int err = store_read(store, left_read, l);

    for (size_t i = 0; !err && i < l->count; i++)
        account_external_close(l->ids[i], sk_clock_wall_ms());
    free(l);
    return err;
}

static void sso_stop(void)
{
    watch_stop();
    waiting_drop("", "");
    provider_stop();
    sk_buf_fini_wipe(&settings.secret);
}

static int sso_start(struct house *house)
{
    sk_buf_init(&settings.secret, 1024);
    provider_start();
    int err = settings_take(house->config);
    if (!err)
        err = left_end(house->store);
    if (!err && settings.issuer) {
        account_external_offer(settings.name, sso_resume);
        err = watch_start();
    }
    if (err)
        sso_stop();
    return err;
}

/* ---- what the room adds to the house ---- */

static const struct config_key config_keys[] = {
    {"sso.issuer", CONFIG_TEXT, NULL, 0, 0,
     "OpenID Connect provider, https://...; without it there is no single sign-on"},
    {"sso.client_id", CONFIG_TEXT, NULL, 0, 0, "What the provider calls this box"},
    {"sso.client_secret_file", CONFIG_PATH, NULL, 0, 0,
     "File with the box's secret at the provider (mode 0600); none for a public client"},
    {"sso.name", CONFIG_TEXT, "single sign-on", 0, 0, "Name on the button of the login page"},
    {"sso.scope", CONFIG_TEXT, "openid profile", 0, 0, "Scopes that are asked for"},
    {"sso.groups_claim", CONFIG_TEXT, "groups", 0, 0, "Claim that holds the person's groups"},
    {"sso.owner_groups", CONFIG_TEXT, "", 0, 0, "Groups whose people are owners, commas between"},
    {"sso.admin_groups", CONFIG_TEXT, "", 0, 0, "Groups whose people are administrators"},
    {"sso.member_groups", CONFIG_TEXT, "", 0, 0, "Groups whose people are members; * = anybody"},
    {"sso.organization", CONFIG_TEXT, "home", 0, 0,
     "Id of the organization that a new person joins"},
    {"sso.factor", CONFIG_TEXT, "mfa", 0, 0,
     "What the id token's amr or acr says when the provider has asked for a second factor, commas "
     "between; * = it always does. Otherwise people who have one here show that"},
    {"sso.poll_s", CONFIG_INT, "20", 1, 3600,
     "Seconds after which the provider is asked again whether a person is still there"},
    {0},
};

static const struct store_schema schema = {.room = "sso"};

static const struct route routes[] = {
    {"GET", "/api/v1/sso/start", "public", 0, NULL, api_sso_start,
     "{\"summary\":\"Go to the provider of the single sign-on\","
     "\"responses\":{\"303\":{\"description\":\"To the provider\"}}}"},
    {"GET", "/api/v1/sso/callback", "public", 0, NULL, api_sso_callback,
     "{\"summary\":\"Back from the provider\",\"parameters\":["
     "{\"name\":\"code\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"state\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"iss\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"error\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}}],"
     "\"responses\":{\"303\":{\"description\":\"Into the console, or to the login page\"}}}"},
    {"POST", "/api/v1/sso/factor", "public", 64, NULL, api_sso_factor,
     "{\"summary\":\"Which second factor a login through the provider waits for\","
     "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{"
     "\"type\":\"object\",\"additionalProperties\":false}}}},"
     "\"responses\":{\"200\":{\"description\":\"As the first step of a login with a factor\","
     "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\",\"required\":["
     "\"factor\"],\"properties\":{\"factor\":{\"type\":\"object\"}}}}}}}}"},
    {"POST", "/api/v1/sso/backchannel", "public", 20480, "application/x-www-form-urlencoded",
     api_sso_backchannel,
     "{\"summary\":\"Back-channel logout\",\"requestBody\":{\"required\":true,\"content\":{"
     "\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":\"object\",\"required\":["
     "\"logout_token\"],\"properties\":{\"logout_token\":{\"type\":\"string\"}}}}}},"
     "\"responses\":{\"204\":{\"description\":\"Ended\"}}}"},
    {0},
};

const struct room sso_room = {
    .name = "sso",
    .config = config_keys,
    .schema = &schema,
    .routes = routes,
    .start = sso_start,
    .stop = sso_stop,
};
