/* The camera's sealed side: password and keys, channels to viewers, commands, media sealing.
 * Sans I/O: the owner feeds envelopes, units and `now_ms`, and gets envelopes, relay frames and
 * requests to the encoder through callbacks. No thread, no clock, no file.
 *
 * Usage (a simulated camera; a real one does the same):
 *
 *     struct sdk_camera_options o = { .device = id, .label_code = code, .state = blob, ... };
 *     struct sdk_camera *cam;
 *     if (sdk_camera_new(&cam, &o, &ops, user, now_ms) < 0) ...    // saves the boot counter first
 *     sdk_camera_seal_key(cam, hello.seal); sdk_camera_boot_id(cam, hello.boot);   // for devlink
 *     ...
 *     devlink SIGNAL       -> sdk_camera_on_envelope(cam, body, len, now_ms)
 *     devlink NOTICE revoke-> sdk_camera_on_revoke(cam, account, now_ms)
 *     devlink HELLO_OK     -> sdk_camera_set_wall(cam, wall, now_ms)
 *     devlink lost         -> sdk_camera_link_lost(cam, now_ms)
 *     uplink WELCOME, gone -> sdk_camera_uplink(cam, 1 or 0, now_ms)
 *     uplink KEYREQ        -> sdk_camera_on_keyreq(cam, stream, now_ms)
 *     ops.signal           -> devlink SIGNAL;   ops.frame -> uplink
 *     uplink TALK          -> sdk_camera_on_talk(cam, frame, len, now_ms)
 *     uplink CREDIT        -> sdk_camera_on_credit(cam, stream, bytes, now_ms)
 *     ops.stream_start     -> start the encoder, then sdk_camera_stream_ready() with its init
 * segment each encoded unit    -> sdk_camera_unit(cam, which, is_key, pts, fragment, len, now_ms)
 *     timer                -> deadline = sdk_camera_tick(cam, now_ms)   // after every call above
 * too sdk_camera_free(&cam);
 *
 * Callbacks run inside the call that caused them and must not call back into the same camera, but
 * for these: ops.stream_start may call sdk_camera_stream_ready, ops.snap sdk_camera_snap_ready or
 * _failed, ops.ptz sdk_camera_ptz_at; any may report sdk_camera_link_lost (done on the way out) or
 * sdk_camera_uplink. One thread at a time per camera. */
#ifndef SK_SDK_CAMERA_H
#define SK_SDK_CAMERA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sdk_camera;

/* The streams that live.start and audio.start name; slot = number + 1. */
enum sdk_stream {
    SDK_STREAM_MAIN = 0,
    SDK_STREAM_SUB = 1,
    SDK_STREAM_AUDIO = 2,
    SDK_STREAM_COUNT = 3
};

enum sdk_ptz_kind { SDK_PTZ_MOVE, SDK_PTZ_STOP, SDK_PTZ_GO, SDK_PTZ_SET };

enum { SDK_PTZ_PRESETS = 9 };

/* One `ptz.*` command, checked. */
struct sdk_ptz {
    enum sdk_ptz_kind kind;
    double pan, tilt, zoom; /* MOVE: speeds, -1 .. 1; right, up and closer are positive */
    unsigned preset;        /* GO, SET: 1 .. 9 */
};

enum { SDK_CAMERA_STATE_MAX = 16384, SDK_CODEC_SIZE = 32 };

struct sdk_camera_options {
    const char *device;     /* 26 base32 characters; copied, as everything here is */
    const char *label_code; /* 24 normalised characters: first boot and factory reset. May be NULL
                               when `state` is given; then a factory reset is refused */
    const uint8_t *state;   /* blob of the last ops.save; NULL = first boot */
    size_t state_len;
    const char *model, *firmware; /* for `info` */
    const char *info_note; /* NULL, or a text that `info` also answers (the canary's marker) */
    int64_t build_wall_ms; /* lower bound of the camera's own clock */
    unsigned sessions_max; /* channels; 0 = 32, simulator 256 */
};

/* ---- recordings (docs/design/streams.md, Playback) ---- */

enum {
    SDK_PLAY_MAX = 4,             /* of one camera; `slot` is 0 .. 3 */
    SDK_PLAY_FRAME_MAX = 1 << 19, /* a whole relay frame; a fragment or init: 64 bytes less */
    SDK_PLAY_RANGES_MAX = 128,
    SDK_PLAY_MARKS_MAX = 256
};

