/* The room as a client meets it: real store, real http room, an edge written by hand that
 * authenticates as the real one does. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/account.h"
#include "base/asset.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "edge/edge.h"
#include "http/http.h"
#include "store/store.h"

#define PASSWORD "straw lanterns under Tuesday"
#define OTHER_PASSWORD "seven blue kettles on a roof"

/* ---- the edge of this test ---- */

static struct edge_request row;
static uint16_t upstream_port;

int edge_request_find(const char *skep_request, struct edge_request *out)
{
    *out = row;
    return strcmp(skep_request, "s.1") == 0 ? 0 : -SK_EAUTH;
}

void edge_upstream_set(uint16_t port, unsigned parallel)
{
    (void)parallel;
    upstream_port = port;
}

void edge_routes_set(edge_route_fn fn)
{
    (void)fn;
}

void edge_certificate_fingerprint(uint8_t out[32])
{
    memset(out, 0xab, 32);
}

const char *edge_host(void)
{
    return "localhost";
}

uint16_t edge_port(void)
{
    return 8443;
}

const struct room *const *rooms_list(void)
{
    static const struct room *const list[] = {&account_room, &http_room, NULL};

    return list;
}

/* ---- a house, and clients of it ---- */

static char dir[] = "/tmp/skep-room-XXXXXX";
static struct house house = {.data_dir = dir};
static const struct store_schema *schemas[1];
static char setup_link[ACCOUNT_TOKEN_SIZE];
static int sessions_ended;
static _Atomic int64_t wall_ms = 1700000000000, mono_ms = 1000; /* the control thread reads them */

static int64_t test_wall(void)
{
    return wall_ms;
}

static int64_t test_mono(void)
{
    return mono_ms;
}

static void on_session_ended(void *ctx, const struct event *ev)
{
    (void)ctx;
    (void)ev;
    sessions_ended++;
}

static int house_start(void)
{
    const struct store_opts opts = {
        .dir = dir, .file = "core.db", .schemas = schemas, .schema_count = 1};
    struct sk_buf why;

    sk_buf_init(&why, 1024);
    int err = store_open(&house.store, &opts, &why);
    if (err)
        fprintf(stderr, "%s\n", (char *)why.data);
    sk_buf_fini(&why);
    if (!err)
        err = account_room.start(&house);
    return err ? err : http_room.start(&house);
}

static void house_stop(void)
{
    http_room.stop();
    account_room.stop();
    store_close(house.store);
}

static int group_start(void **st)
{
    static const struct config_key *keys[2];

    (void)st;
    if (!mkdtemp(dir))
        return -1;
    asset_dev_root(".", NULL);
    sk_clock_override(test_mono, test_wall);
    event_subscribe(EVENT_SESSION_ENDED, on_session_ended, NULL);
    keys[0] = account_room.config;
    keys[1] = http_room.config;
    schemas[0] = account_room.schema;
    house.config = config_new(keys, 2);
    return house_start();
}

static int group_stop(void **st)
{
    static const char *const files[] = {"core.db",      "core.db-wal",   "core.db-shm",
                                        "core.db.lock", "metrics.token", "keys/pepper"};
    char path[128];

    (void)st;
    house_stop();
    config_free(house.config);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/keys", dir);
    rmdir(path);
    rmdir(dir);
    return 0;
}

struct client {
    char cookie[256], csrf[64], authorization[80], source[SOURCE_SIZE];
    int foreign;
    char answer[8192];
    int status;
    json_t *json;
};

static void cookie_keep(struct client *c, const char *name)
{
    char mark[64];
    int n = snprintf(mark, sizeof(mark), "Set-Cookie: %s=", name);
    const char *at = strstr(c->answer, mark);
    size_t have = strlen(c->cookie);

    if (at)
        snprintf(c->cookie + have, sizeof(c->cookie) - have, "%s%s=%.*s", have ? "; " : "", name,
                 (int)strcspn(at + n, ";"), at + n);
}

