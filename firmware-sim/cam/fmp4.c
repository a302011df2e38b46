#include "firmware-sim/cam/fmp4.h"

#include <stdio.h>
#include <string.h>

#define TRACK_ID 1u
#define SAMPLE_IS_KEY 0x02000000u     /* depends on no other */
#define SAMPLE_IS_NOT_KEY 0x01010000u /* depends on others, is a non-sync sample */
#define TFHD_DEFAULT_BASE_IS_MOOF 0x020000u
#define TRUN_DATA_OFFSET 0x000001u
#define TRUN_DURATION 0x000100u
#define TRUN_SIZE 0x000200u
#define TRUN_FLAGS 0x000400u
#define FIXED_ONE 0x00010000u /* 16.16 */

/* A writer that remembers its first error, so that the box tree below reads as a box tree. */
struct writer {
    struct sk_buf *out;
    int rc;
};

static void put(struct writer *w, const void *data, size_t len)
{
    w->rc = w->rc ? w->rc : sk_buf_add(w->out, data, len);
}

static void put16(struct writer *w, unsigned v)
{
    w->rc = w->rc ? w->rc : sk_buf_add_u16(w->out, (uint16_t)v);
}

static void put32(struct writer *w, uint32_t v)
{
    w->rc = w->rc ? w->rc : sk_buf_add_u32(w->out, v);
}

static void put64(struct writer *w, uint64_t v)
{
    w->rc = w->rc ? w->rc : sk_buf_add_u64(w->out, v);
}

static void zeros(struct writer *w, size_t count)
{
    static const uint8_t zero[32];
    put(w, zero, count);
}

/* Opens a box; the result is handed to box_end, which fills in the size. */
static size_t box(struct writer *w, const char type[5])
{
    size_t at = w->out->len;
    put32(w, 0);
    put(w, type, 4);
    return at;
}

static size_t full_box(struct writer *w, const char type[5], unsigned version, uint32_t flags)
{
    size_t at = box(w, type);
    put32(w, (uint32_t)version << 24 | flags);
    return at;
}

static void box_end(struct writer *w, size_t at)
{
    if (w->rc == 0) {
        sk_put_u32(w->out->data + at, (uint32_t)(w->out->len - at));
    }
}

static void matrix(struct writer *w)
{
    static const uint32_t unity[9] = {FIXED_ONE, 0, 0, 0, FIXED_ONE, 0, 0, 0, 0x40000000u};
    for (unsigned i = 0; i < 9; i++) {
        put32(w, unity[i]);
    }
}

static void write_ftyp(struct writer *w)
{
    size_t ftyp = box(w, "ftyp");
    put(w, "iso6", 4);
    put32(w, 0);
    put(w, "iso6mp41avc1", 12);
    box_end(w, ftyp);
}

static void write_mvhd(struct writer *w)
{
    size_t mvhd = full_box(w, "mvhd", 0, 0);
    zeros(w, 8); /* creation, modification: not told */
    put32(w, CAM_TIMESCALE);
    put32(w, 0); /* duration: in the fragments */
    put32(w, FIXED_ONE);
    put16(w, 0x0100);
    zeros(w, 10);
    matrix(w);
    zeros(w, 24);
    put32(w, TRACK_ID + 1);
    box_end(w, mvhd);
}

/* A track: pictures or sound, the other is NULL. */
struct track {
    const struct cam_fmp4_track *video;
    const struct cam_fmp4_sound *sound;
};

static void write_tkhd(struct writer *w, const struct track *track)
{
    size_t tkhd = full_box(w, "tkhd", 0, 3); /* enabled, in movie */
    zeros(w, 8);
    put32(w, TRACK_ID);
    zeros(w, 4 + 4 + 8 + 2 + 2);         /* reserved, duration, reserved, layer, group */
    put16(w, track->sound ? 0x0100 : 0); /* volume */
    zeros(w, 2);
    matrix(w);
    put32(w, track->video ? (uint32_t)track->video->width << 16 : 0);
    put32(w, track->video ? (uint32_t)track->video->height << 16 : 0);
    box_end(w, tkhd);
}

