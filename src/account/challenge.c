/* WebAuthn challenges: 16 random bytes, 8 of the end, 32 of a MAC. Nobody is remembered for asking;
 * only a right answer is, until its challenge has run out. */
#include <pthread.h>
#include <string.h>

#include "account/factor.h"
#include "base/sys.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { NONCE_BYTES = 16, END_BYTES = 8, HEAD_BYTES = NONCE_BYTES + END_BYTES, USED_MAX = 4096 };

static struct {
    pthread_mutex_t lock;
    uint8_t key[32];
    struct used {
        uint8_t nonce[NONCE_BYTES];
        int64_t ends;
    } used[USED_MAX];
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

void challenge_start(void)
{
    sk_random(memory.key, sizeof(memory.key));
    memset(memory.used, 0, sizeof(memory.used));
}

void challenge_stop(void)
{
    crypto_wipe(memory.key, sizeof(memory.key));
}

static void mac_make(uint8_t mac[32], const uint8_t head[HEAD_BYTES], const char *bound)
{
    static const char what[] = "skep-passkey/1";
    const struct crypto_part parts[] = {
        {what, sizeof(what)},
        {head, HEAD_BYTES},
        {bound, strlen(bound) + 1},
    };

    crypto_hmac_sha256_parts(mac, memory.key, sizeof(memory.key), parts, 3);
}

static int64_t end_of(const uint8_t *challenge)
{
    uint64_t end = 0;

    for (int i = 0; i < END_BYTES; i++)
        end = end << 8 | challenge[NONCE_BYTES + i];
    return (int64_t)end;
}

void challenge_make(uint8_t out[CHALLENGE_BYTES], const char *bound, int64_t now_ms)
{
    uint64_t end = (uint64_t)(now_ms + CHALLENGE_MS);

    sk_random(out, NONCE_BYTES);
    for (int i = 0; i < END_BYTES; i++)
        out[NONCE_BYTES + i] = (uint8_t)(end >> (56 - 8 * i));
    mac_make(out + HEAD_BYTES, out, bound);
}

/* The place of a nonce that was used, or a free one, or NULL: none is free. */
static struct used *used_find_locked(const uint8_t *nonce, int64_t now_ms, int *is_used)
{
    struct used *free_one = NULL;

    *is_used = 0;
    for (size_t i = 0; i < USED_MAX; i++) {
        struct used *u = &memory.used[i];
        if (u->ends <= now_ms) {
            free_one = free_one ? free_one : u;
        } else if (memcmp(u->nonce, nonce, NONCE_BYTES) == 0) {
            *is_used = 1;
            return u;
        }
    }
    return free_one;
}

int challenge_check(const uint8_t *challenge, size_t len, const char *bound, int64_t now_ms)
{
    uint8_t mac[32];
    int is_used;

    if (len != CHALLENGE_BYTES)
        return -SK_EAUTH;
    mac_make(mac, challenge, bound);
    if (!sk_equal_ct(mac, challenge + HEAD_BYTES, sizeof(mac)) || end_of(challenge) <= now_ms)
        return -SK_EAUTH;
    pthread_mutex_lock(&memory.lock);
    used_find_locked(challenge, now_ms, &is_used);
    pthread_mutex_unlock(&memory.lock);
    return is_used ? -SK_EAUTH : 0;
}

int challenge_use(const uint8_t challenge[CHALLENGE_BYTES], int64_t now_ms)
{
    int is_used;

    pthread_mutex_lock(&memory.lock);
    struct used *u = used_find_locked(challenge, now_ms, &is_used);
    if (u && !is_used) {
        memcpy(u->nonce, challenge, NONCE_BYTES);
        u->ends = end_of(challenge);
    }
    pthread_mutex_unlock(&memory.lock);
    return is_used ? -SK_EREPLAY : u ? 0 : -SK_EBUSY;
}
