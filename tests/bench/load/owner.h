/* The owner's side of a load generator: log in, ask for business authorization codes. Blocks. */
#ifndef BENCH_LOAD_OWNER_H
#define BENCH_LOAD_OWNER_H

#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/link/box.h"

struct https_client;
struct tls_config;

enum { OWNER_BEARER_MAX = 256, OWNER_CODE_SIZE = 256 };

struct owner {
    struct tls_config *tls; /* HTTPS by the box's authority; also for WebSockets */
    struct https_client *http;
    char bearer[OWNER_BEARER_MAX]; /* field value; a secret */
};

/* Log in as `account`, with the password of a file that only we may read. */
SK_MUST int owner_open(struct owner *o, const struct box *box, const char *account,
                       const char *password_file);
/* A code for `device` and the sealed session `session`, to be used within 60 s. */
SK_MUST int owner_authorize(struct owner *o, const char *device, const uint8_t session[16],
                            char code[OWNER_CODE_SIZE]);
void owner_close(struct owner *o);

#endif