static void answer_read(struct client *c, int fd)
{
    size_t have = 0;
    ssize_t n;

    while ((n = recv(fd, c->answer + have, sizeof(c->answer) - 1 - have, 0)) > 0)
        have += (size_t)n;
    c->answer[have] = '\0';
    c->status = have > 12 ? (int)strtol(c->answer + 9, NULL, 10) : 0;
    json_decref(c->json);
    c->json = NULL;
    const char *body = strstr(c->answer, "\r\n\r\n");
    if (body && body[4])
        assert_int_equal(sk_json_parse(&c->json, body + 4, strlen(body + 4)), 0);
}

static int ask(struct client *c, const char *method, const char *path, const char *body)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(upstream_port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[2048];

    memset(&row, 0, sizeof(row));
    snprintf(row.method, sizeof(row.method), "%s", method);
    snprintf(row.path, sizeof(row.path), "%s", path);
    snprintf(row.csrf, sizeof(row.csrf), "%s", c->csrf);
    snprintf(row.request_id, sizeof(row.request_id), "r1");
    snprintf(row.user_agent, sizeof(row.user_agent), "test agent");
    row.origin_is_foreign = c->foreign;
    authenticate(c->cookie[0] ? c->cookie : NULL, c->authorization[0] ? c->authorization : NULL,
                 c->source[0] ? c->source : "192.0.2.1", wall_ms, &row.principal);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int n = snprintf(text, sizeof(text),
                     "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSkep-Request: s.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     method, body ? strlen(body) : 0, body ? body : "");
    assert_true(n > 0 && n < (int)sizeof(text));
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    answer_read(c, fd);
    close(fd);
    return c->status;
}

static const char *member(const struct client *c, const char *name)
{
    const char *s = json_string_value(json_object_get(c->json, name));

    return s ? s : "";
}

static void client_end(struct client *c)
{
    json_decref(c->json);
    c->json = NULL;
}

static int login(struct client *c, const char *name, const char *password, const char *more)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"%s}", name, password, more);
    int status = ask(c, "POST", "/api/v1/login", body);
    if (status == 200) {
        char known[256] = "";
        const char *device = strstr(c->cookie, "__Host-skep-device");
        snprintf(known, sizeof(known), "%s", device ? device : "");
        snprintf(c->cookie, sizeof(c->cookie), "%s", known);
        cookie_keep(c, "__Host-skep");
        cookie_keep(c, "__Host-skep-device");
        snprintf(c->csrf, sizeof(c->csrf), "%s", member(c, "csrf"));
    }
    return status;
}

static int setup(struct client *c, const char *path, const char *token, const char *name,
                 const char *password)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"name\":\"%s\",\"password\":\"%s\"}", token,
             name, password);
    return ask(c, "POST", path, body);
}

/* ---- cases, in order: the house goes from empty to owned ---- */

static void the_link_is_handed_out_once(void **st)
{
    char again[ACCOUNT_TOKEN_SIZE];
    struct client c = {0};

    (void)st;
    assert_int_equal(account_setup_link_token(setup_link), 0);
    assert_int_equal(strlen(setup_link), ACCOUNT_TOKEN_SIZE - 1);
    assert_int_equal(account_setup_link_token(again), -SK_EGONE);
    assert_int_equal(ask(&c, "GET", "/api/v1/setup", NULL), 200);
    assert_true(json_is_true(json_object_get(c.json, "needed")));
    assert_string_equal(member(&c, "fingerprint"), "ABAB ABAB ABAB ABAB");
    assert_string_equal(member(&c, "host"), "localhost");
    client_end(&c);
}

