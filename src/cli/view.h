/* Private to `skep view`: what its files share. One run is one process and one thread. */
#ifndef SK_CLI_VIEW_H
#define SK_CLI_VIEW_H

#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "net/https_client.h"
#include "net/loop.h"
#include "net/ws_client.h"
#include "sdk/share.h"
#include "sdk/viewer.h"
#include "wire/envelope.h"

enum { VIEW_SECRET_MAX = 1024, VIEW_CODE_MAX = 64 };

enum view_share {
    VIEW_SHARE_NONE,
    VIEW_SHARE_INVITE,
    VIEW_SHARE_ACCEPT,
    VIEW_SHARE_WITHDRAW,
    VIEW_SHARE_JOIN,
    VIEW_SHARE_KINDS
};

struct options {
    const char *server, *ca, *pin, *account, *password_file, *label_file, *seed_file, *out, *stream;
    const char *command_file, *snapshot, *audio, *owner_file, *new_password_file;
    const char *keep_file; /* where the login is kept for the next time */
    const char *code_file;
    const char *from, *to, *speed;
    const char *share, *link_file, *rights, *guest, *viewer_key_file;
    int64_t seconds, days;
    int chosen, help, quiet, talk, playback, recordings;
};

struct view {
    struct options o;
    const char *device;
    char host[256];
    uint16_t port;
    struct tls_config *tls;
    struct net_loop *loop;
    struct net_timer timer;
    struct https_client *http;
    struct ws_client *signal, *live;
    struct sdk_viewer *viewer;
    struct sk_buf bearer, secret; /* secrets */
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1], code[VIEW_CODE_MAX];
    json_t *commands;      /* of --command-file, or NULL */
    uint32_t command_last; /* the last request of --command-file */
    uint32_t info_id;      /* the question after a talk */
    int file, audio_file;  /* -1 = not wanted */
    int64_t started_ms, first_ms, until_ms, talk_due_ms;
    uint64_t units, bytes, talk_pts;
    int is_shot, is_talking; /* the snapshot is on the disk */
    int is_live_open, is_opened, is_over, failed;
    struct {
        int64_t from_ms, to_ms; /* wall clock; from the camera's hello on */
        double speed;
        uint32_t find_id, stream;
        uint64_t last_pts, end_pts; /* of the last unit; of the end, 0 = not told yet */
        uint64_t step_pts;          /* between the last two units */
        int64_t heard_ms;           /* when something came last */
        unsigned ranges;
        int has_init, is_listed;
    } play;
    struct {
        uint8_t secret[32], point[65]; /* the owner key */
        struct sk_buf password;        /* secret: the new one */
        unsigned class;                /* of it */
        uint32_t add_id, password_id;
        int is_new;     /* made in this run */
        int is_refused; /* the camera does not take it */
        int is_done;    /* the new password holds */
    } owner;
    struct {
        enum view_share kind;
        struct sdk_invitation link;             /* secret */
        uint8_t secret[32], point[65], pin[65]; /* own viewer key; the camera's key */
        uint8_t guest[65], tag[16];             /* whose claim is good */
        char claim[64];                         /* id of the claim, or of the share */
        uint16_t rights;
        int64_t until_ms;
        uint32_t get_id, set_id;
        int has_key, has_pin, is_found, is_done;
    } share;
};

/* ---- view.c ---- */

/* The run is over; `what` = why it failed, NULL = it did not. The first word counts. */
void view_over(struct view *v, const char *what);

/* ---- view_login.c: the server's API, secrets, whom to trust ---- */

/* Host and port of --server; -SK_EINVAL. */
SK_MUST int view_server_parse(struct view *v);
/* The TLS configuration by --ca or --pin; -SK_EINVAL without either. */
SK_MUST int view_trust_make(struct view *v);
/* Append the secret of `file`, or what is typed after the prompt `what`. */
SK_MUST int view_secret_get(struct sk_buf *out, const char *file, const char *what);
/* The label of a simulated camera, from --seed-file. */
SK_MUST int view_label_from_seed(struct view *v);
SK_MUST int view_log_in(struct view *v, const char *password);
/* POST `body` (taken over); `*answer` is a new reference when the status is `wanted`, and with
 * -SK_EAGAIN: a login's challenge is to be met first. */
