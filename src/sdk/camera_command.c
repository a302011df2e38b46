/* Commands inside the channel (sealed.md 3.4, 5.2): one table of name, right and handler. A command
 * that is known but not built answers `unsupported`, after its right was checked. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"
#include "sdk/seal.h"

/* ---- answers ---- */
static void record_send(struct session *s, uint8_t type, const json_t *obj, int64_t now_ms)
{
    size_t len;
    char *text = sk_json_text(obj, &len);

    /* A channel that cannot take it is over or will be closed by the tick. */
    if (text != NULL && sdk_channel_send(s->channel, type, text, len, now_ms) < 0)
        s->camera->stats.refused++;
    if (text != NULL)
        crypto_wipe(text, len);
    free(text);
}

void command_reply_ok(struct session *s, uint32_t id, json_t *val, int64_t now_ms)
{
    json_t *rep = json_object();

    sk_json_set_int(rep, "id", id);
    sk_json_set_bool(rep, "ok", 1);
    json_object_set_new(rep, "val", val != NULL ? val : json_object());
    record_send(s, WIRE_RECORD_REP, rep, now_ms);
    json_decref(rep);
}

void command_reply_error(struct session *s, uint32_t id, const char *code, int64_t now_ms)
{
    json_t *rep = json_object(), *err = json_object();

    sk_json_set_str(err, "code", code);
    sk_json_set_str(err, "text", code);
    sk_json_set_int(err, "retry_ms", 0);
    sk_json_set_int(rep, "id", id);
    sk_json_set_bool(rep, "ok", 0);
    json_object_set_new(rep, "err", err);
    record_send(s, WIRE_RECORD_REP, rep, now_ms);
    json_decref(rep);
}

void command_event(struct session *s, const char *name, json_t *val, int64_t now_ms)
{
    json_t *ev = json_object();

    sk_json_set_str(ev, "ev", name);
    json_object_set_new(ev, "val", val);
    record_send(s, WIRE_RECORD_EVENT, ev, now_ms);
    json_decref(ev);
}

/* ---- hello ---- */
/* 4 channels a key, 4 password-born an account: then the oldest goes (3.3). */
static void same_party_limit(struct sdk_camera *c, const struct session *s, int64_t now_ms)
{
    struct session *oldest = NULL;
    unsigned n = 0, max = s->is_by_key ? CHANNELS_PER_KEY : CHANNELS_PER_ACCOUNT;

    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *o = c->sessions[i];

        if (o->state != RUN_CHANNEL || !o->said_hello || o->is_by_key != s->is_by_key ||
            (s->is_by_key ? memcmp(o->key_id, s->key_id, 16) : strcmp(o->account, s->account)) != 0)
            continue;
        if (oldest == NULL && o != s)
            oldest = o;
        n++;
    }
    if (n > max && oldest != NULL)
        session_close(c, oldest, WIRE_CODE_SUPERSEDED, now_ms);
}

static int has_media(const struct sdk_camera *c, const struct session *s)
{
    return camera_play_plays(c, s) || s->started[SDK_STREAM_MAIN] || s->started[SDK_STREAM_SUB] ||
           s->started[SDK_STREAM_AUDIO];
}

/* The idlest without media goes, then the idlest; owner channels last. */
static void whole_limit(struct sdk_camera *c, const struct session *s, int64_t now_ms)
{
    struct session *worst = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *o = c->sessions[i];
        int rank, worst_rank;

        if (o->state != RUN_CHANNEL || !o->said_hello)
            continue;
        n++;
        if (o == s)
            continue;
        rank = o->is_owner * 2 + has_media(c, o);
        worst_rank = worst != NULL ? worst->is_owner * 2 + has_media(c, worst) : 4;
        if (rank < worst_rank || (rank == worst_rank && sdk_channel_heard_ms(o->channel) <
                                                            sdk_channel_heard_ms(worst->channel)))
            worst = o;
    }
    if (n > c->channels_max && worst != NULL)
        session_close(c, worst, WIRE_CODE_SUPERSEDED, now_ms);
}

