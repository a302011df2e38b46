#include "firmware-sim/cam/media.h"

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware-sim/cam/avc.h"

#define UNIT_MAX (4u * 1024u * 1024u - 4096u)
#define RECORD_MAX 4096u
#define PATH_MAX_LEN 1024u
#define TICKS 90000
#define DURATION_MAX (2 * TICKS)
#define WRAPS_MAX 2 /* ends of file in one call before the file counts as empty */
#define CONTAINERS "mov,mp4,matroska,webm,mpegts,mpeg,avi,flv,h264,hevc,ivf,ogg,yuv4mpegpipe"

struct cam_media {
    AVFormatContext *format; /* owned, as all below */
    int index;
    AVPacket *packet;
    AVBSFContext *filter;    /* copied pictures: to Annex B */
    AVCodecContext *decoder; /* encoded again: decoder, picture, scaler, encoder */
    AVFrame *frame, *fitted;
    struct SwsContext *scaler;
    struct cam_encoder *encoder;
    struct cam_encoder_options options;
    unsigned keep_every; /* of the file's pictures, to stay below the target's rate */
    uint64_t seen;
    int64_t key_pts;       /* of the last keyframe that was passed on, in the file's units */
    uint32_t duration_90k; /* of a picture where the file does not say */
    int wraps;
    bool is_draining;
    struct sk_buf record, unit;
};

static const AVStream *stream_of(const struct cam_media *media)
{
    return media->format->streams[media->index];
}

static void say(char *reason, size_t cap, const char *path, const char *text)
{
    if (reason && cap) {
        snprintf(reason, cap, "%s: %.80s", text, path);
    }
}

static int file_check(const char *path, char *reason, size_t cap)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        say(reason, cap, path, "cannot read the media file");
        return -SK_ENOTFOUND;
    }
    if (!S_ISREG(st.st_mode)) {
        say(reason, cap, path, "the media file is not a regular file");
        return -SK_EUNSUPPORTED;
    }
    return 0;
}