/* A start makes a new link; the one that was not used is worth nothing any more. */
static void a_restart_replaces_the_link(void **st)
{
    char former[ACCOUNT_TOKEN_SIZE];
    struct client c = {0};

    (void)st;
    memcpy(former, setup_link, sizeof(former));
    house_stop();
    assert_int_equal(house_start(), 0);
    assert_int_equal(account_setup_link_token(setup_link), 0);
    assert_int_equal(setup(&c, "/api/v1/setup", former, "wei", PASSWORD), 410);
    assert_string_equal(member(&c, "code"), "gone");
    client_end(&c);
}

static void weak_passwords_and_names_are_refused(void **st)
{
    static const char *const weak[] = {"woaini1314520", "jufeng2021", "admin@bcloud", "short",
                                       "qwertyuiop12345"};
    static const char *const names[] = {"", " wei", "wei ", "a\\u0001b", "a\\u0085b", "a\\u007fb"};
    struct client c = {0};
    char text[80];

    (void)st;
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
        assert_int_equal(setup(&c, "/api/v1/setup", setup_link, "wei", weak[i]), 422);
        assert_string_equal(member(&c, "code"), "weak-password");
        assert_true(json_array_size(json_object_get(c.json, "reasons")) > 0);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(setup(&c, "/api/v1/setup", setup_link, names[i], PASSWORD), 400);
    memset(text, 'n', 65);
    text[65] = '\0';
    assert_int_equal(setup(&c, "/api/v1/setup", setup_link, text, PASSWORD), 400);
    assert_int_equal(setup(&c, "/api/v1/setup/strength", setup_link, "", ""), 200);
    assert_int_equal(setup(&c, "/api/v1/setup/strength", setup_link, "wei", PASSWORD), 200);
    assert_int_equal(json_integer_value(json_object_get(c.json, "score")), 4);
    assert_int_equal(json_array_size(json_object_get(c.json, "reasons")), 0);
    assert_int_equal(setup(&c, "/api/v1/setup/strength", "x", "wei", PASSWORD), 410);
    client_end(&c);
}

static void setup_works_once(void **st)
{
    struct client c = {0};

    (void)st;
    assert_int_equal(setup(&c, "/api/v1/setup", setup_link, "Wei \xe6\x9e\x97", PASSWORD), 201);
    assert_non_null(strstr(c.answer, "Set-Cookie: __Host-skep="));
    assert_non_null(strstr(c.answer, "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"));
    cookie_keep(&c, "__Host-skep");
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 200);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(c.json, "account"), "role")), "owner");
    assert_int_equal(setup(&c, "/api/v1/setup", setup_link, "mallory", OTHER_PASSWORD), 410);
    assert_int_equal(ask(&c, "GET", "/api/v1/setup", NULL), 200);
    assert_true(json_is_false(json_object_get(c.json, "needed")));
    client_end(&c);
}

#define OWNER "Wei \xe6\x9e\x97"

static void wrong_pairs_look_alike(void **st)
{
    struct client a = {0}, b = {0};

    (void)st;
    assert_int_equal(login(&a, OWNER, "not the password at all", ""), 401);
    assert_int_equal(login(&b, "nobody", PASSWORD, ""), 401);
    assert_string_equal(a.answer, b.answer);
    assert_string_equal(member(&a, "code"), "auth-failed");
    assert_int_equal(login(&a, OWNER, "", ""), 401);
    assert_int_equal(ask(&a, "POST", "/api/v1/login", "{\"name\":\"x\"}"), 400);
    assert_int_equal(
        ask(&a, "POST", "/api/v1/login", "{\"name\":\"x\",\"password\":\"y\",\"extra\":1}"), 400);
    client_end(&a);
    client_end(&b);
}

