/* Read connections: each call has one to itself and sees one snapshot. */
#include "base/sys.h"
#include "store/internal.h"

int readers_open(struct store *s, const struct store_opts *opts, const struct store_schema *schemas,
                 size_t count, struct sk_buf *why)
{
    size_t wanted = opts->readers ? opts->readers : 4;

    if (wanted > STORE_READERS_MAX)
        wanted = STORE_READERS_MAX;
    for (size_t i = 0; i < wanted; i++) {
        struct conn *c = &s->readers[i];
        int err = conn_open(c, s->path, CONN_READER, why);
        if (err)
            return err;
        s->reader_count++;
        c->catalog = &s->catalog;
        err = conn_run(c, "PRAGMA query_only=ON");
        for (size_t k = 0; !err && k < count; k++)
            err = statements_prepare(c, &schemas[k].queries, why);
        if (err)
            return err;
        conn_lock_down(c);
        s->readers_free[s->readers_free_count++] = c;
    }
    return 0;
}

void readers_close(struct store *s)
{
    while (s->reader_count > 0)
        conn_close(&s->readers[--s->reader_count]);
}

static struct conn *reader_take(struct store *s)
{
    pthread_mutex_lock(&s->pool_lock);
    while (s->readers_free_count == 0)
        pthread_cond_wait(&s->pool_freed, &s->pool_lock);
    struct conn *c = s->readers_free[--s->readers_free_count];
    pthread_mutex_unlock(&s->pool_lock);
    return c;
}

static void reader_put(struct store *s, struct conn *c)
{
    pthread_mutex_lock(&s->pool_lock);
    s->readers_free[s->readers_free_count++] = c;
    pthread_cond_signal(&s->pool_freed);
    pthread_mutex_unlock(&s->pool_lock);
}

int store_read(struct store *s, store_fn fn, void *ctx)
{
    if (tx_is_running_here())
        return -SK_EINTERNAL;
    struct conn *c = reader_take(s);
    struct store_tx tx = {.store = s, .conn = c};
    int result = conn_control(c, CONTROL_BEGIN_READ);

    if (!result)
        result = witness_function(&tx, witness_actor(), tx_call(&tx, fn, ctx));
    witness_compare(s, c);
    if (!sqlite3_get_autocommit(c->db))
        SK_ASSERT(conn_control(c, CONTROL_ROLLBACK) ==
                  0); /* nothing was written: always possible */
    reader_put(s, c);
    atomic_fetch_add_explicit(&s->reads, 1, memory_order_relaxed);
    return result;
}
