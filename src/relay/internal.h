/* Private to the relay room. */
#ifndef SK_RELAY_INTERNAL_H
#define SK_RELAY_INTERNAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/authorize.h"
#include "http/http.h"
#include "net/loop.h"
#include "net/packet.h"
#include "net/stream.h"
#include "relay/relay.h"
#include "wire/relay.h"

struct edge_peer;
struct edge_ws;

enum {
    RELAY_LOOPS_MAX = 16,
    CACHE_LIMIT_MS = 4000, /* no unit is held longer (sealed.md 6.4) */
    CACHE_SWEEP_MS = 250,  /* so caches are dropped one sweep before the limit */
    CACHE_BYTES_MAX = 8 << 20,
    CACHE_UNITS_MAX = 512,
    LINGER_MS = 10000,      /* MEDIA_CLOSE follows the last viewer after this long */
    IDLE_CACHE_MS = 4000,   /* the cache of a stream that nobody watches */
    IDLE_STREAM_MS = 10000, /* a stream without units and viewers is forgotten */
    TICKET_SIZE = 44,
    TICKET_MS = 30000,
    STREAMS_PER_HUB = 32,
    STREAMS_PER_S = 32,          /* made by one camera */
    KEYREQS_PER_S = 16,          /* to one camera, for ids that it has not sent yet */
    CREDITS_PER_S = 64,          /* to one camera, for playback that it has not sent yet */
    PLAY_WINDOW_MAX = 1 << 20,   /* CREDIT that a viewer can have open for one playback */
    PLAY_CREDIT_MIN = 1024,      /* in one CREDIT */
    TALK_WINDOW_MAX = 1 << 20,   /* CREDIT that a camera can have open */
    TALK_QUEUE_BYTES = 64 * 1024 /* towards one camera; more is dropped */
};

/* ---- arena.c: locked memory for units -------------------------------------------------------- */

/* A frame (20-byte header and payload) in the arena. `packet` comes first: the relay passes
 * &unit->packet on, and the last drop wipes the bytes and gives the block back. */
struct unit {
    struct net_packet packet;
    int64_t born_ms; /* sk_clock_mono_ms */
    uint64_t number; /* order within its stream */
    struct wire_relay_head head;
    struct unit *prev, *next; /* all live units but INIT ones, oldest first (arena's lock) */
    uint8_t order;
};

SK_MUST int arena_start(size_t bytes);
void arena_stop(void);
/* "locked", or why not: for the about page. Static text. */
const char *arena_lock_state(void);
/* A unit for a frame of `len` bytes, one reference; NULL when the arena is full. Any thread. */
struct unit *unit_new(size_t len, int is_init, int64_t now_ms);
static inline struct unit *unit_ref(struct unit *u)
{
    net_packet_ref(&u->packet);
    return u;
}
static inline void unit_drop(struct unit *u)
{
    if (u)
        net_packet_drop(&u->packet);
}
/* Age in ms of the oldest unit still held (INIT units apart), 0 when there is none. */
int64_t arena_oldest_ms(int64_t now_ms);
int64_t arena_used_bytes(void);
/* What the cache of one camera may hold, so that it leaves room for the others'. */
size_t arena_share_bytes(void);
/* What a unit takes of the arena. */
static inline size_t unit_block_bytes(const struct unit *u)
{
    return (size_t)1 << u->order;
}

/* ---- hub.c: one camera's streams and who watches them ---------------------------------------- */

struct subscription; /* viewer.c */

/* Subscribers of one stream on one loop: touched on that loop's thread only. */
struct loop_list {
    struct subscription *first;
    _Atomic unsigned count;
};

struct stream {
    _Atomic unsigned refs;
    struct hub *hub;
    uint32_t id;
    struct stream *next; /* in the hub, under the room's lock */
    struct loop_list loops[RELAY_LOOPS_MAX];
    /* Under the room's lock: */
    struct unit *init;
    struct unit *units[CACHE_UNITS_MAX]; /* from the newest KEY on */
    size_t unit_count, cached_bytes;
    uint64_t next_number;
    int64_t unwatched_ms, keyreq_ms, last_unit_ms;
    int wait_key; /* a unit was lost here: nothing goes out until the next KEY */
    /* Playback: one viewer's, never cached. Until he has come, what is sent is held in `units`. */
    int is_play; /* never changes */
    int is_taken, is_lost;
    const void *owner; /* identity of that viewer, never read */
};

/* How often something happened in the present second. */
struct second {
    int64_t since_ms;
    unsigned count;
};

struct hub {
    _Atomic unsigned refs;
    char device[DEVICE_ID_SIZE];
    _Atomic uint64_t in_bytes, out_bytes;
    _Atomic size_t held_bytes; /* of the arena, in the caches of its streams */
    /* Under the room's lock: */
    struct stream *streams;
    size_t stream_count;
    unsigned ready;  /* viewers that have made the camera ready */
    int64_t left_ms; /* when the last of them left; 0 = never or there are some */
    struct uplink *uplink;
    uint32_t uplink_link;     /* the device link that its ticket went over */
    uint32_t talk_stream;     /* what the camera gave CREDIT for; 0 = nobody talks */
    size_t talk_credit;       /* bytes of it that may still go */
    char ticket[TICKET_SIZE]; /* "" when none is out */
    int64_t ticket_ms;
    uint32_t ticket_link;
    struct second made, asked, credited; /* streams begun; keyframes asked for; early CREDIT */
};

