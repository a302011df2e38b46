#include "firmware-sim/cam/audio.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/sound.h"

#define BITS_PER_S 32000
#define OPUS_FRAME_MS 20
#define PRIME_MAX 4 /* frames of silence that an encoder may swallow before it gives */

struct cam_audio {
    AVCodecContext *codec; /* owned, as all below */
    AVFrame *frame;
    AVPacket *packet;
    bool is_opus;
    unsigned delay;
};

static int codec_open(struct cam_audio *audio, const AVCodec *found)
{
    AVDictionary *options = NULL;
    audio->codec = avcodec_alloc_context3(found);
    if (!audio->codec) {
        return -SK_ENOMEM;
    }
    audio->codec->sample_rate = (int)CAM_SOUND_RATE;
    audio->codec->sample_fmt = audio->is_opus ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_FLTP;
    audio->codec->bit_rate = BITS_PER_S;
    audio->codec->time_base = (AVRational){1, (int)CAM_SOUND_RATE};
    audio->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&audio->codec->ch_layout, 1);
    if (audio->is_opus) {
        av_dict_set(&options, "vbr", "off", 0);
        av_dict_set(&options, "application", "audio", 0);
        av_dict_set_int(&options, "frame_duration", OPUS_FRAME_MS, 0);
    }
    int rc = avcodec_open2(audio->codec, found, &options);
    av_dict_free(&options);
    return rc < 0 || audio->codec->frame_size <= 0 || audio->codec->extradata_size <= 0
               ? -SK_EUNSUPPORTED
               : 0;
}

static int frame_setup(struct cam_audio *audio)
{
    audio->frame = av_frame_alloc();
    audio->packet = av_packet_alloc();
    if (!audio->frame || !audio->packet) {
        return -SK_ENOMEM;
    }
    audio->frame->format = audio->codec->sample_fmt;
    audio->frame->sample_rate = audio->codec->sample_rate;
    audio->frame->nb_samples = audio->codec->frame_size;
    if (av_channel_layout_copy(&audio->frame->ch_layout, &audio->codec->ch_layout) < 0 ||
        av_frame_get_buffer(audio->frame, 0) < 0) {
        return -SK_ENOMEM;
    }
    audio->frame->pts = 0;
    return 0;
}

/* 1 when a frame came out, 0 when the encoder wants more first. */
static int frame_encode(struct cam_audio *audio, const float *samples)
{
    size_t bytes = (size_t)audio->codec->frame_size * sizeof(float);
    if (av_frame_make_writable(audio->frame) < 0) {
        return -SK_ENOMEM;
    }
    if (samples) {
        memcpy(audio->frame->data[0], samples, bytes);
    } else {
        memset(audio->frame->data[0], 0, bytes);
    }
    av_packet_unref(audio->packet);
    if (avcodec_send_frame(audio->codec, audio->frame) < 0) {
        return -SK_EINTERNAL;
    }
    audio->frame->pts += audio->codec->frame_size;
    int rc = avcodec_receive_packet(audio->codec, audio->packet);
    return rc == 0 ? 1 : rc == AVERROR(EAGAIN) ? 0 : -SK_EINTERNAL;
}

/* Silence until the first frame comes out: from then on it is one for one. */
static int prime(struct cam_audio *audio)
{
    for (unsigned lag = 0; lag < PRIME_MAX; lag++) {
        int rc = frame_encode(audio, NULL);
        if (rc < 0) {
            return rc;
        }
        if (rc == 1) {
            audio->delay =
                lag * (unsigned)audio->codec->frame_size + (unsigned)audio->codec->initial_padding;
            return 0;
        }
    }
    return -SK_EUNSUPPORTED;
}

int cam_audio_new(bool no_opus, struct cam_audio **out)
{
    *out = NULL;
    const AVCodec *found = no_opus ? NULL : avcodec_find_encoder_by_name("libopus");
    struct cam_audio *audio = calloc(1, sizeof *audio);
    if (!audio) {
        return -SK_ENOMEM;
    }
    av_log_set_level(AV_LOG_QUIET);
    audio->is_opus = found != NULL;
    found = found ? found : avcodec_find_encoder_by_name("aac");
    int rc = found ? codec_open(audio, found) : -SK_EUNSUPPORTED;
    rc = rc ? rc : frame_setup(audio);
    rc = rc ? rc : prime(audio);
    if (rc) {
        cam_audio_free(&audio);
    }
    *out = audio;
    return rc;
}

void cam_audio_free(struct cam_audio **audio)
{
    if (*audio) {
        avcodec_free_context(&(*audio)->codec);
        av_frame_free(&(*audio)->frame);
        av_packet_free(&(*audio)->packet);
        free(*audio);
        *audio = NULL;
    }
}

const char *cam_audio_codec(const struct cam_audio *audio)
{
    return audio->is_opus ? "opus" : "mp4a.40.2";
}

bool cam_audio_is_opus(const struct cam_audio *audio)
{
    return audio->is_opus;
}

const uint8_t *cam_audio_config(const struct cam_audio *audio, size_t *len)
{
    *len = (size_t)audio->codec->extradata_size;
    return audio->codec->extradata;
}

unsigned cam_audio_frame_samples(const struct cam_audio *audio)
{
    return (unsigned)audio->codec->frame_size;
}

unsigned cam_audio_delay_samples(const struct cam_audio *audio)
{
    return audio->delay;
}

unsigned cam_audio_frame_bytes(const struct cam_audio *audio)
{
    return audio->is_opus ? BITS_PER_S * OPUS_FRAME_MS / 8000 : CAM_AUDIO_FRAME_MAX;
}

int cam_audio_put(struct cam_audio *audio, const float *samples, struct cam_audio_frame *out)
{
    int rc = frame_encode(audio, samples);
    if (rc != 1 || audio->packet->size <= 0 ||
        (unsigned)audio->packet->size > cam_audio_frame_bytes(audio)) {
        return rc < 0 ? rc : -SK_EINTERNAL;
    }
    out->data = audio->packet->data;
    out->len = (size_t)audio->packet->size;
    return 0;
}
