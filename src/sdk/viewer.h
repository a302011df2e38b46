/* The viewer's sealed side, native: one camera, one session. Mirrors camera.h. Sans I/O.
 *
 * Usage (`skep view`):
 *
 *     struct sdk_viewer_options o = { .device = id, .account = me, .pin = pin_or_null };
 *     sdk_viewer_new(&v, &o, &ops, user);
 *     sdk_viewer_session(v, session);            // ask for the authorization code with these bytes
 *     ... open /ws/signal and /ws/live ...
 *     sdk_viewer_open_password(v, SDK_CLASS_CODE, code, strlen(code), now_ms)   // or _open_key
 *     binary on /ws/signal -> sdk_viewer_on_envelope(v, data, len, now_ms)
 *     binary on /ws/live   -> sdk_viewer_on_frame(v, data, len, now_ms)
 *     ops.signal           -> send on /ws/signal;   ops.control -> send on /ws/live
 *     ops.ready            -> the channel is open: sdk_viewer_enrol(), sdk_viewer_live_start(v,
 * "main") ops.stream           -> the stream's id, codec, scale are known (SUBSCRIBE has been sent)
 *     ops.unit             -> a decrypted init segment or fragment: append to the file
 *     ops.closed           -> over: code, and the text for the user
 *     timer                -> deadline = sdk_viewer_tick(v, now_ms)
 *     sdk_viewer_free(&v);
 *
 * Callbacks run inside the call that caused them. From ops.ready, ops.reply, ops.stream and
 * ops.event the requests (`sdk_viewer_request` and its kin) may be called; nothing may free. */
#ifndef SK_SDK_VIEWER_H
#define SK_SDK_VIEWER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sdk_viewer;

struct sdk_viewer_options {
    const char *device;      /* 26 base32 characters; copied */
    const char *account;     /* own account id; copied */
    const uint8_t *pin;      /* 65: the camera's pinned seal key; NULL = not known yet */
    const char *fingerprint; /* of the label (QR `k`), checked at the first hello; NULL = none */
    const uint8_t *params;   /* 28: P remembered from the last good handshake; NULL = ask */
};

/* What the camera's hello said. */
struct sdk_viewer_hello {
    uint8_t seal[65], boot[8];
    uint32_t list_version;
    uint8_t list_hash[32]; /* of the signed part; zeros: no list yet */
    uint16_t rights;       /* wire/codes.h */
    int64_t wall_ms, until_ms;
    int is_password_born, is_new_pin;
};

struct sdk_viewer_stream {
    char name[8]; /* "main", "sub", "audio", "snap", "talk", "play" */
    uint32_t id, scale;
    char codec[32]; /* snap: "image/jpeg" */
    uint64_t pts;
    int64_t wall_ms;        /* wall clock of `pts`; snap, talk: 0 */
    unsigned width, height; /* snap only */
};

/* A decrypted unit; `data` is borrowed. */
struct sdk_viewer_unit {
    uint32_t stream;
    uint8_t kind;   /* enum wire_relay_kind: video, audio, snapshot (a JPEG, once) or playback */
    uint16_t flags; /* enum wire_relay_flag */
    uint64_t pts;
    const uint8_t *data;
    size_t len;
    size_t frame_len; /* playback: for sdk_viewer_played */
};

/* What play.find answered; see docs/design/streams.md, Playback. Times in wall-clock ms. */
enum { SDK_FOUND_RANGES_MAX = 128, SDK_FOUND_MARKS_MAX = 256 };
struct sdk_viewer_found {
    int64_t first_ms, last_ms, next_ms;
    unsigned range_count, mark_count;
    struct {
        int64_t from_ms, to_ms;
    } ranges[SDK_FOUND_RANGES_MAX];
    struct {
        int64_t at_ms;
        unsigned type;
    } marks[SDK_FOUND_MARKS_MAX];
    char source[16];
};

struct sdk_viewer_play {
    int64_t at_ms, to_ms; /* to_ms 0 = to the end */
    const char *stream;   /* "main" or "sub" */
    double speed;         /* 0.25, 0.5, 1, 2, 4, 8 or 16 */
};

