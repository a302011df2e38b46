/* Who may do what on a camera, and its changes: owner keys, enrolled viewer keys, the password
 * (sealed.md 2.1, 5.2). Every change is made durable before it counts. */
#include <string.h>

#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

struct enrolled *access_session_key(const struct session *s)
{
    for (unsigned i = 0; i < ENROLLED_MAX; i++) {
        struct enrolled *k = &s->camera->state.enrolled[i];

        if (k->is_used && s->is_by_key && !s->is_listed && memcmp(k->id, s->key_id, 16) == 0)
            return k;
    }
    return NULL;
}

int access_proof_is_good(const struct call *call, const uint8_t proof[80])
{
    static const char tag[] = "skep-seal/1 owner"; /* with its zero byte */
    struct crypto_part parts[] = {{tag, sizeof tag}, {sdk_channel_id(call->session->channel), 16}};
    uint8_t hash[32];

    crypto_sha256_parts(hash, parts, 2);
    for (unsigned i = 0; i < OWNERS_MAX; i++) {
        const struct owner *o = &call->camera->state.owners[i];

        if (o->is_used && memcmp(o->id, proof, 16) == 0)
            return crypto_p256_verify(proof + 16, o->point, hash) == 0;
    }
    return 0;
}

void access_become_owner(struct session *s, const uint8_t id[16])
{
    struct enrolled *k = access_session_key(s);
    struct listed *listed = access_session_listed(s);

    if (!s->is_owner)
        memcpy(s->owner_id, id, sizeof s->owner_id);
    s->is_owner = 1;
    s->rights |= WIRE_RIGHT_MANAGE;
    if (k != NULL)
        k->is_owner_proved = 1;
    if (listed != NULL)
        listed->is_owner_proved = 1;
}

static void owners_tell(struct sdk_camera *c, const char *what, int64_t now_ms)
{
    camera_event(c, what);
    for (unsigned i = 0; i < c->session_count; i++)
        if (c->sessions[i]->state == RUN_CHANNEL && c->sessions[i]->is_owner)
            command_event(c->sessions[i], what, json_object(), now_ms);
}

/* ---- owners and keys ---- */
/* Close a removed party's channels and change all keys (6.5). The caller's own channel closes after
 * its reply. */
static void party_revoke(struct call *call,
                         int (*is_party)(const struct session *, const uint8_t *),
                         const uint8_t id[16])
{
    struct sdk_camera *c = call->camera;

    for (unsigned i = c->session_count; i-- > 0;) {
        struct session *s = c->sessions[i];

        if (!is_party(s, id))
            continue;
        if (access_session_key(s) != NULL)
            access_session_key(s)->is_owner_proved = 0;
        if (access_session_listed(s) != NULL)
            access_session_listed(s)->is_owner_proved = 0;
        if (s == call->session) {
            s->is_closing = 1;
            s->close_code = WIRE_CODE_REVOKED;
        } else {
            session_close(c, s, WIRE_CODE_REVOKED, call->now_ms);
        }
    }
    camera_stream_revoke(c, 0, call->now_ms);
}

static int is_by_owner(const struct session *s, const uint8_t id[16])
{
    return s->is_owner && memcmp(s->owner_id, id, 16) == 0;
}

static int is_by_viewer_key(const struct session *s, const uint8_t id[16])
{
    return s->is_by_key && !s->is_listed && memcmp(s->key_id, id, 16) == 0;
}

static const char *state_commit(struct sdk_camera *c, const struct camera_state *before)
{
    if (camera_state_save(c) == 0)
        return NULL;
    c->state = *before;
    return "storage";
}

const char *access_owner_add(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct session *s = call->session;
    struct camera_state before = c->state;
    struct owner *slot = NULL;
    const char *err;
    uint8_t point[65];
    unsigned n = 0;

    for (unsigned i = 0; i < OWNERS_MAX; i++) {
        n += c->state.owners[i].is_used;
        if (!c->state.owners[i].is_used && slot == NULL)
            slot = &c->state.owners[i];
    }
    if (!s->is_owner && (s->is_by_key || (n > 0 && call->now_ms >= c->button_until_ms)))
        return "denied";
    if (sk_json_bin(call->arg, "key", point, 65) < 0 || crypto_p256_check(point) < 0)
        return "bad-arg";
    for (unsigned i = 0; i < OWNERS_MAX; i++)
        if (c->state.owners[i].is_used && memcmp(c->state.owners[i].point, point, 65) == 0)
            return "conflict";
    if (slot == NULL)
        return "too-large";
    memcpy(slot->point, point, 65);
    crypto_key_id(slot->id, CRYPTO_KEY_OWNER, point);
    slot->is_used = 1;
    err = state_commit(c, &before);
    crypto_wipe(&before, sizeof before);
    if (err == NULL) {
        access_become_owner(s, slot->id);
        owners_tell(c, "owner-added", call->now_ms);
    }
    return err;
}