SK_MUST int view_api_post(struct view *v, const char *path, json_t *body, int wanted,
                          json_t **answer);

/* The same with any method; `body` (taken over) and `answer` may be NULL. */
SK_MUST int view_api_call(struct view *v, const char *method, const char *path, json_t *body,
                          int wanted, json_t **answer);

/* ---- view_proof.c: the work that a login may be asked for ---- */

/* Meet the challenge of `refusal` and put the proof into `body`: up to a minute of one core.
 * -SK_EINVAL: no challenge, or more work than a box of ours asks for. */
SK_MUST int view_proof_add(json_t *body, const json_t *refusal);

/* ---- view_keep.c: --keep ---- */

/* Bind the session to a key and keep both in the file; log in by such a file. -SK_ENOTFOUND there
 * is none; -SK_EAUTH it is worth nothing any more. */
SK_MUST int view_keep_begin(struct view *v);
SK_MUST int view_keep_use(struct view *v);

/* The business authorization code for what is asked. */
SK_MUST int view_authorize(struct view *v);

/* ---- view_sockets.c ---- */

/* Open /ws/signal and /ws/live; when both are ready the handshake with the camera begins. */
SK_MUST int view_sockets_open(struct view *v);

/* ---- view_streams.c: the sealed side ---- */

const struct sdk_viewer_ops *view_sealed_ops(void);
/* Read --command-file. -SK_EINVAL: not of its form. */
SK_MUST int view_commands_read(struct view *v);
/* Say what is due. */
void view_talk_run(struct view *v, int64_t now_ms);
/* The time is up. */
void view_finish(struct view *v, int64_t now_ms);

/* ---- view_owner.c: --owner-file, --new-password-file ---- */

/* Read the owner key, or make and keep one; read the new password. Says what is wrong. */
SK_MUST int view_owner_read(struct view *v);
/* Before the handshake: hello shall carry the proof. */
SK_MUST int view_owner_start(struct view *v, int64_t now_ms);
/* The channel is open: register the key, send the password. */
void view_owner_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms);
/* 1 when the reply was to one of these. */
int view_owner_reply(struct view *v, uint32_t id, int is_ok, const char *error);
void view_owner_fini(struct view *v);

/* ---- view_playback.c: --playback, --recordings ---- */

/* Judge --from, --to and --speed before anything is opened. Says what is wrong. */
SK_MUST int view_play_check(struct view *v);
/* The channel is open: ask for the list, or begin to play. */
SK_MUST int view_play_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms);
/* 1 when the reply was to one of these. */
int view_play_reply(struct view *v, uint32_t id, int is_ok, const json_t *val);
void view_play_stream(struct view *v, const struct sdk_viewer_stream *s);
/* A unit of the recording: write it, make room for more. */
void view_play_unit(struct view *v, const struct sdk_viewer_unit *u);
void view_play_event(struct view *v, const char *name, const json_t *val);
/* End when all of it has come, or nothing comes any more. */
void view_play_run(struct view *v, int64_t now_ms);

/* ---- view_share.c: --share, --viewer-key-file ---- */

/* Judge the options before anything is opened. Says what is wrong. */
SK_MUST int view_share_check(struct view *v);
/* Read link and viewer key; a link names the camera when the command line does not. */
SK_MUST int view_share_read(struct view *v);
/* Guest, logged in: ask by the link; or pin the camera's key by it. */
SK_MUST int view_share_join(struct view *v);
SK_MUST int view_share_pin(struct view *v);
/* Owner, logged in: find the claim that is good, or the share. */
SK_MUST int view_share_prepare(struct view *v);
/* Owner, the channel is open. */
void view_share_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms);
/* 1 when the reply was to one of these. */
int view_share_reply(struct view *v, uint32_t id, int is_ok, const json_t *val, const char *error);
void view_share_fini(struct view *v);

#endif
