/* Commands of a viewer that passed the handshake: any text as a request, and as an answer or event
 * of a camera. Both sides run in memory; only the text is the fuzzer's. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "sdk/camera_internal.h"
#include "sdk/viewer_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sdk_camera *camera;
static struct sdk_viewer *viewer;

enum { LETTERS = 16 };

static struct {
    int to_camera;
    size_t len;
    uint8_t data[WIRE_ENVELOPE_MAX];
} letters[LETTERS];
static unsigned head, tail;

static void letter_put(int to_camera, const uint8_t *e, size_t len)
{
    unsigned i = tail++ % LETTERS;

    SK_ASSERT(tail - head <= LETTERS);
    letters[i].to_camera = to_camera;
    letters[i].len = len;
    memcpy(letters[i].data, e, len);
}

static void pump(void)
{
    while (head != tail) {
        unsigned i = head++ % LETTERS;
        struct wire_envelope e;
        uint8_t out[WIRE_ENVELOPE_MAX];
        size_t len;

        if (!letters[i].to_camera) {
            sdk_viewer_on_envelope(viewer, letters[i].data, letters[i].len, 1);
            continue;
        }
        SK_ASSERT(wire_envelope_decode(&e, letters[i].data, letters[i].len) == 0);
        e.account = "acct";
        e.account_len = 4;
        SK_ASSERT(wire_envelope_encode(out, sizeof out, &len, &e) == 0);
        sdk_camera_on_envelope(camera, out, len, 1);
    }
}

static void c_signal(void *user, const uint8_t *e, size_t len)
{
    (void)user;
    letter_put(0, e, len);
}

static void v_signal(void *user, const uint8_t *e, size_t len)
{
    (void)user;
    letter_put(1, e, len);
}

static void frame(void *user, const uint8_t *f, size_t len)
{
    (void)user, (void)f, (void)len;
}

static int save(void *user, const uint8_t *s, size_t len)
{
    (void)user, (void)s;
    SK_ASSERT(len <= SDK_CAMERA_STATE_MAX);
    return 0;
}

static int start(void *user, enum sdk_stream which, uint64_t origin)
{
    (void)user, (void)which, (void)origin;
    return 0;
}

static void stop(void *user, enum sdk_stream which)
{
    (void)user, (void)which;
}

static void snap(void *user, uint32_t number)
{
    (void)user;
    SK_ASSERT(number != 0);
}

static void talk(void *user, uint64_t pts, const uint8_t *data, size_t len)
{
    (void)user, (void)pts, (void)data, (void)len;
}

static int ptz(void *user, const struct sdk_ptz *p)
{
    (void)user;
    if (p->kind == SDK_PTZ_MOVE)
        SK_ASSERT(p->pan >= -1 && p->pan <= 1 && p->tilt >= -1 && p->tilt <= 1 && p->zoom >= -1 &&
                  p->zoom <= 1);
    if (p->kind == SDK_PTZ_GO || p->kind == SDK_PTZ_SET)
        SK_ASSERT(p->preset >= 1 && p->preset <= SDK_PTZ_PRESETS);
    return 0;
}

static int play_find(void *user, int64_t from_ms, int64_t to_ms, struct sdk_play_found *out)
{
    (void)user;
    SK_ASSERT(from_ms >= 0 && from_ms < to_ms);
    memset(out, 0, sizeof *out);
    return 0;
}

static int play_open(void *user, unsigned slot, const struct sdk_play_how *how, int64_t *wall_ms)
{
    (void)user;
    SK_ASSERT(slot < SDK_PLAY_MAX && how->which <= SDK_STREAM_SUB && how->at_ms >= 0 &&
              (how->to_ms == 0 || how->to_ms > how->at_ms));
    *wall_ms = how->at_ms;
    return 0;
}

static int play_seek(void *user, unsigned slot, int64_t at_ms, uint64_t pts, int64_t *wall_ms)
{
    (void)user, (void)pts;
    SK_ASSERT(slot < SDK_PLAY_MAX && at_ms >= 0);
    *wall_ms = at_ms;
    return 0;
}

static void play_speed(void *user, unsigned slot, int keys_only)
{
    (void)user, (void)keys_only;
    SK_ASSERT(slot < SDK_PLAY_MAX);
}

static void play_slot(void *user, unsigned slot)
{
    (void)user;
    SK_ASSERT(slot < SDK_PLAY_MAX);
}

static const struct sdk_play_ops play_ops = {.find = play_find,
                                             .open = play_open,
                                             .seek = play_seek,
                                             .speed = play_speed,
                                             .next = play_slot,
                                             .close = play_slot};

/* The players that were asked for get ready. */
static void players_ready(void)
{
    for (unsigned i = 0; i < SDK_PLAY_MAX; i++)
        if (sdk_camera_play_ready(camera, i, "avc1", (const uint8_t *)"init", 4, 1) == 0)
            pump();
}

