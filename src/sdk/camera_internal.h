/* Private to the camera side: its objects and the calls between its files. */
#ifndef SK_SDK_CAMERA_INTERNAL_H
#define SK_SDK_CAMERA_INTERNAL_H

#include <jansson.h>

#include "base/buf.h"
#include "sdk/camera.h"
#include "sdk/channel.h"
#include "sdk/media_seal.h"
#include "sdk/noise_kk.h"
#include "sdk/password.h"
#include "sdk/share.h"
#include "sdk/spake2p.h"
#include "wire/codes.h"
#include "wire/envelope.h"
#include "wire/label.h"
#include "wire/sframe.h"

enum {
    OWNERS_MAX = 4,
    ENROLLED_MAX = 16,
    SEEN_MAX = 256,          /* session ids remembered */
    SESSIONS_HARD_MAX = 320, /* runs and channels together */
    CONFIRM_WAITING_MAX = 8,
    HANDSHAKE_MS = 10 * 1000,
    CHANNELS_PER_KEY = 4,
    CHANNELS_PER_ACCOUNT = 4,
    CHANNELS_DEFAULT = 32,
    PENDING_MAX = 8,
    ACCOUNTS_MAX = 64,
    ONCE_MAX = 64,
    ONCE_PER_KEY = 16,
    ONCE_RESULT_MAX = 512,
    ONCE_MS = 10 * 60 * 1000,
    CLOCK_EVENT_MS = 5000,
    INIT_MAX = 64 * 1024,
    LIST_CHECKS = 6, /* signatures of lists by envelope a minute */
    SNAPS_MAX = 4,   /* pictures asked for or not yet sent, of all sessions */
    PLAYS_PER_CHANNEL = 2,
    KEYS_MAX = 2 * SDK_STREAM_COUNT + SNAPS_MAX + 2 * PLAYS_PER_CHANNEL,
    SLOT_TALK = SDK_STREAM_COUNT + 1,
    SLOT_SNAP = SDK_STREAM_COUNT + 2,
    SLOT_PLAY = SDK_STREAM_COUNT + 3 /* and up, one for each player */
};

/* ---- what is kept across boots ---- */
struct enrolled {
    uint8_t point[65], id[16], tag[16]; /* tag: of the account that enrolled it */
    uint32_t generation;                /* of the password that vouched for it */
    uint32_t last_used;                 /* rank: higher = later */
    uint8_t is_used, is_owner_proved;   /* the second is of this boot only */
};

struct owner {
    uint8_t point[65], id[16], is_used;
};

/* An entry of the signed list, with what the camera has seen of its key. */
struct listed {
    struct wire_list_entry entry;
    uint8_t id[16];
    int64_t last_ms; /* own time of the last hello; 0 = never */
    uint32_t count;
    uint8_t is_over;         /* ran out, and that was acted on */
    uint8_t is_owner_proved; /* of this boot only */
};

struct camera_list {
    struct wire_list head;
    uint8_t hash[32]; /* of the signed part */
    size_t len;
    uint8_t blob[WIRE_LIST_MAX]; /* as it came */
    struct listed entries[];
};

struct camera_state {
    uint64_t boot;
    uint8_t seed[32], seal_secret[32], seal_public[65];
    struct sdk_verifier verifier;
    uint8_t whole_level; /* class 2: tries left in the whole-camera bucket */
    uint32_t use_rank;
    struct owner owners[OWNERS_MAX];
    struct enrolled enrolled[ENROLLED_MAX];
    int64_t saved_wall_ms;    /* own time at the last save that counts */
    struct camera_list *list; /* owned; NULL = none yet */
};

SK_MUST int camera_state_decode(struct camera_state *s, const uint8_t *data, size_t len,
                                const uint8_t device[16]);
/* Encode and hand to ops.save. -SK_ESTORAGE. */
SK_MUST int camera_state_save(struct sdk_camera *c);

