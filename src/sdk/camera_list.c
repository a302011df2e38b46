/* The signed access list on the camera (sealed.md 5.3, 6.5): taken from a stored owner key only,
 * durable before it counts, obeyed at once; and the camera's own time, by which entries end. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "sdk/camera_internal.h"
#include "wire/seal_msg.h"

enum {
    SAVE_MS = 3600 * 1000,
    MINUTE_MS = 60 * 1000,
    TELL_MS = 10 * 1000,  /* between two list-refused events */
    FOLLOW_DIVISOR = 720, /* 2 min a day: 1 ms in 720 */
    FOLLOW_MAX_MS = 2 * 60 * 1000
};

/* ---- the camera's own time (5.3) ---- */
int64_t camera_check_wall(const struct sdk_camera *c, int64_t now_ms)
{
    return c->check_base_ms + now_ms;
}

void camera_check_boot(struct sdk_camera *c, int64_t now_ms)
{
    struct camera_list *l = c->state.list;
    int64_t wall = c->build_wall_ms;

    if (c->state.saved_wall_ms > wall)
        wall = c->state.saved_wall_ms;
    if (l != NULL && l->head.issued_ms > wall)
        wall = l->head.issued_ms;
    c->check_base_ms = wall - now_ms;
    c->follow_at_ms = c->saved_at_ms = now_ms;
    for (unsigned i = 0; l != NULL && i < l->head.count; i++)
        l->entries[i].is_over = wall >= l->entries[i].entry.not_after_ms;
}

void camera_check_owner(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms)
{
    c->check_base_ms = wall_ms - now_ms;
    c->has_owner_time = 1;
}

void camera_check_server(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms)
{
    int64_t earned = (now_ms - c->follow_at_ms) / FOLLOW_DIVISOR;
    int64_t step = wall_ms - camera_check_wall(c, now_ms);

    c->follow_at_ms += earned * FOLLOW_DIVISOR;
    c->follow_left_ms += earned;
    if (c->follow_left_ms > FOLLOW_MAX_MS)
        c->follow_left_ms = FOLLOW_MAX_MS;
    if (step > c->follow_left_ms)
        step = c->follow_left_ms;
    if (step <= 0)
        return; /* never back */
    c->check_base_ms += step;
    c->follow_left_ms -= step;
}

/* ---- the list in memory ---- */
int camera_list_make(struct camera_list **out, const uint8_t *blob, size_t len)
{
    struct wire_list head;
    struct camera_list *l;

    if (wire_list_decode(&head, blob, len) < 0)
        return -SK_EINVAL;
    l = sk_alloc(sizeof *l + head.count * sizeof l->entries[0]);
    l->head = head;
    l->len = len;
    memcpy(l->blob, blob, len);
    sdk_list_hash(l->hash, blob, &head);
    for (unsigned i = 0; i < head.count; i++) {
        wire_list_entry(&l->entries[i].entry, blob, i);
        crypto_key_id(l->entries[i].id, CRYPTO_KEY_VIEWER, l->entries[i].entry.point);
    }
    *out = l;
    return 0;
}

struct listed *camera_list_find(const struct sdk_camera *c, const uint8_t id[16])
{
    struct camera_list *l = c->state.list;

    for (unsigned i = 0; l != NULL && i < l->head.count; i++)
        if (memcmp(l->entries[i].id, id, 16) == 0)
            return &l->entries[i];
    return NULL;
}

struct listed *access_session_listed(const struct session *s)
{
    return s->is_listed ? camera_list_find(s->camera, s->key_id) : NULL;
}

static int is_over(const struct sdk_camera *c, const struct listed *k, int64_t now_ms)
{
    return camera_check_wall(c, now_ms) >= k->entry.not_after_ms;
}