const char *access_owner_drop(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct camera_state before = c->state;
    struct owner *found = NULL;
    const char *err;
    uint8_t id[16];
    unsigned n = 0;

    if (sk_json_bin(call->arg, "id", id, 16) < 0)
        return "bad-arg";
    for (unsigned i = 0; i < OWNERS_MAX; i++) {
        n += c->state.owners[i].is_used;
        if (c->state.owners[i].is_used && memcmp(c->state.owners[i].id, id, 16) == 0)
            found = &c->state.owners[i];
    }
    if (found == NULL)
        return "not-found";
    if (n == 1)
        return "conflict"; /* the last one stays */
    memset(found, 0, sizeof *found);
    err = state_commit(c, &before);
    crypto_wipe(&before, sizeof before);
    if (err == NULL) {
        owners_tell(c, "owner-dropped", call->now_ms);
        party_revoke(call, is_by_owner, id);
    }
    return err;
}

static struct enrolled *enrolled_slot(struct sdk_camera *c, const uint8_t id[16])
{
    struct enrolled *best = &c->state.enrolled[0];

    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        if (c->state.enrolled[i].is_used && memcmp(c->state.enrolled[i].id, id, 16) == 0)
            return &c->state.enrolled[i];
    for (unsigned i = 0; i < ENROLLED_MAX; i++) {
        struct enrolled *k = &c->state.enrolled[i];

        if (!k->is_used)
            return k;
        if (k->last_used < best->last_used)
            best = k;
    }
    return best; /* the least lately used gives way */
}

const char *access_enrol(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct camera_state before = c->state;
    struct enrolled *slot;
    const char *err;
    uint8_t point[65], id[16];

    if (call->session->is_by_key)
        return "denied";
    if (sk_json_bin(call->arg, "key", point, 65) < 0 || crypto_p256_check(point) < 0)
        return "bad-arg";
    crypto_key_id(id, CRYPTO_KEY_VIEWER, point);
    slot = enrolled_slot(c, id);
    memset(slot, 0, sizeof *slot);
    memcpy(slot->point, point, 65);
    memcpy(slot->id, id, 16);
    camera_account_tag(slot->tag, call->session->account);
    slot->generation = c->state.verifier.params.generation;
    slot->last_used = ++c->state.use_rank;
    slot->is_used = 1;
    err = state_commit(c, &before);
    crypto_wipe(&before, sizeof before);
    if (err == NULL)
        camera_event(c, "enrolled");
    return err;
}

const char *access_enrol_drop(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct camera_state before = c->state;
    const char *err = "not-found";
    uint8_t id[16];

    if (sk_json_bin(call->arg, "id", id, 16) < 0)
        return "bad-arg";
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        if (c->state.enrolled[i].is_used && memcmp(c->state.enrolled[i].id, id, 16) == 0) {
            memset(&c->state.enrolled[i], 0, sizeof c->state.enrolled[i]);
            err = state_commit(c, &before);
            break;
        }
    crypto_wipe(&before, sizeof before);
    if (err != NULL)
        return err;
    party_revoke(call, is_by_viewer_key, id);
    return NULL;
}

const char *access_password_set(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct camera_state before = c->state;
    struct sdk_verifier v;
    uint8_t params[WIRE_SEAL_PARAMS_BYTES];
    const char *err = NULL;

    if (sk_json_bin(call->arg, "params", params, sizeof params) < 0 ||
        sk_json_bin(call->arg, "w0", v.w0, 32) < 0 || sk_json_bin(call->arg, "l", v.l, 65) < 0 ||
        sdk_params_decode(&v.params, params) < 0 || sdk_verifier_check(&v) < 0)
        err = "bad-arg";
    else if (v.params.generation != c->state.verifier.params.generation + 1)
        err = "conflict";
    if (err == NULL) {
        c->state.verifier = v;
        memset(c->state.enrolled, 0, sizeof c->state.enrolled);
        if (v.params.class == SDK_CLASS_CHOSEN && c->state.whole_level > c->lock.level)
            c->state.whole_level = (uint8_t)c->lock.level;
        err = state_commit(c, &before);
    }
    if (err == NULL) {
        camera_password_loaded(c);
        lock_fini(&c->lock);
        lock_init(&c->lock, v.params.class, c->state.whole_level, call->now_ms);
        camera_session_close_password(c, call->session, call->now_ms);
        call->session->is_closing = 1;
        call->session->close_code = WIRE_CODE_PASSWORD;
        camera_stream_revoke(c, 0, call->now_ms);
        camera_event(c, "password-set");
    }
    crypto_wipe(&v, sizeof v);
    crypto_wipe(&before, sizeof before);
    return err;
}

const char *access_get(struct call *call)
{
    const struct camera_state *st = &call->camera->state;
    json_t *owners = json_array(), *enrolled = json_array();

    for (unsigned i = 0; i < OWNERS_MAX; i++)
        if (st->owners[i].is_used) {
            json_t *o = json_object();

            sk_json_set_bin(o, "id", st->owners[i].id, 16);
            json_array_append_new(owners, o);
        }
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        if (st->enrolled[i].is_used) {
            json_t *e = json_object();

            sk_json_set_bin(e, "id", st->enrolled[i].id, 16);
            sk_json_set_bin(e, "account", st->enrolled[i].tag, 16);
            sk_json_set_int(e, "last", st->enrolled[i].last_used);
            json_array_append_new(enrolled, e);
        }
    call->val = json_object();
    camera_list_report(call->camera, call->val, "version", "hash");
    sk_json_set_int(call->val, "wall", camera_check_wall(call->camera, call->now_ms));
    camera_list_get(call->camera, call->val);
    json_object_set_new(call->val, "owners", owners);
    json_object_set_new(call->val, "enrolled", enrolled);
    return NULL;
}
