/* Who read and wrote personal data, as rows of the log (store/watch.h says what counts). A write
 * tells in its own transaction. Reads are gathered: by request for a second, and for the box and
 * for strangers, of whom there is no end, by kind of actor for a minute. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/internal.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "store/watch.h"

enum {
    TEXT_MAX = AUDIT_ID_MAX + 1,
    KEY_MAX = 3 * TEXT_MAX + AUDIT_WORD_MAX,
    GATHERS_MAX = 4096,  /* requests of one second; beyond, one row for each actor */
    GATHERS_WRITE = 256, /* of them in one transaction */
    MINUTE_S = 60,
};

/* One statement of a gathering; `touch` points to texts of the store. */
struct data_touch {
    struct data_touch *next;
    struct store_touch touch;
};

struct gather {
    struct gather *next;
    char key[KEY_MAX];
    char kind[AUDIT_WORD_MAX + 1], id[TEXT_MAX], session[TEXT_MAX], request[TEXT_MAX],
        source[TEXT_MAX];
    int64_t first_ms;
    int is_slow; /* of the box or of strangers: once a minute */
    struct data_touch *touches;
};

static struct {
    struct store *store;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake;
    struct sk_map *by_key;
    struct gather *quick, *slow; /* not yet written */
    size_t quick_count;
    int64_t slow_since_ms; /* monotonic */
    int is_running, is_ending;
    pthread_t thread;
    struct metric *rows, *alarms;
} data = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- rows ------------------------------------------------------------------------------------ */

/* Rows of one actor's touches: as many statements as fit into a detail, then the next row. */
struct row_write {
    struct store_tx *tx;
    struct audit_entry entry;
    const char *request;
    char detail[AUDIT_DETAIL_MAX + 1];
    size_t len; /* 0: none begun */
};

static int row_end(struct row_write *w)
{
    if (!w->len)
        return 0;
    memcpy(w->detail + w->len, "]}", 3);
    w->len = 0;
    w->entry.detail = w->detail;
    metric_add(data.rows, 1);
    struct audit_row row;
    int err = row_fill(&row, &w->entry);
    return err ? err : log_append(w->tx, &row);
}

