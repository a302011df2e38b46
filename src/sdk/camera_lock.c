/* Lock-out on the camera (sealed.md 2.5): a try is spent when ANSWER leaves. Two buckets, per
 * account and for the whole camera, on the monotonic clock only. */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "sdk/camera_internal.h"

enum { ACCOUNT_TRIES = 5, ACCOUNT_FULL_MS = 24 * 3600 * 1000, FIRST_WAIT_MS = 30 * 1000 };
enum { HOUR_MS = 3600 * 1000, CODE_START = 6 };

static const struct {
    int32_t account_wait_max_ms;
    int whole_max;
    int32_t whole_refill_ms;
} rules[] = {
    [SDK_CLASS_CODE] = {60 * 1000, 60, 10 * 1000},
    [SDK_CLASS_CHOSEN] = {15 * 60 * 1000, 10, 6 * 60 * 1000},
};

void lock_init(struct lock *l, unsigned class, int level, int64_t now_ms)
{
    memset(l, 0, sizeof *l);
    l->refill_ms = now_ms;
    l->level = class == SDK_CLASS_CODE ? CODE_START : level;
    if (l->level < 0 || l->level > rules[class].whole_max)
        l->level = 1;
    for (unsigned i = 0; i < 5; i++)
        l->spent_ms[i] = INT64_MIN / 2;
}

void lock_fini(struct lock *l)
{
    free(l->accounts);
    l->accounts = NULL;
}

void lock_clear(struct lock *l, unsigned class, int64_t now_ms)
{
    lock_fini(l);
    l->level = rules[class].whole_max;
    l->refill_ms = now_ms;
}

static struct lock_account *account_get(struct lock *l, const char *account, int64_t now_ms)
{
    struct lock_account *oldest;

    if (l->accounts == NULL)
        l->accounts = sk_alloc(ACCOUNTS_MAX * sizeof *l->accounts);
    oldest = &l->accounts[0];
    for (unsigned i = 0; i < ACCOUNTS_MAX; i++) {
        struct lock_account *a = &l->accounts[i];

        if (a->is_used && strcmp(a->account, account) == 0) {
            a->used_ms = now_ms;
            return a;
        }
        if (oldest->is_used && (!a->is_used || a->used_ms < oldest->used_ms))
            oldest = a;
    }
    memset(oldest, 0, sizeof *oldest);
    SK_ASSERT(sk_copy(oldest->account, sizeof oldest->account, account) == 0);
    oldest->is_used = 1;
    oldest->tries = ACCOUNT_TRIES;
    oldest->wait_ms = FIRST_WAIT_MS;
    oldest->used_ms = now_ms;
    return oldest;
}

static void account_refill(struct lock_account *a, int64_t now_ms)
{
    if (a->spent_ms != 0 && now_ms - a->spent_ms >= ACCOUNT_FULL_MS) {
        a->tries = ACCOUNT_TRIES;
        a->wait_ms = FIRST_WAIT_MS;
        a->until_ms = 0;
    } else if (a->tries == 0 && now_ms >= a->until_ms) {
        a->tries = 1;
    }
}

static void whole_refill(struct lock *l, unsigned class, int64_t now_ms)
{
    int64_t back = (now_ms - l->refill_ms) / rules[class].whole_refill_ms;

    if (l->level >= rules[class].whole_max) {
        l->refill_ms = now_ms;
        return;
    }
    if (back > rules[class].whole_max - l->level)
        back = rules[class].whole_max - l->level;
    l->level += (int)back;
    l->refill_ms += back * rules[class].whole_refill_ms;
}

static int is_fifth_in_hour(struct lock *l, int64_t now_ms)
{
    memmove(l->spent_ms, l->spent_ms + 1, 4 * sizeof l->spent_ms[0]);
    l->spent_ms[4] = now_ms;
    return now_ms - l->spent_ms[0] < HOUR_MS;
}

uint32_t lock_spend(struct lock *l, unsigned class, const char *account, int *is_fifth,
                    int64_t now_ms)
{
    struct lock_account *a = account_get(l, account, now_ms);

    *is_fifth = 0;
    account_refill(a, now_ms);
    whole_refill(l, class, now_ms);
    if (a->tries == 0)
        return (uint32_t)(a->until_ms - now_ms);
    if (l->level == 0)
        return (uint32_t)(l->refill_ms + rules[class].whole_refill_ms - now_ms);
    if (l->level == rules[class].whole_max)
        l->refill_ms = now_ms;
    l->level--;
    a->spent_ms = now_ms;
    if (--a->tries == 0) {
        a->until_ms = now_ms + a->wait_ms;
        a->wait_ms = a->wait_ms * 2 < rules[class].account_wait_max_ms
                         ? a->wait_ms * 2
                         : rules[class].account_wait_max_ms;
    }
    *is_fifth = is_fifth_in_hour(l, now_ms);
    return 0;
}

void lock_give_back(struct lock *l, unsigned class, const char *account, int64_t now_ms)
{
    struct lock_account *a = account_get(l, account, now_ms);

    a->tries = ACCOUNT_TRIES;
    a->wait_ms = FIRST_WAIT_MS;
    a->until_ms = 0;
    if (l->level < rules[class].whole_max)
        l->level++;
    memmove(l->spent_ms + 1, l->spent_ms, 4 * sizeof l->spent_ms[0]);
    l->spent_ms[0] = INT64_MIN / 2;
}
