/* Is what somebody shows right? Reads what is stored, judges, and says what is to be spent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

enum { HTTPS_PORT = 443, SHOWN_MAX = 64 };

/* ---- where passkeys work ---- */

const char *passkey_rp(void)
{
    return passkey_rp_is_name(edge_host()) ? edge_host() : NULL;
}

void passkey_origins(const char *out[3], char text[2][PASSKEY_ORIGIN_SIZE])
{
    snprintf(text[0], PASSKEY_ORIGIN_SIZE, "https://%s", edge_host());
    snprintf(text[1], PASSKEY_ORIGIN_SIZE, "https://%s:%u", edge_host(), (unsigned)edge_port());
    out[0] = text[0]; /* also what a router makes of it that forwards 443 to our port */
    out[1] = edge_port() == HTTPS_PORT ? NULL : text[1];
    out[2] = NULL;
}

/* ---- what the body says ---- */

int factor_shown_parse(const json_t *body, int recovery_too, struct factor_shown *out)
{
    int given = 0, err = 0;

    *out = (struct factor_shown){0};
    if (sk_json_has(body, "totp")) {
        given++;
        err = sk_json_str(body, "totp", SHOWN_MAX, &out->totp);
    }
    if (!err && sk_json_has(body, "recovery")) {
        given++;
        err = recovery_too ? sk_json_str(body, "recovery", SHOWN_MAX, &out->recovery) : -SK_EINVAL;
    }
    if (!err && sk_json_has(body, "passkey")) {
        given++;
        out->passkey = json_object_get(body, "passkey");
        err = json_is_object(out->passkey) ? 0 : -SK_EINVAL;
    }
    return err ? err : given == 1 ? 0 : -SK_EINVAL;
}

/* Bytes of an assertion, decoded into one place. */
struct assertion_room {
    uint8_t credential[PASSKEY_CREDENTIAL_MAX], client_data[PASSKEY_CLIENT_DATA_MAX];
    uint8_t auth_data[PASSKEY_AUTH_DATA_MAX], signature[PASSKEY_SIGNATURE_MAX];
    uint8_t user[PASSKEY_USER_MAX];
};

int factor_bytes_take(const json_t *body, const char *name, uint8_t *room, size_t cap,
                      struct passkey_bytes *out)
{
    const char *text;

    if (sk_json_str(body, name, cap * 4 / 3 + 4, &text) ||
        sk_b64url_decode(room, cap, &out->len, text, strlen(text)) || out->len == 0)
        return -SK_EINVAL;
    out->data = room;
    return 0;
}

static int assertion_parse(const json_t *in, struct assertion_room *room,
                           struct passkey_assertion *out)
{
    static const char *const members[] = {"id",        "client_data", "authenticator_data",
                                          "signature", "user_handle", NULL};

    *out = (struct passkey_assertion){0};
    if (sk_json_only(in, members) ||
        factor_bytes_take(in, "id", room->credential, sizeof(room->credential), &out->credential) ||
        factor_bytes_take(in, "client_data", room->client_data, sizeof(room->client_data),
                          &out->client_data) ||
        factor_bytes_take(in, "authenticator_data", room->auth_data, sizeof(room->auth_data),
                          &out->auth_data) ||
        factor_bytes_take(in, "signature", room->signature, sizeof(room->signature),
                          &out->signature))
        return -SK_EINVAL;
    if (!sk_json_has(in, "user_handle"))
        return 0;
    return factor_bytes_take(in, "user_handle", room->user, sizeof(room->user), &out->user);
}

/* ---- passkeys ---- */

static int fault_told(const struct http_request *req, const struct passkey_row *row,
                      enum passkey_fault fault)
{
    if (!fault)
        return 0;
    metric_refused("account", "passkey");
    log_warn("account", "passkey-refused", "account=%s passkey=%s reason=%s source=%s",
             row->account[0] ? row->account : "-", row->id[0] ? row->id : "-",
             passkey_fault_name(fault), http_principal(req)->source);
    if (fault == PASSKEY_COUNT)
        audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody",
                         .action = "factor.copied", .object_kind = "account",
                         .object = row->account, .result = "refused",
                         .source = http_principal(req)->source));
    return -SK_EAUTH;
}

static enum passkey_fault assertion_judge(const struct passkey_row *row,
                                          const struct passkey_assertion *a, int user_must,
                                          struct passkey_bytes challenge, struct factor_use *out)
{
    const char *origins[3];
    char text[2][PASSKEY_ORIGIN_SIZE];

    passkey_origins(origins, text);
    const struct passkey_expect want = {passkey_rp(), origins, challenge};
    const struct passkey_known known = {
        .key = {row->key, row->key_len},
        .sign_count = (uint32_t)row->sign_count,
        .user = row->account,
        .user_must = user_must,
    };
    return passkey_assertion_check(&want, &known, a, &out->sign_count, &out->backed_up);
}

