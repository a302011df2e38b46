/* The hosts, what is newest of each, and what waits for the disk. One lock, held for lookups and
 * copies only. */
#include "monitor/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "monitor/sample.h"

enum { PENDING_MAX = MONITOR_HOSTS_MAX * 60 }; /* a disk that stands still for some minutes */

struct entry {
    struct host_row row;
    struct host_view view; /* host.id, name, ... as in row */
    struct host_link *link;
    /* Slots of the last hour that are there, a bit each: what comes twice is not kept twice. */
    int64_t newest;
    uint8_t seen[MONITOR_LATE_SLOTS / 8 + 1];
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_id; /* struct entry */
    struct pending *pending;
    size_t pending_count, pending_cap;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { SEEN_BITS = MONITOR_LATE_SLOTS + 8 };

static struct entry *find_locked(const char *id)
{
    return sk_map_find(table.by_id, id, strlen(id));
}

void hosts_start(void)
{
    table.by_id = sk_map_new(0);
}

void hosts_stop(void)
{
    size_t pos = 0;

    for (struct entry *e; table.by_id && (e = sk_map_next(table.by_id, &pos)) != NULL;)
        free(e);
    sk_map_free(table.by_id);
    table.by_id = NULL;
    free(table.pending);
    table.pending = NULL;
    table.pending_count = table.pending_cap = 0;
}

/* ---- who is there ---------------------------------------------------------------------------- */

int hosts_add(const struct host_row *row)
{
    struct entry *e = sk_alloc(sizeof(*e));
    struct monitor_host *h = &e->view.host;
    int err = 0;

    e->row = *row;
    memcpy(h->id, row->id, sizeof(h->id));
    memcpy(h->name, row->name, sizeof(h->name));
    memcpy(h->region, row->region, sizeof(h->region));
    h->is_simulated = row->is_simulated;
    pthread_mutex_lock(&table.lock);
    if (find_locked(row->id))
        err = -SK_ECONFLICT;
    else if (sk_map_count(table.by_id) > MONITOR_HOSTS_MAX)
        err = -SK_ELIMIT;
    else
        sk_map_put(table.by_id, row->id, strlen(row->id), e);
    pthread_mutex_unlock(&table.lock);
    if (err)
        free(e);
    return err;
}

int hosts_remove(const char *id, int64_t *number)
{
    pthread_mutex_lock(&table.lock);
    struct entry *e = sk_map_remove(table.by_id, id, strlen(id));
    if (e) {
        *number = e->row.number;
        if (e->link)
            host_link_cut(e->link);
        for (size_t i = 0; i < table.pending_count; i++)
            if (table.pending[i].host == e->row.number)
                table.pending[i].slot = 0; /* not written: see hosts_pending_take */
    }
    pthread_mutex_unlock(&table.lock);
    free(e);
    return e ? 0 : -SK_ENOTFOUND;
}

int hosts_find(const char *id, struct host_view *out)
{
    pthread_mutex_lock(&table.lock);
    const struct entry *e = find_locked(id);
    if (e)
        *out = e->view;
    pthread_mutex_unlock(&table.lock);
    return e ? 0 : -SK_ENOTFOUND;
}

int hosts_number(const char *id, int64_t *number)
{
    pthread_mutex_lock(&table.lock);
    const struct entry *e = find_locked(id);
    if (e)
        *number = e->row.number;
    pthread_mutex_unlock(&table.lock);
    return e ? 0 : -SK_ENOTFOUND;
}

size_t hosts_count(void)
{
    pthread_mutex_lock(&table.lock);
    size_t n = sk_map_count(table.by_id);
    pthread_mutex_unlock(&table.lock);
    return n;
}

void hosts_views_each(void (*fn)(void *ctx, const struct host_view *v), void *ctx)
{
    size_t pos = 0;

    pthread_mutex_lock(&table.lock);
    for (const struct entry *e; (e = sk_map_next(table.by_id, &pos)) != NULL;)
        fn(ctx, &e->view);
    pthread_mutex_unlock(&table.lock);
}

void monitor_each_latest(void (*fn)(void *ctx, const struct monitor_host *h), void *ctx)
{
    size_t pos = 0;

    pthread_mutex_lock(&table.lock);
    for (const struct entry *e; (e = sk_map_next(table.by_id, &pos)) != NULL;)
        fn(ctx, &e->view.host);
    pthread_mutex_unlock(&table.lock);
}

size_t hosts_numbers(int64_t *out, size_t cap)
{
    size_t pos = 0, n = 0;

    pthread_mutex_lock(&table.lock);
    for (const struct entry *e; n < cap && (e = sk_map_next(table.by_id, &pos)) != NULL;)
        out[n++] = e->row.number;
    pthread_mutex_unlock(&table.lock);
    return n;
}

/* ---- links ----------------------------------------------------------------------------------- */

int hosts_may_link(void *ctx, const char *id, const uint8_t *serial, size_t len)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    const struct entry *e = find_locked(id);
    int may = e && e->row.cert_serial_len > 0 && len == e->row.cert_serial_len &&
              sk_equal_ct(serial, e->row.cert_serial, len);
    pthread_mutex_unlock(&table.lock);
    return may ? 0 : -SK_EDENIED;
}

