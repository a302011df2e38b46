/* The table of all cameras. It lives in memory (presence is soft state) and is read from the store
 * at start; what must last is written there before the table changes. One lock, held briefly. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/metrics.h"
#include "device/internal.h"

enum { DEVICES_MAX = 1000000, CURSOR_MAX = DEVICE_NAME_MAX + DEVICE_ID_SIZE };

struct device {
    char id[DEVICE_ID_SIZE];
    char organization[ORGANIZATION_ID_SIZE];
    char *name, *serial, *model, *hw, *fw, *caps, *tags;
    uint8_t seal[DEVICE_SEAL_BYTES];
    uint8_t has_seal, simulated, has_clock;
    uint8_t cert_serial[20], cert_serial_len;
    int64_t cert_not_after_ms, enrolled_ms, last_seen_ms, since_ms;
    int64_t clock_offset_ms, clock_rtt_ms, boot_random;
    char *source;                           /* of the present or the last link, or NULL */
    int64_t notes_full_ms, history_full_ms; /* GCRA, monotonic */
    struct link *link;
};

static struct {
    pthread_mutex_t lock;
    struct store *store;
    struct sk_map *by_id;
    struct device **order; /* by (name, id) */
    size_t count, cap, online, simulated;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct store *registry_store(void)
{
    return table.store;
}

/* ---- order by name --------------------------------------------------------------------------- */

static int place_compare(const struct device *d, const char *name, const char *id)
{
    int c = strcmp(d->name, name);

    return c ? c : strcmp(d->id, id);
}

/* Index of the first device at or behind (name, id). */
static size_t order_place(const char *name, const char *id)
{
    size_t lo = 0, hi = table.count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (place_compare(table.order[mid], name, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void order_add(struct device *d)
{
    size_t at = order_place(d->name, d->id);

    if (table.count == table.cap) {
        table.cap = table.cap ? table.cap * 2 : 64;
        table.order = sk_realloc(table.order, table.cap * sizeof(struct device *));
    }
    memmove(&table.order[at + 1], &table.order[at], (table.count - at) * sizeof(struct device *));
    table.order[at] = d;
    table.count++;
}

static void order_remove(struct device *d)
{
    size_t at = order_place(d->name, d->id);

    SK_ASSERT(at < table.count && table.order[at] == d);
    table.count--;
    memmove(&table.order[at], &table.order[at + 1], (table.count - at) * sizeof(struct device *));
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct device *device_new(const char *id, const char *name, const char *serial)
{
    struct device *d = sk_alloc(sizeof(*d));
    int err = sk_copy(d->id, sizeof(d->id), id);

    SK_ASSERT(!err);
    d->name = sk_strdup(name);
    d->serial = sk_strdup(serial);
    d->model = sk_strdup("");
    d->hw = sk_strdup("");
    d->fw = sk_strdup("");
    d->caps = sk_strdup("[]");
    d->tags = sk_strdup("[]");
    return d;
}

static void device_free(struct device *d)
{
    free(d->name);
    free(d->serial);
    free(d->model);
    free(d->hw);
    free(d->fw);
    free(d->caps);
    free(d->tags);
    free(d->source);
    free(d);
}

static void text_replace(char **field, const char *text)
{
    if (strcmp(*field, text) == 0)
        return;
    free(*field);
    *field = sk_strdup(text);
}

static void device_put_locked(struct device *d)
{
    sk_map_put(table.by_id, d->id, DEVICE_ID_SIZE - 1, d);
    order_add(d);
    table.simulated += d->simulated;
    device_tags_tell(d->id, d->organization, d->tags);
}

static struct device *device_find_locked(const char *id)
{
    return strlen(id) == DEVICE_ID_SIZE - 1 ? sk_map_find(table.by_id, id, DEVICE_ID_SIZE - 1)
                                            : NULL;
}

static int device_load(void *ctx, const struct store_row *row)
{
    const void *blob;
    size_t len;

    (void)ctx;
    if (table.count == DEVICES_MAX)
        return -SK_ELIMIT;
    struct device *d =
        device_new(store_row_text(row, 0), store_row_text(row, 1), store_row_text(row, 2));
    text_replace(&d->model, store_row_text(row, 3));
    text_replace(&d->hw, store_row_text(row, 4));
    text_replace(&d->fw, store_row_text(row, 5));
    text_replace(&d->caps, store_row_text(row, 6));
    blob = store_row_blob(row, 7, &len);
    if (len == DEVICE_SEAL_BYTES) {
        memcpy(d->seal, blob, len);
        d->has_seal = 1;
    }
    blob = store_row_blob(row, 8, &len);
    if (len > 0 && len <= sizeof(d->cert_serial)) {
        memcpy(d->cert_serial, blob, len);
        d->cert_serial_len = (uint8_t)len;
    }
    d->cert_not_after_ms = store_row_int(row, 9);
    d->simulated = store_row_int(row, 10) != 0;
    d->enrolled_ms = store_row_int(row, 11);
    d->last_seen_ms = store_row_int(row, 12);
    d->since_ms = d->last_seen_ms ? d->last_seen_ms : d->enrolled_ms;
    text_replace(&d->tags, store_row_text(row, 13));
    if (store_row_copy(row, 14, d->organization, sizeof(d->organization)))
        d->organization[0] = '\0'; /* nobody's */
    device_put_locked(d);
    return 0;
}

static int devices_read(struct store_tx *tx, void *ctx)
{
    return store_many(tx, "device_all", NULL, DEVICES_MAX, device_load, ctx);
}

static int64_t gauge_online(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    int64_t n = (int64_t)table.online;
    pthread_mutex_unlock(&table.lock);
    return n;
}

static int64_t gauge_known(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    int64_t n = (int64_t)table.count;
    pthread_mutex_unlock(&table.lock);
    return n;
}

int registry_start(struct store *store)
{
    table.store = store;
    table.by_id = sk_map_new(DEVICE_ID_SIZE - 1);
    metric_gauge("skep_devices_online", "Cameras whose link is up", gauge_online, NULL);
    metric_gauge("skep_devices_known", "Cameras in the registry", gauge_known, NULL);
    return store_read(store, devices_read, NULL);
}

void registry_stop(void)
{
    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < table.count; i++) {
        if (table.order[i]->link)
            link_drop(table.order[i]->link);
        device_free(table.order[i]);
    }
    free(table.order);
    sk_map_free(table.by_id);
    table.order = NULL;
    table.by_id = NULL;
    table.count = table.cap = table.online = 0;
    pthread_mutex_unlock(&table.lock);
}

/* ---- questions ------------------------------------------------------------------------------- */

int registry_may_link(void *ctx, const char *device, const uint8_t *serial, size_t len)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    const struct device *d = device_find_locked(device);
    int known = d && d->cert_serial_len == len && memcmp(d->cert_serial, serial, len) == 0;
    pthread_mutex_unlock(&table.lock);
    if (!known)
        metric_refused("device", d ? "certificate-superseded" : "unknown-device");
    return known ? 0 : -SK_EDENIED;
}

int registry_has(const char *device)
{
    pthread_mutex_lock(&table.lock);
    int has = device_find_locked(device) != NULL;
    pthread_mutex_unlock(&table.lock);
    return has;
}

int registry_is_empty(void)
{
    pthread_mutex_lock(&table.lock);
    int empty = table.count == 0;
    pthread_mutex_unlock(&table.lock);
    return empty;
}

size_t registry_simulated_count(void)
{
    pthread_mutex_lock(&table.lock);
    size_t n = table.simulated;
    pthread_mutex_unlock(&table.lock);
    return n;
}

static json_t *device_json_locked(const struct device *d)
{
    json_t *v = json_object();
    json_t *caps = json_loads(d->caps, 0, NULL), *tags = json_loads(d->tags, 0, NULL);

    sk_json_set_str(v, "id", d->id);
    sk_json_set_str(v, "name", d->name);
    sk_json_set_str(v, "model", d->model);
    sk_json_set_str(v, "hw", d->hw);
    sk_json_set_str(v, "fw", d->fw);
    sk_json_set_str(v, "serial", d->serial);
    sk_json_set_str(v, "state", d->link ? "online" : "offline");
    sk_json_set_int(v, "since", d->since_ms);
    if (d->last_seen_ms)
        sk_json_set_int(v, "last_seen", d->link ? sk_clock_wall_ms() : d->last_seen_ms);
    if (d->has_clock) {
        sk_json_set_int(v, "clock_offset_ms", d->clock_offset_ms);
        sk_json_set_int(v, "clock_rtt_ms", d->clock_rtt_ms);
    }
    if (d->has_seal)
        sk_json_set_bin(v, "seal", d->seal, sizeof(d->seal));
    sk_json_set_bool(v, "simulated", d->simulated);
    sk_json_set_int(v, "enrolled", d->enrolled_ms);
    json_object_set_new(v, "caps", caps ? caps : json_array());
    json_object_set_new(v, "tags", tags ? tags : json_array());
    sk_json_set_str(v, "source", d->source);
    return v;
}

json_t *registry_device_json(const char *device)
{
    pthread_mutex_lock(&table.lock);
    const struct device *d = device_find_locked(device);
    json_t *v = d ? device_json_locked(d) : NULL;
    pthread_mutex_unlock(&table.lock);
    return v;
}

/* ASCII letters without case; other bytes as they are. */
static int text_contains(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

static int has_tag(const struct device *d, const char *tag)
{
    json_t *list = json_loads(d->tags, 0, NULL), *v;
    int has = 0;
    size_t i;

    json_array_foreach(list, i, v) has |= strcmp(json_string_value(v), tag) == 0;
    json_decref(list);
    return has;
}

static int device_matches(const struct device *d, const struct device_wanted *w)
{
    const char *query = w->query;

    if (w->state >= 0 && (d->link != NULL) != w->state)
        return 0;
    if (w->tag && !has_tag(d, w->tag))
        return 0;
    return !query || text_contains(d->name, query) || text_contains(d->model, query) ||
           text_contains(d->serial, query) || strncmp(d->id, query, strlen(query)) == 0;
}

static int cursor_place(const char *cursor, size_t *at)
{
    char raw[CURSOR_MAX + 1];
    size_t len;

    if (!cursor) {
        *at = 0;
        return 0;
    }
    int err = sk_b64url_decode(raw, CURSOR_MAX, &len, cursor, strlen(cursor));
    if (err || len < DEVICE_ID_SIZE - 1)
        return -SK_EINVAL;
    raw[len] = 0;
    char id[DEVICE_ID_SIZE];
    memcpy(id, raw + len - (DEVICE_ID_SIZE - 1), DEVICE_ID_SIZE);
    raw[len - (DEVICE_ID_SIZE - 1)] = 0;
    *at = order_place(raw, id);
    return 0;
}

static void cursor_set(json_t *answer, const struct device *d)
{
    char raw[CURSOR_MAX + 1];
    size_t name_len = strlen(d->name);

    SK_ASSERT(name_len <= DEVICE_NAME_MAX);
    memcpy(raw, d->name, name_len);
    memcpy(raw + name_len, d->id, DEVICE_ID_SIZE - 1);
    sk_json_set_bin(answer, "next", raw, name_len + DEVICE_ID_SIZE - 1);
}

struct tally {
    size_t total, online, simulated;
};

/* Only what the asker may list is counted: of the rest not even the number is told. */
static void list_fill_locked(json_t *answer, const struct device_wanted *w, size_t from,
                             struct tally *t)
{
    json_t *list = json_object_get(answer, "devices");

    for (size_t i = 0; i < table.count; i++) {
        const struct device *d = table.order[i];
        if (!device_may_list(w->who, d->id))
            continue;
        t->online += d->link != NULL;
        t->simulated += d->simulated;
        if (!device_matches(d, w))
            continue;
        t->total++;
        if (i < from)
            continue;
        if (json_array_size(list) < w->limit)
            json_array_append_new(list, device_json_locked(d));
        else if (!json_object_get(answer, "next"))
            cursor_set(answer, d);
    }
}

json_t *registry_list_json(const struct device_wanted *wanted, int *err)
{
    json_t *answer = json_object(), *v;
    struct tally t = {0, 0, 0};
    size_t at, i;

    json_object_set_new(answer, "devices", json_array());
    pthread_mutex_lock(&table.lock);
    *err = cursor_place(wanted->cursor, &at);
    if (!*err)
        list_fill_locked(answer, wanted, at, &t);
    pthread_mutex_unlock(&table.lock);
    sk_json_set_int(answer, "total", (int64_t)t.total);
    sk_json_set_int(answer, "online", (int64_t)t.online);
    sk_json_set_int(answer, "simulated", (int64_t)t.simulated);
    json_array_foreach(json_object_get(answer, "devices"), i, v) device_rights_set(
        v, device_rights(wanted->who, json_string_value(json_object_get(v, "id"))));
    return answer;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void changed_publish(enum event_kind kind, const char *device, int64_t now_ms)
{
    event_publish(&(struct event){.kind = kind, .device = device, .wall_ms = now_ms});
}

void registry_add(const struct device_new *n)
{
    struct device *d = device_new(n->id, n->name, n->serial);

    memcpy(d->cert_serial, n->cert_serial, n->cert_serial_len);
    d->cert_serial_len = (uint8_t)n->cert_serial_len;
    d->cert_not_after_ms = n->cert_not_after_ms;
    d->simulated = n->simulated != 0;
    d->enrolled_ms = d->since_ms = n->now_ms;
    memcpy(d->organization, n->organization, sizeof(d->organization));
    pthread_mutex_lock(&table.lock);
    device_put_locked(d);
    pthread_mutex_unlock(&table.lock);
}

struct change {
    const char *device, *text;
    const struct principal *by;
    int64_t now_ms;
};

static int change_record(struct store_tx *tx, const struct change *c, const char *action)
{
    return audit_record(tx,
                        AUDIT(.at_ms = c->now_ms, .actor_kind = "account", .actor = c->by->account,
                              .session = c->by->session, .action = action, .object_kind = "device",
                              .object = c->device, .source = c->by->source));
}

static int name_write(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "device_name_set",
                   STORE_ARGS(store_text("id", c->device), store_text("name", c->text)), &rows);

    if (!err && rows != 1)
        err = -SK_ENOTFOUND;
    return err ? err : change_record(tx, c, "device.renamed");
}

int registry_rename(const char *device, const char *name, const struct principal *by,
                    int64_t now_ms)
{
    struct change c = {device, name, by, now_ms};
    int err = store_write(table.store, name_write, &c);

    if (err)
        return err;
    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    if (d) {
        order_remove(d);
        text_replace(&d->name, name);
        order_add(d);
    }
    pthread_mutex_unlock(&table.lock);
    history_add(device, now_ms, "renamed", "", "");
    changed_publish(EVENT_DEVICE_CHANGED, device, now_ms);
    return 0;
}

static int tags_write(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "device_tags_set",
                   STORE_ARGS(store_text("id", c->device), store_text("tags", c->text)), &rows);

    if (!err && rows != 1)
        err = -SK_ENOTFOUND;
    return err ? err : change_record(tx, c, "device.tagged");
}

int registry_tags_set(const char *device, const char *tags, const struct principal *by,
                      int64_t now_ms)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    struct change c = {device, tags, by, now_ms};

    pthread_mutex_lock(&one_at_a_time); /* table and seam in the order of the store */
    int err = store_write(table.store, tags_write, &c);
    if (!err) {
        pthread_mutex_lock(&table.lock);
        struct device *d = device_find_locked(device);
        if (d)
            text_replace(&d->tags, tags);
        if (d)
            device_tags_tell(device, d->organization, tags);
        pthread_mutex_unlock(&table.lock);
    }
    pthread_mutex_unlock(&one_at_a_time);
    if (err)
        return err;
    changed_publish(EVENT_GRANT_CHANGED, device, now_ms);
    changed_publish(EVENT_DEVICE_CHANGED, device, now_ms);
    return 0;
}

static int device_erase(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "device_event_delete", STORE_ARGS(store_text("device", c->device)), NULL);

    if (!err)
        err = store_exec(tx, "sealed_event_delete", STORE_ARGS(store_text("device", c->device)),
                         NULL);
    if (!err)
        err = store_exec(tx, "device_delete", STORE_ARGS(store_text("id", c->device)), &rows);
    if (!err && rows != 1)
        err = -SK_ENOTFOUND;
    return err ? err : change_record(tx, c, "device.removed");
}

int registry_remove(const char *device, const struct principal *by, int64_t now_ms)
{
    struct change c = {device, NULL, by, now_ms};
    struct link *link = NULL;
    int err = store_write(table.store, device_erase, &c);

    if (err)
        return err;
    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    if (d) {
        link = d->link;
        table.online -= link != NULL;
        table.simulated -= d->simulated;
        order_remove(d);
        sk_map_remove(table.by_id, d->id, DEVICE_ID_SIZE - 1);
        device_free(d);
    }
    pthread_mutex_unlock(&table.lock);
    if (link) {
        link_close(link, 13 /* revoked */, "removed");
        link_drop(link);
    }
    codes_end(NULL, device, NULL);
    signal_device_gone(device);
    changed_publish(EVENT_DEVICE_REMOVED, device, now_ms);
    return 0;
}

/* ---- what one camera may write to the disk ---- */

/* Bursts, then one each so many ms: counted here, not on the link, because a camera may reconnect
 * as often as it likes. */
enum { NOTE_BURST = 256, NOTE_EVERY_MS = 10000, HISTORY_BURST = 128, HISTORY_EVERY_MS = 15000 };

static int rate_take(int64_t *full_ms, int64_t burst, int64_t every_ms, int64_t now_ms)
{
    int64_t start = *full_ms > now_ms ? *full_ms : now_ms;

    if (start + every_ms - now_ms > burst * every_ms)
        return 0;
    *full_ms = start + every_ms;
    return 1;
}

int registry_note_take(const char *device, int64_t mono_ms)
{
    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    int may = d && rate_take(&d->notes_full_ms, NOTE_BURST, NOTE_EVERY_MS, mono_ms);
    pthread_mutex_unlock(&table.lock);
    return may ? 0 : -SK_ELIMIT;
}

static void history_take(const char *device, int64_t at_ms, const char *kind, const char *cause,
                         const char *source)
{
    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    int may =
        d && rate_take(&d->history_full_ms, HISTORY_BURST, HISTORY_EVERY_MS, sk_clock_mono_ms());
    pthread_mutex_unlock(&table.lock);
    if (may)
        history_add(device, at_ms, kind, cause, source);
    else
        metric_refused("device", "history-rate");
}

/* ---- presence -------------------------------------------------------------------------------- */

struct facts_row {
    char id[DEVICE_ID_SIZE];
    char model[DEVICE_FACT_MAX + 1], hw[DEVICE_FACT_MAX + 1], fw[DEVICE_FACT_MAX + 1];
    char caps[DEVICE_CAPS_MAX + 1];
    uint8_t seal[DEVICE_SEAL_BYTES];
};

static int facts_write(struct store_tx *tx, void *ctx)
{
    const struct facts_row *f = ctx;

    return store_exec(tx, "device_facts_set",
                      STORE_ARGS(store_text("id", f->id), store_text("model", f->model),
                                 store_text("hw", f->hw), store_text("fw", f->fw),
                                 store_text("caps", f->caps),
                                 store_blob("seal", f->seal, sizeof(f->seal))),
                      NULL);
}

static void facts_done(void *ctx, int result)
{
    if (result)
        metric_refused("device", "facts");
    free(ctx);
}

static void facts_keep(const char *device, const struct device_facts *facts)
{
    struct facts_row *f = sk_alloc(sizeof(*f));

    memcpy(f->seal, facts->seal, sizeof(f->seal));
    if (sk_copy(f->id, sizeof(f->id), device) ||
        sk_copy(f->model, sizeof(f->model), facts->model) ||
        sk_copy(f->hw, sizeof(f->hw), facts->hw) || sk_copy(f->fw, sizeof(f->fw), facts->fw) ||
        sk_copy(f->caps, sizeof(f->caps), facts->caps) ||
        store_write_async(table.store, facts_write, facts_done, f))
        facts_done(f, -SK_EBUSY);
}

/* Takes over what the camera says; 1 when any of it is new. */
static int facts_set_locked(struct device *d, const struct device_facts *facts)
{
    int changed = strcmp(d->model, facts->model) != 0 || strcmp(d->hw, facts->hw) != 0 ||
                  strcmp(d->fw, facts->fw) != 0 || strcmp(d->caps, facts->caps) != 0 ||
                  !d->has_seal || memcmp(d->seal, facts->seal, sizeof(d->seal)) != 0;

    text_replace(&d->model, facts->model);
    text_replace(&d->hw, facts->hw);
    text_replace(&d->fw, facts->fw);
    text_replace(&d->caps, facts->caps);
    memcpy(d->seal, facts->seal, sizeof(d->seal));
    d->has_seal = 1;
    return changed;
}

struct link *registry_online(const char *device, struct link *link,
                             const struct device_facts *facts, const char *source, int64_t now_ms)
{
    struct link *former = NULL;
    int changed = 0, rebooted = 0, known = 0;

    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    if (d) {
        known = 1;
        former = d->link;
        table.online += former == NULL;
        link_ref(link);
        d->link = link;
        if (!former)
            d->since_ms = now_ms;
        d->last_seen_ms = now_ms;
        rebooted = d->boot_random != facts->boot_random && d->boot_random != 0;
        d->boot_random = facts->boot_random;
        changed = facts_set_locked(d, facts);
        if (former && d->source && strcmp(d->source, source) != 0)
            log_warn("device", "link-moved", "device=%s from=%s to=%s", device, d->source, source);
        free(d->source);
        d->source = sk_strdup(source);
    }
    pthread_mutex_unlock(&table.lock);
    if (!known) {
        link_close(link, 13 /* revoked */, "removed");
        return NULL;
    }
    if (changed)
        facts_keep(device, facts);
    if (rebooted)
        history_take(device, now_ms, "boot", "", source);
    if (!former)
        history_take(device, now_ms, "online", "", source);
    changed_publish(EVENT_DEVICE_ONLINE, device, now_ms);
    return former;
}

void registry_offline(const char *device, struct link *link, const char *cause, int64_t now_ms)
{
    int was_current = 0;
    char source[SOURCE_SIZE] = "";

    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    if (d && d->link == link) {
        was_current = 1;
        d->link = NULL;
        d->last_seen_ms = d->since_ms = now_ms;
        d->has_clock = 0;
        table.online--;
        if (d->source && sk_copy(source, sizeof(source), d->source))
            source[0] = 0;
    }
    pthread_mutex_unlock(&table.lock);
    if (!was_current)
        return;
    link_drop(link);
    history_take(device, now_ms, "offline", cause, source);
    signal_device_gone(device);
    changed_publish(EVENT_DEVICE_OFFLINE, device, now_ms);
}

void registry_clock_set(const char *device, int64_t offset_ms, int64_t rtt_ms)
{
    pthread_mutex_lock(&table.lock);
    struct device *d = device_find_locked(device);
    if (d) {
        d->clock_offset_ms = offset_ms;
        d->clock_rtt_ms = rtt_ms;
        d->has_clock = 1;
    }
    pthread_mutex_unlock(&table.lock);
}

struct link *registry_link(const char *device)
{
    pthread_mutex_lock(&table.lock);
    const struct device *d = device_find_locked(device);
    struct link *link = d ? d->link : NULL;
    if (link)
        link_ref(link);
    pthread_mutex_unlock(&table.lock);
    return link;
}

void registry_links_each(void (*fn)(struct link *link))
{
    pthread_mutex_lock(&table.lock);
    struct link **links = sk_alloc((table.online + 1) * sizeof(struct link *));
    size_t n = 0;
    for (size_t i = 0; i < table.count && n < table.online; i++)
        if (table.order[i]->link) {
            links[n] = table.order[i]->link;
            link_ref(links[n++]);
        }
    pthread_mutex_unlock(&table.lock);
    for (size_t i = 0; i < n; i++) {
        fn(links[i]);
        link_drop(links[i]);
    }
    free(links);
}