struct sdk_play_found {
    int64_t first_ms, last_ms; /* of the whole card; 0, 0 = empty */
    int64_t next_ms;           /* ask on from here; 0 = all is told */
    unsigned range_count, mark_count;
    struct {
        int64_t from_ms, to_ms;
    } ranges[SDK_PLAY_RANGES_MAX]; /* rising, disjoint, within what was asked for */
    struct {
        int64_t at_ms;
        unsigned type; /* as EVENT of wire.md: 1 motion ... */
    } marks[SDK_PLAY_MARKS_MAX];
    int is_simulated; /* drawn when asked for, never on a card */
};

struct sdk_play_how {
    enum sdk_stream which; /* MAIN or SUB */
    int64_t at_ms, to_ms;  /* to_ms 0 = to the end of the recording */
    uint64_t pts;          /* of the first unit */
    int keys_only;
};

/* What a camera with a card does. Not to be called back from, but for sdk_camera_play_ready and
 * _failed inside `open`. */
struct sdk_play_ops {
    /* Recordings that overlap [from_ms, to_ms). Fast: an index in memory. -SK_ESTORAGE. */
    int (*find)(void *user, int64_t from_ms, int64_t to_ms, struct sdk_play_found *out);
    /* Begin at the key picture at or before at_ms, or where the next range begins; `*wall_ms` gets
     * that moment. Then sdk_camera_play_ready, at once or within 10 s. -SK_ENOTFOUND (nothing there
     * or later), -SK_EBUSY, -SK_ESTORAGE. */
    int (*open)(void *user, unsigned slot, const struct sdk_play_how *how, int64_t *wall_ms);
    /* Go on from another moment; its first unit has `pts`. On error nothing has changed. What was
     * asked for by `next` before is not awaited any more. */
    int (*seek)(void *user, unsigned slot, int64_t at_ms, uint64_t pts, int64_t *wall_ms);
    /* Key pictures only, or all: from the next key picture on. */
    void (*speed)(void *user, unsigned slot, int keys_only);
    /* The viewer can take one unit: answer with sdk_camera_play_unit, _gap or _end, later. */
    void (*next)(void *user, unsigned slot);
    void (*close)(void *user, unsigned slot);
};

struct sdk_camera_ops {
    /* Send this envelope as SIGNAL. Borrowed bytes. */
    void (*signal)(void *user, const uint8_t *envelope, size_t len);
    /* Send this whole relay frame (header and payload) on the uplink. Borrowed bytes: copy. */
    void (*frame)(void *user, const uint8_t *frame, size_t len);
    /* Make the state durable (write, fsync) before returning 0. A failure is answered `storage` to
     * the viewer and nothing that needed it happens. Holds secrets: keep it 0600. */
    int (*save)(void *user, const uint8_t *state, size_t len);
    /* Somebody watches or listens: start the encoder. All streams of a camera share one timeline:
     * `origin` is the PTS of the moment of this call, units carry PTS = `origin` + 90 for each ms
     * since, in tfdt too. Answer with sdk_camera_stream_ready, at once or later; a negative result
     * = refused (-SK_EUNSUPPORTED: no such stream here, a camera without microphone). */
    int (*stream_start)(void *user, enum sdk_stream which, uint64_t origin);
    /* Nobody watches any more. */
    void (*stream_stop)(void *user, enum sdk_stream which);
    /* The next unit should be a keyframe. */
    void (*stream_keyframe)(void *user, enum sdk_stream which);
    /* A sealed-layer event for the log: "lock", "owner-added", "rekeyed" ...; static texts. */
    void (*event)(void *user, const char *what);
    /* An authorised `reboot`: NULL = unsupported. Called after the reply left. */
    void (*reboot)(void *user);
    /* Take one picture now; answer with sdk_camera_snap_ready or _failed under this number, at once
     * or within 10 s. NULL = unsupported. */
    void (*snap)(void *user, uint32_t number);
    /* What an authorised talker says: one opened unit (Opus), with its PTS on the talker's own
     * timeline. Borrowed. NULL = no loudspeaker: talk is unsupported. */
    void (*talk)(void *user, uint64_t pts, const uint8_t *data, size_t len);
    /* An authorised command for the head; a MOVE goes on until STOP, another command or the border.
     * A STOP also comes when the channel that set it moving ends. NULL = unsupported.
     * -SK_ENOTFOUND (GO to a preset never set), -SK_ESTORAGE (SET not durable). */
    int (*ptz)(void *user, const struct sdk_ptz *p);
    /* The card; NULL = none: play.* is unsupported. */
    const struct sdk_play_ops *play;
};

