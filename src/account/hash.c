/* argon2id in a pool of its own: a login flood burns these threads and no others. Each worker owns
 * its 19 MiB for good, so memory is bounded by the pool and is wiped after every use. */
#include <argon2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/gate.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/wipe.h"

enum {
    WORKERS_MAX = 16,
    SHARE_MAX = 2 /* of the waiting, from one network */
};

/* Own work (setup, invitations, factors) and known browsers before strangers. */
enum lane { LANE_KNOWN, LANE_STRANGE, LANE_COUNT };

struct job {
    struct job *next;
    const struct hash_share *share; /* NULL: our own work */
    struct phc phc;                 /* in: parameters and salt; out: hash */
    uint8_t password[32];           /* after the pepper */
    int result, done;
};

struct worker {
    pthread_t thread;
    uint8_t *memory;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
    struct worker workers[WORKERS_MAX];
    unsigned worker_count, waiting_max; /* waiting_max: of each lane */
    struct {
        struct job *first, **last;
        unsigned waiting;
    } lanes[LANE_COUNT];
    int stopping;
} pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .finished = PTHREAD_COND_INITIALIZER,
};

static _Thread_local struct worker *own;

/* argon2 asks for its blocks: the worker's own, or, for an old stored string with larger (capped)
 * parameters, fresh ones for this one time. The library wipes them before it gives them back. */
static int memory_take(uint8_t **memory, size_t bytes)
{
    *memory = bytes <= (size_t)HASH_M_KIB * 1024 ? own->memory : malloc(bytes);
    return *memory ? 0 : ARGON2_MEMORY_ALLOCATION_ERROR;
}

static void memory_give(uint8_t *memory, size_t bytes)
{
    (void)bytes;
    if (memory != own->memory)
        free(memory);
}

static int job_run(struct job *j)
{
    argon2_context c = {
        .out = j->phc.hash,
        .outlen = sizeof(j->phc.hash),
        .pwd = j->password,
        .pwdlen = sizeof(j->password),
        .salt = j->phc.salt,
        .saltlen = sizeof(j->phc.salt),
        .t_cost = j->phc.t,
        .m_cost = j->phc.m_kib,
        .lanes = 1,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = memory_take,
        .free_cbk = memory_give,
        .flags = ARGON2_FLAG_CLEAR_PASSWORD,
    };

    return argon2_ctx(&c, Argon2_id) == ARGON2_OK ? 0 : -SK_ECRYPTO;
}

static enum lane lane_of(const struct job *j)
{
    return !j->share || j->share->is_known ? LANE_KNOWN : LANE_STRANGE;
}

static void job_add_locked(struct job *j)
{
    enum lane l = lane_of(j);

    j->next = NULL;
    *pool.lanes[l].last = j;
    pool.lanes[l].last = &j->next;
    pool.lanes[l].waiting++;
    pthread_cond_signal(&pool.work);
}

/* The next job, or NULL. */
static struct job *job_take_locked(void)
{
    for (int l = 0; l < LANE_COUNT; l++) {
        struct job *j = pool.lanes[l].first;
        if (!j)
            continue;
        pool.lanes[l].first = j->next;
        if (!j->next)
            pool.lanes[l].last = &pool.lanes[l].first;
        pool.lanes[l].waiting--;
        return j;
    }
    return NULL;
}

static int may_wait_locked(const struct job *j)
{
    enum lane l = lane_of(j);
    unsigned same = 0;

    if (pool.stopping || !pool.worker_count || pool.lanes[l].waiting >= pool.waiting_max)
        return 0;
    if (l == LANE_KNOWN)
        return 1;
    for (const struct job *w = pool.lanes[l].first; w; w = w->next)
        same += memcmp(w->share->key, j->share->key, sizeof(j->share->key)) == 0;
    return same < SHARE_MAX;
}

static void *worker_run(void *arg)
{
    own = arg;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        struct job *j;
        while (!(j = job_take_locked()) && !pool.stopping)
            pthread_cond_wait(&pool.work, &pool.lock);
        if (!j)
            break;
        pthread_mutex_unlock(&pool.lock);
        int result = job_run(j);
        pthread_mutex_lock(&pool.lock);
        j->result = result;
        j->done = 1;
        pthread_cond_broadcast(&pool.finished);
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* Run the job on the pool and wait for it. */
static int job_do(struct job *j)
{
    pthread_mutex_lock(&pool.lock);
    int err = may_wait_locked(j) ? 0 : -SK_EBUSY;
    if (!err) {
        job_add_locked(j);
        while (!j->done)
            pthread_cond_wait(&pool.finished, &pool.lock);
        err = j->result;
    }
    pthread_mutex_unlock(&pool.lock);
    return err;
}

int hash_pool_start(unsigned workers, unsigned waiting_max)
{
    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    for (int l = 0; l < LANE_COUNT; l++) {
        pool.lanes[l].first = NULL;
        pool.lanes[l].last = &pool.lanes[l].first;
        pool.lanes[l].waiting = 0;
    }
    pool.waiting_max = waiting_max;
    pool.stopping = 0;
    for (pool.worker_count = 0; pool.worker_count < workers; pool.worker_count++) {
        struct worker *w = &pool.workers[pool.worker_count];
        w->memory = sk_alloc((size_t)HASH_M_KIB * 1024);
        if (pthread_create(&w->thread, NULL, worker_run, w)) {
            free(w->memory);
            hash_pool_stop();
            return -SK_ENOMEM;
        }
    }
    return 0;
}

void hash_pool_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stopping = 1;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (unsigned i = 0; i < pool.worker_count; i++) {
        pthread_join(pool.workers[i].thread, NULL);
        crypto_wipe(pool.workers[i].memory, (size_t)HASH_M_KIB * 1024);
        free(pool.workers[i].memory);
    }
    pool.worker_count = 0;
}

static void fresh_phc(struct phc *p)
{
    *p = (struct phc){.m_kib = HASH_M_KIB, .t = HASH_T};
    memcpy(p->pepper, pepper_first(), sizeof(p->pepper));
    sk_random(p->salt, sizeof(p->salt));
}

int hash_make(const char *password, size_t len, char out[PHC_SIZE])
{
    struct job j = {0};

    fresh_phc(&j.phc);
    int err = pepper_apply(j.password, j.phc.pepper, password, len);
    if (!err)
        err = job_do(&j);
    if (!err)
        phc_encode(out, &j.phc);
    crypto_wipe(&j, sizeof(j));
    return err;
}

int hash_check(const char *phc, const char *password, size_t len, int *matches, int *stale)
{
    return hash_check_for(NULL, phc, password, len, matches, stale);
}

int hash_check_for(const struct hash_share *share, const char *phc, const char *password,
                   size_t len, int *matches, int *stale)
{
    struct phc stored;
    struct job j = {.share = share};
    int known = phc && phc[0], err = 0;

    *matches = *stale = 0;
    if (!known)
        fresh_phc(&stored); /* nobody's: as much work, and a hash that nothing equals */
    else if (phc_decode(&stored, phc))
        return -SK_EIO;
    j.phc = stored;
    err = pepper_apply(j.password, stored.pepper, password, len) ? -SK_EIO : job_do(&j);
    if (!err) {
        int equal = sk_equal_ct(j.phc.hash, stored.hash, sizeof(stored.hash));
        *matches = known & equal;
        *stale = known && (stored.m_kib < HASH_M_KIB || stored.t < HASH_T ||
                           strcmp(stored.pepper, pepper_first()) != 0);
    }
    crypto_wipe(&j, sizeof(j));
    crypto_wipe(&stored, sizeof(stored));
    return err;
}
