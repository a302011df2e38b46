/* /api/v1/events: what happens, told to open pages. One loop owns the list of sockets and the tick;
 * each text is built once and posted to the loops of the sockets. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "core/metrics.h"
#include "device/internal.h"
#include "edge/edge.h"
#include "net/loop.h"

enum { TICK_MS = 2000, RELAY_LIMIT_MS = 4000, QUEUE_MAX = 4 << 20 };

struct reader {
    _Atomic unsigned refs;
    struct net_loop *loop;
    struct edge_ws *ws; /* NULL once closed; on its loop's thread only */
    struct principal who;
    struct reader *next, **at; /* the list, on the feed's loop only */
};

struct text {
    _Atomic unsigned refs;
    size_t len;
    char data[];
};

static struct {
    struct net_loop *loop;
    struct reader *readers;
    struct net_timer tick;
    _Atomic int count;
} feed;

static void (*relay_figures)(struct device_relay_figures *out);

void device_relay_figures_set(void (*read)(struct device_relay_figures *out))
{
    relay_figures = read;
}

static void reader_drop(struct reader *r)
{
    if (atomic_fetch_sub(&r->refs, 1) == 1)
        free(r);
}

static void text_drop(struct text *t)
{
    if (atomic_fetch_sub(&t->refs, 1) == 1)
        free(t);
}

/* ---- one text to one reader ------------------------------------------------------------------ */

struct delivery {
    struct reader *reader;
    struct text *text;
};

static void delivery_run(void *arg)
{
    struct delivery *d = arg;

    if (d->reader->ws && edge_ws_send_text(d->reader->ws, d->text->data, d->text->len)) {
        metric_refused("device", "slow-page");
        edge_ws_close(d->reader->ws, 4429, "too slow");
    }
    text_drop(d->text);
    reader_drop(d->reader);
    free(d);
}

static void reader_send(struct reader *r, struct text *t)
{
    struct delivery *d = sk_alloc(sizeof(*d));

    atomic_fetch_add(&r->refs, 1);
    atomic_fetch_add(&t->refs, 1);
    *d = (struct delivery){r, t};
    net_loop_post(r->loop, delivery_run, d);
}

static struct text *text_new(json_t *body)
{
    size_t len = 0;
    char *dump = sk_json_text(body, &len);
    struct text *t = sk_alloc(sizeof(*t) + len + 1);

    atomic_init(&t->refs, 1);
    t->len = len;
    if (dump)
        memcpy(t->data, dump, len);
    free(dump);
    json_decref(body);
    return t;
}

/* Who may hear of it; on the feed's loop. */
typedef int (*hears_fn)(const struct reader *r, const void *arg);

/* Takes over `body`. */
static void broadcast(json_t *body, hears_fn hears, const void *arg)
{
    struct text *t = text_new(body);

    for (struct reader *r = feed.readers; r; r = r->next)
        if (hears(r, arg))
            reader_send(r, t);
    text_drop(t);
}

static int hears_of_box(const struct reader *r, const void *arg)
{
    return may(&r->who, arg, (struct object_ref){"box", NULL}) == 0;
}

static int hears_of_device(const struct reader *r, const void *arg)
{
    return device_may_list(&r->who, arg);
}