/* ---- lock-out (2.5) ---- */
struct lock_account {
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1];
    int64_t until_ms, spent_ms, used_ms; /* locked until; last spent try; LRU */
    int32_t wait_ms;                     /* next lock, doubling */
    int8_t tries;
    uint8_t is_used;
};

struct lock {
    struct lock_account *accounts; /* ACCOUNTS_MAX, made at the first try */
    int64_t refill_ms;             /* when the last try came back to the whole bucket */
    int64_t spent_ms[5];           /* last five spent tries, for the `lock` event */
    int level;
};

void lock_init(struct lock *l, unsigned class, int level, int64_t now_ms);
void lock_clear(struct lock *l, unsigned class, int64_t now_ms);
void lock_fini(struct lock *l);
/* 0 and one try is spent, or the wait in ms. `*is_fifth` = five within an hour. */
uint32_t lock_spend(struct lock *l, unsigned class, const char *account, int *is_fifth,
                    int64_t now_ms);
void lock_give_back(struct lock *l, unsigned class, const char *account, int64_t now_ms);

/* ---- sessions ---- */
enum run_state { RUN_PARAMS, RUN_CONFIRM, RUN_CHANNEL };

struct session {
    uint8_t id[16];
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1];
    struct sdk_camera *camera;
    enum run_state state;
    uint32_t seq_out;
    int64_t deadline_ms; /* of the handshake; hello */
    /* waiting for CONFIRM */
    uint8_t confirm_p[32], salt[32], shared[32];
    uint8_t is_opened_twice;
    /* channel */
    struct sdk_channel *channel;
    uint32_t password_generation; /* the password it was born of; 0 = by key */
    uint8_t key_id[16];           /* by key */
    uint8_t owner_id[16];         /* is_owner: by which owner key */
    uint16_t rights;
    uint8_t is_listed; /* by key: of the signed list, not enrolled */
    uint8_t is_by_key, is_owner, said_hello, has_request, close_code, is_closing;
    uint32_t request_id; /* last */
    uint8_t started[SDK_STREAM_COUNT];
    struct {
        uint32_t id;
        uint8_t which, is_used;
    } pending[PENDING_MAX];
};

/* A run for this envelope's session, remembered as seen; NULL when there are too many. */
struct session *session_new(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms);
int session_is_seen(const struct sdk_camera *c, const uint8_t id[16]);
void session_abort_send(struct sdk_camera *c, const uint8_t session[16], uint32_t seq,
                        unsigned code, uint32_t retry_ms);
/* ABORT and free. */
void session_run_abort(struct sdk_camera *c, struct session *s, unsigned code, uint32_t retry_ms);
void session_channel_open(struct session *s, const uint8_t salt[32], const uint8_t *ikm,
                          size_t ikm_len, int64_t now_ms);
void session_record_receive(struct sdk_camera *c, struct session *s, const uint8_t *body,
                            size_t len, int64_t now_ms);
void session_free(struct sdk_camera *c, struct session *s);
/* Send CLOSE (if a channel lives) and the end of the envelope session, then free. */
void session_close(struct sdk_camera *c, struct session *s, unsigned code, int64_t now_ms);
void session_send_body(struct session *s, const uint8_t *body, size_t len);
void camera_session_envelope(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms);
int64_t camera_session_tick(struct sdk_camera *c, int64_t now_ms);
/* Close every channel that was born of the password or a key it vouched for, but `except`. Keys of
 * the signed list are none of these. */
void camera_session_close_password(struct sdk_camera *c, const struct session *except,
                                   int64_t now_ms);

/* ---- handshakes: a message of good form for a run (`s` may be NULL) ---- */
void handshake_open(struct sdk_camera *c, struct session *s, const struct wire_envelope *e,
                    const struct wire_seal_msg *m, int64_t now_ms);