static int format_open(struct cam_media *media, const char *path, char *reason, size_t cap)
{
    char url[PATH_MAX_LEN + 8];
    int rc = file_check(path, reason, cap);
    if (rc) {
        return rc;
    }
    if (snprintf(url, sizeof url, "file:%s", path) >= (int)sizeof url) {
        say(reason, cap, path, "the path is too long");
        return -SK_EUNSUPPORTED;
    }
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    av_dict_set(&options, "format_whitelist", CONTAINERS, 0);
    int err = avformat_open_input(&media->format, url, NULL, &options);
    av_dict_free(&options);
    if (err < 0) {
        say(reason, cap, path, "not a media file of a known kind");
        return -SK_EUNSUPPORTED;
    }
    if (avformat_find_stream_info(media->format, NULL) < 0) {
        say(reason, cap, path, "the media file is damaged");
        return -SK_EUNSUPPORTED;
    }
    media->index = av_find_best_stream(media->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (media->index < 0 || stream_of(media)->codecpar->width < 16 ||
        stream_of(media)->codecpar->height < 16) {
        say(reason, cap, path, "the media file holds no video");
        return -SK_EUNSUPPORTED;
    }
    return 0;
}

static double rate_of(const struct cam_media *media)
{
    AVRational rate = stream_of(media)->avg_frame_rate;
    double fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 25.0;
    return fps < 1.0 || fps > 240.0 ? 25.0 : fps;
}

static bool may_be_copied(const struct cam_media *media)
{
    const AVCodecParameters *par = stream_of(media)->codecpar;
    return par->codec_id == AV_CODEC_ID_H264 && par->video_delay == 0 &&
           (par->format == AV_PIX_FMT_YUV420P || par->format == AV_PIX_FMT_YUVJ420P) &&
           par->width <= (int)media->options.width && par->height <= (int)media->options.height &&
           rate_of(media) <= (double)media->options.fps * 1.1 && par->extradata_size > 0;
}

static int copy_open(struct cam_media *media)
{
    const AVBitStreamFilter *found = av_bsf_get_by_name("h264_mp4toannexb");
    if (!found || av_bsf_alloc(found, &media->filter) < 0) {
        return -SK_ENOMEM;
    }
    media->filter->time_base_in = stream_of(media)->time_base;
    if (avcodec_parameters_copy(media->filter->par_in, stream_of(media)->codecpar) < 0 ||
        av_bsf_init(media->filter) < 0) {
        return -SK_EUNSUPPORTED;
    }
    const AVCodecParameters *par = media->filter->par_out;
    media->options.width = (unsigned)par->width;
    media->options.height = (unsigned)par->height;
    return cam_avc_record(par->extradata, (size_t)par->extradata_size, &media->record);
}

/* The file's shape inside of the target's box, never enlarged, even. */
static void size_fit(struct cam_media *media)
{
    double w = stream_of(media)->codecpar->width, h = stream_of(media)->codecpar->height;
    double scale = 1.0, limit_w = media->options.width, limit_h = media->options.height;
    scale = w * scale > limit_w ? limit_w / w : scale;
    scale = h * scale > limit_h ? limit_h / h : scale;
    unsigned width = (unsigned)(w * scale) & ~1u, height = (unsigned)(h * scale) & ~1u;
    media->options.width = width < 16 ? 16 : width;
    media->options.height = height < 16 ? 16 : height;
}

static void rate_fit(struct cam_media *media)
{
    double fps = rate_of(media);
    media->keep_every = 1;
    while (fps / media->keep_every > (double)media->options.fps * 1.1) {
        media->keep_every++;
    }
    unsigned kept = (unsigned)(fps / media->keep_every + 0.5);
    media->options.fps = kept ? kept : 1;
    media->options.gop_frames = 2 * media->options.fps;
}

static int decode_open(struct cam_media *media)
{
    const AVCodecParameters *par = stream_of(media)->codecpar;
    const AVCodec *found = avcodec_find_decoder(par->codec_id);
    if (!found) {
        return -SK_EUNSUPPORTED;
    }
    media->decoder = avcodec_alloc_context3(found);
    media->frame = av_frame_alloc();
    media->fitted = av_frame_alloc();
    if (!media->decoder || !media->frame || !media->fitted) {
        return -SK_ENOMEM;
    }
    media->decoder->thread_count = 1;
    if (avcodec_parameters_to_context(media->decoder, par) < 0 ||
        avcodec_open2(media->decoder, found, NULL) < 0) {
        return -SK_EUNSUPPORTED;
    }
    size_fit(media);
    rate_fit(media);
    media->fitted->format = AV_PIX_FMT_YUV420P;
    media->fitted->width = (int)media->options.width;
    media->fitted->height = (int)media->options.height;
    return av_frame_get_buffer(media->fitted, 0) < 0 ? -SK_ENOMEM : 0;
}

static int transcode_open(struct cam_media *media)
{
    int rc = decode_open(media);
    return rc ? rc : cam_encoder_new(&media->options, &media->encoder);
}

enum use { USE_STREAM, USE_STILL };

static int media_open(const char *path, const struct cam_encoder_options *target, enum use use,
                      struct cam_media **out, char *reason, size_t reason_cap)
{
    *out = NULL;
    struct cam_media *media = calloc(1, sizeof *media);
    if (!media) {
        return -SK_ENOMEM;
    }
    media->options = *target;
    sk_buf_init(&media->record, RECORD_MAX);
    sk_buf_init(&media->unit, UNIT_MAX);
    av_log_set_level(AV_LOG_QUIET); /* a refusal is told in `reason` */
    int rc = format_open(media, path, reason, reason_cap);
    if (rc) {
        goto out;
    }
    media->packet = av_packet_alloc();
    media->duration_90k = (uint32_t)((double)TICKS / rate_of(media) + 0.5);
    rc = -SK_ENOMEM;
    if (media->packet) {
        rc = use == USE_STILL       ? decode_open(media)
             : may_be_copied(media) ? copy_open(media)
                                    : transcode_open(media);
    }
    if (rc) {
        say(reason, reason_cap, path, "this kind of video cannot be read here");
    }
out:
    if (rc) {
        cam_media_close(&media);
    }
    *out = media;
    return rc;
}

int cam_media_open(const char *path, const struct cam_encoder_options *target,
                   struct cam_media **out, char *reason, size_t reason_cap)
{
    return media_open(path, target, USE_STREAM, out, reason, reason_cap);
}

int cam_media_open_still(const char *path, const struct cam_encoder_options *target,
                         struct cam_media **out)
{
    return media_open(path, target, USE_STILL, out, NULL, 0);
}

void cam_media_close(struct cam_media **media)
{
    struct cam_media *m = *media;
    if (m) {
        cam_encoder_free(&m->encoder);
        sws_freeContext(m->scaler);
        av_frame_free(&m->frame);
        av_frame_free(&m->fitted);
        avcodec_free_context(&m->decoder);
        av_bsf_free(&m->filter);
        av_packet_free(&m->packet);
        avformat_close_input(&m->format);
        sk_buf_fini(&m->record);
        sk_buf_fini(&m->unit);
        free(m);
        *media = NULL;
    }
}

/* ---- reading ---- */

static int rewind_file(struct cam_media *media)
{
    int64_t start = stream_of(media)->start_time;
    start = start == AV_NOPTS_VALUE ? 0 : start;
    if (++media->wraps > WRAPS_MAX) {
        return -SK_EIO;
    }
    if (av_seek_frame(media->format, media->index, start, AVSEEK_FLAG_BACKWARD) < 0 &&
        av_seek_frame(media->format, -1, 0, AVSEEK_FLAG_BYTE) < 0) {
        return -SK_EIO;
    }
    return 0;
}

/* Next packet of the video stream. -SK_ECLOSED at the end of the file. */
static int packet_read(struct cam_media *media)
{
    for (;;) {
        av_packet_unref(media->packet);
        if (av_read_frame(media->format, media->packet) < 0) {
            return -SK_ECLOSED;
        }
        if (media->packet->stream_index == media->index) {
            return 0;
        }
    }
}

static uint32_t packet_duration(const struct cam_media *media)
{
    int64_t ticks =
        av_rescale_q(media->packet->duration, stream_of(media)->time_base, (AVRational){1, TICKS});
    return ticks > 0 && ticks <= DURATION_MAX ? (uint32_t)ticks : media->duration_90k;
}

static int copy_unit(struct cam_media *media, struct cam_encoded *out)
{
    sk_buf_reset(&media->unit);
    int rc = 0;
    if (media->options.has_marker) {
        rc = cam_avc_marker(media->options.marker, &media->unit);
    }
    size_t head = media->unit.len;
    if (rc == 0) {
        rc = cam_avc_unit(media->packet->data, (size_t)media->packet->size, &media->unit,
                          &out->is_key);
    }
    out->data = media->unit.data;
    out->len = media->unit.len > head ? media->unit.len : 0; /* no slice, no unit */
    return rc;
}

static int copy_next(struct cam_media *media, bool force_key, struct cam_encoded *out,
                     uint32_t *duration_90k)
{
    bool need_key = force_key || media->seen == 0;
    for (;;) {
        int rc = packet_read(media);
        if (rc == -SK_ECLOSED) {
            need_key = true; /* after a jump only a keyframe makes sense */
            av_bsf_flush(media->filter);
            rc = rewind_file(media);
            if (rc) {
                return rc;
            }
            continue;
        }
        *duration_90k = packet_duration(media);
        int64_t pts = media->packet->pts;
        if (av_bsf_send_packet(media->filter, media->packet) < 0 ||
            av_bsf_receive_packet(media->filter, media->packet) < 0) {
            continue; /* a damaged picture is left out */
        }
        rc = copy_unit(media, out);
        if (rc) {
            return rc;
        }
        if (out->len && (out->is_key || !need_key)) {
            media->key_pts = out->is_key && pts != AV_NOPTS_VALUE ? pts : media->key_pts;
            media->seen++;
            return 0;
        }
    }
}

/* Feeds the decoder one packet; at the end of the file lets it give up its last pictures. */
static int decoder_feed(struct cam_media *media)
{
    int rc = media->is_draining ? -SK_ECLOSED : packet_read(media);
    if (rc == 0) {
        (void)avcodec_send_packet(media->decoder, media->packet); /* damaged: next one */
        return 0;
    }
    if (!media->is_draining) {
        media->is_draining = true;
        (void)avcodec_send_packet(media->decoder, NULL);
        return 0;
    }
    media->is_draining = false;
    avcodec_flush_buffers(media->decoder);
    return rewind_file(media);
}

static int frame_next(struct cam_media *media)
{
    for (;;) {
        av_frame_unref(media->frame);
        if (avcodec_receive_frame(media->decoder, media->frame) == 0) {
            return 0;
        }
        int rc = decoder_feed(media);
        if (rc) {
            return rc;
        }
    }
}

static int frame_fit(struct cam_media *media, struct cam_picture *picture)
{
    AVFrame *in = media->frame, *out = media->fitted;
    media->scaler =
        sws_getCachedContext(media->scaler, in->width, in->height, in->format, out->width,
                             out->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (!media->scaler) {
        return -SK_EUNSUPPORTED;
    }
    sws_scale(media->scaler, (const uint8_t *const *)in->data, in->linesize, 0, in->height,
              out->data, out->linesize);
    picture->width = (unsigned)out->width;
    picture->height = (unsigned)out->height;
    for (unsigned p = 0; p < 3; p++) {
        picture->plane[p] = out->data[p];
        picture->stride[p] = (unsigned)out->linesize[p];
    }
    return 0;
}

int cam_media_still(struct cam_media *media, const struct cam_media *running,
                    struct cam_picture *picture)
{
    media->wraps = 0;
    if (running && running->filter) {
        (void)av_seek_frame(media->format, media->index, running->key_pts, AVSEEK_FLAG_BACKWARD);
    }
    avcodec_flush_buffers(media->decoder);
    int rc = frame_next(media);
    return rc ? rc : frame_fit(media, picture);
}

static int transcode_next(struct cam_media *media, bool force_key, struct cam_encoded *out,
                          uint32_t *duration_90k)
{
    struct cam_picture picture;
    do {
        int rc = frame_next(media);
        if (rc) {
            return rc;
        }
    } while (media->seen++ % media->keep_every != 0);
    *duration_90k = media->duration_90k * media->keep_every;
    int rc = frame_fit(media, &picture);
    return rc ? rc : cam_encoder_put(media->encoder, &picture, force_key, out);
}

int cam_media_next(struct cam_media *media, bool force_key, struct cam_encoded *out,
                   uint32_t *duration_90k)
{
    memset(out, 0, sizeof *out);
    media->wraps = 0;
    return media->filter ? copy_next(media, force_key, out, duration_90k)
                         : transcode_next(media, force_key, out, duration_90k);
}

const uint8_t *cam_media_avcc(const struct cam_media *media, size_t *len)
{
    if (media->encoder) {
        return cam_encoder_avcc(media->encoder, len);
    }
    *len = media->record.len;
    return media->record.data;
}

void cam_media_size(const struct cam_media *media, unsigned *width, unsigned *height)
{
    *width = media->options.width;
    *height = media->options.height;
}

bool cam_media_is_copied(const struct cam_media *media)
{
    return media->filter != NULL;
}