static const char *run_hello(struct call *call)
{
    struct session *s = call->session;
    struct sdk_camera *c = call->camera;
    struct listed *listed = access_session_listed(s);
    json_t *features = json_array();
    uint8_t proof[80];
    int64_t v, wall;

    if (sk_json_int(call->arg, "v", 1, 1, &v) < 0 ||
        sk_json_int(call->arg, "wall", 0, INT64_C(1) << 53, &wall) < 0 || s->said_hello) {
        json_decref(features);
        return s->said_hello ? "conflict" : "bad-arg";
    }
    if (sk_json_has(call->arg, "owner")) {
        if (sk_json_bin(call->arg, "owner", proof, sizeof proof) < 0) {
            json_decref(features);
            return "bad-arg";
        }
        if (access_proof_is_good(call, proof)) {
            access_become_owner(s, proof);
            camera_check_owner(c, wall, call->now_ms);
            c->wall_base_ms = wall - call->now_ms;
        } else {
            c->stats.refused++;
        }
    }
    s->said_hello = 1;
    if (access_session_key(s) != NULL)
        access_session_key(s)->last_used = ++c->state.use_rank; /* kept with the next save */
    if (listed != NULL) {                                       /* as above */
        listed->last_ms = camera_check_wall(c, call->now_ms);
        listed->count++;
    }
    same_party_limit(c, s, call->now_ms);
    whole_limit(c, s, call->now_ms);
    if (seal_is_null())
        json_array_append_new(features, json_string("seal-null"));
    call->val = json_object();
    sk_json_set_int(call->val, "v", 1);
    json_object_set_new(call->val, "features", features);
    sk_json_set_int(call->val, "wall", camera_wall(c, call->now_ms));
    sk_json_set_bin(call->val, "boot", c->boot_id, sizeof c->boot_id);
    sk_json_set_bin(call->val, "seal", c->state.seal_public, 65);
    camera_list_report(c, call->val, "list", "list_hash");
    sk_json_set_int(call->val, "rights", s->rights);
    sk_json_set_int(call->val, "until", listed != NULL ? listed->entry.not_after_ms : 0);
    return NULL;
}

static const char *run_info(struct call *call)
{
    const struct sdk_camera *c = call->camera;
    json_t *talk = json_object(); /* what was heard of this talk, or of the last */

    call->val = json_object();
    sk_json_set_str(call->val, "model", c->model);
    sk_json_set_str(call->val, "firmware", c->firmware);
    sk_json_set_int(call->val, "uptime_s", (call->now_ms - c->born_ms) / 1000);
    sk_json_set_str(call->val, "note", c->info_note);
    sk_json_set_int(talk, "units", c->talk != NULL ? (int64_t)c->talk->units : 0);
    sk_json_set_int(talk, "bytes", c->talk != NULL ? (int64_t)c->talk->bytes : 0);
    json_object_set_new(call->val, "talk", talk);
    return NULL;
}

/* ---- live ---- */
static const char *run_live_start(struct call *call)
{
    const char *name;
    enum sdk_stream which;

    if (sk_json_str(call->arg, "stream", 8, &name) < 0)
        return "bad-arg";
    if (strcmp(name, "main") == 0)
        which = SDK_STREAM_MAIN;
    else if (strcmp(name, "sub") == 0)
        which = SDK_STREAM_SUB;
    else
        return "not-found";
    if ((call->session->rights &
         (which == SDK_STREAM_MAIN ? WIRE_RIGHT_LIVE_MAIN : WIRE_RIGHT_LIVE_SUB)) == 0)
        return "denied";
    return camera_stream_start(call->camera, call->session, which, call->id, &call->is_pending,
                               call->now_ms);
}

/* The stream of the argument, if this session has started it; else -1. */
static int own_stream(const struct call *call)
{
    int64_t id;
    int which;

    if (sk_json_int(call->arg, "stream", 1, UINT32_MAX, &id) < 0)
        return -1;
    which = camera_stream_by_id(call->camera, (uint32_t)id);
    return which >= 0 && call->session->started[which] ? which : -1;
}