static void write_avc1(struct writer *w, const struct cam_fmp4_track *track)
{
    size_t avc1 = box(w, "avc1");
    zeros(w, 6);
    put16(w, 1); /* data reference */
    zeros(w, 16);
    put16(w, track->width);
    put16(w, track->height);
    put32(w, 0x00480000); /* 72 dpi, both ways */
    put32(w, 0x00480000);
    zeros(w, 4);
    put16(w, 1);
    zeros(w, 32); /* compressor name */
    put16(w, 0x0018);
    put16(w, 0xffff);
    size_t avcc = box(w, "avcC");
    put(w, track->avcc, track->avcc_len);
    box_end(w, avcc);
    box_end(w, avc1);
}

/* Opus 4.3.2: OpusHead without its magic, numbers turned to big-endian. */
static void write_dops(struct writer *w, const struct cam_fmp4_sound *track)
{
    const uint8_t *head = track->config;
    size_t dops = box(w, "dOps");
    put(w, "\0", 1);                                        /* version */
    put(w, head + 9, 1);                                    /* channels */
    put16(w, (unsigned)head[10] | (unsigned)head[11] << 8); /* samples to skip */
    put32(w, (uint32_t)head[12] | (uint32_t)head[13] << 8 | (uint32_t)head[14] << 16 |
                 (uint32_t)head[15] << 24);
    put16(w, (unsigned)head[16] | (unsigned)head[17] << 8); /* gain */
    put(w, "\0", 1);                                        /* mapping family: mono or stereo */
    box_end(w, dops);
}

static void descriptor(struct writer *w, uint8_t tag, size_t len)
{
    uint8_t head[2] = {tag, (uint8_t)len};
    put(w, head, sizeof head);
}

static void write_esds(struct writer *w, const struct cam_fmp4_sound *track)
{
    static const uint8_t aac[2] = {0x40, 0x15}; /* MPEG-4 audio, an audio stream */
    size_t esds = full_box(w, "esds", 0, 0);
    size_t config = 2 + track->config_len, decoder = 2 + 13 + config;
    descriptor(w, 3, 3 + decoder + 3);
    zeros(w, 3); /* id, flags */
    descriptor(w, 4, 13 + config);
    put(w, aac, sizeof aac);
    zeros(w, 11); /* buffer size, bit rates: not told */
    descriptor(w, 5, track->config_len);
    put(w, track->config, track->config_len);
    descriptor(w, 6, 1);
    put(w, "\2", 1);
    box_end(w, esds);
}

static void write_sound_entry(struct writer *w, const struct cam_fmp4_sound *track)
{
    size_t entry = box(w, track->is_opus ? "Opus" : "mp4a");
    zeros(w, 6);
    put16(w, 1); /* data reference */
    zeros(w, 8);
    put16(w, 1);  /* channel */
    put16(w, 16); /* bits, by convention */
    zeros(w, 4);
    put32(w, track->rate << 16);
    if (track->is_opus) {
        write_dops(w, track);
    } else {
        write_esds(w, track);
    }
    box_end(w, entry);
}

static void write_stbl(struct writer *w, const struct track *track)
{
    static const char empty[3][5] = {"stts", "stsc", "stco"};
    size_t stbl = box(w, "stbl"), stsd = full_box(w, "stsd", 0, 0);
    put32(w, 1);
    if (track->video) {
        write_avc1(w, track->video);
    } else {
        write_sound_entry(w, track->sound);
    }
    box_end(w, stsd);
    for (unsigned i = 0; i < 3; i++) {
        size_t table = full_box(w, empty[i], 0, 0);
        put32(w, 0);
        box_end(w, table);
    }
    size_t stsz = full_box(w, "stsz", 0, 0);
    zeros(w, 8);
    box_end(w, stsz);
    box_end(w, stbl);
}