int hosts_link_set(const char *id, struct host_link *link, const char *source)
{
    pthread_mutex_lock(&table.lock);
    struct entry *e = find_locked(id);
    if (e) {
        if (e->link)
            host_link_cut(e->link);
        e->link = link;
        e->view.host.is_linked = 1;
        (void)!sk_copy(e->view.host.source, sizeof(e->view.host.source), source);
    }
    pthread_mutex_unlock(&table.lock);
    return e ? 0 : -SK_ENOTFOUND;
}

void hosts_link_drop(const char *id, const struct host_link *link)
{
    pthread_mutex_lock(&table.lock);
    struct entry *e = table.by_id ? find_locked(id) : NULL;
    if (e && e->link == link) {
        e->link = NULL;
        e->view.host.is_linked = 0;
    }
    pthread_mutex_unlock(&table.lock);
}

void hosts_facts_set(const char *id, const struct host_facts *f)
{
    pthread_mutex_lock(&table.lock);
    struct entry *e = find_locked(id);
    if (e) {
        e->view.facts = *f;
        e->view.host.service_count = f->service_count;
        memcpy(e->view.host.services, f->services, sizeof(f->services));
    }
    pthread_mutex_unlock(&table.lock);
}

/* ---- samples --------------------------------------------------------------------------------- */

static int seen_get(const struct entry *e, int64_t slot)
{
    return e->seen[slot % SEEN_BITS / 8] >> (slot % SEEN_BITS % 8) & 1;
}

static void seen_set(struct entry *e, int64_t slot, int on)
{
    uint8_t *byte = &e->seen[slot % SEEN_BITS / 8], bit = (uint8_t)(1u << (slot % SEEN_BITS % 8));

    *byte = (uint8_t)(on ? *byte | bit : *byte & ~bit);
}

/* The ring of bits turns on to `slot`. */
static void seen_advance(struct entry *e, int64_t slot)
{
    if (slot - e->newest >= SEEN_BITS)
        memset(e->seen, 0, sizeof(e->seen));
    else
        for (int64_t s = e->newest + 1; s <= slot; s++)
            seen_set(e, s, 0);
    e->newest = slot;
}

static int pending_add_locked(const struct entry *e, const struct monitor_sample *s)
{
    struct sk_buf b;

    if (table.pending_count == PENDING_MAX)
        return -SK_ELIMIT;
    if (table.pending_count == table.pending_cap) {
        table.pending_cap = table.pending_cap ? table.pending_cap * 2 : 64;
        table.pending = sk_realloc(table.pending, table.pending_cap * sizeof(*table.pending));
    }
    struct pending *p = &table.pending[table.pending_count];
    sk_buf_init(&b, sizeof(p->data));
    int err = sample_values_write(&b, s);
    if (!err) {
        p->host = e->row.number;
        p->slot = s->slot;
        p->len = (uint16_t)b.len;
        memcpy(p->data, b.data, b.len);
        table.pending_count++;
    }
    sk_buf_fini(&b);
    return err;
}

static const char *sample_take_locked(struct entry *e, const struct monitor_sample *s,
                                      int64_t now_ms)
{
    int64_t now = now_ms / MONITOR_STEP_MS;

    if (s->slot > now + MONITOR_EARLY_SLOTS)
        return "sample-future";
    if (e->newest > now + MONITOR_EARLY_SLOTS) { /* our own clock was set back */
        e->newest = 0;
        memset(e->seen, 0, sizeof(e->seen));
    }
    if (s->slot < now - MONITOR_LATE_SLOTS)
        return "sample-stale";
    if (s->slot <= e->newest && (e->newest - s->slot >= SEEN_BITS || seen_get(e, s->slot)))
        return "sample-twice";
    if (pending_add_locked(e, s))
        return "samples-full";
    if (s->slot > e->newest) {
        seen_advance(e, s->slot);
        e->view.host.latest = *s;
        if (s->slot >= now - 2) /* what is brought later does not make a host alive */
            e->view.host.seen_ms = now_ms;
    }
    seen_set(e, s->slot, 1);
    return NULL;
}

int64_t hosts_samples(const char *id, const struct monitor_sample *s, size_t count,
                      int64_t now_wall_ms)
{
    int64_t newest = 0;

    pthread_mutex_lock(&table.lock);
    struct entry *e = find_locked(id);
    for (size_t i = 0; e && i < count; i++) {
        const char *reason = sample_take_locked(e, &s[i], now_wall_ms);
        if (reason)
            metric_refused("monitor", reason);
        else if (s[i].slot > newest)
            newest = s[i].slot;
    }
    pthread_mutex_unlock(&table.lock);
    return newest;
}

struct pending *hosts_pending_take(size_t *count)
{
    pthread_mutex_lock(&table.lock);
    struct pending *list = table.pending;
    size_t n = 0;
    for (size_t i = 0; i < table.pending_count; i++)
        if (list[i].slot) /* not of a host that is gone */
            list[n++] = list[i];
    table.pending = NULL;
    table.pending_count = table.pending_cap = 0;
    pthread_mutex_unlock(&table.lock);
    *count = n;
    return list;
}