void handshake_confirm(struct sdk_camera *c, struct session *s, const struct wire_seal_msg *m,
                       int64_t now_ms);
void handshake_kopen(struct sdk_camera *c, const struct wire_envelope *e,
                     const struct wire_seal_msg *m, int64_t now_ms);

/* ---- commands ---- */
struct once_entry {
    uint8_t who[17], once[16];
    int64_t at_ms;
    char *text; /* the whole `"ok":...` part as an object text */
    uint8_t is_used;
};

/* One record of a channel; a code with which to close it, 0 to go on. */
unsigned camera_command(struct sdk_camera *c, struct session *s, const struct wire_record_plain *p,
                        int64_t now_ms);
/* Answer a request. `val` is stolen (NULL = {}). */
void command_reply_ok(struct session *s, uint32_t id, json_t *val, int64_t now_ms);
void command_reply_error(struct session *s, uint32_t id, const char *code, int64_t now_ms);
void command_event(struct session *s, const char *name, json_t *val, int64_t now_ms);
void command_once_fini(struct sdk_camera *c);

/* One request on its way through its handler. A handler returns NULL (done; `val` is the answer) or
 * an error code text (3.4). */
struct call {
    struct sdk_camera *camera;
    struct session *session;
    uint32_t id;
    const json_t *arg;
    json_t *val; /* the answer; NULL = {} */
    int is_pending;
    int64_t now_ms;
};

/* ---- access: owners, enrolled keys, password ---- */
struct enrolled *access_session_key(const struct session *s);
int access_proof_is_good(const struct call *call, const uint8_t proof[80]);
void access_become_owner(struct session *s, const uint8_t id[16]);
const char *access_owner_add(struct call *call);
const char *access_owner_drop(struct call *call);
const char *access_enrol(struct call *call);
const char *access_enrol_drop(struct call *call);
const char *access_password_set(struct call *call);
const char *access_get(struct call *call);

/* ---- the signed list ---- */
/* From bytes that were signed once; only their form is judged. -SK_EINVAL. */
SK_MUST int camera_list_make(struct camera_list **out, const uint8_t *blob, size_t len);
struct listed *camera_list_find(const struct sdk_camera *c, const uint8_t id[16]);
/* The entry by which this session came, or NULL. */
struct listed *access_session_listed(const struct session *s);
/* 0, or the ABORT code for an account with this tag. */
unsigned camera_list_judge(const struct sdk_camera *c, const struct listed *k,
                           const uint8_t tag[16], int64_t now_ms);
/* Kind 08: from the server, for an owner; never answered. */
void camera_list_envelope(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms);
const char *access_set(struct call *call);
/* Set version and hash under these names; what access.get says of it. */
void camera_list_report(const struct sdk_camera *c, json_t *val, const char *version,
                        const char *hash);
void camera_list_get(const struct sdk_camera *c, json_t *val);
/* Entries that ran out act as removed; the time is saved hourly. */
int64_t camera_list_tick(struct sdk_camera *c, int64_t now_ms);

/* The camera's own time, by which entries are judged: never back but by an owner. */
int64_t camera_check_wall(const struct sdk_camera *c, int64_t now_ms);
void camera_check_boot(struct sdk_camera *c, int64_t now_ms);
void camera_check_owner(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms);
void camera_check_server(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms);

/* ---- streams ---- */
struct stream {
    uint32_t id; /* 0 = not running */
    uint64_t origin, pts;
    int64_t wall_ms;
    char codec[SDK_CODEC_SIZE];
    struct sk_buf init, out;
    struct sdk_media_key cur, next; /* next.gcm != NULL: announced */
    uint8_t is_ready, needs_init, needs_key, wants_disc;
    int64_t start_deadline_ms;   /* stream_ready must come before */
    int64_t rotate_ms;           /* timer of 4.3 */
    int64_t switch_from_ms;      /* earliest KEY unit under the announced key */
    int64_t switch_by_ms;        /* old key is wiped then; INT64_MAX = natural switch */
    int64_t keyreq_ms, event_ms; /* last obeyed; next clock event */
    int64_t init_ms;             /* when INIT last left */
    int64_t ask_key_ms;          /* ask the encoder for a keyframe then; 0 = no */
    uint64_t sent_ctr, sent_pts;
    int64_t sent_wall_ms;
};