struct sdk_viewer_ops {
    void (*signal)(void *user, const uint8_t *envelope, size_t len);
    void (*control)(void *user, const uint8_t *frame, size_t len);
    void (*ready)(void *user, const struct sdk_viewer_hello *hello);
    /* P has proved good: keep these 28 bytes for next time. May be NULL. */
    void (*params)(void *user, const uint8_t params[28]);
    void (*stream)(void *user, const struct sdk_viewer_stream *s);
    void (*unit)(void *user, const struct sdk_viewer_unit *u);
    /* The answer to sdk_viewer_request `id`: `val` when ok, else the error code. May be NULL. */
    void (*reply)(void *user, uint32_t id, int is_ok, const json_t *val, const char *error);
    /* {"ev":name,"val":...}. May be NULL. */
    void (*event)(void *user, const char *name, const json_t *val);
    /* The session is over. `code`: enum wire_code; `retry_ms` > 0 when the camera named a wait;
     * `is_clean` = a sealed CLOSE said so, else it was cut. Called once. */
    void (*closed)(void *user, unsigned code, uint32_t retry_ms, int is_clean, const char *text);
};

SK_MUST int sdk_viewer_new(struct sdk_viewer **out, const struct sdk_viewer_options *o,
                           const struct sdk_viewer_ops *ops, void *user);
/* Wipes, frees; `*v` becomes NULL; NULL is fine. */
void sdk_viewer_free(struct sdk_viewer **v);

/* The session's 16 random bytes. */
void sdk_viewer_session(const struct sdk_viewer *v, uint8_t out[16]);

/* Start the handshake. The password is hashed when the camera's parameters are known: inside the
 * call for remembered ones, else inside sdk_viewer_on_envelope; class 2 blocks for half a second.
 * Class 1: any typing of the label code; -SK_EINVAL when its check digits are wrong. Copied, wiped.
 */
SK_MUST int sdk_viewer_open_password(struct sdk_viewer *v, unsigned class, const char *password,
                                     size_t len, int64_t now_ms);
/* By an enrolled or listed viewer key; needs the pin. -SK_EINVAL without one. */
SK_MUST int sdk_viewer_open_key(struct sdk_viewer *v, const uint8_t secret[32], int64_t now_ms);

/* Before the handshake: be the owner whose ECDSA secret this is. hello then carries the proof, and
 * the rights in ops.ready say whether the camera knows the key (WIRE_RIGHT_MANAGE). `wall_ms` = the
 * wall clock at `now_ms`: a camera takes the time from its owner. The secret is copied, and wiped
 * with the viewer. -SK_EINVAL: no scalar; -SK_ECONFLICT: the handshake runs. */
SK_MUST int sdk_viewer_owner_key(struct sdk_viewer *v, const uint8_t secret[32], int64_t wall_ms,
                                 int64_t now_ms);

void sdk_viewer_on_envelope(struct sdk_viewer *v, const uint8_t *data, size_t len, int64_t now_ms);
void sdk_viewer_on_frame(struct sdk_viewer *v, const uint8_t *frame, size_t len, int64_t now_ms);

/* Send a command; `arg` may be NULL (borrowed); `once` = it changes something. `*id` for ops.reply.
 * -SK_ECLOSED, -SK_EBUSY (8 open), -SK_ETOOBIG. */
SK_MUST int sdk_viewer_request(struct sdk_viewer *v, const char *what, json_t *arg, int once,
                               uint32_t *id, int64_t now_ms);

/* The commands that carry state of this layer. */
SK_MUST int sdk_viewer_enrol(struct sdk_viewer *v, const uint8_t public_key[65], uint32_t *id,
                             int64_t now_ms);
/* Register an owner key: the first of a camera in a password-born channel, which becomes an owner
 * channel by the good reply; others by an owner. */
SK_MUST int sdk_viewer_owner_add(struct sdk_viewer *v, const uint8_t public_key[65], uint32_t *id,
                                 int64_t now_ms);
/* In an owner channel: give the camera another password. Class 2 blocks for half a second. A good
 * reply is followed by CLOSE 14: old channels and enrolled keys are gone. -SK_EINVAL: no label
 * code, or not 12..128 bytes of UTF-8 (strength is the caller's to judge); -SK_ECONFLICT: this
 * viewer has not seen the camera's parameters; else as sdk_viewer_request. */
SK_MUST int sdk_viewer_password_set(struct sdk_viewer *v, unsigned class, const char *password,
                                    size_t len, uint32_t *id, int64_t now_ms);
/* In an owner channel: give the camera a list made by sdk_list_sign. The reply says version and
 * hash; "conflict": it has that version or a later one (fetch by `access.get`, merge, sign anew).
 */
