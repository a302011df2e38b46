/* Decodes a clip to its end: prints "pictures width height milliseconds"; exit code 1 on any fault.
 */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>

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
        while (err >= 0 && avcodec_receive_frame(dec, frame) >= 0)
            pictures++;
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
    printf("%ld %d %d %lld\n", pictures, dec->width, dec->height,
           (long long)(in->duration > 0 ? in->duration / 1000 : 0));
    avcodec_free_context(&dec);
    avformat_close_input(&in);
    return pictures > 0 ? 0 : 1;
}
