/* Private to the device room. */
#ifndef SK_DEVICE_INTERNAL_H
#define SK_DEVICE_INTERNAL_H

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "device/device.h"
#include "http/http.h"
#include "store/store.h"

struct net_loop;
struct net_stream;
struct edge_peer;

enum {
    DEVICE_NAME_MAX = 192, /* bytes; 64 code points */
    DEVICE_FACT_MAX = 64,  /* bytes of model, hardware, firmware, serial */
    DEVICE_CAPS_MAX = 512, /* bytes of the JSON array of abilities */
    DEVICE_SEAL_BYTES = 65,
    DEVICE_TAGS_MAX = 8,
    DEVICE_PAGE_MAX = 200,
    HISTORY_DAYS = 90
};

/* ---- registry.c: the table of all cameras, in memory, backed by the store ---- */

/* What a camera says of itself in HELLO. Borrowed texts. */
struct device_facts {
    const char *model, *hw, *fw, *caps;
    uint8_t seal[DEVICE_SEAL_BYTES];
    int64_t boot_random; /* first 8 bytes of the boot id: tells a reboot from a reconnect */
};

struct link;

SK_MUST int registry_start(struct store *store);
void registry_stop(void);
struct store *registry_store(void);

/* 0 or -SK_EDENIED: is the camera known, and is `serial` its certificate? Any thread, no block. */
SK_MUST int registry_may_link(void *ctx, const char *device, const uint8_t *serial, size_t len);

/* New references; NULL when there is none. */
json_t *registry_device_json(const char *device);
/* What of the list is wanted: cameras that `who` may list, and of these a part. */
struct device_wanted {
    const struct principal *who;
    const char *query, *tag; /* or NULL */
    int state;               /* -1 all, 0 offline, 1 online */
    const char *cursor;      /* or NULL */
    size_t limit;
};
json_t *registry_list_json(const struct device_wanted *wanted, int *err);
int registry_has(const char *device);
int registry_is_empty(void);
size_t registry_simulated_count(void);

struct device_new {
    char id[DEVICE_ID_SIZE];
    const char *name, *serial; /* display only */
    uint8_t cert_serial[20];
    size_t cert_serial_len;
    int64_t cert_not_after_ms, now_ms;
    int simulated;
    char organization[ORGANIZATION_ID_SIZE];
};
/* Put a committed camera into the table / take it out. */
void registry_add(const struct device_new *d);
/* `by`: who asked for it. */
SK_MUST int registry_rename(const char *device, const char *name, const struct principal *by,
                            int64_t now_ms);
/* `tags`: a JSON array's text, checked. Whoever held rights by a tag is asked again. */
SK_MUST int registry_tags_set(const char *device, const char *tags, const struct principal *by,
                              int64_t now_ms);
SK_MUST int registry_remove(const char *device, const struct principal *by, int64_t now_ms);

/* A link came up (returns the one that it replaces, or NULL: the caller owns that reference) and
 * went down. Both write history and publish the event. */
struct link *registry_online(const char *device, struct link *link,
                             const struct device_facts *facts, const char *source, int64_t now_ms);
void registry_offline(const char *device, struct link *link, const char *cause, int64_t now_ms);
/* 0, or -SK_ELIMIT: the camera has sent more notes than may be kept. Counted for each camera, not
 * for each link. */
SK_MUST int registry_note_take(const char *device, int64_t mono_ms);
void registry_clock_set(const char *device, int64_t offset_ms, int64_t rtt_ms);

/* The camera's link with a reference for the caller, or NULL. */
struct link *registry_link(const char *device);
/* Call `fn` for a reference to every live link (drain, shutdown). */
void registry_links_each(void (*fn)(struct link *link));

/* ---- history.c ---- */

/* Queue one row; never blocks; a full queue is counted and the row dropped. Texts are copied. */
void history_add(const char *device, int64_t at_ms, const char *kind, const char *cause,
                 const char *source);
int history_list(struct http_request *req);
/* Delete what is older than its retention, now and once a day from `loop`; nobody waits for it. */
void history_expire_daily(struct net_loop *loop);

/* ---- code.c: business authorization codes ---- */

void codes_start(void);
void codes_stop(void);
/* A new code at monotonic `now_ms`; the caller wipes `text`. -SK_ELIMIT: the login has too many in
 * use. */
SK_MUST int code_store(const struct device_grant *grant, int64_t now_ms,
                       char text[DEVICE_CODE_SIZE]);
int code_create(struct http_request *req); /* POST /api/v1/authorizations */
/* End all codes of a login session, device or account (each may be NULL), and say how many. */
size_t codes_end(const char *login_session, const char *device, const char *account);
/* Ask may() again for all codes of the device and account (each may be NULL: of any). What no
 * longer holds ends, and its camera is told (NOTICE revoke). Says how many ended. */
size_t codes_judge(const char *device, const char *account);
/* How many codes of the account would be taken now. */
size_t codes_count(const char *account, int64_t now_ms);

/* ---- rights.c ---- */

/* One bit for each right that `p` has on the camera now, for device_rights_set(). */
uint32_t device_rights(const struct principal *p, const char *device);
int device_may_list(const struct principal *p, const char *device);
/* Set the member "rights" of a camera's JSON. */
void device_rights_set(json_t *v, uint32_t have);
/* 1 when account and login session of the grant still have all its rights. */
int device_grant_holds(const struct device_grant *g);
/* Texts borrowed from `list`; -SK_EINVAL: too many, twice, or not fit to be shown. */
SK_MUST int device_tags_parse(const json_t *list, const char *out[DEVICE_TAGS_MAX], size_t *count);
/* Tell the `authorize` seam which tags (a JSON array's text) the camera has. */
void device_tags_tell(const char *device, const char *organization, const char *tags);

/* ---- enrol.c ---- */

SK_MUST int enrol_start(struct house *house);
void enrol_stop(void);
int enrol_token_create(struct http_request *req);
int enrol_token_get(struct http_request *req);
int enrol_token_end(struct http_request *req);
int enrol_simple(struct http_request *req);
int enrol_cacerts(struct http_request *req);
/* Tokens of an account with which cameras could still enrol: how many, and end them. */
size_t enrol_tokens_count(const char *account, int64_t now_ms);
SK_MUST int enrol_tokens_end(const char *account, int64_t now_ms);
/* Make a token; `by` NULL: the box itself (the demonstration's fleet). */
SK_MUST int enrol_token_make(uint32_t count, int64_t ttl_s, int simulated,
                             const struct principal *by, int64_t now_ms,
                             char token[DEVICE_CODE_SIZE], char id[SESSION_ID_SIZE]);

/* ---- link.c: the camera's side of the forwarding ---- */

void link_ref(struct link *link);
void link_drop(struct link *link);
uint32_t link_id(const struct link *link);
/* From any thread: queue a message on the link's loop. `error` >= 0 closes the link after it. */
void link_send(struct link *link, enum wire_netip_id id, const void *body, size_t len);
void link_close(struct link *link, int code, const char *cause);
int link_take(void *ctx, struct net_stream *stream, const struct edge_peer *peer);

/* ---- signal.c: the viewers' side ---- */

void signal_start(void);
void signal_stop(void);
/* An envelope came from the camera (on its loop's thread): check and forward to the viewer.
 * 0, or a reason the link must be closed for. */
SK_MUST int signal_from_device(const char *device, const uint8_t *envelope, size_t len);
/* End all sessions of a device / of codes that no longer hold. */
void signal_device_gone(const char *device);
void signal_recheck(void);

/* ---- feed.c: /api/v1/events ---- */

void feed_start(struct net_loop *loop);

#endif
