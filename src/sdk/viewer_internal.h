/* Private to the viewer side. */
#ifndef SK_SDK_VIEWER_INTERNAL_H
#define SK_SDK_VIEWER_INTERNAL_H

#include "base/buf.h"
#include "sdk/channel.h"
#include "sdk/media_seal.h"
#include "sdk/noise_kk.h"
#include "sdk/password.h"
#include "sdk/spake2p.h"
#include "sdk/viewer.h"
#include "wire/envelope.h"
#include "wire/label.h"

enum { OPEN_MAX = 8, STREAMS_MAX = 6, WAITING_MAX = 4 << 20, WAITING_MS = 2000 };
enum { VIEWER_HANDSHAKE_MS = 10 * 1000, VIEWER_PING_MS = 5000, DELAYED_MS = 3000 };
enum { NOT_LIVE_MS = 15000, SNAP_MS = 10000, PAIRS_MAX = 16 };

enum viewer_state { V_IDLE, V_OPEN, V_ANSWER, V_KANSWER, V_HELLO, V_UP, V_OVER };
enum request_kind { R_NONE, R_PLAIN, R_HELLO, R_LIVE, R_SNAP, R_TALK, R_PLAY, R_SEEK, R_INTERNAL };

struct viewer_stream {
    struct sdk_viewer_stream info; /* info.id 0 = unused */
    struct sdk_media_rx rx;
    uint8_t is_answered; /* the REP of live.start came */
    uint8_t kind;        /* enum wire_relay_kind */
    int64_t clock_ms;    /* when the last clock event came; snapshot: when it was answered */
    uint64_t clock_pts, shown_pts;
    /* playback */
    size_t played_bytes; /* since the last CREDIT */
    struct {
        uint64_t pts;
        int64_t wall_ms;
    } pairs[PAIRS_MAX]; /* rising; from its PTS on each holds */
    unsigned pair_count;
};

struct sdk_viewer {
    const struct sdk_viewer_ops *ops;
    void *user;
    char device[WIRE_LABEL_DEVICE_LEN + 1], account[WIRE_ENVELOPE_ACCOUNT_MAX + 1];
    char fingerprint[WIRE_LABEL_FINGERPRINT_LEN + 1];
    uint8_t device_raw[16], session[16], pin[65], params[WIRE_SEAL_PARAMS_BYTES];
    uint8_t owner_secret[32];
    int64_t wall_offset_ms; /* has_owner: wall clock minus the caller's */
    uint8_t has_owner, has_pin, has_params, is_retried, is_password_born, is_told;
    enum viewer_state state;
    uint32_t seq_out, request_id;
    int64_t deadline_ms;
    /* handshake */
    unsigned class;
    char password[SDK_CHOSEN_MAX];
    size_t password_len;
    struct sdk_spake_prover prover;
    struct sdk_kk kk;
    uint8_t open_head[WIRE_SEAL_KOPEN_HEAD_BYTES]; /* of OPEN (28) or KOPEN (36) */
    uint8_t prefix[64];                            /* CONFIRM, before the first record */
    size_t prefix_len;
    /* channel */
    struct sdk_channel *channel;
    struct sdk_viewer_hello hello;
    struct {
        uint32_t id, stream; /* stream: R_SEEK */
        uint8_t kind;
        char name[8];
    } open[OPEN_MAX];
    struct viewer_stream streams[STREAMS_MAX];
    struct {
        uint32_t stream; /* 0 = not talking */
        struct sdk_media_key key;
    } talk;
    struct sk_buf frame, waiting; /* waiting: u32 length + frame, of an unknown KID */
    int64_t waiting_until_ms;     /* 0 = not waiting */
    struct sdk_viewer_stats stats;
};

/* The session is over: wipe, tell the owner once. */
void viewer_over(struct sdk_viewer *v, unsigned code, uint32_t retry_ms, int is_clean,
                 const char *text);
void viewer_send_body(struct sdk_viewer *v, const uint8_t *body, size_t len);
void viewer_end_send(struct sdk_viewer *v);
void viewer_handshake(struct sdk_viewer *v, const uint8_t *body, size_t len, int64_t now_ms);
void viewer_channel_open(struct sdk_viewer *v, const uint8_t salt[32], const uint8_t *ikm,
                         size_t len, int64_t now_ms);
/* Put the owner's clock and proof for this channel into hello's argument, if there is a key. */
void viewer_owner_hello(struct sdk_viewer *v, json_t *hello, int64_t now_ms);
void viewer_record(struct sdk_viewer *v, const struct wire_record_plain *p, int64_t now_ms);
SK_MUST int viewer_request(struct sdk_viewer *v, enum request_kind kind, const char *name,
                           const char *what, json_t *arg, int once, uint32_t *id, int64_t now_ms);
void viewer_key_record(struct sdk_viewer *v, const uint8_t *content, size_t len, int64_t now_ms);
void viewer_clock(struct sdk_viewer *v, const json_t *val, int64_t now_ms);
struct viewer_stream *viewer_stream_find(struct sdk_viewer *v, uint32_t id);
struct viewer_stream *viewer_stream_need(struct sdk_viewer *v, uint32_t id);
/* The camera broke a rule inside the channel. */
void viewer_fail(struct sdk_viewer *v, unsigned code, const char *text, int64_t now_ms);
/* The stream that an answer names; NULL = over. A key of another kind may have come for it. */
struct viewer_stream *viewer_stream_answered(struct sdk_viewer *v, uint32_t id, uint8_t kind,
                                             int64_t now_ms);
/* It is answered: subscribe and tell the owner. */
void viewer_stream_show(struct sdk_viewer *v, struct viewer_stream *st, int64_t now_ms);
/* Show it no more: UNSUBSCRIBE, forget, tell the camera. */
SK_MUST int viewer_stream_stop(struct sdk_viewer *v, uint32_t stream, uint8_t kind, int64_t now_ms);
void viewer_stream_drop(struct sdk_viewer *v, struct viewer_stream *st);
void viewer_control_send(struct sdk_viewer *v, enum wire_relay_kind kind, uint32_t stream,
                         const void *payload, size_t len);
/* play.start, play.seek were answered; an event of play.* came; a playback is subscribed. */
void viewer_play_begin(struct sdk_viewer *v, const json_t *val, int64_t now_ms);
void viewer_play_sought(struct sdk_viewer *v, uint32_t stream, const json_t *val, int64_t now_ms);
void viewer_play_event(struct sdk_viewer *v, const char *name, const json_t *val);
void viewer_play_credit(struct sdk_viewer *v, struct viewer_stream *st);
/* talk.start was granted: make a key and hand it to the camera. */
void viewer_talk_begin(struct sdk_viewer *v, uint32_t stream, uint8_t slot, int64_t now_ms);
void viewer_talk_fini(struct sdk_viewer *v);
void viewer_subscribe(struct sdk_viewer *v, struct viewer_stream *st);
int64_t viewer_media_tick(struct sdk_viewer *v, int64_t now_ms);
void viewer_media_fini(struct sdk_viewer *v);

#endif
