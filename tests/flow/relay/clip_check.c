/* Decodes a clip to its end: prints "pictures width height milliseconds first last": milliseconds
 * from the first picture to the last, and what the clock cells of these two say (low 40 bits of the
 * wall clock in ms, docs/design/scenes.md; nonsense without cells). Exit code 1 on any fault. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>

static unsigned long long clock_of(const AVFrame *frame)
{
    int size = frame->width / 80 & ~1, left = frame->width - 24 * size;
    unsigned long long bits = 0;

    for (int cell = 0; cell < 48; cell++) {
        int x = left + cell % 24 * size + size / 2, y = cell / 24 * size + size / 2;
        bits = bits << 1 | (frame->data[0][(ptrdiff_t)y * frame->linesize[0] + x] > 125);
    }
    return bits >> 8;
}

static unsigned long long first, last;
static int64_t first_pts, last_pts;

static long decode(AVFormatContext *in, AVCodecContext *dec, int stream)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    long pictures = 0;
    int err = packet && frame ? 0 : -1;

    while (err >= 0) {
        int is_end = av_read_frame(in, packet) < 0;
        if (!is_end && packet->stream_index != stream) {
            av_packet_unref(packet);
            continue;
        }
        err = avcodec_send_packet(dec, is_end ? NULL : packet);
        av_packet_unref(packet);
        while (err >= 0 && avcodec_receive_frame(dec, frame) >= 0) {
            last = clock_of(frame);
            last_pts = frame->best_effort_timestamp;
            if (pictures++ == 0) {
                first = last;
                first_pts = last_pts;
            }
        }
        if (is_end)
            break;
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    return err < 0 ? -1 : pictures;
}

int main(int argc, char **argv)
{
    AVFormatContext *in = NULL;
    const AVCodec *codec = NULL;

    av_log_set_level(AV_LOG_ERROR);
    if (argc != 2 || avformat_open_input(&in, argv[1], NULL, NULL) < 0 ||
        avformat_find_stream_info(in, NULL) < 0)
        return 1;
    int stream = av_find_best_stream(in, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    AVCodecContext *dec = stream < 0 ? NULL : avcodec_alloc_context3(codec);
    if (!dec || avcodec_parameters_to_context(dec, in->streams[stream]->codecpar) < 0)
        return 1;
    dec->err_recognition = AV_EF_EXPLODE;
    if (avcodec_open2(dec, codec, NULL) < 0)
        return 1;
    long pictures = decode(in, dec, stream);
    printf("%ld %d %d %lld %llu %llu\n", pictures, dec->width, dec->height,
           (long long)av_rescale_q(last_pts - first_pts, in->streams[stream]->time_base,
                                   (AVRational){1, 1000}),
           first, last);
    avcodec_free_context(&dec);
    avformat_close_input(&in);
    return pictures > 0 ? 0 : 1;
}
