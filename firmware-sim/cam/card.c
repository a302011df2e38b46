#include "firmware-sim/cam/card.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/encoder.h"

#define BLOCK_MS 600000 /* the schedule is made block by block */
#define GAP_EVERY 3     /* one block of so many has a gap */
#define GAP_MIN_GROUPS 10
#define GAP_MAX_GROUPS 50 /* 20 s to 100 s */
#define MARKS_MAX 3       /* in a block */
#define TICKS_PER_MS 90

static _Atomic unsigned players_count;

struct cam_player {
    const struct cam_card *card;
    enum cam_stream stream;
    struct cam_scene *scene; /* from open on */
    struct cam_encoder *encoder;
    struct cam_encoder_options options;
    int64_t group_ms, to_ms;    /* the group of the next picture */
    unsigned index;             /* of the next picture in its group */
    uint64_t pts_90k;           /* of the next picture */
    bool keys_only, wants_keys; /* wants_keys: from the next group on */
};

/* Sebastiano Vigna's splitmix64: a schedule needs spread, no secrecy. */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static int64_t group_of(int64_t ms)
{
    return ms - ms % CAM_CARD_GROUP_MS;
}

struct cam_span cam_card_bounds(int64_t now_ms)
{
    int64_t last = group_of(now_ms), first = last - CAM_CARD_KEEP_MS;
    return (struct cam_span){first > 0 ? first : 0, last > 0 ? last : 0};
}

/* ---- the schedule ---- */

/* The gap of a block, if it has one: never at its borders, so gaps never touch. */
static bool block_gap(const struct cam_card *card, int64_t block, struct cam_span *gap)
{
    if (((uint64_t)block + card->seed) % GAP_EVERY != 0) {
        return false;
    }
    uint64_t h = mix(card->seed ^ mix((uint64_t)block));
    int64_t groups = GAP_MIN_GROUPS + (int64_t)(h % (GAP_MAX_GROUPS - GAP_MIN_GROUPS + 1));
    int64_t room = BLOCK_MS / CAM_CARD_GROUP_MS - 2 - groups;
    int64_t at = 1 + (int64_t)((h >> 16) % (uint64_t)room);
    gap->from_ms = block * BLOCK_MS + at * CAM_CARD_GROUP_MS;
    gap->to_ms = gap->from_ms + groups * CAM_CARD_GROUP_MS;
    return true;
}

/* The first gap that ends after `at_ms`. Gaps come at least every GAP_EVERY blocks. */
static struct cam_span gap_after(const struct cam_card *card, int64_t at_ms)
{
    struct cam_span gap = {0, 0};
    for (int64_t block = at_ms / BLOCK_MS; gap.to_ms <= at_ms; block++) {
        if (!block_gap(card, block, &gap)) {
            gap.to_ms = 0;
        }
    }
    return gap;
}

bool cam_card_range(const struct cam_card *card, int64_t now_ms, int64_t at_ms,
                    struct cam_span *range)
{
    struct cam_span card_span = cam_card_bounds(now_ms);
    int64_t at = at_ms > card_span.from_ms ? at_ms : card_span.from_ms;
    if (at >= card_span.to_ms) {
        return false;
    }
    struct cam_span gap = gap_after(card, at);
    if (gap.from_ms <= at) { /* inside of a gap: what comes behind it */
        at = gap.to_ms;
        gap = gap_after(card, at);
    }
    range->to_ms = gap.from_ms < card_span.to_ms ? gap.from_ms : card_span.to_ms;
    range->from_ms = card_span.from_ms;
    for (int64_t block = at / BLOCK_MS; block >= 0 && block >= at / BLOCK_MS - GAP_EVERY; block--) {
        if (block_gap(card, block, &gap) && gap.to_ms <= at) {
            range->from_ms = gap.to_ms > range->from_ms ? gap.to_ms : range->from_ms;
            break;
        }
    }
    return range->from_ms < range->to_ms;
}

static bool is_recorded(const struct cam_card *card, int64_t now_ms, int64_t at_ms)
{
    struct cam_span range;
    return cam_card_range(card, now_ms, at_ms, &range) && range.from_ms <= at_ms;
}

bool cam_card_mark(const struct cam_card *card, int64_t now_ms, int64_t at_ms, int64_t *mark_ms,
                   unsigned *type)
{
    struct cam_span span = cam_card_bounds(now_ms);
    int64_t from = at_ms > span.from_ms ? at_ms : span.from_ms;
    for (int64_t block = from / BLOCK_MS; block * BLOCK_MS < span.to_ms; block++) {
        int64_t best = INT64_MAX;
        for (uint64_t i = 0; i < MARKS_MAX; i++) {
            uint64_t h = mix(card->seed + mix((uint64_t)block * MARKS_MAX + i));
            int64_t at = block * BLOCK_MS + (int64_t)(h % BLOCK_MS);
            if (h >> 62 == 0 || at < from || at >= best || !is_recorded(card, now_ms, at)) {
                continue;
            }
            best = at;
            *type = (h >> 32) % 64 == 0 ? CAM_CARD_TAMPER : CAM_CARD_MOTION;
        }
        if (best != INT64_MAX) {
            *mark_ms = best;
            return true;
        }
    }
    return false;
}

/* ---- players ---- */

