/* Hubs (one a camera), their streams and the group-of-pictures cache. One lock for the structure;
 * units reach the loops by posting, so that a slow loop delays nobody else. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "device/device.h"
#include "edge/edge.h"
#include "relay/internal.h"
#include "wire/codes.h"

enum { KEYREQ_EVERY_MS = 1000 };

static struct {
    pthread_mutex_t lock;
    struct net_loops *loops;
    struct sk_map *by_device;
    struct net_timer sweep;
    struct metric *bytes_in, *bytes_out; /* over all hubs, also those that are gone */
} hubs = {.lock = PTHREAD_MUTEX_INITIALIZER};

int loop_index(const struct net_loop *loop)
{
    for (unsigned i = 0; i < net_loops_count(hubs.loops); i++)
        if (net_loops_at(hubs.loops, i) == loop)
            return (int)i;
    return -1;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* 1 and counted against the camera's share, or 0. */
static int unit_hold(struct stream *s, struct unit *u)
{
    size_t block = unit_block_bytes(u);

    if (atomic_fetch_add(&s->hub->held_bytes, block) + block <= arena_share_bytes()) {
        unit_ref(u);
        return 1;
    }
    atomic_fetch_sub(&s->hub->held_bytes, block);
    metric_refused("relay", "camera-share");
    return 0;
}

static void unit_let(struct stream *s, struct unit *u)
{
    if (u)
        atomic_fetch_sub(&s->hub->held_bytes, unit_block_bytes(u));
    unit_drop(u);
}

static void cache_empty_locked(struct stream *s)
{
    for (size_t i = 0; i < s->unit_count; i++)
        unit_let(s, s->units[i]);
    s->unit_count = s->cached_bytes = 0;
}

void stream_drop(struct stream *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    cache_empty_locked(s); /* nobody else has it any more */
    unit_let(s, s->init);
    hub_drop(s->hub);
    free(s);
}

void hub_drop(struct hub *hub)
{
    if (hub && atomic_fetch_sub(&hub->refs, 1) == 1) {
        sk_wipe(hub->ticket, sizeof(hub->ticket));
        free(hub);
    }
}

static struct hub *hub_ref(struct hub *hub)
{
    atomic_fetch_add(&hub->refs, 1);
    return hub;
}

static struct stream *stream_ref(struct stream *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

static struct stream *stream_find_locked(const struct hub *hub, uint32_t id)
{
    struct stream *s = hub->streams;

    while (s && s->id != id)
        s = s->next;
    return s;
}

static unsigned stream_watchers(const struct stream *s)
{
    unsigned n = 0;

    for (size_t i = 0; i < RELAY_LOOPS_MAX; i++)
        n += atomic_load(&s->loops[i].count);
    return n;
}

static int second_allows(struct second *s, unsigned max, int64_t now_ms)
{
    if (now_ms - s->since_ms >= 1000)
        *s = (struct second){now_ms, 0};
    return s->count++ < max;
}

static struct stream *stream_make_locked(struct hub *hub, uint32_t id)
{
    if (hub->stream_count == STREAMS_PER_HUB ||
        !second_allows(&hub->made, STREAMS_PER_S, sk_clock_mono_ms()))
        return NULL;
    struct stream *s = sk_alloc(sizeof(*s));
    atomic_init(&s->refs, 1);
    s->hub = hub_ref(hub);
    s->id = id;
    s->next = hub->streams;
    hub->streams = s;
    hub->stream_count++;
    return s;
}

struct stream *hub_stream_find(struct hub *hub, uint32_t id)
{
    pthread_mutex_lock(&hubs.lock);
    struct stream *s = stream_find_locked(hub, id);
    if (s)
        stream_ref(s);
    pthread_mutex_unlock(&hubs.lock);
    return s;
}

/* ---- opening and closing the uplink ---------------------------------------------------------- */

/* A fresh one-use ticket, bound to the camera's present link. An uplink of a former link may be one
 * that nobody holds any more at the other end: it does not stand in the way. */
static int ticket_make_locked(struct hub *hub, uint32_t link, int64_t now_ms)
{
    uint8_t raw[32];

    if ((hub->uplink && hub->uplink_link == link) ||
        (hub->ticket[0] && hub->ticket_link == link && now_ms - hub->ticket_ms < TICKET_MS))
        return 0;
    hub->ticket_link = link;
    sk_random(raw, sizeof(raw));
    sk_b64url_encode(hub->ticket, raw, sizeof(raw));
    sk_wipe(raw, sizeof(raw));
    hub->ticket_ms = now_ms;
    return 1;
}

static void media_open_send(const char *device, const char *ticket)
{
    json_t *body = json_object();
    size_t len;

    sk_json_set_str(body, "ticket", ticket);
    sk_json_set_str(body, "host", edge_host());
    sk_json_set_int(body, "port", edge_port());
    sk_json_set_int(body, "expires", sk_clock_wall_ms() + TICKET_MS);
    char *text = sk_json_text(body, &len);
    if (text && device_send(device, WIRE_MEDIA_OPEN, text, len))
        metric_refused("relay", "camera-offline");
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
}

void hub_open(struct hub *hub)
{
    char ticket[TICKET_SIZE];
    uint32_t link;

    if (!device_is_online(hub->device, &link))
        return;
    pthread_mutex_lock(&hubs.lock);
    int opens = ticket_make_locked(hub, link, sk_clock_mono_ms());
    memcpy(ticket, hub->ticket, sizeof(ticket));
    pthread_mutex_unlock(&hubs.lock);
    if (opens)
        media_open_send(hub->device, ticket);
    sk_wipe(ticket, sizeof(ticket));
}

struct hub *hub_enter(const char *device)
{
    pthread_mutex_lock(&hubs.lock);
    struct hub *hub = sk_map_find(hubs.by_device, device, DEVICE_ID_SIZE - 1);
    if (!hub) {
        hub = sk_alloc(sizeof(*hub));
        atomic_init(&hub->refs, 1);
        memcpy(hub->device, device, DEVICE_ID_SIZE);
        sk_map_put(hubs.by_device, device, DEVICE_ID_SIZE - 1, hub);
    }
    hub_ref(hub);
    hub->ready++;
    hub->left_ms = 0;
    pthread_mutex_unlock(&hubs.lock);
    hub_open(hub);
    return hub;
}

void hub_leave(struct hub *hub)
{
    pthread_mutex_lock(&hubs.lock);
    if (--hub->ready == 0)
        hub->left_ms = sk_clock_mono_ms();
    pthread_mutex_unlock(&hubs.lock);
    hub_drop(hub);
}

void hub_device_online(const char *device)
{
    pthread_mutex_lock(&hubs.lock);
    struct hub *hub = sk_map_find(hubs.by_device, device, DEVICE_ID_SIZE - 1);
    hub = hub && hub->ready > 0 ? hub_ref(hub) : NULL;
    pthread_mutex_unlock(&hubs.lock);
    if (hub)
        hub_open(hub);
    hub_drop(hub);
}

struct hub *hub_by_ticket(const char *ticket, int64_t now_ms, uint32_t *link)
{
    struct hub *hub, *found = NULL;
    size_t pos = 0;
    uint32_t bound = 0;
    int is_fresh = 0;

    if (strlen(ticket) != TICKET_SIZE - 1)
        return NULL;
    pthread_mutex_lock(&hubs.lock);
    while ((hub = sk_map_next(hubs.by_device, &pos)) != NULL)
        if (hub->ticket[0] && sk_equal_ct(hub->ticket, ticket, TICKET_SIZE - 1))
            found = hub;
    if (found) {
        is_fresh = now_ms - found->ticket_ms < TICKET_MS;
        bound = found->ticket_link;
        sk_wipe(found->ticket, sizeof(found->ticket)); /* one use, whatever came of it */
        hub_ref(found);
    }
    pthread_mutex_unlock(&hubs.lock);
    if (found && is_fresh && device_is_online(found->device, link) && *link == bound)
        return found;
    hub_drop(found);
    return NULL;
}

struct arrival {
    struct hub *hub;
    int index;
};

static void arrival_run(void *arg)
{
    struct arrival *a = arg;

    viewers_uplink(a->hub, a->index);
    hub_drop(a->hub);
    free(a);
}

static void arrival_post(struct hub *hub)
{
    for (unsigned i = 0; i < net_loops_count(hubs.loops); i++) {
        struct arrival *a = sk_alloc(sizeof(*a));
        *a = (struct arrival){hub_ref(hub), (int)i};
        net_loop_post(net_loops_at(hubs.loops, i), arrival_run, a);
    }
}

void hub_uplink_set(struct hub *hub, struct uplink *uplink, uint32_t link)
{
    pthread_mutex_lock(&hubs.lock);
    struct uplink *former = hub->uplink;
    uplink_ref(uplink);
    hub->uplink = uplink;
    hub->uplink_link = link;
    hub->talk_stream = 0; /* told anew by its camera */
    pthread_mutex_unlock(&hubs.lock);
    if (former) {
        uplink_cut(former, WIRE_CUT_REPLACED);
        uplink_drop(former);
    }
    arrival_post(hub);
}

void hub_device_removed(const char *device)
{
    struct uplink *uplink = NULL;

    pthread_mutex_lock(&hubs.lock);
    struct hub *hub = sk_map_find(hubs.by_device, device, DEVICE_ID_SIZE - 1);
    if (hub) {
        sk_wipe(hub->ticket, sizeof(hub->ticket));
        uplink = hub->uplink;
        if (uplink)
            uplink_ref(uplink);
    }
    pthread_mutex_unlock(&hubs.lock);
    if (uplink) {
        uplink_cut(uplink, WIRE_CUT_REVOKED);
        uplink_drop(uplink);
    }
}

/* ---- handing to the loops -------------------------------------------------------------------- */

enum handover_kind { HAND_UNIT, HAND_END, HAND_NEW };

struct handover {
    enum handover_kind kind;
    struct stream *stream;
    struct unit *unit; /* HAND_UNIT; HAND_NEW: its first */
    int index;
    uint8_t reason; /* HAND_END */
};

static void handover_run(void *arg)
{
    struct handover *h = arg;

    if (h->kind == HAND_UNIT)
        viewers_deliver(h->stream, h->index, h->unit);
    else if (h->kind == HAND_END)
        viewers_cut(h->stream, h->index, h->reason);
    else
        viewers_appear(h->stream, h->index, h->unit);
    unit_drop(h->unit);
    stream_drop(h->stream);
    free(h);
}

/* To every loop that has subscribers; a new stream to all. */
static void handover_post(enum handover_kind kind, struct stream *s, struct unit *unit,
                          uint8_t reason)
{
    for (unsigned i = 0; i < net_loops_count(hubs.loops); i++) {
        if (kind != HAND_NEW && atomic_load(&s->loops[i].count) == 0)
            continue;
        struct handover *h = sk_alloc(sizeof(*h));
        *h = (struct handover){kind, stream_ref(s), unit ? unit_ref(unit) : NULL, (int)i, reason};
        net_loop_post(net_loops_at(hubs.loops, i), handover_run, h);
    }
}

/* Takes every stream out of the hub; the caller cuts and drops them. */
static struct stream *streams_take_locked(struct hub *hub)
{
    struct stream *list = hub->streams;

    hub->streams = NULL;
    hub->stream_count = 0;
    return list;
}

static void streams_end(struct stream *list, uint8_t reason)
{
    while (list) {
        struct stream *next = list->next;
        handover_post(HAND_END, list, NULL, reason);
        stream_drop(list);
        list = next;
    }
}

void hub_uplink_gone(struct hub *hub, struct uplink *uplink, uint8_t reason)
{
    struct stream *ended = NULL;

    pthread_mutex_lock(&hubs.lock);
    int was_current = hub->uplink == uplink;
    if (was_current) {
        hub->uplink = NULL;
        hub->talk_stream = 0;
        ended = streams_take_locked(hub);
    }
    pthread_mutex_unlock(&hubs.lock);
    streams_end(ended, reason);
    if (was_current)
        uplink_drop(uplink);
}

/* ---- units ----------------------------------------------------------------------------------- */

/* For the viewer who is about to come: all of it, in order, or nothing. */
static void play_hold_locked(struct stream *s, struct unit *u)
{
    if (s->is_lost)
        return;
    if (s->unit_count == CACHE_UNITS_MAX || s->cached_bytes + u->packet.len > PLAY_WINDOW_MAX ||
        !unit_hold(s, u)) {
        metric_refused("relay", "playback-unclaimed");
        cache_empty_locked(s);
        s->is_lost = 1;
        return;
    }
    s->units[s->unit_count++] = u;
    s->cached_bytes += u->packet.len;
}

static void cache_put_locked(struct stream *s, struct unit *u)
{
    if (s->is_play) {
        if (!s->is_taken)
            play_hold_locked(s, u);
        return;
    }
    if ((u->head.flags & WIRE_RELAY_INIT) && !(u->head.flags & WIRE_RELAY_NOCACHE)) {
        cache_empty_locked(s); /* with each key change the old key's units go */
        unit_let(s, s->init);
        s->init = unit_hold(s, u) ? u : NULL;
        return;
    }
    if (u->head.flags & (WIRE_RELAY_KEY | WIRE_RELAY_END | WIRE_RELAY_NOCACHE))
        cache_empty_locked(s);
    if (u->head.flags & (WIRE_RELAY_END | WIRE_RELAY_NOCACHE))
        return;
    if (!(u->head.flags & WIRE_RELAY_KEY) && s->unit_count == 0)
        return; /* without its KEY unit a group is of no use */
    if (s->unit_count == CACHE_UNITS_MAX || s->cached_bytes + u->packet.len > CACHE_BYTES_MAX ||
        !unit_hold(s, u)) {
        cache_empty_locked(s);
        return;
    }
    s->units[s->unit_count++] = u;
    s->cached_bytes += u->packet.len;
}

static void stream_unlink_locked(struct hub *hub, struct stream *s)
{
    struct stream **at = &hub->streams;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    hub->stream_count--;
}

/* 1 when the unit goes out; `*s` with a reference for the caller, `*is_new` when it was made. */
static int unit_take_locked(struct hub *hub, struct unit *u, struct stream **out, int *is_new)
{
    int begins = (u->head.flags & (WIRE_RELAY_KEY | WIRE_RELAY_INIT)) != 0;
    struct stream *s = stream_find_locked(hub, u->head.stream);

    *is_new = s == NULL;
    if (!s) {
        s = stream_make_locked(hub, u->head.stream);
        if (s)
            s->is_play = u->head.kind == WIRE_RELAY_PLAYBACK;
    }
    if (!s || (s->wait_key && !begins) || s->is_play != (u->head.kind == WIRE_RELAY_PLAYBACK))
        return 0;
    s->last_unit_ms = u->born_ms;
    if (u->head.flags & WIRE_RELAY_KEY)
        s->wait_key = 0;
    u->number = s->next_number++;
    cache_put_locked(s, u);
    *out = stream_ref(s);
    if (u->head.flags & WIRE_RELAY_END) { /* its id will not come again */
        stream_unlink_locked(hub, s);
        stream_drop(s);
    }
    return 1;
}

void stream_publish(struct hub *hub, struct unit *u)
{
    struct stream *s = NULL;
    int is_new;

    pthread_mutex_lock(&hubs.lock);
    int goes = unit_take_locked(hub, u, &s, &is_new);
    pthread_mutex_unlock(&hubs.lock);
    if (goes && is_new)
        handover_post(HAND_NEW, s, u, 0);
    if (goes)
        handover_post(HAND_UNIT, s, u, 0);
    else
        metric_refused("relay", is_new ? "stream-limit" : "waiting-for-key");
    stream_drop(s);
    unit_drop(u);
}

void stream_lost(struct hub *hub, uint32_t id, const char *reason)
{
    pthread_mutex_lock(&hubs.lock);
    struct stream *s = stream_find_locked(hub, id);
    int ends = s && s->is_play; /* nothing is left out of a playback: its viewer starts anew */
    if (ends) {
        stream_unlink_locked(hub, s);
    } else if (s) {
        s->wait_key = 1;
        cache_empty_locked(s);
    }
    pthread_mutex_unlock(&hubs.lock);
    if (ends) {
        s->next = NULL;
        streams_end(s, WIRE_CUT_LIMIT);
    }
    metric_refused("relay", reason);
}

size_t stream_snapshot(struct stream *s, struct unit **units, uint64_t *next_number)
{
    size_t n = 0;
    struct uplink *ask = NULL;
    int64_t now_ms = sk_clock_mono_ms();

    pthread_mutex_lock(&hubs.lock);
    if (s->init && s->unit_count > 0)
        units[n++] = unit_ref(s->init);
    for (size_t i = 0; i < s->unit_count && (n || s->is_play); i++)
        units[n++] = unit_ref(s->units[i]);
    *next_number = s->next_number;
    if (s->is_play) {
        s->is_taken = 1; /* from here on units go to him as they come */
        cache_empty_locked(s);
    }
    if (n == 0 && !s->is_play && s->hub->uplink && now_ms - s->keyreq_ms >= KEYREQ_EVERY_MS) {
        s->keyreq_ms = now_ms;
        ask = s->hub->uplink;
        uplink_ref(ask);
    }
    pthread_mutex_unlock(&hubs.lock);
    if (ask) {
        uplink_control(ask, WIRE_RELAY_KEYREQ, s->id);
        uplink_drop(ask);
    }
    return n;
}

struct unit *stream_init(struct stream *s)
{
    pthread_mutex_lock(&hubs.lock);
    struct unit *u = s->init ? unit_ref(s->init) : NULL;
    pthread_mutex_unlock(&hubs.lock);
    return u;
}

void hub_keyreq(struct hub *hub, uint32_t id)
{
    pthread_mutex_lock(&hubs.lock);
    struct uplink *uplink = hub->uplink;
    if (uplink && !second_allows(&hub->asked, KEYREQS_PER_S, sk_clock_mono_ms()))
        uplink = NULL;
    if (uplink)
        uplink_ref(uplink);
    pthread_mutex_unlock(&hubs.lock);
    if (!uplink)
        return;
    uplink_control(uplink, WIRE_RELAY_KEYREQ, id);
    uplink_drop(uplink);
}

/* ---- playback: whose it is, and how much he can take ----------------------------------------- */

int stream_claim(struct stream *s, const void *who)
{
    int err = 0;

    pthread_mutex_lock(&hubs.lock);
    if (s->is_lost)
        err = -SK_ELIMIT;
    else if (s->owner && s->owner != who)
        err = -SK_EBUSY;
    else
        s->owner = who;
    pthread_mutex_unlock(&hubs.lock);
    return err;
}

void stream_release(struct stream *s, const void *who)
{
    pthread_mutex_lock(&hubs.lock);
    if (s->owner == who)
        s->owner = NULL;
    pthread_mutex_unlock(&hubs.lock);
}

void hub_play_credit(struct hub *hub, uint32_t id, uint32_t bytes, int is_early)
{
    pthread_mutex_lock(&hubs.lock);
    struct uplink *uplink = hub->uplink;
    int refused =
        uplink && is_early && !second_allows(&hub->credited, CREDITS_PER_S, sk_clock_mono_ms());
    if (refused)
        uplink = NULL;
    if (uplink)
        uplink_ref(uplink);
    pthread_mutex_unlock(&hubs.lock);
    if (refused)
        metric_refused("relay", "credit-rate");
    if (!uplink)
        return;
    uplink_credit(uplink, id, bytes);
    uplink_drop(uplink);
}

/* ---- talk: from a viewer to the camera ------------------------------------------------------- */

void hub_talk_credit(struct hub *hub, uint32_t id, uint32_t bytes)
{
    pthread_mutex_lock(&hubs.lock);
    if (bytes == 0) {
        if (hub->talk_stream == id)
            hub->talk_stream = 0;
    } else {
        size_t left = hub->talk_stream == id ? hub->talk_credit : 0;
        hub->talk_stream = id;
        hub->talk_credit = left + bytes < TALK_WINDOW_MAX ? left + bytes : TALK_WINDOW_MAX;
    }
    pthread_mutex_unlock(&hubs.lock);
}

int hub_talk_is(struct hub *hub, uint32_t id)
{
    pthread_mutex_lock(&hubs.lock);
    int is = hub->talk_stream != 0 && hub->talk_stream == id;
    pthread_mutex_unlock(&hubs.lock);
    return is;
}

int hub_talk(struct hub *hub, uint32_t id, const uint8_t *frame, size_t len)
{
    struct uplink *uplink = NULL;
    int err = -SK_ENOTFOUND;

    pthread_mutex_lock(&hubs.lock);
    if (hub->uplink && hub->talk_stream != 0 && hub->talk_stream == id) {
        err = hub->talk_credit >= len ? 0 : -SK_ELIMIT;
        if (!err) {
            hub->talk_credit -= len;
            uplink = hub->uplink;
            uplink_ref(uplink);
        }
    }
    pthread_mutex_unlock(&hubs.lock);
    if (uplink) {
        err = uplink_talk(uplink, frame, len);
        uplink_drop(uplink);
    }
    return err;
}

/* ---- the sweep: nothing is held longer than it may be ---------------------------------------- */

static void stream_sweep_locked(struct stream *s, int64_t now_ms)
{
    if (s->unit_count > 0 && now_ms - s->units[0]->born_ms >= CACHE_LIMIT_MS - 2 * CACHE_SWEEP_MS) {
        cache_empty_locked(s);
        s->is_lost = s->is_play;
    }
    if (stream_watchers(s) > 0)
        s->unwatched_ms = 0;
    else if (s->unwatched_ms == 0)
        s->unwatched_ms = now_ms;
    else if (now_ms - s->unwatched_ms >= IDLE_CACHE_MS)
        cache_empty_locked(s);
}

static void streams_prune_locked(struct hub *hub, int64_t now_ms)
{
    struct stream *next;

    for (struct stream *s = hub->streams; s; s = next) {
        next = s->next;
        if (stream_watchers(s) == 0 && now_ms - s->last_unit_ms >= IDLE_STREAM_MS) {
            stream_unlink_locked(hub, s);
            stream_drop(s);
        }
    }
}

struct closing {
    struct hub *hub;
    struct uplink *uplink;
};

static void media_close(struct closing *c)
{
    static const char body[] = "{\"reason\":0}";

    if (device_send(c->hub->device, WIRE_MEDIA_CLOSE, body, sizeof(body) - 1))
        metric_refused("relay", "camera-offline");
    uplink_cut(c->uplink, WIRE_CUT_LIMIT);
    uplink_drop(c->uplink);
    hub_drop(c->hub);
}

static size_t hubs_sweep_locked(struct closing *closing, size_t cap, int64_t now_ms)
{
    size_t pos = 0, n = 0;
    struct hub *hub;

    while ((hub = sk_map_next(hubs.by_device, &pos)) != NULL) {
        for (struct stream *s = hub->streams; s; s = s->next)
            stream_sweep_locked(s, now_ms);
        streams_prune_locked(hub, now_ms);
        int lingered = hub->left_ms && now_ms - hub->left_ms >= LINGER_MS;
        if (lingered && hub->uplink && n < cap) {
            uplink_ref(hub->uplink);
            closing[n++] = (struct closing){hub_ref(hub), hub->uplink};
            hub->left_ms = 0;
        } else if (lingered && !hub->uplink && !hub->streams) {
            sk_map_remove(hubs.by_device, hub->device, DEVICE_ID_SIZE - 1);
            hub_drop(hub);
        }
    }
    return n;
}

static void on_sweep(struct net_timer *t, void *arg)
{
    enum { CLOSING_MAX = 64 };
    struct closing closing[CLOSING_MAX];

    (void)arg;
    pthread_mutex_lock(&hubs.lock);
    size_t n = hubs_sweep_locked(closing, CLOSING_MAX, sk_clock_mono_ms());
    pthread_mutex_unlock(&hubs.lock);
    for (size_t i = 0; i < n; i++)
        media_close(&closing[i]);
    net_timer_set_in(t, CACHE_SWEEP_MS);
}

static void sweep_start(void *arg)
{
    (void)arg;
    net_timer_init(&hubs.sweep, net_loops_at(hubs.loops, 0), on_sweep, NULL);
    net_timer_set_in(&hubs.sweep, CACHE_SWEEP_MS);
}

void hub_bytes_in(struct hub *hub, size_t bytes)
{
    atomic_fetch_add(&hub->in_bytes, bytes);
    metric_add(hubs.bytes_in, (int64_t)bytes);
}

void hub_bytes_out(struct hub *hub, size_t bytes)
{
    atomic_fetch_add(&hub->out_bytes, bytes);
    metric_add(hubs.bytes_out, (int64_t)bytes);
}

void hubs_start(struct net_loops *loops)
{
    hubs.bytes_in = metric_get("skep_relay_in_bytes_total", "");
    hubs.bytes_out = metric_get("skep_relay_out_bytes_total", "");
    SK_ASSERT(net_loops_count(loops) <= RELAY_LOOPS_MAX);
    hubs.loops = loops;
    hubs.by_device = sk_map_new(DEVICE_ID_SIZE - 1);
    net_loop_post(net_loops_at(loops, 0), sweep_start, NULL);
}

void hubs_stop(void)
{
    struct hub *hub;
    size_t pos = 0;

    while ((hub = sk_map_next(hubs.by_device, &pos)) != NULL) {
        struct stream *s = streams_take_locked(hub);
        while (s) {
            struct stream *next = s->next;
            stream_drop(s);
            s = next;
        }
        hub_drop(hub);
    }
    sk_map_free(hubs.by_device);
    hubs.by_device = NULL;
}

/* ---- figures --------------------------------------------------------------------------------- */

void hub_figures(int64_t *streams, int64_t *viewers)
{
    struct hub *hub;
    size_t pos = 0;

    *streams = *viewers = 0;
    pthread_mutex_lock(&hubs.lock);
    while (hubs.by_device && (hub = sk_map_next(hubs.by_device, &pos)) != NULL)
        for (struct stream *s = hub->streams; s; s = s->next) {
            *streams += stream_watchers(s) > 0;
            *viewers += stream_watchers(s);
        }
    pthread_mutex_unlock(&hubs.lock);
}

json_t *hub_ledger(void)
{
    json_t *list = json_array();
    struct hub *hub;
    size_t pos = 0;

    pthread_mutex_lock(&hubs.lock);
    while ((hub = sk_map_next(hubs.by_device, &pos)) != NULL) {
        json_t *row = json_object();
        sk_json_set_str(row, "device", hub->device);
        sk_json_set_int(row, "in_bytes", (int64_t)atomic_load(&hub->in_bytes));
        sk_json_set_int(row, "out_bytes", (int64_t)atomic_load(&hub->out_bytes));
        json_array_append_new(list, row);
    }
    pthread_mutex_unlock(&hubs.lock);
    return list;
}