unsigned camera_list_judge(const struct sdk_camera *c, const struct listed *k,
                           const uint8_t tag[16], int64_t now_ms)
{
    if (memcmp(k->entry.tag, tag, 16) != 0)
        return WIRE_CODE_KEY_UNKNOWN;
    if (is_over(c, k, now_ms) ||
        (c->has_owner_time && camera_check_wall(c, now_ms) < k->entry.not_before_ms))
        return WIRE_CODE_EXPIRED;
    return 0;
}

/* ---- what a removal does ---- */
/* Whoever came by this key has `rights` left; 0 = he goes. `self` closes after its reply. */
static void key_narrow(struct sdk_camera *c, const uint8_t id[16], uint16_t rights, unsigned code,
                       struct session *self, int64_t now_ms)
{
    for (unsigned i = c->session_count; i-- > 0;) {
        struct session *s = c->sessions[i];

        if (!s->is_listed || memcmp(s->key_id, id, 16) != 0)
            continue;
        s->rights &= (uint16_t)(rights | WIRE_RIGHT_MANAGE);
        if (rights != 0 && s->state == RUN_CHANNEL) {
            camera_session_narrow(c, s, now_ms);
        } else if (s == self) {
            s->is_closing = 1;
            s->close_code = (uint8_t)code;
        } else {
            session_close(c, s, code, now_ms);
        }
    }
}

static int same_party(const struct listed *a, const struct listed *b)
{
    return memcmp(a->id, b->id, 16) == 0 && memcmp(a->entry.tag, b->entry.tag, 16) == 0;
}

/* What is known of keys that stay. */
static void uses_carry(struct camera_list *to, const struct camera_list *from)
{
    for (unsigned i = 0; from != NULL && i < from->head.count; i++)
        for (unsigned k = 0; k < to->head.count; k++)
            if (same_party(&to->entries[k], &from->entries[i])) {
                to->entries[k].last_ms = from->entries[i].last_ms;
                to->entries[k].count = from->entries[i].count;
                to->entries[k].is_owner_proved = from->entries[i].is_owner_proved;
            }
}

/* The new list stands: cut what is gone. */
static void list_obey(struct sdk_camera *c, const struct camera_list *old, struct session *self,
                      int64_t now_ms)
{
    int is_lost = 0;

    for (unsigned i = 0; old != NULL && i < old->head.count; i++) {
        const struct listed *was = &old->entries[i];
        const struct listed *k = camera_list_find(c, was->id);
        uint16_t had = was->is_over ? 0 : was->entry.rights, has = 0;

        if (k != NULL && same_party(k, was) && !is_over(c, k, now_ms))
            has = k->entry.rights;
        if ((had & ~(unsigned)has) == 0)
            continue;
        is_lost = 1;
        key_narrow(c, was->id, has, WIRE_CODE_REVOKED, self, now_ms);
    }
    if (is_lost) /* also when nobody is there: he may hold keys of a channel that just closed */
        camera_stream_revoke(c, 0, now_ms);
}

int64_t camera_list_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    struct camera_list *l = c->state.list;

    for (unsigned i = 0; l != NULL && i < l->head.count; i++) {
        struct listed *k = &l->entries[i];
        int64_t due = k->entry.not_after_ms - c->check_base_ms;
        int over = now_ms >= due;

        if (over && !k->is_over) {
            key_narrow(c, k->id, 0, WIRE_CODE_EXPIRED, NULL, now_ms);
            camera_stream_revoke(c, 0, now_ms);
        }
        k->is_over = (uint8_t)over;
        if (!over && due < next)
            next = due;
    }
    if (l != NULL && now_ms - c->saved_at_ms >= SAVE_MS) {
        c->saved_at_ms = now_ms;
        c->state.saved_wall_ms = camera_check_wall(c, now_ms);
        if (camera_state_save(c) < 0)
            camera_event(c, "save-failed");
    }
    if (l != NULL && c->saved_at_ms + SAVE_MS < next)
        next = c->saved_at_ms + SAVE_MS;
    return next;
}