static const char *run_live_stop(struct call *call)
{
    int which = own_stream(call);

    if (which < 0 || which == SDK_STREAM_AUDIO)
        return "not-found";
    camera_stream_stop_one(call->camera, call->session, (enum sdk_stream)which, call->now_ms);
    return NULL;
}

static const char *run_audio_start(struct call *call)
{
    return camera_stream_start(call->camera, call->session, SDK_STREAM_AUDIO, call->id,
                               &call->is_pending, call->now_ms);
}

static const char *run_audio_stop(struct call *call)
{
    if (own_stream(call) != SDK_STREAM_AUDIO)
        return "not-found";
    camera_stream_stop_one(call->camera, call->session, SDK_STREAM_AUDIO, call->now_ms);
    return NULL;
}

static const char *run_live_keyframe(struct call *call)
{
    int which = own_stream(call);

    return which < 0 || which == SDK_STREAM_AUDIO
               ? "not-found"
               : camera_stream_keyframe(call->camera, (enum sdk_stream)which, call->now_ms);
}

static const char *run_live_keys(struct call *call)
{
    int64_t id;

    if (own_stream(call) < 0 && (sk_json_int(call->arg, "stream", 1, UINT32_MAX, &id) < 0 ||
                                 !camera_play_is_of(call->camera, (uint32_t)id, call->session)))
        return "not-found";
    camera_stream_keys(call->camera, call->session, 0, call->now_ms);
    return NULL;
}

static const char *run_reboot(struct call *call)
{
    if (call->camera->ops->reboot == NULL)
        return "unsupported";
    return NULL; /* done by command_finish, after the reply */
}

/* ---- the table ---- */
enum { CHANGES = 1 }; /* flags: remembered by `once` */

struct command {
    const char *name;
    uint16_t right; /* any of these bits; 0 = everybody, or the handler decides */
    uint8_t flags;
    const char *(*run)(struct call *call); /* NULL = unsupported */
    const char *const args[5];
};

enum { LIVE = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LIVE_SUB };

static const struct command commands[] = {
    {"hello", 0, 0, run_hello, {"v", "wall", "owner"}},
    {"info", 0, 0, run_info, {NULL}},
    {"live.start", LIVE, 0, run_live_start, {"stream"}},
    {"live.stop", LIVE, 0, run_live_stop, {"stream"}},
    {"live.keyframe", LIVE, 0, run_live_keyframe, {"stream"}},
    {"live.keys", LIVE | WIRE_RIGHT_LISTEN | WIRE_RIGHT_PLAYBACK, 0, run_live_keys, {"stream"}},
    {"owner.add", 0, CHANGES, access_owner_add, {"key"}},
    {"owner.drop", WIRE_RIGHT_MANAGE, CHANGES, access_owner_drop, {"id"}},
    {"enrol", 0, CHANGES, access_enrol, {"key"}},
    {"enrol.drop", WIRE_RIGHT_MANAGE, CHANGES, access_enrol_drop, {"id"}},
    {"password.set", WIRE_RIGHT_MANAGE, CHANGES, access_password_set, {"params", "w0", "l"}},
    {"access.get", WIRE_RIGHT_MANAGE, 0, access_get, {NULL}},
    {"access.set", WIRE_RIGHT_MANAGE, CHANGES, access_set, {"list"}},
    {"reboot", WIRE_RIGHT_CONFIG, CHANGES, run_reboot, {NULL}},
    {"config.get", WIRE_RIGHT_CONFIG, 0, NULL, {NULL}},
    {"config.set", WIRE_RIGHT_CONFIG, 0, NULL, {NULL}},
    {"audio.start", WIRE_RIGHT_LISTEN, 0, run_audio_start, {NULL}},
    {"audio.stop", WIRE_RIGHT_LISTEN, 0, run_audio_stop, {"stream"}},
    {"talk.start", WIRE_RIGHT_TALK, 0, camera_talk_start, {"codec"}},
    {"talk.stop", WIRE_RIGHT_TALK, 0, camera_talk_stop, {"stream"}},
    {"ptz.move", WIRE_RIGHT_PTZ, CHANGES, camera_ptz_move, {"pan", "tilt", "zoom"}},
    {"ptz.stop", WIRE_RIGHT_PTZ, CHANGES, camera_ptz_stop, {NULL}},
    {"ptz.preset", WIRE_RIGHT_PTZ, CHANGES, camera_ptz_preset, {"go", "set"}},
    {"play.find", WIRE_RIGHT_PLAYBACK, 0, camera_play_find, {"from", "to"}},
    {"play.start", WIRE_RIGHT_PLAYBACK, 0, camera_play_start, {"at", "to", "stream", "speed"}},
    {"play.seek", WIRE_RIGHT_PLAYBACK, 0, camera_play_seek, {"stream", "at"}},
    {"play.speed", WIRE_RIGHT_PLAYBACK, 0, camera_play_speed, {"stream", "speed"}},
    {"play.stop", WIRE_RIGHT_PLAYBACK, 0, camera_play_stop, {"stream"}},
    {"snap", WIRE_RIGHT_SNAPSHOT, 0, camera_snap_start, {NULL}},
};