/* ["statement","tables","personal","read",runs,rows] */
static int row_touch(struct row_write *w, const struct store_touch *t)
{
    char item[256];
    int len = snprintf(item, sizeof(item), "[\"%s\",\"%s\",\"%s\",\"%s\",%llu,%llu]", t->statement,
                       t->tables, store_class_word(t->class), t->is_write ? "write" : "read",
                       (unsigned long long)t->runs, (unsigned long long)t->rows);

    if (len < 0 || (size_t)len >= sizeof(item))
        return -SK_EINTERNAL;
    if (w->len && w->len + (size_t)len + 4 > AUDIT_DETAIL_MAX) {
        int err = row_end(w);
        if (err)
            return err;
    }
    if (w->len)
        w->detail[w->len++] = ',';
    else
        w->len = (size_t)snprintf(w->detail, sizeof(w->detail), "{\"request\":\"%s\",\"touched\":[",
                                  w->request);
    memcpy(w->detail + w->len, item, (size_t)len);
    w->len += (size_t)len;
    return 0;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static const char *text_of(const char *text)
{
    return text ? text : "";
}

/* The log's own row is the account of itself; telling of it would never end. */
static int is_own(const struct store_touch *t)
{
    return strcmp(t->statement, "audit_row_insert") == 0;
}

static int is_slow(const struct store_actor *who)
{
    return !who || strcmp(text_of(who->kind), "nobody") == 0;
}

static struct gather *gather_make(const struct store_actor *who, const char *key, int slow)
{
    struct gather *g = sk_alloc(sizeof(*g));
    int is_many = !slow && data.quick_count >= GATHERS_MAX;
    int err = sk_copy(g->key, sizeof(g->key), key);

    if (!err)
        err = sk_copy(g->kind, sizeof(g->kind), who ? text_of(who->kind) : "box");
    if (!err && !slow)
        err = sk_copy(g->id, sizeof(g->id), text_of(who->id));
    if (!err && !slow && !is_many)
        err = sk_copy(g->session, sizeof(g->session), text_of(who->session));
    if (!err && !slow && !is_many)
        err = sk_copy(g->source, sizeof(g->source), text_of(who->source));
    if (!err)
        err = sk_copy(g->request, sizeof(g->request),
                      slow || is_many ? "many" : text_of(who->request));
    SK_ASSERT(!err); /* ids of ours */
    g->first_ms = sk_clock_wall_ms();
    g->is_slow = slow;
    struct gather **list = slow ? &data.slow : &data.quick;
    if (slow && !*list)
        data.slow_since_ms = sk_clock_mono_ms();
    g->next = *list;
    *list = g;
    data.quick_count += !slow;
    sk_map_put(data.by_key, g->key, strlen(g->key), g);
    return g;
}

static struct gather *gather_find(const struct store_actor *who)
{
    int slow = is_slow(who), is_many = !slow && data.quick_count >= GATHERS_MAX;
    char key[KEY_MAX];

    snprintf(key, sizeof(key), "%s|%s|%s|%s", who ? text_of(who->kind) : "box",
             slow ? "" : text_of(who->id), slow || is_many ? "" : text_of(who->session),
             slow || is_many ? "" : text_of(who->request));
    struct gather *g = sk_map_find(data.by_key, key, strlen(key));
    return g ? g : gather_make(who, key, slow);
}

static void gather_add(struct gather *g, const struct store_touch *t)
{
    struct data_touch *k = g->touches;

    while (k && k->touch.statement != t->statement && strcmp(k->touch.statement, t->statement) != 0)
        k = k->next;
    if (!k) {
        k = sk_alloc(sizeof(*k));
        *k = (struct data_touch){g->touches, *t};
        g->touches = k;
        return;
    }
    k->touch.runs += t->runs;
    k->touch.rows += t->rows;
}

static void gather_free(struct gather *g)
{
    while (g->touches) {
        struct data_touch *t = g->touches;
        g->touches = t->next;
        free(t);
    }
    free(g);
}

static void list_free(struct gather *g)
{
    while (g) {
        struct gather *next = g->next;
        gather_free(g);
        g = next;
    }
}

static void data_read(void *ctx, const struct store_actor *who, const struct store_touch *touches,
                      size_t n)
{
    struct gather *g = NULL;

    (void)ctx;
    pthread_mutex_lock(&data.lock);
    for (size_t i = 0; i < n; i++) {
        if (is_own(&touches[i]))
            continue;
        if (!g)
            g = gather_find(who);
        gather_add(g, &touches[i]);
    }
    if (g)
        pthread_cond_signal(&data.wake);
    pthread_mutex_unlock(&data.lock);
}

static int data_wrote(void *ctx, struct store_tx *tx, const struct store_actor *who,
                      const struct store_touch *touches, size_t n)
{
    size_t writes = 0;
    int err = 0;

    for (size_t i = 0; i < n; i++)
        writes += touches[i].is_write && !is_own(&touches[i]);
    if (!writes || !who) { /* the box's own jobs: by the minute */
        data_read(ctx, who, touches, n);
        return 0;
    }
    struct row_write w = {.tx = tx,
                          .request = text_of(who->request),
                          .entry = {.at_ms = sk_clock_wall_ms(),
                                    .actor_kind = who->kind,
                                    .actor = who->id,
                                    .session = who->session,
                                    .source = who->source,
                                    .action = "data.write",
                                    .object_kind = "data"}};
    for (size_t i = 0; !err && i < n; i++)
        if (!is_own(&touches[i]))
            err = row_touch(&w, &touches[i]);
    return err ? err : row_end(&w);
}

static void data_alarm(void *ctx, const char *where, const char *what)
{
    char detail[64];

    (void)ctx;
    snprintf(detail, sizeof(detail), "{\"where\":\"%s\",\"what\":\"%s\"}", where, what);
    metric_add(data.alarms, 1);
    audit_note(AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = "box", .action = "data.untold",
                     .object_kind = "data", .result = "failed", .detail = detail));
}

/* ---- the thread that writes reads down ------------------------------------------------------- */

