#include "firmware-sim/cam/encoder.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/avc.h"

#define UNIT_MAX (4u * 1024u * 1024u - 4096u) /* sealed.md 4.4 with room for the fragment head */
#define RECORD_MAX 4096u
#define QUALITY                                                                                    \
    "19" /* constant quality under the bit rate's ceiling: still pictures cost little              \
          */

struct cam_encoder {
    struct cam_encoder_options options;
    AVCodecContext *codec; /* owned, as all below */
    AVFrame *frame;
    AVPacket *packet;
    struct sk_buf record; /* avcC */
    struct sk_buf unit;
    int64_t count;
};

static void context_setup(AVCodecContext *codec, const struct cam_encoder_options *o)
{
    codec->width = (int)o->width;
    codec->height = (int)o->height;
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->time_base = (AVRational){1, (int)o->fps};
    codec->framerate = (AVRational){(int)o->fps, 1};
    codec->gop_size = (int)o->gop_frames;
    codec->max_b_frames = 0;
    codec->thread_count = 1;
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    codec->color_range = AVCOL_RANGE_MPEG;
    codec->colorspace = AVCOL_SPC_BT709;
    codec->color_primaries = AVCOL_PRI_BT709;
    codec->color_trc = AVCOL_TRC_BT709;
    codec->bit_rate = o->bitrate_bps;
    codec->rc_max_rate = o->bitrate_bps;
    codec->rc_buffer_size = (int)o->bitrate_bps;
}

/* libx264 gets its private options; any other encoder runs with the plain ones. */
static int codec_open(AVCodecContext *codec, const AVCodec *found)
{
    AVDictionary *options = NULL;
    if (strcmp(found->name, "libx264") == 0) {
        codec->bit_rate = 0;
        av_dict_set(&options, "preset", "veryfast", 0);
        av_dict_set(&options, "tune", "zerolatency", 0);
        av_dict_set(&options, "profile", "main", 0);
        av_dict_set(&options, "crf", QUALITY, 0);
        av_dict_set(&options, "forced-idr", "1", 0);
        av_dict_set(&options, "x264-params",
                    "annexb=1:scenecut=0:sliced-threads=0:sync-lookahead=0", 0);
    }
    int rc = avcodec_open2(codec, found, &options);
    av_dict_free(&options);
    return rc < 0 ? -SK_EUNSUPPORTED : 0;
}

static int frame_setup(struct cam_encoder *encoder)
{
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (!encoder->frame || !encoder->packet) {
        return -SK_ENOMEM;
    }
    encoder->frame->format = AV_PIX_FMT_YUV420P;
    encoder->frame->width = (int)encoder->options.width;
    encoder->frame->height = (int)encoder->options.height;
    return av_frame_get_buffer(encoder->frame, 0) < 0 ? -SK_ENOMEM : 0;
}

static bool options_are_sound(const struct cam_encoder_options *o)
{
    return o->width >= 16 && o->height >= 16 && o->width <= 4096 && o->height <= 4096 &&
           o->width % 2 == 0 && o->height % 2 == 0 && o->fps >= 1 && o->fps <= 120 &&
           o->bitrate_bps >= 16000 && o->bitrate_bps <= 100000000 && o->gop_frames >= 1 &&
           o->gop_frames <= 1200;
}

int cam_encoder_new(const struct cam_encoder_options *options, struct cam_encoder **out)
{
    *out = NULL;
    if (!options_are_sound(options)) {
        return -SK_EINVAL;
    }
    const AVCodec *found = avcodec_find_encoder_by_name("libx264");
    found = found ? found : avcodec_find_encoder(AV_CODEC_ID_H264);
    if (!found) {
        return -SK_EUNSUPPORTED;
    }
    struct cam_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) {
        return -SK_ENOMEM;
    }
    av_log_set_level(AV_LOG_QUIET); /* libx264 writes its life to standard error otherwise */
    encoder->options = *options;
    sk_buf_init(&encoder->record, RECORD_MAX);
    sk_buf_init(&encoder->unit, UNIT_MAX);
    int rc = -SK_ENOMEM;
    encoder->codec = avcodec_alloc_context3(found);
    if (!encoder->codec) {
        goto out;
    }
    context_setup(encoder->codec, options);
    rc = codec_open(encoder->codec, found);
    if (rc == 0) {
        rc = frame_setup(encoder);
    }
    if (rc == 0) {
        rc = encoder->codec->extradata_size > 0
                 ? cam_avc_record(encoder->codec->extradata, (size_t)encoder->codec->extradata_size,
                                  &encoder->record)
                 : -SK_EUNSUPPORTED;
    }
out:
    if (rc) {
        cam_encoder_free(&encoder);
    }
    *out = encoder;
    return rc;
}

void cam_encoder_free(struct cam_encoder **encoder)
{
    struct cam_encoder *e = *encoder;
    if (e) {
        avcodec_free_context(&e->codec);
        av_frame_free(&e->frame);
        av_packet_free(&e->packet);
        sk_buf_fini(&e->record);
        sk_buf_fini(&e->unit);
        free(e);
        *encoder = NULL;
    }
}

static int frame_fill(AVFrame *frame, const struct cam_picture *picture)
{
    if (av_frame_make_writable(frame) < 0) {
        return -SK_ENOMEM;
    }
    for (unsigned p = 0; p < 3; p++) {
        size_t width = p ? picture->width / 2 : picture->width;
        unsigned height = p ? picture->height / 2 : picture->height;
        for (unsigned y = 0; y < height; y++) {
            memcpy(frame->data[p] + (ptrdiff_t)y * frame->linesize[p],
                   picture->plane[p] + (size_t)y * picture->stride[p], width);
        }
    }
    return 0;
}

static int unit_take(struct cam_encoder *encoder, struct cam_encoded *out)
{
    sk_buf_reset(&encoder->unit);
    int rc = 0;
    if (encoder->options.has_marker) {
        rc = cam_avc_marker(encoder->options.marker, &encoder->unit);
    }
    if (rc == 0) {
        rc = cam_avc_unit(encoder->packet->data, (size_t)encoder->packet->size, &encoder->unit,
                          &out->is_key);
    }
    out->data = encoder->unit.data;
    out->len = encoder->unit.len;
    return rc;
}

int cam_encoder_put(struct cam_encoder *encoder, const struct cam_picture *picture, bool force_key,
                    struct cam_encoded *out)
{
    memset(out, 0, sizeof *out);
    if (picture->width != encoder->options.width || picture->height != encoder->options.height) {
        return -SK_EINVAL;
    }
    int rc = frame_fill(encoder->frame, picture);
    if (rc) {
        return rc;
    }
    encoder->frame->pts = encoder->count;
    encoder->frame->pict_type =
        force_key || encoder->count == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    encoder->count++;
    if (avcodec_send_frame(encoder->codec, encoder->frame) < 0 ||
        avcodec_receive_packet(encoder->codec, encoder->packet) < 0) {
        return -SK_EINTERNAL;
    }
    rc = unit_take(encoder, out);
    av_packet_unref(encoder->packet);
    return rc;
}

const uint8_t *cam_encoder_avcc(const struct cam_encoder *encoder, size_t *len)
{
    *len = encoder->record.len;
    return encoder->record.data;
}
