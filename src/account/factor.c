/* What is kept of second factors in memory: who has which (every decision asks), logins that wait
 * for one, and time codes that were shown but not confirmed. All bounded; a restart forgets the
 * latter two. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/factor.h"
#include "base/map.h"
#include "base/sys.h"
#include "crypto/wipe.h"

enum { TICKETS_MAX = 1024, TICKETS_PER_ACCOUNT_MAX = 8, ENROLS_MAX = 256 };

struct enrol {
    char session[ID_SIZE];
    uint8_t secret[TOTP_SECRET_BYTES];
    int64_t expires; /* monotonic; 0 = free */
};

static struct {
    pthread_mutex_t lock;
    enum factor_rule rule;
    struct sk_map *kinds; /* account -> its bits, see value_of */
    struct factor_ticket *tickets;
    struct enrol *enrols;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

int factor_rule_find(const char *name, enum factor_rule *out)
{
    static const char *const names[] = {"none", "admins", "all"};

    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum factor_rule)i;
            return 0;
        }
    }
    return -SK_EINVAL;
}

void factor_memory_start(enum factor_rule rule)
{
    memory.rule = rule;
    memory.kinds = sk_map_new(0);
    memory.tickets = sk_alloc(TICKETS_MAX * sizeof(*memory.tickets));
    memory.enrols = sk_alloc(ENROLS_MAX * sizeof(*memory.enrols));
    memset(memory.tickets, 0, TICKETS_MAX * sizeof(*memory.tickets));
    memset(memory.enrols, 0, ENROLS_MAX * sizeof(*memory.enrols));
    challenge_start();
}

void factor_memory_stop(void)
{
    if (!memory.kinds)
        return;
    pthread_mutex_lock(&memory.lock);
    crypto_wipe(memory.tickets, TICKETS_MAX * sizeof(*memory.tickets));
    crypto_wipe(memory.enrols, ENROLS_MAX * sizeof(*memory.enrols));
    free(memory.tickets);
    free(memory.enrols);
    sk_map_free(memory.kinds);
    memory.kinds = NULL;
    memory.tickets = NULL;
    memory.enrols = NULL;
    pthread_mutex_unlock(&memory.lock);
    challenge_stop();
}

/* ---- who has what ---- */

/* The map keeps pointers: one byte for each set of kinds, never written. */
static uint8_t *value_of(unsigned kinds)
{
    static uint8_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7};

    return &values[kinds & 7];
}

unsigned factor_kinds(const char *account)
{
    pthread_mutex_lock(&memory.lock);
    const uint8_t *v = memory.kinds ? sk_map_find(memory.kinds, account, strlen(account)) : NULL;
    unsigned kinds = v ? *v : 0;
    pthread_mutex_unlock(&memory.lock);
    return kinds;
}

void factor_kinds_set(const char *account, unsigned kinds)
{
    pthread_mutex_lock(&memory.lock);
    if (kinds)
        sk_map_put(memory.kinds, account, strlen(account), value_of(kinds));
    else
        sk_map_remove(memory.kinds, account, strlen(account));
    pthread_mutex_unlock(&memory.lock);
}

void factor_kinds_clear(void)
{
    pthread_mutex_lock(&memory.lock);
    sk_map_free(memory.kinds);
    memory.kinds = sk_map_new(0);
    pthread_mutex_unlock(&memory.lock);
}

int factor_is_required(const char *role)
{
    return memory.rule == FACTOR_RULE_ALL ||
           (memory.rule == FACTOR_RULE_ADMINS && strcmp(role, "member") != 0);
}

int factor_is_owed(const char *account, const char *role)
{
    return factor_is_required(role) && strcmp(account, EMERGENCY_ACCOUNT) != 0 &&
           !(factor_kinds(account) & (FACTOR_TOTP | FACTOR_PASSKEY));
}

const char *factor_name(unsigned kind)
{
    return kind == FACTOR_TOTP       ? "totp"
           : kind == FACTOR_PASSKEY  ? "passkey"
           : kind == FACTOR_RECOVERY ? "recovery"
                                     : "password";
}

json_t *factor_kinds_json(unsigned kinds)
{
    static const unsigned order[] = {FACTOR_PASSWORD, FACTOR_TOTP, FACTOR_PASSKEY, FACTOR_RECOVERY};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (kinds & order[i])
            json_array_append_new(list, json_string(factor_name(order[i])));
    return list;
}

/* ---- tickets ---- */

static void ticket_drop(struct factor_ticket *t)
{
    crypto_wipe(t, sizeof(*t));
}

/* A free place; or the account's oldest when it has its share, or the oldest of all. Only a right
 * password makes a ticket: nobody fills this with guesses. */
static struct factor_ticket *place_locked(const char *account, int64_t now_ms)
{
    struct factor_ticket *oldest = &memory.tickets[0], *own = NULL, *free_one = NULL;
    size_t own_count = 0;