struct news {
    enum event_kind kind;
    char device[DEVICE_ID_SIZE], detail[SESSION_ID_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
};

static int hears_of_share(const struct reader *r, const void *arg)
{
    const struct news *n = arg;

    return strcmp(r->who.account, n->account) == 0 ||
           may(&r->who, "device.manage", (struct object_ref){"device", n->device}) == 0;
}

/* Its author, and whoever may have something to decide there. */
static int hears_of_approval(const struct reader *r, const void *arg)
{
    const struct news *n = arg;

    return strcmp(r->who.account, n->account) == 0 ||
           (strcmp(r->who.organization, n->detail) == 0 &&
            (may(&r->who, "grant.manage", (struct object_ref){0}) == 0 ||
             may(&r->who, "organizations.approve", (struct object_ref){0}) == 0));
}

static int is_of_home(const struct reader *r, const void *arg)
{
    (void)arg;
    return strcmp(r->who.organization, "home") == 0;
}

static int is_account(const struct reader *r, const void *arg)
{
    const char *account = arg;

    return !account[0] || strcmp(r->who.account, account) == 0;
}

/* A camera's row says what the reader may do with it: one text for all who may the same. Takes
 * over `device`. */
static void broadcast_device(json_t *device, const char *id)
{
    json_t *body = json_object();
    struct text *t = NULL;
    uint32_t last = 0;

    sk_json_set_str(body, "ev", "device");
    json_object_set_new(body, "device", device);
    for (struct reader *r = feed.readers; r; r = r->next) {
        uint32_t rights = device_may_list(&r->who, id) ? device_rights(&r->who, id) : 0;
        if (!rights)
            continue;
        if (!t || rights != last) {
            if (t)
                text_drop(t);
            device_rights_set(device, rights);
            t = text_new(json_incref(body));
            last = rights;
        }
        reader_send(r, t);
    }
    if (t)
        text_drop(t);
    json_decref(body);
}

/* ---- the list (feed's loop) ------------------------------------------------------------------ */

static void reader_add(void *arg)
{
    struct reader *r = arg;
    json_t *hello = json_object();

    r->next = feed.readers;
    r->at = &feed.readers;
    if (r->next)
        r->next->at = &r->next;
    feed.readers = r;
    atomic_fetch_add(&feed.count, 1);
    sk_json_set_str(hello, "ev", "hello");
    sk_json_set_int(hello, "wall", sk_clock_wall_ms());
    struct text *t = text_new(hello);
    reader_send(r, t);
    text_drop(t);
}

static void reader_remove(void *arg)
{
    struct reader *r = arg;

    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    atomic_fetch_sub(&feed.count, 1);
    reader_drop(r);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static json_t *event_json(const char *ev)
{
    json_t *body = json_object();

    sk_json_set_str(body, "ev", ev);
    return body;
}

static void news_tell(const struct news *n)
{
    json_t *body;

    switch (n->kind) {
    case EVENT_DEVICE_REMOVED: /* grants on it are forgotten only later (account's sweep) */
        body = event_json("device.removed");
        sk_json_set_str(body, "id", n->device);
        broadcast(body, hears_of_device, n->device);
        break;
    case EVENT_DEVICE_ENROLLED:
        body = event_json("enrolled");
        sk_json_set_str(body, "device", n->device);
        sk_json_set_str(body, "token", n->detail);
        broadcast(body, hears_of_box, "device.enrol");
        break;
    case EVENT_GRANT_CHANGED:
        broadcast(event_json("access"), is_account, n->account);
        break;
    case EVENT_SHARE_CHANGED:
        body = event_json("shares");
        sk_json_set_str(body, "device", n->device);
        broadcast(body, hears_of_share, n);
        break;
    case EVENT_APPROVAL_CHANGED:
        broadcast(event_json("approval"), hears_of_approval, n);
        break;
    case EVENT_EMERGENCY:
        broadcast(event_json("emergency"), is_of_home, NULL);
        break;
    default:
        body = registry_device_json(n->device);
        if (body)
            broadcast_device(body, n->device);
    }
}

static void news_run(void *arg)
{
    struct news *n = arg;

    if (feed.readers)
        news_tell(n);
    free(n);
}

static void on_event(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (atomic_load(&feed.count) == 0)
        return;
    struct news *n = sk_alloc(sizeof(*n));
    n->kind = ev->kind;
    if (sk_copy(n->device, sizeof(n->device), ev->device ? ev->device : "") ||
        sk_copy(n->detail, sizeof(n->detail), ev->detail ? ev->detail : "") ||
        sk_copy(n->account, sizeof(n->account), ev->account ? ev->account : "")) {
        free(n);
        return;
    }
    net_loop_post(feed.loop, news_run, n);
}

static void on_tick(struct net_timer *t, void *arg)
{
    struct device_relay_figures f = {0, 0, 0};

    (void)arg;
    if (feed.readers && relay_figures) {
        json_t *body = json_object();
        relay_figures(&f);
        sk_json_set_str(body, "ev", "relay");
        sk_json_set_int(body, "oldest_byte_ms", f.oldest_byte_ms);
        sk_json_set_int(body, "limit_ms", RELAY_LIMIT_MS);
        sk_json_set_int(body, "streams", f.streams);
        sk_json_set_int(body, "viewers", f.viewers);
        broadcast(body, hears_of_box, "box.view");
    }
    net_timer_set_in(t, TICK_MS);
}

/* ---- sockets --------------------------------------------------------------------------------- */

static void *on_open(struct edge_ws *ws, const struct principal *p)
{
    struct reader *r = sk_alloc(sizeof(*r));

    atomic_init(&r->refs, 2); /* the socket's and the list's */
    r->who = *p;
    r->loop = edge_ws_loop(ws);
    r->ws = ws;
    net_loop_post(feed.loop, reader_add, r);
    return r;
}

static void on_message(struct reader *r)
{
    metric_refused("device", "events-input");
    edge_ws_close(r->ws, 1002, "nothing is read here");
}

static void on_text(void *self, const char *text, size_t len)
{
    (void)text;
    (void)len;
    on_message(self);
}

static void on_binary(void *self, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    on_message(self);
}

static void on_close(void *self)
{
    struct reader *r = self;

    r->ws = NULL;
    net_loop_post(feed.loop, reader_remove, r);
    reader_drop(r);
}

static void tick_start(void *arg)
{
    (void)arg;
    net_timer_init(&feed.tick, feed.loop, on_tick, NULL);
    net_timer_set_in(&feed.tick, TICK_MS);
}

void feed_start(struct net_loop *loop)
{
    static const struct edge_ws_endpoint endpoint = {.path = "/api/v1/events",
                                                     .subprotocol = "skep.events.1",
                                                     .permission = "session",
                                                     .text_max_bytes = 1024,
                                                     .binary_max_bytes = 1024,
                                                     .queue_max_bytes = QUEUE_MAX,
                                                     .on_open = on_open,
                                                     .on_text = on_text,
                                                     .on_binary = on_binary,
                                                     .on_close = on_close};
    static const enum event_kind kinds[] = {
        EVENT_DEVICE_ONLINE,   EVENT_DEVICE_OFFLINE,   EVENT_DEVICE_CHANGED,
        EVENT_DEVICE_ENROLLED, EVENT_DEVICE_REMOVED,   EVENT_GRANT_CHANGED,
        EVENT_SHARE_CHANGED,   EVENT_APPROVAL_CHANGED, EVENT_EMERGENCY};

    feed.loop = loop;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        event_subscribe(kinds[i], on_event, NULL);
    edge_ws_endpoint_add(&endpoint);
    net_loop_post(loop, tick_start, NULL);
}