SK_MUST int sdk_viewer_access_set(struct sdk_viewer *v, const uint8_t *list, size_t len,
                                  uint32_t *id, int64_t now_ms);
SK_MUST int sdk_viewer_live_start(struct sdk_viewer *v, const char *stream, int64_t now_ms);
SK_MUST int sdk_viewer_live_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms);
/* Sound: as live_start and live_stop, stream name "audio"; needs the right `listen`. */
SK_MUST int sdk_viewer_audio_start(struct sdk_viewer *v, int64_t now_ms);
SK_MUST int sdk_viewer_audio_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms);
/* One picture: ops.stream "snap" with its size, then ops.unit with the JPEG; a refusal comes by
 * ops.reply, a picture that never comes as event "stream-closed" after 10 s. */
SK_MUST int sdk_viewer_snap(struct sdk_viewer *v, int64_t now_ms);
/* Ask for the loudspeaker. ops.stream "talk" = granted, the talk key is at the camera; then
 * sdk_viewer_talk seals one unit (Opus, PTS of the caller's own 90 kHz timeline) and hands it to
 * ops.control. A refusal (`busy`, `denied`) comes by ops.reply. The camera ends a talk after 60 s
 * without units: event "talk.ended". -SK_ECONFLICT (not talking), -SK_ETOOBIG (over
 * SDK_TALK_UNIT_MAX), -SK_ELIMIT (after 20 min: start anew). */
enum { SDK_TALK_UNIT_MAX = 8192 };
SK_MUST int sdk_viewer_talk_start(struct sdk_viewer *v, int64_t now_ms);
SK_MUST int sdk_viewer_talk(struct sdk_viewer *v, uint64_t pts, const uint8_t *data, size_t len,
                            int64_t now_ms);
SK_MUST int sdk_viewer_talk_stop(struct sdk_viewer *v, int64_t now_ms);
/* Recordings. `find` is answered by ops.reply: read `val` with sdk_viewer_found_read (-SK_EINVAL:
 * not of its form). play_start: ops.stream "play" with the (pts, wall) of its first unit, then
 * units of kind playback, as much as is given credit for: sdk_viewer_played says that `bytes` (the
 * frame_len of units) have been shown, and lets as many more come; to pause is not to call it.
 * play_seek: what was on its way is dropped here; event "play.seek" {"stream","pts","wall"} when it
 * is granted. Events of the camera: "play.gap", "play.end", "play.ended". Refusals come by
 * ops.reply. */
SK_MUST int sdk_viewer_play_find(struct sdk_viewer *v, int64_t from_ms, int64_t to_ms, uint32_t *id,
                                 int64_t now_ms);
SK_MUST int sdk_viewer_found_read(struct sdk_viewer_found *out, const json_t *val);
SK_MUST int sdk_viewer_play_start(struct sdk_viewer *v, const struct sdk_viewer_play *how,
                                  int64_t now_ms);
SK_MUST int sdk_viewer_play_seek(struct sdk_viewer *v, uint32_t stream, int64_t at_ms,
                                 int64_t now_ms);
SK_MUST int sdk_viewer_play_speed(struct sdk_viewer *v, uint32_t stream, double speed,
                                  int64_t now_ms);
SK_MUST int sdk_viewer_play_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms);
void sdk_viewer_played(struct sdk_viewer *v, uint32_t stream, size_t bytes);
/* The wall clock of a PTS of this playback; 0 = no such stream. */
int64_t sdk_viewer_play_wall(const struct sdk_viewer *v, uint32_t stream, uint64_t pts);

/* The live connection was opened anew: subscribe again to what runs. A playback then needs a seek.
 */
void sdk_viewer_resubscribe(struct sdk_viewer *v, int64_t now_ms);

/* Say CLOSE 0 and end. ops.closed is not called. */
void sdk_viewer_close(struct sdk_viewer *v, int64_t now_ms);

/* Do what is due; returns the next deadline (INT64_MAX = none). */
int64_t sdk_viewer_tick(struct sdk_viewer *v, int64_t now_ms);

struct sdk_viewer_stats {
    uint64_t units, withheld, stale, unknown_kid, refused;
    int64_t behind_ms; /* newest clock event against the newest unit; -1 = not known */
    int is_delayed;    /* the "delayed" banner of sealed.md 4.5 */
    int is_not_live;   /* the "not live" one */
};
void sdk_viewer_stats(const struct sdk_viewer *v, struct sdk_viewer_stats *out);

#endif