    for (size_t i = 0; i < TICKETS_MAX; i++) {
        struct factor_ticket *t = &memory.tickets[i];
        if (t->expires <= now_ms) {
            free_one = t;
            continue;
        }
        if (t->expires < oldest->expires)
            oldest = t;
        if (strcmp(t->account, account) == 0) {
            own_count++;
            own = !own || t->expires < own->expires ? t : own;
        }
    }
    if (own_count >= TICKETS_PER_ACCOUNT_MAX)
        return own;
    return free_one ? free_one : oldest;
}

void ticket_put(struct factor_ticket *t, char text[ACCOUNT_TOKEN_SIZE], int64_t now_ms)
{
    token_make(text, t->hash);
    t->expires = now_ms + FACTOR_TICKET_MS;
    t->tries_left = FACTOR_TICKET_TRIES;
    pthread_mutex_lock(&memory.lock);
    struct factor_ticket *place = place_locked(t->account, now_ms);
    ticket_drop(place);
    *place = *t;
    pthread_mutex_unlock(&memory.lock);
}

static struct factor_ticket *ticket_find_locked(const uint8_t hash[32])
{
    for (size_t i = 0; i < TICKETS_MAX; i++)
        if (memory.tickets[i].expires && sk_equal_ct(memory.tickets[i].hash, hash, 32))
            return &memory.tickets[i];
    return NULL;
}

int ticket_try(const char *text, const uint8_t prefix[THROTTLE_KEY_BYTES], int64_t now_ms,
               struct factor_ticket *out)
{
    uint8_t hash[32];

    if (token_hash(hash, text))
        return -SK_EGONE;
    pthread_mutex_lock(&memory.lock);
    struct factor_ticket *t = ticket_find_locked(hash);
    int holds = t && t->expires > now_ms && t->tries_left > 0 &&
                memcmp(t->prefix, prefix, THROTTLE_KEY_BYTES) == 0;
    if (holds) {
        t->tries_left--;
        *out = *t;
    }
    pthread_mutex_unlock(&memory.lock);
    return holds ? 0 : -SK_EGONE;
}

int ticket_take(const struct factor_ticket *ticket)
{
    pthread_mutex_lock(&memory.lock);
    struct factor_ticket *t = ticket_find_locked(ticket->hash);
    int was_there = t != NULL;
    if (t)
        ticket_drop(t);
    pthread_mutex_unlock(&memory.lock);
    return was_there;
}

void tickets_drop_of(const char *account)
{
    pthread_mutex_lock(&memory.lock);
    for (size_t i = 0; memory.tickets && i < TICKETS_MAX; i++)
        if (!account || strcmp(memory.tickets[i].account, account) == 0)
            ticket_drop(&memory.tickets[i]);
    pthread_mutex_unlock(&memory.lock);
}

/* ---- time codes that are being set up ---- */

static struct enrol *enrol_find_locked(const char *session)
{
    for (size_t i = 0; i < ENROLS_MAX; i++)
        if (memory.enrols[i].expires && strcmp(memory.enrols[i].session, session) == 0)
            return &memory.enrols[i];
    return NULL;
}

static struct enrol *enrol_oldest_locked(void)
{
    struct enrol *oldest = &memory.enrols[0];

    for (size_t i = 1; i < ENROLS_MAX; i++)
        if (memory.enrols[i].expires < oldest->expires)
            oldest = &memory.enrols[i];
    return oldest;
}

void enrol_put(const char *session, const uint8_t secret[TOTP_SECRET_BYTES], int64_t now_ms)
{
    pthread_mutex_lock(&memory.lock);
    struct enrol *e = enrol_find_locked(session);
    for (size_t i = 0; !e && i < ENROLS_MAX; i++)
        if (memory.enrols[i].expires <= now_ms)
            e = &memory.enrols[i];
    if (!e)
        e = enrol_oldest_locked();
    crypto_wipe(e, sizeof(*e));
    memcpy(e->session, session, strnlen(session, ID_SIZE - 1));
    memcpy(e->secret, secret, TOTP_SECRET_BYTES);
    e->expires = now_ms + TOTP_ENROL_MS;
    pthread_mutex_unlock(&memory.lock);
}

int enrol_get(const char *session, uint8_t secret[TOTP_SECRET_BYTES], int64_t now_ms)
{
    pthread_mutex_lock(&memory.lock);
    const struct enrol *e = enrol_find_locked(session);
    int holds = e && e->expires > now_ms;
    if (holds)
        memcpy(secret, e->secret, TOTP_SECRET_BYTES);
    pthread_mutex_unlock(&memory.lock);
    return holds ? 0 : -SK_EGONE;
}

void enrol_drop(const char *session)
{
    pthread_mutex_lock(&memory.lock);
    struct enrol *e = enrol_find_locked(session);
    if (e)
        crypto_wipe(e, sizeof(*e));
    pthread_mutex_unlock(&memory.lock);
}
