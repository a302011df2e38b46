/* Rates and quotas. */
#include "app/internal.h"

enum { US_PER_S = 1000000, DAY_S = 86400 };

int bucket_take(struct bucket *b, int64_t rate, int64_t burst, int64_t mono_ms,
                struct allowance *out, int64_t *retry_ms)
{
    int64_t now_us = mono_ms * 1000, each_us = US_PER_S / rate;
    int64_t tat_us = b->tat_us > now_us ? b->tat_us : now_us;
    int64_t spent_us = tat_us - now_us, whole_us = burst * each_us;
    int err = spent_us + each_us > whole_us ? -SK_ELIMIT : 0;

    if (!err) {
        spent_us += each_us;
        b->tat_us = now_us + spent_us;
    } else {
        *retry_ms = (spent_us + each_us - whole_us + 999) / 1000;
    }
    *out = (struct allowance){
        .limit = burst,
        .window_s = (whole_us + US_PER_S - 1) / US_PER_S,
        .left = (whole_us - spent_us) / each_us,
        .reset_s = (spent_us + US_PER_S - 1) / US_PER_S,
    };
    return err;
}

int day_take(struct day_count *d, int64_t quota, int64_t wall_ms, struct allowance *out,
             int64_t *retry_ms)
{
    int64_t day = wall_ms / 1000 / DAY_S, rest_s = DAY_S - wall_ms / 1000 % DAY_S;
    int err = 0;

    if (d->day != day)
        *d = (struct day_count){.day = day};
    if (quota && d->count >= quota) {
        err = -SK_ELIMIT;
        *retry_ms = rest_s * 1000;
    } else {
        d->count++;
    }
    *out = (struct allowance){0};
    if (quota)
        *out = (struct allowance){quota, DAY_S, quota - d->count, rest_s};
    return err;
}
