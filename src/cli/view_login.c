/* `skep view`: whom to trust, secrets, logging in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/view.h"
#include "sdk/label.h"
#include "wire/label.h"

enum {
    CA_MAX = 65536,
    PORT_DEFAULT = 8443,
    PIN_BYTES = 32,
    SEED_BYTES = 16,
    SEED_TEXT = 22,
    WORKS_MAX = 3
};

/* ---- the server's API ------------------------------------------------------------------------ */

int view_api_post(struct view *v, const char *path, json_t *body, int wanted, json_t **answer)
{
    return view_api_call(v, "POST", path, body, wanted, answer);
}

int view_api_call(struct view *v, const char *method, const char *path, json_t *body, int wanted,
                  json_t **answer)
{
    size_t len = 0;
    char *text = body ? sk_json_text(body, &len) : NULL;
    struct https_query q = {.method = method,
                            .path = path,
                            .authorization = v->bearer.len ? (const char *)v->bearer.data : NULL,
                            .type = text ? "application/json" : NULL,
                            .body = text,
                            .body_len = len};
    const char *got;
    size_t got_len;
    int status = 0;
    int err = text || !body ? https_client_query(v->http, &q, &status, &got, &got_len) : -SK_ENOMEM;

    if (!err && (status == wanted || status == 428)) {
        err = answer ? sk_json_parse(answer, got, got_len) : 0;
        err = !err && status == 428 ? -SK_EAGAIN : err;
    } else if (!err) {
        err = status == 401   ? -SK_EAUTH
              : status == 404 ? -SK_ENOTFOUND
              : status == 429 ? -SK_ELIMIT
                              : -SK_EDENIED;
    }
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
    return err;
}

/* Six digits are a time code, anything else a recovery code: passkeys need a browser. */
static int is_time_code(const char *code)
{
    size_t digits = 0;

    for (; *code; code++) {
        if (*code == ' ')
            continue;
        if (*code < '0' || *code > '9')
            return 0;
        digits++;
    }
    return digits == 6;
}

/* The account has a second factor: show a code. `*answer` becomes the session answer. */
static int second_step(struct view *v, json_t **answer)
{
    const char *ticket;
    struct sk_buf code;
    json_t *body = json_object();

    sk_buf_init(&code, VIEW_SECRET_MAX);
    int err = sk_json_str(json_object_get(*answer, "factor"), "ticket", 64, &ticket);
    if (!err)
        err = view_secret_get(&code, v->o.code_file, "Code of the second factor");
    if (!err && !code.len)
        err = -SK_EINVAL;
    if (!err) {
        sk_json_set_str(body, "ticket", ticket);
        const char *text = (const char *)code.data;
        sk_json_set_str(body, is_time_code(text) ? "totp" : "recovery", text);
    }
    json_decref(*answer);
    *answer = NULL;
    sk_buf_fini_wipe(&code);
    if (!err)
        return view_api_post(v, "/api/v1/login/factor", body, 200, answer);
    json_decref(body);
    return err;
}

/* Name and password; where the box asks for work first it is done, each time anew. */
static int first_step(struct view *v, const char *password, json_t **answer)
{
    json_t *body = json_object();

    sk_json_set_str(body, "name", v->o.account);
    sk_json_set_str(body, "password", password);
    sk_json_set_bool(body, "bearer", 1);
    int err = view_api_post(v, "/api/v1/login", json_incref(body), 200, answer);
    for (int i = 0; err == -SK_EAGAIN && i < WORKS_MAX; i++) {
        if (!v->o.quiet)
            fprintf(stderr, "skep view: the box asks for a little work before it looks\n");
        err = view_proof_add(body, *answer);
        json_decref(*answer);
        *answer = NULL;
        if (!err)
            err = view_api_post(v, "/api/v1/login", json_incref(body), 200, answer);
    }
    json_decref(body);
    return err;
}

int view_log_in(struct view *v, const char *password)
{
    json_t *answer = NULL;
    const char *token, *id;
    int err = first_step(v, password, &answer);

    if (!err && sk_json_has(answer, "factor"))
        err = second_step(v, &answer);
    if (!err)
        err = sk_json_str(answer, "token", VIEW_SECRET_MAX - 16, &token);
    if (!err)
        err = sk_json_str(json_object_get(answer, "account"), "id", sizeof(v->account) - 1, &id);
    if (!err)
        err = sk_copy(v->account, sizeof(v->account), id);
    if (!err)
        err = sk_buf_addf(&v->bearer, "Bearer %s", token);
    json_decref(answer);
    return err;
}