static const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const char *command_run(const struct command *cmd, struct call *call)
{
    if (cmd == NULL)
        return "unknown";
    if (cmd->right != 0 && (call->session->rights & cmd->right) == 0)
        return "denied";
    if (cmd->run == NULL)
        return "unsupported";
    if (sk_json_only(call->arg, cmd->args) < 0)
        return "bad-arg";
    return cmd->run(call);
}

/* ---- `once` ---- */
static void once_who(uint8_t who[17], const struct session *s)
{
    who[0] = s->is_by_key;
    if (s->is_by_key)
        memcpy(who + 1, s->key_id, 16);
    else
        camera_account_tag(who + 1, s->account);
}

static void once_drop(struct once_entry *e)
{
    if (e->text != NULL)
        crypto_wipe(e->text, strlen(e->text));
    free(e->text);
    memset(e, 0, sizeof *e);
}

void command_once_fini(struct sdk_camera *c)
{
    for (unsigned i = 0; c->once != NULL && i < ONCE_MAX; i++)
        once_drop(&c->once[i]);
    free(c->once);
    c->once = NULL;
}

static struct once_entry *once_find(struct sdk_camera *c, const uint8_t who[17],
                                    const uint8_t once[16], int64_t now_ms)
{
    for (unsigned i = 0; c->once != NULL && i < ONCE_MAX; i++) {
        struct once_entry *e = &c->once[i];

        if (e->is_used && now_ms - e->at_ms >= ONCE_MS)
            once_drop(e);
        if (e->is_used && memcmp(e->who, who, 17) == 0 && memcmp(e->once, once, 16) == 0)
            return e;
    }
    return NULL;
}

/* A free entry, or the oldest: of this party when it has 16, else of all. */
static struct once_entry *once_slot(struct sdk_camera *c, const uint8_t who[17])
{
    struct once_entry *oldest = NULL, *own = NULL, *unused = NULL;
    unsigned n = 0;

    if (c->once == NULL)
        c->once = sk_alloc(ONCE_MAX * sizeof *c->once);
    for (unsigned i = 0; i < ONCE_MAX; i++) {
        struct once_entry *e = &c->once[i];

        if (!e->is_used) {
            unused = e;
            continue;
        }
        if (memcmp(e->who, who, 17) == 0) {
            n++;
            own = own == NULL || e->at_ms < own->at_ms ? e : own;
        }
        oldest = oldest == NULL || e->at_ms < oldest->at_ms ? e : oldest;
    }
    if (n >= ONCE_PER_KEY)
        return own;
    return unused != NULL ? unused : oldest;
}

static void once_put(struct call *call, const uint8_t once[16], const char *err)
{
    uint8_t who[17];
    struct once_entry *e;
    json_t *result = json_object();

    if (err != NULL)
        sk_json_set_str(result, "err", err);
    else if (call->val != NULL)
        json_object_set(result, "val", call->val);
    once_who(who, call->session);
    e = once_slot(call->camera, who);
    once_drop(e);
    memcpy(e->who, who, 17);
    memcpy(e->once, once, 16);
    e->at_ms = call->now_ms;
    e->is_used = 1;
    e->text = sk_json_text(result, NULL);
    if (e->text != NULL && strlen(e->text) > ONCE_RESULT_MAX) {
        free(e->text);
        e->text = sk_strdup("{}");
    }
    json_decref(result);
}

