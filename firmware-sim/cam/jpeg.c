#include "firmware-sim/cam/jpeg.h"

#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>

#define QUALITY 3 /* MPEG's scale: 1 best, 31 worst */

static uint8_t byte_of(float v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
}

/* BT.709 in limited range to BT.601 in full range, both ways over R'G'B' and multiplied out. Luma
 * takes the colour difference of its 2 x 2 block. */
static void colours_convert(AVFrame *out, const struct cam_picture *in)
{
    for (unsigned y = 0; y < in->height; y++) {
        const uint8_t *luma = in->plane[0] + (size_t)y * in->stride[0];
        const uint8_t *blue = in->plane[1] + (size_t)(y / 2) * in->stride[1];
        const uint8_t *red = in->plane[2] + (size_t)(y / 2) * in->stride[2];
        uint8_t *out_luma = out->data[0] + (ptrdiff_t)y * out->linesize[0];
        uint8_t *out_blue = out->data[1] + (ptrdiff_t)(y / 2) * out->linesize[1];
        uint8_t *out_red = out->data[2] + (ptrdiff_t)(y / 2) * out->linesize[2];
        for (unsigned x = 0; x < in->width; x++) {
            float l = ((float)luma[x] - 16.0f) * 255.0f / 219.0f;
            float b = ((float)blue[x / 2] - 128.0f) * 255.0f / 224.0f;
            float r = ((float)red[x / 2] - 128.0f) * 255.0f / 224.0f;
            out_luma[x] = byte_of(l + 0.10160f * b + 0.19599f * r);
            if (x % 2 == 0 && y % 2 == 0) {
                out_blue[x / 2] = byte_of(128.0f + 0.98985f * b - 0.11060f * r);
                out_red[x / 2] = byte_of(128.0f - 0.07242f * b + 0.98340f * r);
            }
        }
    }
}

static AVCodecContext *codec_open(const struct cam_picture *picture)
{
    const AVCodec *found = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *codec = found ? avcodec_alloc_context3(found) : NULL;
    if (!codec) {
        return NULL;
    }
    av_log_set_level(AV_LOG_QUIET);
    codec->width = (int)picture->width;
    codec->height = (int)picture->height;
    codec->pix_fmt = AV_PIX_FMT_YUVJ420P;
    codec->color_range = AVCOL_RANGE_JPEG;
    codec->time_base = (AVRational){1, 25};
    codec->thread_count = 1;
    codec->flags |= AV_CODEC_FLAG_QSCALE;
    codec->global_quality = FF_QP2LAMBDA * QUALITY;
    if (avcodec_open2(codec, found, NULL) < 0) {
        avcodec_free_context(&codec);
    }
    return codec;
}

static AVFrame *frame_make(const struct cam_picture *picture)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame) {
        return NULL;
    }
    frame->format = AV_PIX_FMT_YUVJ420P;
    frame->color_range = AVCOL_RANGE_JPEG;
    frame->width = (int)picture->width;
    frame->height = (int)picture->height;
    frame->quality = FF_QP2LAMBDA * QUALITY;
    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return NULL;
    }
    colours_convert(frame, picture);
    return frame;
}

int cam_jpeg_encode(const struct cam_picture *picture, struct sk_buf *out)
{
    AVCodecContext *codec = codec_open(picture);
    AVFrame *frame = codec ? frame_make(picture) : NULL;
    AVPacket *packet = av_packet_alloc();
    int rc = !codec ? -SK_EUNSUPPORTED : !frame || !packet ? -SK_ENOMEM : 0;
    if (rc == 0 &&
        (avcodec_send_frame(codec, frame) < 0 || avcodec_receive_packet(codec, packet) < 0)) {
        rc = -SK_EINTERNAL;
    }
    if (rc == 0) {
        rc = sk_buf_add(out, packet->data, (size_t)packet->size);
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    return rc;
}