/* `account` NULL: whoever the passkey belongs to; it must say so itself. */
static int assertion_check(struct http_request *req, const struct passkey_assertion *a,
                           const char *bound, const char *account, struct passkey_row *row,
                           struct factor_use *out)
{
    uint8_t challenge[CHALLENGE_BYTES];
    size_t len;
    int64_t now_ms = sk_clock_mono_ms();

    if (!passkey_rp())
        return -SK_EAUTH;
    if (passkey_claimed_challenge(a->client_data, challenge, sizeof(challenge), &len))
        return fault_told(req, row, PASSKEY_FORM);
    if (challenge_check(challenge, len, bound, now_ms))
        return fault_told(req, row, PASSKEY_CHALLENGE);
    int err = passkey_find(account_get()->store, a->credential, row);
    if (err == -SK_ENOTFOUND)
        return fault_told(req, row, PASSKEY_CREDENTIAL);
    if (err)
        return err;
    if (account && strcmp(row->account, account) != 0)
        return fault_told(req, row, PASSKEY_USER);
    err = fault_told(
        req, row,
        assertion_judge(row, a, account == NULL, (struct passkey_bytes){challenge, len}, out));
    if (!err)
        err = challenge_use(challenge, now_ms) ? -SK_EAUTH : 0;
    return err;
}

int factor_show_passkey(struct http_request *req, const json_t *assertion, const char *bound,
                        const char *account_or_null, struct factor_use *out, char account[ID_SIZE])
{
    struct assertion_room *room = sk_alloc(sizeof(*room));
    struct passkey_row *row = sk_alloc(sizeof(*row));
    struct passkey_assertion a;

    memset(row, 0, sizeof(*row));
    int err = assertion_parse(assertion, room, &a)
                  ? -SK_EAUTH
                  : assertion_check(req, &a, bound, account_or_null, row, out);
    if (!err) {
        out->kind = FACTOR_PASSKEY;
        memcpy(out->passkey, row->id, sizeof(out->passkey));
        memcpy(account, row->account, ID_SIZE);
    }
    free(room);
    free(row);
    return err;
}

/* ---- codes ---- */

static int totp_show(struct http_request *req, const char *account, const char *code,
                     struct factor_use *out)
{
    uint8_t secret[TOTP_SECRET_BYTES];
    struct factors f;
    int err = factors_read(account_get()->store, account, &f);

    if (!err && !(f.kinds & FACTOR_TOTP))
        err = -SK_EAUTH;
    if (!err)
        err = totp_open(secret, f.sealed, account);
    if (!err)
        err = totp_check(secret, code, http_now_ms(req), f.last_step, &out->step);
    if (!err)
        err = totp_seal(out->sealed, secret, account); /* under the newest pepper */
    out->kind = FACTOR_TOTP;
    crypto_wipe(secret, sizeof(secret));
    crypto_wipe(&f, sizeof(f));
    return err;
}

int factor_show(struct http_request *req, const char *account, const struct factor_shown *shown,
                const char *bound, struct factor_use *out)
{
    char whose[ID_SIZE];

    *out = (struct factor_use){0};
    if (shown->totp)
        return totp_show(req, account, shown->totp, out);
    if (shown->passkey)
        return factor_show_passkey(req, shown->passkey, bound, account, out, whose);
    out->kind = FACTOR_RECOVERY;
    return recovery_hash(out->code_hash, account, shown->recovery) ? -SK_EAUTH : 0;
}

/* ---- asking for a passkey ---- */

static void credential_add(void *ctx, const struct passkey_row *row)
{
    char text[SK_B64_SIZE(PASSKEY_CREDENTIAL_MAX)];

    sk_b64url_encode(text, row->credential, row->credential_len);
    json_array_append_new(ctx, json_string(text));
}

int passkey_credentials_json(const char *account, json_t **out)
{
    *out = json_array();
    int err = passkeys_each(account_get()->store, account, credential_add, *out);

    if (err)
        json_decref(*out);
    return err;
}

int passkey_request_json(const char *account, const char *bound, json_t **out)
{
    uint8_t challenge[CHALLENGE_BYTES];
    json_t *allow = NULL;
    int err = account ? passkey_credentials_json(account, &allow) : 0;

    if (err)
        return err;
    challenge_make(challenge, bound, sk_clock_mono_ms());
    *out = json_object();
    sk_json_set_bin(*out, "challenge", challenge, sizeof(challenge));
    sk_json_set_str(*out, "rp", passkey_rp());
    if (allow)
        json_object_set_new(*out, "allow", allow);
    return 0;
}