static void write_minf(struct writer *w, const struct track *track)
{
    size_t minf = box(w, "minf");
    size_t head = track->video ? full_box(w, "vmhd", 0, 1) : full_box(w, "smhd", 0, 0);
    zeros(w, track->video ? 8 : 4);
    box_end(w, head);
    size_t dinf = box(w, "dinf"), dref = full_box(w, "dref", 0, 0);
    put32(w, 1);
    size_t url = full_box(w, "url ", 0, 1); /* in this file */
    box_end(w, url);
    box_end(w, dref);
    box_end(w, dinf);
    write_stbl(w, track);
    box_end(w, minf);
}

static void write_mdia(struct writer *w, const struct track *track)
{
    size_t mdia = box(w, "mdia"), mdhd = full_box(w, "mdhd", 0, 0);
    zeros(w, 8);
    put32(w, CAM_TIMESCALE);
    put32(w, 0);
    put16(w, 0x55c4); /* language: undetermined */
    put16(w, 0);
    box_end(w, mdhd);
    size_t hdlr = full_box(w, "hdlr", 0, 0);
    zeros(w, 4);
    put(w, track->video ? "vide" : "soun", 4);
    zeros(w, 12);
    put(w, "camera", 7);
    box_end(w, hdlr);
    write_minf(w, track);
    box_end(w, mdia);
}

static void write_mvex(struct writer *w)
{
    size_t mvex = box(w, "mvex"), trex = full_box(w, "trex", 0, 0);
    put32(w, TRACK_ID);
    put32(w, 1);  /* sample description */
    zeros(w, 12); /* duration, size, flags: told by every fragment */
    box_end(w, trex);
    box_end(w, mvex);
}

static int write_init(const struct track *track, struct sk_buf *out)
{
    struct writer w = {out, 0};
    write_ftyp(&w);
    size_t moov = box(&w, "moov");
    write_mvhd(&w);
    size_t trak = box(&w, "trak");
    write_tkhd(&w, track);
    write_mdia(&w, track);
    box_end(&w, trak);
    write_mvex(&w);
    box_end(&w, moov);
    return w.rc;
}

int cam_fmp4_init(const struct cam_fmp4_track *track, struct sk_buf *out)
{
    struct track video = {.video = track};
    if (track->avcc_len < 7 || track->avcc[0] != 1 || !track->width || !track->height) {
        return -SK_EINVAL;
    }
    return write_init(&video, out);
}

int cam_fmp4_sound_init(const struct cam_fmp4_sound *track, struct sk_buf *out)
{
    struct track sound = {.sound = track};
    bool is_sound = track->is_opus ? track->config_len >= 19 && track->config[18] == 0
                                   : track->config_len >= 2 && track->config_len <= 64;
    return is_sound && track->rate && track->rate <= 65535 ? write_init(&sound, out) : -SK_EINVAL;
}

static void write_traf_head(struct writer *w, uint64_t pts_90k)
{
    size_t tfhd = full_box(w, "tfhd", 0, TFHD_DEFAULT_BASE_IS_MOOF);
    put32(w, TRACK_ID);
    box_end(w, tfhd);
    size_t tfdt = full_box(w, "tfdt", 1, 0);
    put64(w, pts_90k);
    box_end(w, tfdt);
}

static void write_traf(struct writer *w, const struct cam_fmp4_sample *sample)
{
    size_t traf = box(w, "traf");
    write_traf_head(w, sample->pts_90k);
    size_t trun = full_box(w, "trun", 0, TRUN_DATA_OFFSET | TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS);
    put32(w, 1);
    put32(w, CAM_FMP4_FRAGMENT_OVERHEAD); /* from the start of moof to the sample */
    put32(w, sample->duration_90k);
    put32(w, (uint32_t)sample->len);
    put32(w, sample->is_key ? SAMPLE_IS_KEY : SAMPLE_IS_NOT_KEY);
    box_end(w, trun);
    box_end(w, traf);
}