/* Read or make the state, count the boot and save it before anything uses it. `*out` is owned by
 * the caller. -SK_EINVAL (options, damaged state), -SK_ESTORAGE (ops.save failed), -SK_ECONFLICT
 * (state of another device). First boot takes a few ms. */
SK_MUST int sdk_camera_new(struct sdk_camera **out, const struct sdk_camera_options *o,
                           const struct sdk_camera_ops *ops, void *user, int64_t now_ms);

/* Closes nothing politely, wipes, frees; `*c` becomes NULL; NULL is fine. */
void sdk_camera_free(struct sdk_camera **c);

/* The public seal key (for HELLO and the label's fingerprint) and this boot's id. */
void sdk_camera_seal_key(const struct sdk_camera *c, uint8_t out[65]);
void sdk_camera_boot_id(const struct sdk_camera *c, uint8_t out[8]);

/* One SIGNAL body. Whatever is in it, this never fails towards the link: the peer's faults end
 * sessions, not the link, and are counted. */
void sdk_camera_on_envelope(struct sdk_camera *c, const uint8_t *data, size_t len, int64_t now_ms);

/* NOTICE revoke: close that account's channels, switch all media keys (sealed.md 6.5). */
void sdk_camera_on_revoke(struct sdk_camera *c, const char *account, int64_t now_ms);

/* The device link is gone: all sessions end without a word. Streams stop. */
void sdk_camera_link_lost(struct sdk_camera *c, int64_t now_ms);

/* The server's clock (HELLO_OK, KEEPALIVE_OK). The camera follows it forward by at most 2 min a
 * day once it has a time of its own, and never back (5.3). Display times use it as it is. */
void sdk_camera_set_wall(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms);

/* The uplink is ready for frames (after WELCOME) or gone. While it is gone units are dropped; when
 * it comes, INIT is sent again and a keyframe asked for. */
void sdk_camera_uplink(struct sdk_camera *c, int is_up, int64_t now_ms);

/* The server asks for a keyframe of a stream id; obeyed at most once a second. */
void sdk_camera_on_keyreq(struct sdk_camera *c, uint32_t stream, int64_t now_ms);

/* The encoder runs: RFC 6381 codec string, one (pts, wall) pair of its clock, the fMP4 init segment
 * (copied; <= 64 KiB). Also when these change while running (then DISC and a KEY unit follow).
 * -SK_EINVAL, -SK_ECONFLICT (not started). */
SK_MUST int sdk_camera_stream_ready(struct sdk_camera *c, enum sdk_stream which, const char *codec,
                                    uint64_t pts, int64_t wall_ms, const uint8_t *init,
                                    size_t init_len, int64_t now_ms);

/* The encoder broke: waiting viewers get `internal`, others the end of the stream. */
void sdk_camera_stream_failed(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms);

/* 1 while units of this stream are worth encoding: started and the uplink is up. */
int sdk_camera_stream_wanted(const struct sdk_camera *c, enum sdk_stream which);

/* One fMP4 fragment (one access unit; sound: 1 to 5 frames, filled up to a constant size by a
 * `free` box, always `is_key`) with its PTS, `disc` when time jumped. Seals it once and hands it to
 * ops.frame, with INIT before it where one is due. Dropped silently while nobody could get it.
 * -SK_ECONFLICT (not ready), -SK_ETOOBIG, -SK_ELIMIT (key worn out: the camera stops rather than go
 * on; a switch is under way). */
SK_MUST int sdk_camera_unit(struct sdk_camera *c, enum sdk_stream which, int is_key, int is_disc,
                            uint64_t pts, const uint8_t *data, size_t len, int64_t now_ms);

/* The picture that ops.snap asked for: a JPEG <= 4 MiB - 64 (copied). It goes out sealed under a
 * key of its own, once the relay asks for it or after a second. -SK_ENOTFOUND: nobody waits any
 * more; -SK_ETOOBIG: answered `too-large`. */