static void once_answer(const struct call *call, const struct once_entry *e)
{
    json_t *result = NULL;
    const char *err = NULL;

    if (e->text != NULL && sk_json_parse(&result, e->text, strlen(e->text)) < 0)
        result = NULL;
    if (result != NULL && sk_json_has(result, "err"))
        err = json_string_value(json_object_get(result, "err"));
    if (err != NULL)
        command_reply_error(call->session, call->id, err, call->now_ms);
    else
        command_reply_ok(call->session, call->id,
                         result != NULL ? json_incref(json_object_get(result, "val")) : NULL,
                         call->now_ms);
    json_decref(result);
}

/* ---- one request ---- */
static void command_finish(const struct command *cmd, struct call *call, const char *err,
                           const uint8_t *once)
{
    if (call->is_pending)
        return;
    if (once != NULL && cmd != NULL && (cmd->flags & CHANGES) != 0)
        once_put(call, once, err);
    if (err != NULL) {
        json_decref(call->val);
        command_reply_error(call->session, call->id, err, call->now_ms);
        return;
    }
    command_reply_ok(call->session, call->id, call->val, call->now_ms);
    if (cmd != NULL && cmd->run == run_reboot)
        call->camera->ops->reboot(call->camera->user);
}

/* Form of a request: 0, or the code to close with. */
static unsigned request_read(struct call *call, const json_t *req, const char **name)
{
    static const char *const members[] = {"id", "do", "arg", "once", NULL};
    struct session *s = call->session;
    int64_t id;

    if (sk_json_only(req, members) < 0 || sk_json_int(req, "id", 0, UINT32_MAX, &id) < 0 ||
        sk_json_str(req, "do", 32, name) < 0)
        return WIRE_CODE_MALFORMED;
    if (s->has_request && (uint32_t)id != s->request_id + 1)
        return WIRE_CODE_MALFORMED;
    if (!s->has_request && strcmp(*name, "hello") != 0)
        return WIRE_CODE_MALFORMED;
    s->has_request = 1;
    s->request_id = call->id = (uint32_t)id;
    call->arg = json_object_get(req, "arg");
    return call->arg == NULL || json_is_object(call->arg) ? 0 : (unsigned)WIRE_CODE_MALFORMED;
}

static unsigned request_handle(struct call *call, const json_t *req)
{
    json_t *empty = json_object();
    const struct command *cmd;
    const struct once_entry *seen = NULL;
    const char *name;
    uint8_t once[16], who[17];
    int has_once = sk_json_has(req, "once");
    unsigned code = request_read(call, req, &name);

    if (code != 0)
        goto out;
    if (call->arg == NULL)
        call->arg = empty;
    cmd = command_find(name);
    call->camera->stats.commands++;
    if (has_once && sk_json_bin(req, "once", once, sizeof once) < 0) {
        command_finish(NULL, call, "bad-arg", NULL);
        goto out;
    }
    if (has_once) {
        once_who(who, call->session);
        seen = once_find(call->camera, who, once, call->now_ms);
    }
    if (seen != NULL)
        once_answer(call, seen);
    else
        command_finish(cmd, call, command_run(cmd, call), has_once ? once : NULL);
out:
    json_decref(empty);
    return code;
}

unsigned camera_command(struct sdk_camera *c, struct session *s, const struct wire_record_plain *p,
                        int64_t now_ms)
{
    struct call call = {.camera = c, .session = s, .now_ms = now_ms};
    json_t *req = NULL;
    unsigned code;

    if (p->type == WIRE_RECORD_KEY && s->said_hello) {
        camera_talk_key(c, s, p->content, p->len, now_ms);
        return 0;
    }
    if (p->type != WIRE_RECORD_REQ || sk_json_parse(&req, p->content, p->len) < 0)
        return WIRE_CODE_MALFORMED;
    code = request_handle(&call, req);
    json_decref(req);
    return code;
}