/* ---- taking one ---- */
static const struct owner *signer_find(const struct sdk_camera *c, const uint8_t id[16])
{
    for (unsigned i = 0; i < OWNERS_MAX; i++)
        if (c->state.owners[i].is_used && memcmp(c->state.owners[i].id, id, 16) == 0)
            return &c->state.owners[i];
    return NULL;
}

/* All that is judged before the signature; NULL = go on. `same` = it is the one that we have. */
static const char *list_judge(const struct sdk_camera *c, const struct camera_list *l)
{
    const struct camera_list *have = c->state.list;

    if (memcmp(l->head.device, c->device_raw, 16) != 0)
        return "device";
    if (signer_find(c, l->head.owner) == NULL)
        return "signer";
    if (have != NULL && l->head.version == have->head.version &&
        memcmp(l->hash, have->hash, 32) == 0)
        return "same";
    if (have != NULL && l->head.version <= have->head.version)
        return "version";
    return NULL;
}

static const char *points_check(const struct camera_list *l)
{
    for (unsigned i = 0; i < l->head.count; i++)
        if (crypto_p256_check(l->entries[i].entry.point) < 0)
            return "entry";
    return NULL;
}

/* At most 6 signatures a minute are looked at for the server (5.3). */
static int check_is_allowed(struct sdk_camera *c, int64_t now_ms)
{
    unsigned oldest = 0;

    for (unsigned i = 1; i < LIST_CHECKS; i++)
        if (c->list_check_ms[i] < c->list_check_ms[oldest])
            oldest = i;
    if (c->list_check_ms[oldest] != 0 && now_ms - c->list_check_ms[oldest] < MINUTE_MS)
        return 0;
    c->list_check_ms[oldest] = now_ms;
    return 1;
}

static void owners_tell_set(struct sdk_camera *c, int64_t now_ms)
{
    for (unsigned i = 0; i < c->session_count; i++) {
        json_t *val;

        if (c->sessions[i]->state != RUN_CHANNEL || !c->sessions[i]->is_owner)
            continue;
        val = json_object();
        sk_json_set_int(val, "version", c->state.list->head.version);
        sk_json_set_bin(val, "hash", c->state.list->hash, 32);
        command_event(c->sessions[i], "list-set", val, now_ms);
    }
}

static void owners_tell_refused(struct sdk_camera *c, const char *why, int64_t now_ms)
{
    c->stats.lists_refused++;
    if (c->list_told_ms != 0 && now_ms - c->list_told_ms < TELL_MS)
        return;
    c->list_told_ms = now_ms;
    camera_event(c, "list-refused");
    for (unsigned i = 0; i < c->session_count; i++) {
        json_t *val;

        if (c->sessions[i]->state != RUN_CHANNEL || !c->sessions[i]->is_owner)
            continue;
        val = json_object();
        sk_json_set_str(val, "why", why);
        command_event(c->sessions[i], "list-refused", val, now_ms);
    }
}

/* Make `l` the camera's list. It is the camera's then; else still the caller's: "storage". */
static const char *list_store(struct sdk_camera *c, struct camera_list *l, struct session *self,
                              int64_t now_ms)
{
    struct camera_list *old = c->state.list;
    int64_t saved = c->state.saved_wall_ms;

    uses_carry(l, old);
    c->state.list = l;
    c->state.saved_wall_ms = camera_check_wall(c, now_ms);
    if (camera_state_save(c) < 0) {
        c->state.list = old;
        c->state.saved_wall_ms = saved;
        return "storage";
    }
    c->saved_at_ms = now_ms;
    if (l->head.issued_ms > camera_check_wall(c, now_ms)) /* as the next boot would have it */
        c->check_base_ms = l->head.issued_ms - now_ms;
    for (unsigned i = 0; i < l->head.count; i++)
        l->entries[i].is_over = (uint8_t)is_over(c, &l->entries[i], now_ms);
    c->stats.lists_taken++;
    list_obey(c, old, self, now_ms);
    free(old);
    camera_event(c, "list-set");
    owners_tell_set(c, now_ms);
    return NULL;
}

