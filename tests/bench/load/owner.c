#include "tests/bench/load/owner.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "crypto/tls.h"
#include "net/https_client.h"

enum { PASSWORD_MAX = 256, TOKEN_MAX = OWNER_BEARER_MAX - 16 };

/* Takes `body` over. */
static int post(struct owner *o, const char *path, json_t *body, int wanted, json_t **answer)
{
    size_t len, got_len;
    char *text = sk_json_text(body, &len);
    const char *got;
    int status = 0;
    struct https_query q = {.method = "POST",
                            .path = path,
                            .authorization = o->bearer[0] ? o->bearer : NULL,
                            .type = "application/json",
                            .body = text,
                            .body_len = len};
    int err = text ? https_client_query(o->http, &q, &status, &got, &got_len) : -SK_ENOMEM;

    if (!err && status != wanted) {
        fprintf(stderr, "%s: status %d: %.*s\n", path, status, (int)got_len, got);
        err = -SK_EDENIED;
    }
    if (!err)
        err = sk_json_parse(answer, got, got_len);
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
    return err;
}

static int log_in(struct owner *o, const char *account, const char *password)
{
    json_t *body = json_object(), *answer = NULL;
    const char *token;

    sk_json_set_str(body, "name", account);
    sk_json_set_str(body, "password", password);
    sk_json_set_bool(body, "bearer", 1);
    int err = post(o, "/api/v1/login", body, 200, &answer);
    if (!err)
        err = sk_json_str(answer, "token", TOKEN_MAX, &token);
    if (!err)
        snprintf(o->bearer, sizeof(o->bearer), "Bearer %s", token);
    json_decref(answer);
    return err;
}

int owner_open(struct owner *o, const struct box *box, const char *account,
               const char *password_file)
{
    struct sk_buf password;

    memset(o, 0, sizeof(*o));
    sk_buf_init(&password, PASSWORD_MAX);
    int err = password_file ? sk_secret_read(&password, password_file) : -SK_EAUTH;
    if (!err)
        err = box_tls_http(box, &o->tls);
    if (!err)
        err = https_client_new(&o->http, box->host, box->port, o->tls);
    if (!err)
        err = log_in(o, account, (const char *)password.data);
    sk_buf_fini_wipe(&password);
    return err;
}

int owner_authorize(struct owner *o, const char *device, const uint8_t session[16],
                    char code[OWNER_CODE_SIZE])
{
    json_t *body = json_object(), *actions = json_array(), *answer = NULL;
    const char *got;

    json_array_append_new(actions, json_string("live-main"));
    sk_json_set_str(body, "device", device);
    json_object_set_new(body, "actions", actions);
    sk_json_set_bin(body, "session", session, 16);
    int err = post(o, "/api/v1/authorizations", body, 201, &answer);
    if (!err)
        err = sk_json_str(answer, "code", OWNER_CODE_SIZE - 1, &got);
    if (!err)
        memcpy(code, got, strlen(got) + 1);
    json_decref(answer);
    return err;
}

void owner_close(struct owner *o)
{
    https_client_free(o->http);
    tls_config_drop(o->tls);
    sk_wipe(o, sizeof(*o));
}
