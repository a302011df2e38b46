/* Shared by the files of this room only. */
#ifndef SK_NET_INTERNAL_H
#define SK_NET_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/sys.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"

enum {
    SCRATCH_BYTES = 64 * 1024,   /* plaintext on its way to on_data; one for each loop */
    READ_TURN_BYTES = 256 * 1024 /* read from one stream before others get their turn */
};

/* --- loop -------------------------------------------------------------------------------- */

/* What must be closed before its loop can go. */
struct loop_item {
    struct loop_item *prev, *next;
    void (*close)(struct loop_item *item);
};

struct stream_list {
    struct net_stream *head, *tail;
};

struct net_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t timer, wait;
    uv_prepare_t turn_end;
    uv_idle_t spin; /* runs while `again` is not empty, so that the poll does not block */
    int64_t armed_ms;
    int is_firing;
    struct net_timer **heap;
    uint32_t heap_len, heap_cap;

    pthread_mutex_t lock; /* of the posts */
    struct post *post_head, *post_tail;
    int is_ended;

    _Atomic(pthread_t) thread;
    struct loop_item *items;
    uint32_t away_count;       /* streams whose handshake step or name look-up is elsewhere */
    struct stream_list dirty;  /* streams with something to send, this turn */
    struct stream_list again;  /* streams with something left to read, next turn */
    uint8_t *scratch, *gather; /* SCRATCH_BYTES; TLS_RECORD_MAX */
};

void loop_item_add(struct net_loop *loop, struct loop_item *item,
                   void (*close)(struct loop_item *item));
void loop_item_remove(struct net_loop *loop, struct loop_item *item);
void loop_spin(struct net_loop *loop); /* something was put on `again` */
void timers_run(struct net_loop *loop);
void timers_arm(struct net_loop *loop);

/* --- stream ------------------------------------------------------------------------------ */

enum stream_state {
    STREAM_RESOLVING,  /* name look-up under way */
    STREAM_CONNECTING, /* TCP handshake under way */
    STREAM_SNIFFING,   /* accepted, no byte yet */
    STREAM_WAITING,    /* for a place in the handshake pool */
    STREAM_SHAKING,    /* TLS handshake */
    STREAM_OPEN,
    STREAM_FLUSHING,  /* net_stream_close: the queue goes out */
    STREAM_LINGERING, /* all sent, waiting for the peer's end */
    STREAM_ENDED
};

/* One piece of the write queue: bytes behind it, or of a packet. */
struct segment {
    struct segment *next;
    struct net_packet *packet; /* NULL = own bytes */
    const uint8_t *data;
    size_t pos, end, cap;
    uint8_t own[];
};

struct connect_plan {
    struct net_addr addr[4];
    unsigned count, next;
    int64_t deadline_ms; /* of the whole way, to the end of the handshake */
    uint16_t port;
    uv_getaddrinfo_t lookup;
    char *server_name;
    uint8_t *ticket;
    size_t ticket_len;
};

/* Where a stream stands with the handshake pool; under the pool's lock. */
enum shake_state { SHAKE_NONE, SHAKE_WAITING, SHAKE_GRANTED, SHAKE_OPEN };

struct net_stream {
    struct loop_item item;
    struct net_loop *loop;
    const struct net_stream_ops *ops;
    void *user;
    uv_poll_t *poll;
    int fd;
    int end_reason;
    struct tls_session *tls;
    struct tls_config *cfg;
    struct net_handshakes *pool;
    struct net_listener *listener;
    struct connect_plan *plan;
    struct net_addr source;
    uint8_t state; /* enum stream_state */
    uint8_t depth; /* callbacks of this stream on the stack */
    uint8_t mask;  /* what `poll` waits for */
    uint8_t sniff_count;
    unsigned is_server : 1, is_paused : 1, is_doomed : 1, is_away : 1, is_dirty : 1, is_again : 1,
        is_blocked : 1 /* the kernel takes no more */, read_wants_write : 1, is_drain_due : 1,
        has_ended : 1 /* the peer's sending */;

    struct net_timer timer;
    int64_t phase_ms; /* limit of the present state; 0 = none */
    int64_t read_ms;
    int64_t stall_ms, moved_ms;

    struct segment *head, *tail;
    size_t queued, queue_cap, record_max, pinned;
    uint64_t bytes_in, bytes_out;
    struct net_stream *dirty_next, *dirty_prev, *again_next, *again_prev;

    /* handshake pool */
    struct net_stream *shake_next, *shake_prev;
    uint8_t shake_state;
    int shake_result;
};

struct net_stream *stream_new(struct net_loop *loop, int is_server);
/* On the loop's thread: an accepted stream begins. */
void stream_begin(void *stream);
/* Connected (clients) or first byte there (servers): TLS or open. */
void stream_tls_begin(struct net_stream *s);
void stream_sniff(struct net_stream *s);
void stream_shake_step(struct net_stream *s);
void stream_open(struct net_stream *s);
void stream_phase_set(struct net_stream *s, enum stream_state state, int64_t in_ms);
void stream_end(struct net_stream *s, int reason);
/* All is sent after net_stream_close. 1 = gone. */
int stream_flushed(struct net_stream *s);
/* What an ended stream waited for has arrived: free it. */
void stream_came_back(struct net_stream *s);
void stream_timer_update(struct net_stream *s);
void stream_poll_update(struct net_stream *s);
SK_MUST int stream_poll_open(struct net_stream *s, int fd);
void stream_poll_close(struct net_stream *s);
void socket_tune(int fd);

/* Run a callback. 1 = the stream has ended meanwhile and is gone. */
#define STREAM_CALL(s, call) (stream_call_enter(s), (call), stream_call_leave(s))
void stream_call_enter(struct net_stream *s);
int stream_call_leave(struct net_stream *s);

/* stream_io.c */
int stream_read_turn(struct net_stream *s); /* 1 = gone */
int stream_flush(struct net_stream *s);     /* 1 = gone */
void stream_flush_dirty(struct net_loop *loop);
void stream_read_again(struct net_loop *loop);
void stream_mark_dirty(struct net_stream *s);
void stream_mark_again(struct net_stream *s);
void stream_queue_drop(struct net_stream *s);
void stream_lists_leave(struct net_stream *s);

/* connect.c */
void connect_next(struct net_stream *s, int reason);
void connect_ready(struct net_stream *s);
void connect_plan_free(struct net_stream *s);

/* handshake.c */
/* Ask for a place: 1 = now, 0 = later (stream_shake_granted is then posted), -SK_EBUSY. */
int handshakes_enter(struct net_handshakes *h, struct net_stream *s);
/* Run one step elsewhere; stream_shake_stepped is posted to the loop. */
void handshakes_step(struct net_handshakes *h, struct net_stream *s);
/* Give the place back. 1 = a post to the loop is still under way. */
int handshakes_leave(struct net_handshakes *h, struct net_stream *s);
void handshakes_count(struct net_handshakes *h, int result, int resumed);
int64_t handshakes_deadline_ms(const struct net_handshakes *h);
void stream_shake_granted(void *stream);
void stream_shake_stepped(void *stream);

/* listener.c */
void listener_stream_gone(struct net_listener *l, const struct net_addr *source);

#endif