static void sessions_come_and_go(void **st)
{
    struct client a = {0}, b = {0}, native = {0};
    char path[128];

    (void)st;
    assert_int_equal(login(&a, OWNER, PASSWORD, ""), 200);
    assert_int_equal(login(&b, OWNER, PASSWORD, ""), 200);
    assert_int_equal(login(&native, OWNER, PASSWORD, ",\"bearer\":true"), 200);
    assert_null(strstr(native.answer, "Set-Cookie"));
    snprintf(native.authorization, sizeof(native.authorization), "Bearer %s",
             member(&native, "token"));
    assert_int_equal(ask(&native, "GET", "/api/v1/sessions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(native.json, "sessions")), 4);
    assert_string_equal(member(&a, "token"), "");

    /* a cookie's write needs its token; a bearer's does not; a foreign page may nothing */
    char own[sizeof(a.csrf)];
    memcpy(own, a.csrf, sizeof(own));
    a.csrf[0] = '\0';
    assert_int_equal(ask(&a, "POST", "/api/v1/logout", NULL), 403);
    memcpy(a.csrf, b.csrf, sizeof(a.csrf));
    assert_int_equal(ask(&a, "POST", "/api/v1/logout", NULL), 403);
    memcpy(a.csrf, own, sizeof(own));
    a.foreign = 1;
    assert_int_equal(ask(&a, "POST", "/api/v1/logout", NULL), 403);
    a.foreign = 0;
    assert_int_equal(ask(&a, "GET", "/api/v1/me", NULL), 200);

    /* a token is only what it was made for */
    struct client crossed = {0};
    snprintf(crossed.cookie, sizeof(crossed.cookie), "__Host-skep=%.43s", native.authorization + 7);
    assert_int_equal(ask(&crossed, "GET", "/api/v1/me", NULL), 401);

    sessions_ended = 0;
    assert_int_equal(ask(&a, "POST", "/api/v1/logout", NULL), 204);
    assert_non_null(strstr(a.answer, "Set-Cookie: __Host-skep=; "));
    assert_int_equal(sessions_ended, 1);
    assert_int_equal(ask(&a, "GET", "/api/v1/me", NULL), 401);

    assert_int_equal(ask(&b, "GET", "/api/v1/me", NULL), 200);
    snprintf(path, sizeof(path), "/api/v1/sessions/%s",
             json_string_value(json_object_get(json_object_get(b.json, "session"), "id")));
    assert_int_equal(ask(&native, "DELETE", "/api/v1/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaa", NULL),
                     404);
    assert_int_equal(ask(&native, "DELETE", path, NULL), 204);
    assert_int_equal(ask(&b, "GET", "/api/v1/me", NULL), 401);
    assert_int_equal(ask(&native, "POST", "/api/v1/sessions/revoke-others", NULL), 200);
    assert_int_equal(json_integer_value(json_object_get(native.json, "revoked")), 1);
    assert_int_equal(ask(&native, "GET", "/api/v1/sessions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(native.json, "sessions")), 1);
    client_end(&a);
    client_end(&b);
    client_end(&native);
    client_end(&crossed);
}

static void a_new_login_replaces_the_browsers_session(void **st)
{
    struct client a = {0}, former = {0};

    (void)st;
    assert_int_equal(login(&a, OWNER, PASSWORD, ""), 200);
    memcpy(former.cookie, a.cookie, sizeof(former.cookie));
    assert_int_equal(ask(&former, "GET", "/api/v1/me", NULL), 200);
    struct client again = {0};
    memcpy(again.cookie, a.cookie, sizeof(again.cookie));
    sessions_ended = 0;
    assert_int_equal(login(&again, OWNER, PASSWORD, ""), 200);
    assert_null(strstr(again.answer, "__Host-skep-device=")); /* the browser is known already */
    assert_int_equal(sessions_ended, 1);
    assert_int_equal(ask(&former, "GET", "/api/v1/me", NULL), 401);
    client_end(&a);
    client_end(&former);
    client_end(&again);
}

static void preferences(void **st)
{
    struct client c = {0};

    (void)st;
    assert_int_equal(login(&c, OWNER, PASSWORD, ""), 200);
    assert_int_equal(ask(&c, "PUT", "/api/v1/me/prefs", "{\"lang\":\"zh-CN\",\"theme\":\"dark\"}"),
                     204);
    assert_int_equal(ask(&c, "PUT", "/api/v1/me/prefs", "{\"theme\":\"pink\"}"), 400);
    assert_int_equal(ask(&c, "PUT", "/api/v1/me/prefs", "{\"font\":\"x\"}"), 400);
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 200);
    json_t *prefs = json_object_get(c.json, "prefs");
    assert_string_equal(json_string_value(json_object_get(prefs, "lang")), "zh-CN");
    assert_string_equal(json_string_value(json_object_get(prefs, "theme")), "dark");
    client_end(&c);
}

static void sessions_survive_a_restart(void **st)
{
    struct client c = {0};

    (void)st;
    assert_int_equal(login(&c, OWNER, PASSWORD, ""), 200);
    house_stop();
    assert_int_equal(house_start(), 0);
    assert_int_equal(account_setup_link_token(setup_link), -SK_ENOTFOUND);
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 200);
    wall_ms += 11 * 3600 * 1000;
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 200);
    wall_ms += 12 * 3600 * 1000; /* idle */
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 401);
    client_end(&c);
}