/* NULL, or why not (an event's `why`, "same", "storage"). `self`: whose channel it came by. */
static const char *list_take(struct sdk_camera *c, const uint8_t *blob, size_t len,
                             struct session *self, int64_t now_ms)
{
    struct camera_list *l = NULL;
    const char *why = "form";

    if (camera_list_make(&l, blob, len) < 0)
        return why;
    why = list_judge(c, l);
    if (why == NULL && self == NULL && !check_is_allowed(c, now_ms))
        why = "rate";
    if (why == NULL && sdk_list_verify(blob, &l->head, signer_find(c, l->head.owner)->point) < 0)
        why = "signature";
    if (why == NULL)
        why = points_check(l);
    if (why == NULL)
        why = list_store(c, l, self, now_ms);
    if (why != NULL)
        free(l);
    return why;
}

void camera_list_envelope(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms)
{
    static const uint8_t head[4] = {WIRE_SEAL_LIST, 1, 0, 0};
    const char *why = "form";

    if (e->body_len > WIRE_SEAL_HEAD_BYTES && memcmp(e->body, head, sizeof head) == 0 &&
        memcmp(e->body + 4, e->session, 16) == 0)
        why = list_take(c, e->body + WIRE_SEAL_HEAD_BYTES, e->body_len - WIRE_SEAL_HEAD_BYTES, NULL,
                        now_ms);
    if (why != NULL && strcmp(why, "same") != 0)
        owners_tell_refused(c, why, now_ms);
}

const char *access_set(struct call *call)
{
    static const struct {
        const char *why, *error;
    } errors[] = {{"version", "conflict"},
                  {"same", "conflict"},
                  {"signer", "denied"},
                  {"signature", "denied"},
                  {"storage", "storage"}};
    struct sdk_camera *c = call->camera;
    uint8_t blob[WIRE_LIST_MAX];
    const char *text, *why = "form";
    size_t len;

    if (sk_json_str(call->arg, "list", SK_B64_SIZE(WIRE_LIST_MAX), &text) == 0 &&
        sk_b64url_decode(blob, sizeof blob, &len, text, strlen(text)) == 0)
        why = list_take(c, blob, len, call->session, call->now_ms);
    if (why == NULL) {
        call->val = json_object();
        sk_json_set_int(call->val, "version", c->state.list->head.version);
        sk_json_set_bin(call->val, "hash", c->state.list->hash, 32);
        return NULL;
    }
    owners_tell_refused(c, why, call->now_ms);
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].why, why) == 0)
            return errors[i].error;
    return "bad-arg";
}

/* ---- what is told of it ---- */
void camera_list_report(const struct sdk_camera *c, json_t *val, const char *version,
                        const char *hash)
{
    static const uint8_t none[32];
    const struct camera_list *l = c->state.list;

    sk_json_set_int(val, version, l != NULL ? l->head.version : 0);
    sk_json_set_bin(val, hash, l != NULL ? l->hash : none, 32);
}

void camera_list_get(const struct sdk_camera *c, json_t *val)
{
    const struct camera_list *l = c->state.list;
    json_t *used = json_array();

    if (l != NULL)
        sk_json_set_bin(val, "list", l->blob, l->len);
    for (unsigned i = 0; l != NULL && i < l->head.count; i++) {
        json_t *u;

        if (l->entries[i].count == 0)
            continue;
        u = json_object();
        sk_json_set_bin(u, "id", l->entries[i].id, 16);
        sk_json_set_int(u, "last", l->entries[i].last_ms);
        sk_json_set_int(u, "count", l->entries[i].count);
        json_array_append_new(used, u);
    }
    json_object_set_new(val, "used", used);
}