/* live.*: NULL, or an error code text. `*is_pending` = the reply comes later. */
const char *camera_stream_start(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                                uint32_t request, int *is_pending, int64_t now_ms);
void camera_stream_leave(struct sdk_camera *c, struct session *s, int64_t now_ms);
void camera_stream_stop_one(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                            int64_t now_ms);
int camera_stream_by_id(const struct sdk_camera *c, uint32_t id); /* which, or -1 */
void camera_stream_keys(struct sdk_camera *c, struct session *s, int is_replacing, int64_t now_ms);
const char *camera_stream_keyframe(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms);
/* The session's rights have shrunk: stop what needs one that is gone. */
void camera_session_narrow(struct sdk_camera *c, struct session *s, int64_t now_ms);
/* A removal: one switch of all keys, at most 500 ms from now. */
void camera_stream_revoke(struct sdk_camera *c, int is_from_notice, int64_t now_ms);
int64_t camera_stream_tick(struct sdk_camera *c, int64_t now_ms);
void camera_stream_fini(struct sdk_camera *c);

/* A fresh key of this kind and slot; the former one in `out` is wiped. */
void camera_key_make(struct sdk_camera *c, uint8_t kind, uint8_t slot, struct sdk_media_key *out,
                     int64_t now_ms);
void camera_key_entry(struct wire_key_entry *e, uint32_t stream, uint64_t kid,
                      const uint8_t base_key[32]);
void camera_keys_send(struct sdk_camera *c, struct session *s, const struct wire_key_entry *entries,
                      unsigned count, int is_replacing, int64_t now_ms);
/* A random id that nothing of this camera has. */
uint32_t camera_stream_id_make(const struct sdk_camera *c);

/* ---- snapshots ---- */
struct snap {
    struct session *session;  /* who asked; NULL = free */
    uint32_t number, request; /* the owner's number; the id to answer */
    uint32_t stream;          /* 0 = the picture has not come yet */
    uint64_t kid;
    uint8_t base_key[32]; /* until the unit has left */
    struct sk_buf frame;  /* the sealed unit */
    int64_t deadline_ms;  /* of the picture, then of the unit */
};

const char *camera_snap_start(struct call *call);
void camera_snap_asked(struct sdk_camera *c, uint32_t stream);
void camera_snap_uplink(struct sdk_camera *c, int64_t now_ms);
void camera_snap_leave(struct sdk_camera *c, const struct session *s);
/* As above; what waits for an answer is told `denied`. */
void camera_snap_deny(struct sdk_camera *c, struct session *s, int64_t now_ms);
int camera_snap_has(const struct sdk_camera *c, uint32_t stream);
/* Entries of this session's pictures under way, at most SNAPS_MAX; returns how many. */
unsigned camera_snap_entries(const struct sdk_camera *c, const struct session *s,
                             struct wire_key_entry *entries);
int64_t camera_snap_tick(struct sdk_camera *c, int64_t now_ms);
void camera_snap_fini(struct sdk_camera *c);

/* ---- talk ---- */
struct talk {
    struct session *session; /* who talks; NULL = nobody */
    uint32_t stream;
    struct sdk_media_rx rx;
    struct sk_buf frame;
    int64_t heard_ms;      /* start, or last good unit */
    size_t consumed_bytes; /* since the last CREDIT */
    uint64_t units, bytes; /* of this talk or the last */
};

