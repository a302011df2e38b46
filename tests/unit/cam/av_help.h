/* Decoding with the real libraries, for the tests of this folder only. */
#ifndef TESTS_UNIT_CAM_AV_HELP_H
#define TESTS_UNIT_CAM_AV_HELP_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdlib.h>
#include <string.h>

/* What a whole file decodes to. */
struct av_seen {
    unsigned frames, packets, keys;
    unsigned width, height;
    int64_t first_pts, last_pts;
    int is_monotonic;
};

/* Opens a decoder for access units with 4-byte lengths described by an avcC record. */
static inline AVCodecContext *av_help_decoder(const uint8_t *avcc, size_t len)
{
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    codec->extradata = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(codec->extradata, avcc, len);
    codec->extradata_size = (int)len;
    codec->thread_count = 1;
    codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
    if (avcodec_open2(codec, codec->codec, NULL) < 0) {
        avcodec_free_context(&codec);
    }
    return codec;
}

/* Decodes one access unit; 0 if a picture came out into `frame`. */
static inline int av_help_decode(AVCodecContext *codec, const uint8_t *data, size_t len,
                                 AVFrame *frame)
{
    AVPacket *packet = av_packet_alloc();
    int rc = av_new_packet(packet, (int)len);
    if (rc == 0) {
        memcpy(packet->data, data, len);
        rc = avcodec_send_packet(codec, packet);
    }
    av_packet_free(&packet);
    return rc ? rc : avcodec_receive_frame(codec, frame);
}

/* Demuxes and decodes a file whole; 0 if it could be opened. */
static inline int av_help_file(const char *path, struct av_seen *seen)
{
    AVFormatContext *format = NULL;
    memset(seen, 0, sizeof *seen);
    seen->is_monotonic = 1;
    av_log_set_level(AV_LOG_QUIET);
    if (avformat_open_input(&format, path, NULL, NULL) < 0 ||
        avformat_find_stream_info(format, NULL) < 0) {
        avformat_close_input(&format);
        return -1;
    }
    AVCodecParameters *par = format->streams[0]->codecpar;
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(par->codec_id));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    avcodec_parameters_to_context(codec, par);
    int rc = avcodec_open2(codec, codec->codec, NULL);
    int is_open = 1;
    while (rc == 0 && is_open) {
        is_open = av_read_frame(format, packet) == 0;
        if (is_open) {
            seen->is_monotonic &= seen->packets == 0 || packet->pts > seen->last_pts;
            seen->first_pts = seen->packets ? seen->first_pts : packet->pts;
            seen->last_pts = packet->pts;
            seen->keys += (packet->flags & AV_PKT_FLAG_KEY) != 0;
            seen->packets++;
        }
        avcodec_send_packet(codec, is_open ? packet : NULL);
        av_packet_unref(packet);
        while (avcodec_receive_frame(codec, frame) == 0) {
            seen->frames++;
            seen->width = (unsigned)frame->width;
            seen->height = (unsigned)frame->height;
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
    return rc;
}

#endif
