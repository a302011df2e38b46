/* A camera as far as the server can tell: enrolled identity, mutual-TLS device link, HELLO,
 * keepalives. It has no picture and no sealed side: an envelope comes back with the body it had,
 * so that the generator costs as little as it can. */
#ifndef BENCH_LOAD_CAMERA_H
#define BENCH_LOAD_CAMERA_H

#include "firmware-sim/link/box.h"
#include "firmware-sim/link/vault.h"
#include "net/loop.h"
#include "sdk/devlink.h"

struct net_stream;
struct bench_camera;

struct bench_camera_ops {
    /* The link came up (`resumed` = by ticket) or is lost; a lost one connects again by itself. */
    void (*up)(struct bench_camera *c, int resumed);
    void (*down)(struct bench_camera *c, int was_up, int reason);
    void (*media_open)(struct bench_camera *c, const struct sdk_media_open *m); /* may be NULL */
};

struct bench_camera {
    const struct box *box;
    struct net_loop *loop;
    const struct bench_camera_ops *ops;
    void *user;
    struct vault vault; /* its ticket is kept in memory, the file stays */
    struct sdk_devlink link;
    struct net_stream *stream;
    struct tls_config *tls;
    struct net_timer timer;
    unsigned attempt;
    int is_up, is_resumed, is_ending, is_without_ticket;
    uint64_t echoed;
};

/* Read what `skep fleet --prepare` left in `dir`/number, make the TLS settings for c->box.
 * -SK_ENOTFOUND: not enrolled. */
SK_MUST int bench_camera_open(struct bench_camera *c, const char *dir, unsigned number);
/* Connect after `in_ms`, and again whenever the link is lost. */
void bench_camera_start(struct bench_camera *c, int64_t in_ms);
void bench_camera_close(struct bench_camera *c);

#endif