int view_authorize(struct view *v)
{
    json_t *body = json_object(), *actions = json_array(), *answer = NULL;
    const char *code;
    uint8_t session[16];

    sdk_viewer_session(v->viewer, session);
    if (v->o.playback || v->o.recordings)
        json_array_append_new(actions, json_string("playback"));
    if (v->o.out && !v->o.playback)
        json_array_append_new(actions,
                              json_string(strcmp(v->o.stream, "main") ? "live-sub" : "live-main"));
    if (v->o.audio)
        json_array_append_new(actions, json_string("listen"));
    if (v->o.snapshot)
        json_array_append_new(actions, json_string("snapshot"));
    if (v->o.talk)
        json_array_append_new(actions, json_string("talk"));
    if (v->o.owner_file)
        json_array_append_new(actions, json_string("manage"));
    sk_json_set_str(body, "device", v->device);
    json_object_set_new(body, "actions", actions);
    sk_json_set_bin(body, "session", session, sizeof(session));
    int err = view_api_post(v, "/api/v1/authorizations", body, 201, &answer);
    if (!err)
        err = sk_json_str(answer, "code", VIEW_CODE_MAX - 1, &code);
    if (!err)
        err = sk_copy(v->code, sizeof(v->code), code);
    json_decref(answer);
    return err;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static int prompt(struct sk_buf *out, const char *what)
{
    struct termios shown, hidden;
    char line[VIEW_SECRET_MAX];
    int is_tty = tcgetattr(STDIN_FILENO, &shown) == 0;

    if (is_tty) {
        fprintf(stderr, "%s: ", what);
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    char *got = fgets(line, sizeof(line), stdin);
    if (is_tty) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    int err = got ? sk_buf_add(out, line, strcspn(line, "\r\n")) : -SK_EINVAL;
    sk_wipe(line, sizeof(line));
    return err;
}

int view_secret_get(struct sk_buf *out, const char *file, const char *what)
{
    return file ? sk_secret_read(out, file) : prompt(out, what);
}

/* A seed as the demonstration's link carries it (base64url) becomes bytes; bytes stay. */
static int seed_decode(struct sk_buf *seed)
{
    const char *text = (const char *)seed->data;
    size_t len = seed->len, out_len;
    uint8_t out[SEED_BYTES];
    int err = 0;

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (len == SEED_TEXT && !sk_b64url_decode(out, sizeof(out), &out_len, text, len) &&
        out_len == SEED_BYTES) {
        sk_buf_reset(seed);
        err = sk_buf_add(seed, out, out_len);
    }
    sk_wipe(out, sizeof(out));
    return err;
}

/* The label of a simulated camera follows from the fleet's seed. */
int view_label_from_seed(struct view *v)
{
    char code[WIRE_LABEL_CODE_SIZE];
    struct sk_buf seed;

    sk_buf_init(&seed, VIEW_SECRET_MAX);
    int err = sk_file_read(&seed, v->o.seed_file);
    if (!err)
        err = seed_decode(&seed);
    if (!err) {
        sdk_label_from_seed(code, seed.data, seed.len, v->device);
        err = sk_buf_add(&v->secret, code, strlen(code));
        sk_wipe(code, sizeof(code));
    }
    sk_buf_fini_wipe(&seed);
    return err;
}

int view_trust_make(struct view *v)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls_client_options o = {.alpn = alpn};
    struct sk_buf ca;
    uint8_t pin[PIN_BYTES];
    size_t len;
    int err = -SK_EINVAL;

    sk_buf_init(&ca, CA_MAX);
    if (v->o.ca && (err = sk_file_read(&ca, v->o.ca)) == 0) {
        o.ca = ca.data;
        o.ca_len = ca.len;
    } else if (v->o.pin && !sk_hex_decode(pin, sizeof(pin), &len, v->o.pin, strlen(v->o.pin)) &&
               len == PIN_BYTES) {
        o.pin_sha256 = pin;
        err = 0;
    }
    if (!err)
        err = tls_config_client_new(&v->tls, &o);
    sk_buf_fini(&ca);
    return err;
}

int view_server_parse(struct view *v)
{
    static const char scheme[] = "https://";
    uint64_t port = PORT_DEFAULT;
    const char *host = v->o.server;

    if (!host || strncmp(host, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EINVAL;
    host += sizeof(scheme) - 1;
    size_t len = strcspn(host, ":/");
    if (host[len] == ':' &&
        sk_parse_u64(&port, host + len + 1, strspn(host + len + 1, "0123456789"), 65535))
        return -SK_EINVAL;
    if (len == 0 || len >= sizeof(v->host))
        return -SK_EINVAL;
    memcpy(v->host, host, len);
    v->port = (uint16_t)port;
    return 0;
}