const char *camera_talk_start(struct call *call);
const char *camera_talk_stop(struct call *call);
/* A KEY record of this channel. */
void camera_talk_key(struct sdk_camera *c, const struct session *s, const uint8_t *content,
                     size_t len, int64_t now_ms);
/* Give the relay leave to pass the talk's units on. */
void camera_talk_credit(struct sdk_camera *c);
/* If this session talks: end it, with and without telling. */
void camera_talk_end(struct sdk_camera *c, struct session *s, int64_t now_ms);
void camera_talk_leave(struct sdk_camera *c, const struct session *s);
int camera_talk_has(const struct sdk_camera *c, uint32_t stream);
int64_t camera_talk_tick(struct sdk_camera *c, int64_t now_ms);
void camera_talk_fini(struct sdk_camera *c);

/* ---- playback ---- */
enum { PLAY_SEAL_BYTES = WIRE_RELAY_HEAD_BYTES + WIRE_SFRAME_HEAD_MAX + WIRE_SFRAME_TAG_BYTES };
enum play_state { PLAY_OPENING, PLAY_RUNS, PLAY_AT_END };

struct play {
    struct session *session; /* whose; NULL = free */
    enum play_state state;
    uint32_t stream, request; /* request: to answer when it is ready */
    char codec[SDK_CODEC_SIZE];
    struct sk_buf init, out, held; /* held: the fragment that waits for credit; empty = none */
    struct sdk_media_key cur, next;
    uint64_t pair_pts, next_pts, held_pts;
    int64_t pair_wall_ms; /* of pair_pts */
    uint32_t held_duration;
    size_t credit;
    double speed;
    uint8_t keys_only, is_asked, needs_init, needs_key, wants_disc, held_is_key;
    uint64_t run_pts; /* at run_ms: what may be sent is reckoned from here */
    int64_t run_ms, open_by_ms, unit_ms;
    int64_t rotate_ms, switch_from_ms;
};

unsigned camera_play_slot(const struct sdk_camera *c, const struct play *p);
struct play *camera_play_by_stream(const struct sdk_camera *c, uint32_t stream);
/* The player in this slot, or NULL. */
struct play *camera_play_at(const struct sdk_camera *c, unsigned slot);
/* Forget it, without and with telling the owner. */
void camera_play_wipe(struct play *p);
void camera_play_close(struct sdk_camera *c, struct play *p);
void camera_play_key_make(struct sdk_camera *c, struct play *p, struct sdk_media_key *out,
                          int64_t now_ms);
/* An announced key may be used from the next key picture on. */
int camera_play_key_due(const struct play *p, int64_t now_ms);
void camera_play_key_change(struct play *p);
/* What may be sent is reckoned from here. */
void camera_play_run(struct play *p, int64_t now_ms);

const char *camera_play_find(struct call *call);
const char *camera_play_start(struct call *call);
const char *camera_play_seek(struct call *call);
const char *camera_play_speed(struct call *call);
const char *camera_play_stop(struct call *call);
/* End what this session plays, with and without telling. */
void camera_play_deny(struct sdk_camera *c, struct session *s, int64_t now_ms);
void camera_play_leave(struct sdk_camera *c, const struct session *s);
/* The uplink is gone, and with it what was on its way. */
void camera_play_lost(struct sdk_camera *c, int64_t now_ms);
/* A removal: new keys for all. */
void camera_play_switch(struct sdk_camera *c, int64_t now_ms);
/* 1 when this session plays something. */
int camera_play_plays(const struct sdk_camera *c, const struct session *s);
int camera_play_has(const struct sdk_camera *c, uint32_t stream);
/* 1 when this session may have the keys of this playback. */
int camera_play_is_of(const struct sdk_camera *c, uint32_t stream, const struct session *s);
/* Entries of this session's players, at most 2 PLAYS_PER_CHANNEL; returns how many. */
unsigned camera_play_entries(const struct sdk_camera *c, const struct session *s,
                             struct wire_key_entry *entries);