static void guessers_must_work_and_the_owner_need_not(void **st)
{
    struct client owner = {0}, thief = {0};
    int status = 401, tries = 0;

    (void)st;
    assert_int_equal(login(&owner, OWNER, PASSWORD, ""), 200);
    mono_ms += 3600 * 1000;
    snprintf(thief.source, sizeof(thief.source), "198.51.100.7");
    for (; status == 401 && tries < 50; tries++)
        status = login(&thief, OWNER, "a guess of no consequence", "");
    assert_int_equal(status, 428);
    assert_int_equal(tries, 9);
    assert_string_equal(member(&thief, "code"), "challenge");
    assert_string_equal(member(&thief, "why"), "account");
    const json_t *asked = json_object_get(thief.json, "challenge");
    assert_int_equal(json_integer_value(json_object_get(asked, "bits")), 16);
    /* a name that nobody has is treated just the same */
    struct client other = {.source = "203.0.113.9"};
    for (status = 401, tries = 0; status == 401 && tries < 50; tries++)
        status = login(&other, "nobody", "a guess of no consequence", "");
    assert_int_equal(tries, 9);
    /* the owner, from the browser that is known, from the thief's own network */
    snprintf(owner.source, sizeof(owner.source), "198.51.100.8");
    assert_int_equal(login(&owner, OWNER, PASSWORD, ""), 200);
    /* and the thief is let in no sooner, even with the right word */
    assert_int_equal(login(&thief, OWNER, PASSWORD, ""), 428);
    mono_ms += 30000;
    assert_int_equal(login(&thief, OWNER, "a guess of no consequence", ""), 401);
    client_end(&owner);
    client_end(&thief);
    client_end(&other);
}

static int reset(char link[ACCOUNT_TOKEN_SIZE], uint16_t *port)
{
    struct sk_buf why;

    sk_buf_init(&why, 1024);
    int err = account_owner_reset(dir, schemas, 1, link, port, &why);
    sk_buf_fini(&why);
    return err;
}