static int player_place(struct cam_player *player, int64_t now_ms, int64_t at_ms)
{
    struct cam_span range;
    if (!cam_card_range(player->card, now_ms, at_ms, &range)) {
        return -SK_ENOTFOUND;
    }
    int64_t group = range.from_ms > at_ms ? range.from_ms : group_of(at_ms);
    if (player->to_ms && group >= player->to_ms) {
        return -SK_ENOTFOUND;
    }
    player->group_ms = group;
    player->index = 0;
    player->pts_90k = 0;
    return 0;
}

int cam_player_new(const struct cam_card *card, enum cam_stream stream, int64_t now_ms,
                   int64_t at_ms, int64_t to_ms, struct cam_player **out)
{
    *out = NULL;
    if (!cam_source_may_turn(card->source)) {
        return -SK_EUNSUPPORTED;
    }
    struct cam_player *player = calloc(1, sizeof *player);
    if (!player) {
        return -SK_ENOMEM;
    }
    player->card = card;
    player->stream = stream;
    player->to_ms = to_ms;
    player->options = cam_source_encoder_options(card->source, stream);
    bool is_counted = atomic_fetch_add(&players_count, 1) < CAM_CARD_PLAYERS_MAX;
    int rc = is_counted ? player_place(player, now_ms, at_ms) : -SK_EBUSY;
    if (rc) {
        cam_player_free(&player);
    }
    *out = player;
    return rc;
}

void cam_player_free(struct cam_player **player)
{
    if (*player) {
        cam_scene_free(&(*player)->scene);
        cam_encoder_free(&(*player)->encoder);
        free(*player);
        *player = NULL;
        atomic_fetch_sub(&players_count, 1);
    }
}

int64_t cam_player_wall_ms(const struct cam_player *player)
{
    return player->group_ms + (int64_t)player->index * 1000 / player->options.fps;
}

int cam_player_open(struct cam_player *player, char codec[CAM_CODEC_CAP], struct sk_buf *init)
{
    struct cam_fmp4_track track = {.width = (uint16_t)player->options.width,
                                   .height = (uint16_t)player->options.height};
    int rc = cam_source_scene_new(player->card->source, player->options.width,
                                  player->options.height, &player->scene);
    if (rc == 0) {
        rc = cam_encoder_new(&player->options, &player->encoder);
    }
    if (rc) {
        return rc;
    }
    track.avcc = cam_encoder_avcc(player->encoder, &track.avcc_len);
    rc = cam_fmp4_codec(track.avcc, track.avcc_len, codec);
    return rc ? rc : cam_fmp4_init(&track, init);
}

int cam_player_seek(struct cam_player *player, int64_t now_ms, int64_t at_ms)
{
    return player_place(player, now_ms, at_ms);
}

void cam_player_speed(struct cam_player *player, bool keys_only)
{
    player->wants_keys = keys_only;
}

/* Whether the next group is recorded; else what comes instead. */
static enum cam_played group_check(struct cam_player *player, int64_t now_ms, struct cam_span *gap)
{
    struct cam_span range;
    if ((player->to_ms && player->group_ms >= player->to_ms) ||
        !cam_card_range(player->card, now_ms, player->group_ms, &range)) {
        return CAM_PLAYED_END;
    }
    if (range.from_ms <= player->group_ms) {
        return CAM_PLAYED_UNIT;
    }
    if (player->to_ms && range.from_ms >= player->to_ms) {
        return CAM_PLAYED_END;
    }
    *gap = (struct cam_span){player->group_ms, range.from_ms};
    player->group_ms = range.from_ms;
    return CAM_PLAYED_GAP;
}

static void player_step(struct cam_player *player, uint32_t duration_90k)
{
    player->pts_90k += duration_90k;
    if (player->keys_only || ++player->index == CAM_CARD_GROUP_MS / 1000 * player->options.fps) {
        player->group_ms += CAM_CARD_GROUP_MS;
        player->index = 0;
    }
}

int cam_player_next(struct cam_player *player, int64_t now_ms, enum cam_played *what,
                    struct cam_unit *unit, struct cam_span *gap)
{
    struct cam_encoded encoded;
    *what = player->index ? CAM_PLAYED_UNIT : group_check(player, now_ms, gap);
    int64_t wall_ms = cam_player_wall_ms(player);
    if (*what == CAM_PLAYED_UNIT && player->to_ms && wall_ms >= player->to_ms) {
        *what = CAM_PLAYED_END;
    }
    if (*what != CAM_PLAYED_UNIT) {
        return 0;
    }
    player->keys_only = player->index ? player->keys_only : player->wants_keys;
    uint64_t frame = (uint64_t)player->group_ms / 1000 * player->options.fps + player->index;
    int rc = cam_encoder_put(player->encoder, cam_scene_draw(player->scene, wall_ms, frame),
                             player->index == 0, &encoded);
    if (rc) {
        return rc;
    }
    uint32_t duration =
        player->keys_only ? CAM_CARD_GROUP_MS * TICKS_PER_MS : CAM_TIMESCALE / player->options.fps;
    *unit = (struct cam_unit){.data = encoded.data,
                              .len = encoded.len,
                              .pts_90k = player->pts_90k,
                              .duration_90k = duration,
                              .is_key = encoded.is_key};
    player_step(player, duration);
    return 0;
}
