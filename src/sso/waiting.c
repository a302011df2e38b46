/* Logins that the provider has vouched for and that wait for a second factor of this box. Only who
 * is known to the provider and has such a factor gets in here, one place each: strangers cannot
 * fill it. */
#include <pthread.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"
#include "sso/internal.h"

enum { WAITING_MAX = 32, WAITING_MS = 5 * 60 * 1000, NAME_BYTES = 32 };

static struct {
    pthread_mutex_t lock;
    struct place {
        char name[ACCOUNT_PENDING_SIZE];
        int64_t expires; /* monotonic; 0 = free */
        struct waiting who;
    } places[WAITING_MAX];
} room = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void place_clear(struct place *p)
{
    crypto_wipe(p, sizeof(*p));
}

int waiting_put(const struct waiting *w, char pending[ACCOUNT_PENDING_SIZE])
{
    int64_t now_ms = sk_clock_mono_ms();
    struct place *free_one = NULL;
    uint8_t bytes[NAME_BYTES];

    sk_random(bytes, sizeof(bytes));
    sk_b64url_encode(pending, bytes, sizeof(bytes));
    crypto_wipe(bytes, sizeof(bytes));
    pthread_mutex_lock(&room.lock);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        struct place *p = &room.places[i];
        if (p->expires <= now_ms || strcmp(p->who.account, w->account) == 0)
            place_clear(p);
        if (!p->expires)
            free_one = p;
    }
    if (free_one) {
        memcpy(free_one->name, pending, ACCOUNT_PENDING_SIZE);
        free_one->expires = now_ms + WAITING_MS;
        free_one->who = *w;
    }
    pthread_mutex_unlock(&room.lock);
    return free_one ? 0 : -SK_ELIMIT;
}

static struct place *place_find_locked(const char *pending)
{
    int64_t now_ms = sk_clock_mono_ms();

    if (strlen(pending) != ACCOUNT_PENDING_SIZE - 1)
        return NULL;
    for (size_t i = 0; i < WAITING_MAX; i++) {
        struct place *p = &room.places[i];
        if (p->expires > now_ms && sk_equal_ct(p->name, pending, ACCOUNT_PENDING_SIZE))
            return p;
    }
    return NULL;
}

int waiting_account(const char *pending, char account[SESSION_ID_SIZE])
{
    pthread_mutex_lock(&room.lock);
    const struct place *p = place_find_locked(pending);
    if (p)
        memcpy(account, p->who.account, SESSION_ID_SIZE);
    pthread_mutex_unlock(&room.lock);
    return p ? 0 : -SK_EGONE;
}

int waiting_take(const char *pending, struct waiting *out)
{
    pthread_mutex_lock(&room.lock);
    struct place *p = place_find_locked(pending);
    if (p) {
        *out = p->who;
        place_clear(p);
    }
    pthread_mutex_unlock(&room.lock);
    return p ? 0 : -SK_EGONE;
}

void waiting_drop(const char *subject, const char *sid)
{
    pthread_mutex_lock(&room.lock);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        struct place *p = &room.places[i];
        if ((!subject[0] || strcmp(p->who.subject, subject) == 0) &&
            (!sid[0] || strcmp(p->who.sid, sid) == 0))
            place_clear(p);
    }
    pthread_mutex_unlock(&room.lock);
}