int64_t camera_play_tick(struct sdk_camera *c, int64_t now_ms);
void camera_play_fini(struct sdk_camera *c);

/* When the timer of 4.3 is due again; how long before it a key is told, and the bounds of a switch
 * by removal (6.5). */
int64_t camera_rotate_at(int64_t now_ms);
enum { CAMERA_ANNOUNCE_MS = 2000, CAMERA_REVOKE_LEAD_MS = 150 };

/* ---- the head ---- */
struct ptz {
    double pan, tilt, zoom;
    const struct session *mover; /* whose MOVE runs; NULL = none. Identity only */
    int64_t told_ms;
    char by[WIRE_ENVELOPE_ACCOUNT_MAX + 1]; /* the account that gave the last command */
    uint8_t is_untold;
};

const char *camera_ptz_move(struct call *call);
const char *camera_ptz_stop(struct call *call);
const char *camera_ptz_preset(struct call *call);
void camera_ptz_leave(struct sdk_camera *c, const struct session *s);
int64_t camera_ptz_tick(struct sdk_camera *c, int64_t now_ms);

/* ---- the camera ---- */
struct sdk_camera {
    const struct sdk_camera_ops *ops;
    void *user;
    char device[WIRE_LABEL_DEVICE_LEN + 1];
    uint8_t device_raw[16];
    char *label_code, *model, *firmware, *info_note;
    unsigned channels_max;
    int64_t born_ms;
    struct camera_state state;
    uint8_t boot_id[8], param_id[8], params[WIRE_SEAL_PARAMS_BYTES];
    struct sdk_spake_verifier *pake; /* made at the first OPEN */
    struct lock lock;
    int64_t wall_base_ms; /* wall = base + now; 0 = not known */
    int64_t build_wall_ms, button_until_ms;
    int64_t check_base_ms;                /* own time = base + now */
    int64_t follow_at_ms, follow_left_ms; /* how far it may follow the server */
    int64_t saved_at_ms, list_told_ms, list_check_ms[LIST_CHECKS];
    uint8_t has_owner_time; /* an owner set it since boot */
    /* sessions */
    struct session **sessions;
    unsigned session_count, session_cap;
    uint8_t (*seen)[16]; /* SEEN_MAX, made at the first session */
    unsigned seen_count;
    int64_t *kopen_ms; /* times of the last 30 KOPEN that count, made at the first */
    uint8_t (*kopen_key)[16];
    struct once_entry *once; /* ONCE_MAX, made at the first */
    /* media */
    struct stream streams[SDK_STREAM_COUNT];
    uint32_t generation; /* of the newest key */
    uint64_t origin;     /* PTS of origin_ms: one timeline for all streams */
    int64_t origin_ms;
    struct snap *snaps; /* SNAPS_MAX, made at the first */
    uint32_t snap_number;
    struct talk *talk;  /* made at the first */
    struct play *plays; /* SDK_PLAY_MAX, made at the first */
    struct ptz ptz;
    int uplink_up;
    int64_t switch_at_ms;    /* one switch of all keys is due; 0 = none */
    int64_t switch_first_ms; /* the revocation that caused it */
    int switch_by_notice;
    int64_t notice_ms[6]; /* the last switches that a NOTICE caused */
    struct sdk_camera_stats stats;
    /* a callback may find the link gone while sessions are walked: then it is done on the way out
     */
    unsigned depth;
    uint8_t is_link_lost;
};

/* Around every public call that walks sessions. */
void camera_enter(struct sdk_camera *c);
void camera_leave(struct sdk_camera *c, int64_t now_ms);

int64_t camera_wall(const struct sdk_camera *c, int64_t now_ms);
void camera_event(struct sdk_camera *c, const char *what);
void camera_account_tag(uint8_t tag[16], const char *account);
/* Verifier or params changed: recompute what hangs on them. */
void camera_password_loaded(struct sdk_camera *c);

#endif