static int gather_write(struct store_tx *tx, const struct gather *g)
{
    struct row_write w = {.tx = tx,
                          .request = g->request,
                          .entry = {.at_ms = g->first_ms,
                                    .actor_kind = g->kind,
                                    .actor = g->id,
                                    .session = g->session,
                                    .source = g->source,
                                    .object_kind = "data"}};
    int err = 0;

    for (int writes = 0; writes < 2; writes++) { /* the box's minute has both */
        w.entry.action = writes ? "data.write" : "data.read";
        for (const struct data_touch *t = g->touches; !err && t; t = t->next)
            if (t->touch.is_write == writes)
                err = row_touch(&w, &t->touch);
        if (!err)
            err = row_end(&w);
    }
    return err;
}

static int gathers_write(struct store_tx *tx, void *ctx)
{
    const struct gather *g = ctx;
    int err = 0;

    for (int n = 0; !err && g && n < GATHERS_WRITE; g = g->next, n++)
        err = gather_write(tx, g);
    return err;
}

/* Write a list that is no longer shared; what could not be written is left in it. */
static int list_write(struct gather **list)
{
    while (*list) {
        int err = store_write(data.store, gathers_write, *list);
        if (err)
            return err;
        for (int n = 0; *list && n < GATHERS_WRITE; n++) {
            struct gather *g = *list;
            *list = g->next;
            gather_free(g);
        }
    }
    return 0;
}

static void list_take(struct gather **from, struct gather **to)
{
    struct gather **tail = to;

    while (*tail)
        tail = &(*tail)->next;
    for (const struct gather *g = *from; g; g = g->next)
        sk_map_remove(data.by_key, g->key, strlen(g->key));
    *tail = *from;
    *from = NULL;
}

static void second_wait(void)
{
    struct timespec until;

    while (!data.is_ending && !data.quick && !data.slow)
        pthread_cond_wait(&data.wake, &data.lock);
    clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
    until.tv_sec += 1;
    while (!data.is_ending && pthread_cond_timedwait(&data.wake, &data.lock, &until) != ETIMEDOUT)
        ;
}

static void *data_run(void *arg)
{
    struct gather *list = NULL;
    int is_over = 0, was_lost = 0;

    (void)arg;
    while (!is_over) {
        pthread_mutex_lock(&data.lock);
        second_wait();
        is_over = data.is_ending;
        if (!list) { /* else: the disk is full; what waits is tried first */
            list_take(&data.quick, &list);
            data.quick_count = 0;
            if (is_over ||
                (data.slow && sk_clock_mono_ms() - data.slow_since_ms >= MINUTE_S * (int64_t)1000))
                list_take(&data.slow, &list);
        }
        pthread_mutex_unlock(&data.lock);
        int err = list_write(&list);
        if (err && !was_lost)
            log_error("audit", "data-rows", "error=%s", sk_error_slug(err));
        was_lost = err != 0;
    }
    while (list) { /* the disk is full to the end */
        struct gather *g = list;
        list = g->next;
        gather_free(g);
        metric_refused("audit", "row-lost");
    }
    return NULL;
}

/* ---- start and end --------------------------------------------------------------------------- */

int data_start(struct store *store)
{
    static const struct store_watch watch = {data_wrote, data_read, data_alarm, NULL};
    pthread_condattr_t monotonic;

    data.store = store;
    data.rows = metric_get("skep_audit_data_rows_total", "");
    data.alarms = metric_get("skep_audit_witness_alarms_total", "");
    data.by_key = sk_map_new(0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&data.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    data.is_ending = 0;
    if (pthread_create(&data.thread, NULL, data_run, NULL))
        return -SK_ENOMEM;
    data.is_running = 1;
    store_watch_set(store, &watch);
    return 0;
}

void data_stop(void)
{
    if (!data.is_running)
        return;
    pthread_mutex_lock(&data.lock);
    data.is_ending = 1;
    pthread_cond_signal(&data.wake);
    pthread_mutex_unlock(&data.lock);
    pthread_join(data.thread, NULL);
    store_watch_set(data.store, NULL);
    data.is_running = 0;
    list_free(data.quick);
    list_free(data.slow);
    data.quick = data.slow = NULL;
    data.quick_count = 0;
    sk_map_free(data.by_key);
    data.by_key = NULL;
    pthread_cond_destroy(&data.wake);
}