SK_MUST int sdk_camera_snap_ready(struct sdk_camera *c, uint32_t number, unsigned width,
                                  unsigned height, const uint8_t *jpeg, size_t len, int64_t now_ms);
void sdk_camera_snap_failed(struct sdk_camera *c, uint32_t number, int64_t now_ms);

/* A talk frame (kind 4, whole) came down the uplink. Taken only for the stream, KID and channel
 * that talk.start gave; all else is dropped and counted (sealed.md 4.6). */
void sdk_camera_on_talk(struct sdk_camera *c, const uint8_t *frame, size_t len, int64_t now_ms);

/* The viewer of a playback can take `bytes` more. Unknown streams are ignored and counted. */
void sdk_camera_on_credit(struct sdk_camera *c, uint32_t stream, uint32_t bytes, int64_t now_ms);

/* The player of ops.play->open runs: codec string, init segment (copied). -SK_ENOTFOUND: nobody
 * waits any more; -SK_ETOOBIG. */
SK_MUST int sdk_camera_play_ready(struct sdk_camera *c, unsigned slot, const char *codec,
                                  const uint8_t *init, size_t len, int64_t now_ms);
/* It broke: the viewer is told, the player need not be closed. */
void sdk_camera_play_failed(struct sdk_camera *c, unsigned slot, int64_t now_ms);
/* One fragment with its PTS (in tfdt too), which goes on from the last one's; `duration` as in the
 * fragment. Held until the viewer's credit covers it. -SK_ENOTFOUND (not asked for), -SK_ETOOBIG,
 * -SK_EINVAL (PTS went back). */
SK_MUST int sdk_camera_play_unit(struct sdk_camera *c, unsigned slot, int is_key, uint64_t pts,
                                 uint32_t duration, const uint8_t *data, size_t len,
                                 int64_t now_ms);
/* Nothing is recorded from `from_ms` to `to_ms`: the next unit, a KEY one with the PTS that goes on
 * without a jump, is of `to_ms`. Asked again by ops.play->next. -SK_ENOTFOUND. */
SK_MUST int sdk_camera_play_gap(struct sdk_camera *c, unsigned slot, int64_t from_ms, int64_t to_ms,
                                int64_t now_ms);
/* There is no more: nothing is asked for until a seek. -SK_ENOTFOUND. */
SK_MUST int sdk_camera_play_end(struct sdk_camera *c, unsigned slot, int64_t wall_ms,
                                int64_t now_ms);

/* Where the head looks now: pan and tilt -1 .. 1 from border to border, zoom as a factor from 1.
 * The next tick (ask for it at once) tells the channels with the ptz right by event `ptz`, at most
 * five times a second, the last position always. */
void sdk_camera_ptz_at(struct sdk_camera *c, double pan, double tilt, double zoom);

/* Rights of one account's channels shrink to `rights` (wire/codes.h; never grow): what needs a
 * right that is gone stops at once, and all media keys are switched (sealed.md 6.5). */
void sdk_camera_narrow(struct sdk_camera *c, const char *account, uint16_t rights, int64_t now_ms);

/* Do what is due; returns when to be called next (absolute, same clock; INT64_MAX = nothing due).
 */
int64_t sdk_camera_tick(struct sdk_camera *c, int64_t now_ms);

/* The button on the case: clears both lock-out buckets and, for 10 minutes, lets a password-born
 * channel add an owner. */
void sdk_camera_button(struct sdk_camera *c, int64_t now_ms);

/* Long press: owner keys, access list and enrolled keys go, the password is the label code again
 * with a higher generation; all channels close. -SK_EUNSUPPORTED without a label code,
 * -SK_ESTORAGE. */
SK_MUST int sdk_camera_factory_reset(struct sdk_camera *c, int64_t now_ms);

/* Counters by reason, for `skep camera`'s log and the tests. */
struct sdk_camera_stats {
    uint64_t envelopes, refused, handshakes, confirm_failed, locked, records, commands, units,
        switches, snaps;
    uint64_t lists_taken, lists_refused; /* signed access lists */
    uint64_t play_units, credit_unknown; /* sent from the card; CREDIT for no stream of it */
    uint64_t talk_units, talk_bytes, talk_dropped; /* units opened, their bytes; frames not taken */
    unsigned channels, password_channels, owners, enrolled;
};
void sdk_camera_stats(const struct sdk_camera *c, struct sdk_camera_stats *out);

#endif