static void reset_while_running(void **st)
{
    struct client c = {0};
    struct stat info;
    char link[ACCOUNT_TOKEN_SIZE], path[128];
    uint16_t port;

    (void)st;
    mono_ms += 3600 * 1000;
    snprintf(path, sizeof(path), "%s/control.sock", dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(login(&c, OWNER, PASSWORD, ""), 200);
    sessions_ended = 0;
    assert_int_equal(reset(link, &port), 0);
    assert_int_equal(port, 8443);
    assert_true(sessions_ended >= 1);
    assert_int_equal(ask(&c, "GET", "/api/v1/me", NULL), 401);
    assert_int_equal(login(&c, OWNER, PASSWORD, ""), 401); /* the old password is void */
    assert_int_equal(ask(&c, "GET", "/api/v1/setup", NULL), 200);
    assert_true(json_is_true(json_object_get(c.json, "needed")));
    assert_int_equal(setup(&c, "/api/v1/setup", link, "Mei", OTHER_PASSWORD), 201);
    assert_int_equal(setup(&c, "/api/v1/setup", link, "Mei", PASSWORD), 410);
    struct client fresh = {.source = "192.0.2.77"};
    assert_int_equal(login(&fresh, "Mei", OTHER_PASSWORD, ""), 200);
    client_end(&c);
    client_end(&fresh);
}

/* With no server the store is opened; the link it prints outlives the next start. */
static void reset_while_stopped(void **st)
{
    struct client c = {.source = "192.0.2.99"};
    char link[ACCOUNT_TOKEN_SIZE];
    uint16_t port = 1;

    (void)st;
    house_stop();
    assert_int_equal(reset(link, &port), 0);
    assert_int_equal(port, 0);
    assert_int_equal(house_start(), 0);
    assert_int_equal(login(&c, "Mei", OTHER_PASSWORD, ""), 401);
    assert_int_equal(account_setup_link_token(setup_link), 0);
    assert_int_equal(setup(&c, "/api/v1/setup", link, "Mei", PASSWORD), 201);
    assert_int_equal(setup(&c, "/api/v1/setup", setup_link, "Mei", PASSWORD), 410);
    client_end(&c);
}

static void links_expire(void **st)
{
    struct client c = {.source = "192.0.2.99"};
    char link[ACCOUNT_TOKEN_SIZE];
    uint16_t port;

    (void)st;
    assert_int_equal(reset(link, &port), 0);
    wall_ms += 24 * 3600 * 1000;
    assert_int_equal(setup(&c, "/api/v1/setup", link, "Mei", PASSWORD), 410);
    client_end(&c);
}

/* Somebody has a password, but the key beside the store is gone: no guessing, no silent new key. */
static void a_lost_pepper_stops_the_start(void **st)
{
    struct client c = {.source = "192.0.2.99"};
    char link[ACCOUNT_TOKEN_SIZE], path[128];
    uint16_t port;

    (void)st;
    assert_int_equal(reset(link, &port), 0);
    assert_int_equal(setup(&c, "/api/v1/setup", link, "Mei", PASSWORD), 201);
    http_room.stop();
    account_room.stop();
    snprintf(path, sizeof(path), "%s/keys/pepper", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(account_room.start(&house), -SK_ENOTFOUND);
    store_close(house.store);
    assert_int_equal(reset(link, &port), 0);
    assert_int_equal(house_start(), 0);
    client_end(&c);
}

static void reset_without_data(void **st)
{
    char link[ACCOUNT_TOKEN_SIZE];
    uint16_t port;
    struct sk_buf why;

    (void)st;
    sk_buf_init(&why, 256);
    assert_int_equal(account_owner_reset("/nonexistent", schemas, 1, link, &port, &why),
                     -SK_ENOTFOUND);
    assert_true(why.len > 0);
    sk_buf_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_is_handed_out_once),
        cmocka_unit_test(a_restart_replaces_the_link),
        cmocka_unit_test(weak_passwords_and_names_are_refused),
        cmocka_unit_test(setup_works_once),
        cmocka_unit_test(wrong_pairs_look_alike),
        cmocka_unit_test(sessions_come_and_go),
        cmocka_unit_test(a_new_login_replaces_the_browsers_session),
        cmocka_unit_test(preferences),
        cmocka_unit_test(sessions_survive_a_restart),
        cmocka_unit_test(guessers_must_work_and_the_owner_need_not),
        cmocka_unit_test(reset_while_running),
        cmocka_unit_test(reset_while_stopped),
        cmocka_unit_test(links_expire),
        cmocka_unit_test(a_lost_pepper_stops_the_start),
        cmocka_unit_test(reset_without_data),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
