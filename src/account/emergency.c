/* The sealed emergency login: a code on paper opens one session of an owner of home, once, for an
 * hour, and never in silence. The account is there for nothing else: it has no password, no mail,
 * no factors, and cannot be given any. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/event.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { GROUP = 4, CODE_TEXT = 32 };

static const char account_name[] = "Emergency access";

/* When the open session ends, ms UTC; 0: none. */
static _Atomic int64_t open_until;
/* 1 when an emergency session may have left something that the sweep has to end. */
static atomic_int is_left;

int account_is_emergency(const char *account)
{
    return strcmp(account, EMERGENCY_ACCOUNT) == 0;
}

/* ---- the code ---- */

static void code_digest(uint8_t hash[32], const char text[CODE_TEXT])
{
    crypto_sha256(hash, text, CODE_TEXT);
}

void emergency_code_make(char code[EMERGENCY_CODE_SIZE], uint8_t hash[32])
{
    uint8_t raw[EMERGENCY_CODE_BYTES];
    char text[CODE_TEXT + 1];
    size_t at = 0;

    sk_random(raw, sizeof(raw));
    sk_b32_encode(text, raw, sizeof(raw));
    code_digest(hash, text);
    for (size_t i = 0; i < CODE_TEXT; i++) {
        if (i && i % GROUP == 0)
            code[at++] = '-';
        code[at++] = text[i];
    }
    code[at] = '\0';
    crypto_wipe(raw, sizeof(raw));
    crypto_wipe(text, sizeof(text));
}

int emergency_code_hash(uint8_t hash[32], const char *text)
{
    char plain[CODE_TEXT];
    size_t n = 0;

    for (; *text; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c == '-' || c == ' ')
            continue;
        if (n == CODE_TEXT || !((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')))
            return -SK_EINVAL;
        plain[n++] = c;
    }
    if (n != CODE_TEXT)
        return -SK_EINVAL;
    code_digest(hash, plain);
    crypto_wipe(plain, sizeof(plain));
    return 0;
}

/* ---- the store ---- */

struct seal_write {
    const struct actor *by;
    const uint8_t *hash;
    const struct entry *entry;
    struct emergency_seal *seal;
    int found;
};

static int seal_take(void *ctx, const struct store_row *row)
{
    struct seal_write *w = ctx;

    w->found = 1;
    w->seal->made = store_row_int(row, 0);
    w->seal->used = store_row_int(row, 2);
    return store_row_copy(row, 1, w->seal->made_by, sizeof(w->seal->made_by));
}

static int seal_read(struct store_tx *tx, void *ctx)
{
    struct seal_write *w = ctx;
    int err = store_many(tx, "account_emergency_get", NULL, 1, seal_take, w);

    return err ? err : w->found ? 0 : -SK_ENOTFOUND;
}

int emergency_seal_read(struct store *s, struct emergency_seal *out)
{
    struct seal_write w = {.seal = out};

    *out = (struct emergency_seal){0};
    return store_read(s, seal_read, &w);
}

static int seal_write(struct store_tx *tx, void *ctx)
{
    const struct seal_write *w = ctx;
    int err = store_exec(
        tx, "account_emergency_account",
        STORE_ARGS(store_text("name", account_name), store_int("now", w->by->now_ms)), NULL);

    if (!err)
        err = store_exec(tx, "account_emergency_set",
                         STORE_ARGS(store_blob("code_hash", w->hash, 32),
                                    store_int("now", w->by->now_ms),
                                    store_text("account", w->by->account)),
                         NULL);
    return err ? err
               : act_record(tx, w->by, "emergency.sealed", "account", EMERGENCY_ACCOUNT, NULL);
}

int emergency_seal_set(struct store *s, const struct actor *by, const uint8_t hash[32])
{
    struct seal_write w = {.by = by, .hash = hash};

    return store_write(s, seal_write, &w);
}

static int end_write(struct store_tx *tx, void *ctx)
{
    const struct seal_write *w = ctx;
    int64_t rows = 0;
    int err = store_exec(tx, "account_emergency_delete", NULL, &rows);

    if (!err && !rows)
        return -SK_ENOTFOUND;
    return err ? err : act_record(tx, w->by, "emergency.ended", "account", EMERGENCY_ACCOUNT, NULL);
}

int emergency_seal_end(struct store *s, const struct actor *by)
{
    struct seal_write w = {.by = by};

    return store_write(s, end_write, &w);
}

static int open_write(struct store_tx *tx, void *ctx)
{
    static const uint8_t zeros[32];
    const struct seal_write *w = ctx;
    const struct session *s = w->entry->session;
    int64_t rows = 0;
    int err = store_exec(tx, "account_emergency_spend",
                         STORE_ARGS(store_blob("code_hash", w->hash, 32),
                                    store_blob("zeros", zeros, sizeof(zeros)),
                                    store_int("now", w->entry->now_ms)),
                         &rows);

    if (!err && !rows)
        err = -SK_EAUTH;
    if (!err)
        err = audit_record(tx, AUDIT(.at_ms = w->entry->now_ms, .actor_kind = "account",
                                     .actor = s->account, .session = s->id,
                                     .action = "emergency.opened", .object_kind = "account",
                                     .object = s->account, .source = s->source));
    return err ? err : ledger_entry_write(tx, w->entry, "emergency");
}

int emergency_open(struct store *s, const uint8_t hash[32], const struct entry *entry)
{
    struct seal_write w = {.hash = hash, .entry = entry};

    return store_write(s, open_write, &w);
}

/* ---- is one open? ---- */

static void tell(int64_t now_ms)
{
    event_publish(
        &(struct event){.kind = EVENT_EMERGENCY, .account = EMERGENCY_ACCOUNT, .wall_ms = now_ms});
}

int64_t emergency_until(int64_t now_ms)
{
    int64_t until = atomic_load(&open_until);

    return until > now_ms ? until : 0;
}

void emergency_opened(const struct session *s)
{
    atomic_store(&open_until, s->expires);
    log_warn("account", "emergency-opened", "session=%s source=%s", s->id, s->source);
    tell(s->created);
}

static int session_is_of_emergency(void *ctx, const struct session *s)
{
    (void)ctx;
    return account_is_emergency(s->account);
}

static int64_t last_end(void)
{
    int64_t until = 0, now_ms = sk_clock_wall_ms();
    size_t count;
    struct session *list = session_list(session_is_of_emergency, NULL, &count);

    for (size_t i = 0; i < count; i++)
        if (!session_has_ended(&list[i], now_ms) && list[i].expires > until)
            until = list[i].expires;
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return until;
}

static void on_session_ended(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (!ev->account || !account_is_emergency(ev->account))
        return;
    atomic_store(&open_until, last_end());
    atomic_store(&is_left, 1);
    tell(ev->wall_ms);
}

void emergency_sessions_end(const char *source, int64_t now_ms)
{
    size_t count;
    struct session *list = session_list(session_is_of_emergency, NULL, &count);

    if (count && sessions_end(list, count, "session-revoked", source, now_ms))
        sessions_announce_end(list, count, "session-revoked", now_ms); /* cut all the same */
    crypto_wipe(list, count * sizeof(*list));
    free(list);
}

void emergency_sweep(int64_t now_ms)
{
    if (!emergency_until(now_ms) && atomic_exchange(&is_left, 0))
        holdings_end(EMERGENCY_ACCOUNT, now_ms);
}

void emergency_start(void)
{
    atomic_store(&is_left, 1);
    atomic_store(&open_until, last_end());
    event_subscribe(EVENT_SESSION_ENDED, on_session_ended, NULL);
}