void hubs_start(struct net_loops *loops);
void hubs_stop(void);
int loop_index(const struct net_loop *loop);

/* A viewer made the camera ready: its hub with a reference, and MEDIA_OPEN goes out if there is no
 * uplink. hub_leave gives the reference back. Any thread. */
struct hub *hub_enter(const char *device);
void hub_leave(struct hub *hub);
/* Send MEDIA_OPEN when no uplink came over the camera's present link and none is being asked for.
 */
void hub_open(struct hub *hub);
/* The camera has a new link: if somebody waits for it, hub_open. Any thread. */
void hub_device_online(const char *device);

/* The hub whose ticket this is (used up by this call), with a reference, and the link that it is
 * bound to; or NULL. */
struct hub *hub_by_ticket(const char *ticket, int64_t now_ms, uint32_t *link);
void hub_drop(struct hub *hub);
/* The uplink took its place (a former one is replaced and gets CUT 4), or went. */
void hub_uplink_set(struct hub *hub, struct uplink *uplink, uint32_t link);
void hub_uplink_gone(struct hub *hub, struct uplink *uplink, uint8_t reason);
/* Its camera is no camera of this box any more: cut the uplink, void the ticket. Any thread. */
void hub_device_removed(const char *device);

/* The stream if the camera has sent for it, with a reference, else NULL. */
struct stream *hub_stream_find(struct hub *hub, uint32_t id);
void stream_drop(struct stream *s);

/* A unit came from the camera: cache it, hand it to the loops. Takes the reference. Uplink's
 * thread. */
void stream_publish(struct hub *hub, struct unit *unit);
/* The unit could not be stored, for `reason`: everybody waits for the next KEY. */
void stream_lost(struct hub *hub, uint32_t id, const char *reason);

/* What a new subscriber gets: INIT and the units of the newest group, each with a reference, in
 * order; returns how many. `*next_number` = the first unit not among them. Asks for a keyframe
 * when there is none. `units` has room for CACHE_UNITS_MAX + 1. */
size_t stream_snapshot(struct stream *s, struct unit **units, uint64_t *next_number);
/* The INIT unit with a reference, or NULL. */
struct unit *stream_init(struct stream *s);

/* The playback belongs to `who` from now on. -SK_EBUSY: it is another's; -SK_ELIMIT: what came
 * before could not be held. */
SK_MUST int stream_claim(struct stream *s, const void *who);
void stream_release(struct stream *s, const void *who);
/* A viewer can take `bytes` more of playback `id`: tell the camera. `is_early`: it has sent nothing
 * of it yet, so that others may be meant; such CREDIT is rationed. Any thread. */
void hub_play_credit(struct hub *hub, uint32_t id, uint32_t bytes, int is_early);

/* Ask the camera for a keyframe, or a snapshot, of an id that it has not sent yet. */
void hub_keyreq(struct hub *hub, uint32_t id);

/* CREDIT came from the camera: `bytes` more of talk `id` may be passed on; 0 = the talk is over. */
void hub_talk_credit(struct hub *hub, uint32_t id, uint32_t bytes);
/* 1 when the camera awaits this talk. */
int hub_talk_is(struct hub *hub, uint32_t id);
/* A viewer's talk unit: to the uplink, untouched. -SK_ENOTFOUND (no uplink, no such talk),
 * -SK_ELIMIT (no credit left, or the queue is full). Any thread. */
SK_MUST int hub_talk(struct hub *hub, uint32_t id, const uint8_t *frame, size_t len);

void hub_figures(int64_t *streams, int64_t *viewers);
/* The ledger: bytes of units that came from cameras, that were queued for viewers. */
void hub_bytes_in(struct hub *hub, size_t bytes);
void hub_bytes_out(struct hub *hub, size_t bytes);
json_t *hub_ledger(void);

/* ---- uplink.c: skep-media/1 ------------------------------------------------------------------ */

int uplink_take(void *ctx, struct net_stream *stream, const struct edge_peer *peer);
/* Any thread: queue a control frame, or end the uplink with CUT. */
void uplink_control(struct uplink *u, enum wire_relay_kind kind, uint32_t stream);
void uplink_credit(struct uplink *u, uint32_t stream, uint32_t bytes);
void uplink_cut(struct uplink *u, uint8_t reason);
/* Queue a whole talk frame (copied). -SK_ELIMIT: more than TALK_QUEUE_BYTES wait already. */
SK_MUST int uplink_talk(struct uplink *u, const uint8_t *frame, size_t len);
void uplink_ref(struct uplink *u);
void uplink_drop(struct uplink *u);

/* ---- viewer.c: /ws/live ---------------------------------------------------------------------- */

void viewers_start(struct net_loops *loops);
/* On loop `index`: a unit for the stream's subscribers there / the stream is over. */
void viewers_deliver(struct stream *s, int index, struct unit *unit);
void viewers_cut(struct stream *s, int index, uint8_t reason);
/* On loop `index`: the camera has begun to send this stream with `first`; who waits for its id gets
 * it, and `first` too where no cache holds it. */
void viewers_appear(struct stream *s, int index, struct unit *first);
/* On loop `index`: the camera's uplink is there; who waits for a playback gives his CREDIT again.
 */
void viewers_uplink(struct hub *hub, int index);
/* From any thread: every loop looks whether its viewers' codes still hold, and at their queues. */
void viewers_recheck(void);

#endif