int cam_fmp4_fragment(const struct cam_fmp4_sample *sample, uint32_t sequence, struct sk_buf *out)
{
    struct writer w = {out, 0};
    if (sample->len == 0 || sample->len > UINT32_MAX - CAM_FMP4_FRAGMENT_OVERHEAD) {
        return -SK_EINVAL;
    }
    w.rc = sk_buf_reserve(out, CAM_FMP4_FRAGMENT_OVERHEAD + sample->len);
    size_t moof = box(&w, "moof"), mfhd = full_box(&w, "mfhd", 0, 0);
    put32(&w, sequence);
    box_end(&w, mfhd);
    write_traf(&w, sample);
    box_end(&w, moof);
    size_t mdat = box(&w, "mdat");
    put(&w, sample->data, sample->len);
    box_end(&w, mdat);
    return w.rc;
}

unsigned cam_fmp4_sound_overhead(unsigned count)
{
    return CAM_FMP4_FRAGMENT_OVERHEAD + (count - 1) * 12u;
}

static void write_sound_traf(struct writer *w, const struct cam_fmp4_sound_unit *unit)
{
    size_t traf = box(w, "traf");
    write_traf_head(w, unit->pts_90k);
    size_t trun = full_box(w, "trun", 0, TRUN_DATA_OFFSET | TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS);
    put32(w, unit->count);
    put32(w, cam_fmp4_sound_overhead(unit->count));
    for (unsigned i = 0; i < unit->count; i++) {
        put32(w, unit->duration_90k);
        put32(w, (uint32_t)unit->frames[i].len);
        put32(w, SAMPLE_IS_KEY);
    }
    box_end(w, trun);
    box_end(w, traf);
}

/* A player skips it: it only hides how long the frames are. */
static void write_free(struct writer *w, const struct cam_fmp4_sound_unit *unit, size_t len)
{
    size_t left = len - CAM_FMP4_FREE_MIN, filling = unit->filling ? unit->filling_len : 0;
    size_t at = box(w, "free");
    filling = filling < left ? filling : left;
    put(w, unit->filling, filling);
    for (left -= filling; left > 0; left -= left < 32 ? left : 32) {
        zeros(w, left < 32 ? left : 32);
    }
    box_end(w, at);
}

int cam_fmp4_sound_fragment(const struct cam_fmp4_sound_unit *unit, uint32_t sequence,
                            struct sk_buf *out)
{
    struct writer w = {out, 0};
    size_t used = cam_fmp4_sound_overhead(unit->count);
    if (unit->count == 0 || unit->count > CAM_FMP4_FRAMES_MAX) {
        return -SK_EINVAL;
    }
    for (unsigned i = 0; i < unit->count; i++) {
        used += unit->frames[i].len;
    }
    if (used + CAM_FMP4_FREE_MIN > unit->total) {
        return -SK_ETOOBIG;
    }
    size_t moof = box(&w, "moof"), mfhd = full_box(&w, "mfhd", 0, 0);
    put32(&w, sequence);
    box_end(&w, mfhd);
    write_sound_traf(&w, unit);
    box_end(&w, moof);
    size_t mdat = box(&w, "mdat");
    for (unsigned i = 0; i < unit->count; i++) {
        put(&w, unit->frames[i].data, unit->frames[i].len);
    }
    box_end(&w, mdat);
    write_free(&w, unit, unit->total - used);
    return w.rc;
}

int cam_fmp4_codec(const uint8_t *avcc, size_t avcc_len, char out[CAM_CODEC_CAP])
{
    if (avcc_len < 7 || avcc[0] != 1) {
        return -SK_EINVAL;
    }
    snprintf(out, CAM_CODEC_CAP, "avc1.%02X%02X%02X", avcc[1], avcc[2], avcc[3]);
    return 0;
}
