/* The memory card of a simulated camera. It holds no file: what it "recorded" follows from the
 * camera's seed (which minutes, which marks), and a picture of the past is drawn and encoded when
 * somebody plays it, since a scene is a function of time. Pictures of one moment are always the
 * same. Said openly to the viewer as "source":"simulated".
 *
 * One card and its players belong to one thread; the number of players that encode is bounded for
 * the whole process. */
#ifndef FIRMWARE_SIM_CAM_CARD_H
#define FIRMWARE_SIM_CAM_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "firmware-sim/cam/source.h"

#define CAM_CARD_GROUP_MS 2000    /* every recording begins and ends on this grid; key pictures */
#define CAM_CARD_KEEP_MS 86400000 /* what the card holds before it writes over the oldest */
#define CAM_CARD_PLAYERS_MAX 8    /* encoders at work in this process */
#define CAM_CARD_MOTION 1u        /* types of marks, as EVENT of the device link */
#define CAM_CARD_TAMPER 2u

struct cam_card {
    const struct cam_source *source; /* borrowed */
    uint64_t seed;
};

struct cam_span {
    int64_t from_ms, to_ms; /* wall clock, half open */
};

/* Oldest and newest moment on the card at the wall clock `now_ms`. */
struct cam_span cam_card_bounds(int64_t now_ms);

/* The first recording that ends after `at_ms`; false = none (yet). Whole, not cut at `at_ms`. */
bool cam_card_range(const struct cam_card *card, int64_t now_ms, int64_t at_ms,
                    struct cam_span *range);

/* The first mark at or after `at_ms`, always within a recording; false = none. */
bool cam_card_mark(const struct cam_card *card, int64_t now_ms, int64_t at_ms, int64_t *mark_ms,
                   unsigned *type);

/* ---- players ---- */

struct cam_player;

enum cam_played { CAM_PLAYED_UNIT, CAM_PLAYED_GAP, CAM_PLAYED_END };

/* A player that begins at the key picture at or before `at_ms` or at the next recording, and ends
 * at `to_ms` (0 = never); nothing is drawn yet. The caller frees *out. -SK_ENOTFOUND (nothing there
 * or later), -SK_EBUSY (too many), -SK_EUNSUPPORTED (a camera that shows a file has no past). */
SK_MUST int cam_player_new(const struct cam_card *card, enum cam_stream stream, int64_t now_ms,
                           int64_t at_ms, int64_t to_ms, struct cam_player **out);
void cam_player_free(struct cam_player **player);

/* The moment of the next picture. */
int64_t cam_player_wall_ms(const struct cam_player *player);

/* Makes drawing and encoder ready; codec string (CAM_CODEC_CAP) and init segment. */
SK_MUST int cam_player_open(struct cam_player *player, char codec[CAM_CODEC_CAP],
                            struct sk_buf *init);

/* As in cam_player_new; -SK_ENOTFOUND leaves all as it was. */
SK_MUST int cam_player_seek(struct cam_player *player, int64_t now_ms, int64_t at_ms);
/* Key pictures only, or all: from the next group on, so that no hole comes to be. */
void cam_player_speed(struct cam_player *player, bool keys_only);

/* What comes next: a unit (its pts_90k counts from 0 at new or seek, without jumps), a gap (then
 * ask again), or the end of the recording or `to_ms` (ask again after a seek). */
SK_MUST int cam_player_next(struct cam_player *player, int64_t now_ms, enum cam_played *what,
                            struct cam_unit *unit, struct cam_span *gap);

#endif