/* The text as the answer to play.find. */
static void found_read(const uint8_t *data, size_t size)
{
    static struct sdk_viewer_found found;
    json_t *val;

    if (sk_json_parse(&val, data, size) < 0)
        return;
    if (sdk_viewer_found_read(&found, val) == 0)
        for (unsigned i = 0; i < found.range_count; i++)
            SK_ASSERT(found.ranges[i].from_ms < found.ranges[i].to_ms);
    json_decref(val);
}

static void ready(void *user, const struct sdk_viewer_hello *h)
{
    (void)user, (void)h;
}

static void stream(void *user, const struct sdk_viewer_stream *s)
{
    (void)user;
    SK_ASSERT(s->id != 0 && memchr(s->codec, 0, sizeof s->codec) != NULL);
}

static void unit(void *user, const struct sdk_viewer_unit *u)
{
    (void)user, (void)u;
}

static void closed(void *user, unsigned code, uint32_t retry_ms, int is_clean, const char *text)
{
    (void)user, (void)code, (void)retry_ms, (void)is_clean;
    SK_ASSERT(text != NULL);
}

static const struct sdk_camera_ops camera_ops = {.signal = c_signal,
                                                 .frame = frame,
                                                 .save = save,
                                                 .stream_start = start,
                                                 .stream_stop = stop,
                                                 .stream_keyframe = stop,
                                                 .snap = snap,
                                                 .talk = talk,
                                                 .ptz = ptz,
                                                 .play = &play_ops};
static const struct sdk_viewer_ops viewer_ops = {.signal = v_signal,
                                                 .control = frame,
                                                 .ready = ready,
                                                 .stream = stream,
                                                 .unit = unit,
                                                 .closed = closed};

static void world_make(void)
{
    static const char device[] = "aaaqeayeaudaocajbifqydiob4";
    static const char code[] = "R30W5GY4RQ3CFJ69SB5WSK0S";
    struct sdk_camera_options co = {.device = device, .label_code = code};
    struct sdk_viewer_options vo = {.device = device, .account = "acct"};

    head = tail = 0;
    SK_ASSERT(sdk_camera_new(&camera, &co, &camera_ops, NULL, 0) == 0);
    SK_ASSERT(sdk_viewer_new(&viewer, &vo, &viewer_ops, NULL) == 0);
    SK_ASSERT(sdk_viewer_open_password(viewer, SDK_CLASS_CODE, code, sizeof code - 1, 0) == 0);
    pump();
    SK_ASSERT(viewer->state == V_UP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t types[] = {WIRE_RECORD_REP, WIRE_RECORD_EVENT, WIRE_RECORD_PROGRESS,
                                    WIRE_RECORD_KEY};
    size_t n = size < WIRE_RECORD_CONTENT_MAX ? size : WIRE_RECORD_CONTENT_MAX;

    if (viewer == NULL || viewer->state != V_UP || camera->session_count == 0) {
        sdk_viewer_free(&viewer);
        sdk_camera_free(&camera);
        world_make();
    }
    SK_ASSERT(sdk_channel_send(viewer->channel, WIRE_RECORD_REQ, data, n, 1) == 0);
    pump();
    players_ready();
    found_read(data, size);
    if (camera->session_count > 0 && viewer->state == V_UP) {
        uint8_t type = types[n > 0 ? data[n - 1] % sizeof types : 0];

        SK_ASSERT(sdk_channel_send(camera->sessions[0]->channel, type, data, n, 1) == 0);
        pump();
    }
    (void)sdk_camera_tick(camera, 1);
    pump();
    return 0;
}
