/* The sign on a room's door. Each room has one `const struct room` in its room.c; src/rooms.c lists
 * them in start order. Everything a room adds to the house is declared here and nowhere else. */
#ifndef SK_CORE_ROOM_H
#define SK_CORE_ROOM_H

#include <stddef.h>

#include "base/err.h"
#include "core/config.h"

struct store;
struct store_schema;
struct net_loops;
struct http_request;

/* One HTTP route. A row without permission does not start. */
struct route {
    const char *method;     /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;       /* "/api/v1/devices/{id}"; {x} is one path segment */
    const char *permission; /* an action for may(): "public", "session", "device.list", ... */
    size_t body_max_bytes;  /* 0: no body allowed */
    const char *body_type;  /* NULL = "application/json" when a body is allowed */
    int (*handle)(struct http_request *req); /* on a worker thread; may block on the store */
    const char *openapi;                     /* the OpenAPI 3.1 operation object, as JSON text */
};

/* What rooms share: made by main before the first room starts, gone after the last one stopped. */
struct house {
    struct config *config;
    struct store *store;     /* core.db */
    struct net_loops *loops; /* one per core */
    const char *data_dir;
    int64_t started_wall_ms;
};

struct room {
    const char *name;
    const char *const *needs;          /* names of rooms that must have started; NULL-ended */
    const struct config_key *config;   /* ended by {NULL}; may be NULL */
    const struct store_schema *schema; /* tables and statements; may be NULL */
    const struct route *routes;        /* ended by {NULL}; may be NULL */
    /* Started in list order, stopped in reverse. `start` may refuse (a sentence is logged by the
     * room); `drain` stops taking new work at SIGTERM; `stop` ends what is left. Main thread. */
    int (*start)(struct house *house);
    void (*drain)(void);
    void (*stop)(void);
    /* 0 when ready, else a short reason in `why` (static text) for /readyz. Any thread. */
    int (*ready)(const char **why);
};

/* The list of src/rooms.c, ended by NULL. */
const struct room *const *rooms_list(void);

#endif
