/* `skep view --share`: an owner invites by a link, accepts who shows that he has it, withdraws; a
 * guest asks by the link and then watches by a key of his own (sealed.md 5.3, 5.4). The box carries
 * claims and keys and is believed in nothing: the link's secret vouches for the guest's key, its
 * fingerprint for the camera's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/view.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "wire/codes.h"

enum { LINK_MAX = 512, HEX_SECRET = 64, HEX_POINT = 130, PATH_MAX_BYTES = 256 };

static const char *const kinds[VIEW_SHARE_KINDS] = {"", "invite", "accept", "withdraw", "join"};

/* ---- what is asked for ---- */

static int says(const char *what)
{
    fprintf(stderr, "skep: %s\n", what);
    return -SK_EINVAL;
}

int view_share_check(struct view *v)
{
    const struct options *o = &v->o;
    int kind = VIEW_SHARE_NONE;

    if (o->share)
        for (kind = VIEW_SHARE_INVITE; kind < VIEW_SHARE_KINDS; kind++)
            if (strcmp(kinds[kind], o->share) == 0)
                break;
    if (kind == VIEW_SHARE_KINDS)
        return says("--share is invite, accept, withdraw or join");
    v->share.kind = (enum view_share)kind;
    if (kind != VIEW_SHARE_NONE && kind != VIEW_SHARE_JOIN && !o->owner_file)
        return says("--share needs --owner-file: only an owner's key signs");
    if (kind != VIEW_SHARE_NONE && kind != VIEW_SHARE_WITHDRAW && !o->link_file)
        return says("--share needs --link-file");
    if (kind == VIEW_SHARE_WITHDRAW && !o->guest)
        return says("--share withdraw needs --guest, the fingerprint of the guest's key");
    if (kind == VIEW_SHARE_JOIN && !o->viewer_key_file)
        return says("--share join needs --viewer-key-file");
    return 0;
}

static int rights_parse(struct view *v)
{
    const char *at = v->o.rights;
    char word[16];

    while (*at) {
        size_t len = strcspn(at, ",");
        uint16_t bit = 0;
        if (len < sizeof(word)) {
            memcpy(word, at, len);
            word[len] = '\0';
            bit = wire_right_find(word);
        }
        if (!bit || v->share.rights & bit)
            return says("--rights: names of live-main, live-sub, listen, talk, ptz, playback, "
                        "snapshot, config, download, with commas");
        v->share.rights |= bit;
        at += len;
        at += *at == ',';
    }
    return v->share.rights ? 0 : says("--rights: at least one");
}

static int link_read(struct view *v)
{
    struct sk_buf text;
    char origin[LINK_MAX];

    sk_buf_init(&text, LINK_MAX);
    int err = sk_secret_read(&text, v->o.link_file);
    if (!err)
        err = sdk_invitation_read(&v->share.link, origin, sizeof(origin), (const char *)text.data);
    sk_buf_fini_wipe(&text);
    if (err)
        return fprintf(stderr, "skep: %s holds no invitation that can be read: %s\n",
                       v->o.link_file, sk_error_text(err)),
               err;
    if (!v->device)
        v->device = v->share.link.device;
    return strcmp(v->device, v->share.link.device) ? says("the link is for another camera") : 0;
}

/* ---- the viewer key: "<secret>" or "<secret> <the camera's key>", hexadecimal ---- */

static int key_write(struct view *v)
{
    char text[HEX_SECRET + 1 + HEX_POINT + 1];
    size_t len = HEX_SECRET;

    sk_hex_encode(text, v->share.secret, 32);
    if (v->share.has_pin) {
        text[len++] = ' ';
        sk_hex_encode(text + len, v->share.pin, 65);
        len += HEX_POINT;
    }
    int err = sk_file_write(v->o.viewer_key_file, text, len, 0600);
    sk_wipe(text, sizeof(text));
    return err;
}

static int key_parse(struct view *v, const struct sk_buf *text)
{
    const char *at = (const char *)text->data;
    size_t n;
    int is_pinned = text->len == HEX_SECRET + 1 + HEX_POINT && at[HEX_SECRET] == ' ';

    if ((text->len != HEX_SECRET && !is_pinned) ||
        sk_hex_decode(v->share.secret, 32, &n, at, HEX_SECRET) ||
        crypto_p256_mul(v->share.point, v->share.secret, NULL))
        return -SK_EINVAL;
    if (is_pinned && (sk_hex_decode(v->share.pin, 65, &n, at + HEX_SECRET + 1, HEX_POINT) ||
                      crypto_p256_check(v->share.pin)))
        return -SK_EINVAL;
    v->share.has_pin = is_pinned;
    return 0;
}

static int key_read(struct view *v)
{
    struct sk_buf text;
    int err;

    v->share.has_key = 1;
    if (access(v->o.viewer_key_file, F_OK) != 0) {
        if (v->share.kind != VIEW_SHARE_JOIN)
            return -SK_ENOTFOUND;
        crypto_p256_keygen(v->share.secret, v->share.point);
        return key_write(v);
    }
    sk_buf_init(&text, VIEW_SECRET_MAX);
    err = sk_secret_read(&text, v->o.viewer_key_file);
    if (!err)
        err = key_parse(v, &text);
    sk_buf_fini_wipe(&text);
    return err;
}

int view_share_read(struct view *v)
{
    int err = 0;

    if (v->share.kind == VIEW_SHARE_ACCEPT)
        err = rights_parse(v);
    if (!err && v->o.link_file && v->share.kind != VIEW_SHARE_INVITE)
        err = link_read(v);
    if (!err && v->o.viewer_key_file && (err = key_read(v)) != 0)
        fprintf(stderr, "skep: %s holds no viewer key and cannot take one: %s\n",
                v->o.viewer_key_file, sk_error_text(err));
    return err;
}

/* ---- the guest ---- */

int view_share_join(struct view *v)
{
    char fingerprint[CRYPTO_FINGERPRINT_SIZE];
    json_t *body = json_object(), *answer = NULL;
    uint8_t claim[SDK_CLAIM_BYTES];
    int err = sdk_claim_make(claim, v->share.link.secret, v->account, v->device, v->share.point);

    sk_json_set_str(body, "device", v->device);
    sk_json_set_bin(body, "public_key", v->share.point, sizeof(v->share.point));
    sk_json_set_bin(body, "claim", claim, sizeof(claim));
    sk_wipe(claim, sizeof(claim));
    if (err)
        json_decref(body);
    else
        err = view_api_post(v, "/api/v1/shares/claims", body, 202, &answer);
    json_decref(answer);
    if (err)
        return fprintf(stderr, "skep: asking for the camera: %s\n", sk_error_text(err)), err;
    crypto_key_fingerprint(fingerprint, CRYPTO_KEY_VIEWER, v->share.point);
    if (!v->o.quiet)
        fprintf(stderr, "  asked; the owner sees your key as %s\n", fingerprint);
    return 0;
}

/* The camera's key comes from the box and counts only if the link names it. */
int view_share_pin(struct view *v)
{
    char path[PATH_MAX_BYTES], fingerprint[CRYPTO_FINGERPRINT_SIZE];
    json_t *device = NULL;
    int err = 0;

    if (!v->share.has_key || v->share.has_pin)
        return 0;
    if (!v->o.link_file)
        return says("--link-file is needed the first time: it names the camera's key");
    snprintf(path, sizeof(path), "/api/v1/devices/%s", v->device);
    err = view_api_call(v, "GET", path, NULL, 200, &device);
    if (!err)
        err = sk_json_bin(device, "seal", v->share.pin, sizeof(v->share.pin));
    json_decref(device);
    if (err)
        return fprintf(stderr, "skep: the server shows no such camera (yet): %s\n",
                       sk_error_text(err)),
               err;
    crypto_key_fingerprint(fingerprint, CRYPTO_KEY_SEAL, v->share.pin);
    if (strcmp(fingerprint, v->share.link.fingerprint) != 0)
        return says("the server shows another key for this camera than the link: nothing is "
                    "opened");
    v->share.has_pin = 1;
    return key_write(v);
}

/* ---- the owner: before the channel opens ---- */

/* A claim that this link's secret vouches for; others are none, whoever they say they are. */
static int claim_take(struct view *v, const json_t *claim)
{
    const json_t *who = json_object_get(claim, "account");
    const char *id, *account, *name = "", *of = "";
    uint8_t mac[SDK_CLAIM_BYTES];

    if (sk_json_str(claim, "id", sizeof(v->share.claim) - 1, &id) ||
        sk_json_str(who, "id", SDK_SHARE_ACCOUNT_MAX, &account) ||
        sk_json_bin(claim, "public_key", v->share.guest, sizeof(v->share.guest)) ||
        sk_json_bin(claim, "claim", mac, sizeof(mac)) ||
        sdk_claim_check(mac, v->share.link.secret, account, v->device, v->share.guest) ||
        sk_copy(v->share.claim, sizeof(v->share.claim), id))
        return -SK_ENOTFOUND;
    sdk_account_tag(v->share.tag, account);
    if (sk_json_str(who, "name", LINK_MAX, &name) ||
        sk_json_str(who, "organization", LINK_MAX, &of))
        name = of = "?";
    if (!v->o.quiet) {
        char fingerprint[CRYPTO_FINGERPRINT_SIZE];
        crypto_key_fingerprint(fingerprint, CRYPTO_KEY_VIEWER, v->share.guest);
        fprintf(stderr, "  %s of %s shows the link; key %s\n", name, of, fingerprint);
    }
    return 0;
}

static int claim_find(struct view *v)
{
    char path[PATH_MAX_BYTES];
    json_t *answer = NULL, *claim;
    size_t i, refused = 0;
    int found = 0;

    snprintf(path, sizeof(path), "/api/v1/devices/%s/claims", v->device);
    int err = view_api_call(v, "GET", path, NULL, 200, &answer);
    json_array_foreach(json_object_get(answer, "claims"), i, claim)
    {
        if (!found && claim_take(v, claim) == 0)
            found = 1;
        else
            refused++;
    }
    json_decref(answer);
    if (err)
        return fprintf(stderr, "skep: asking who has claimed: %s\n", sk_error_text(err)), err;
    if (refused)
        fprintf(stderr, "  %zu claim%s not made with this link\n", refused,
                refused == 1 ? " was" : "s were");
    return found ? 0 : says("nobody has shown this link yet: nothing is signed");
}

/* The box's half of what is withdrawn; there may be none. */
static int share_find(struct view *v)
{
    char path[PATH_MAX_BYTES], fingerprint[CRYPTO_FINGERPRINT_SIZE];
    json_t *answer = NULL, *share;
    const char *id;
    uint8_t point[65];
    size_t i;

    snprintf(path, sizeof(path), "/api/v1/devices/%s/shares", v->device);
    int err = view_api_call(v, "GET", path, NULL, 200, &answer);
    json_array_foreach(json_object_get(answer, "shares"), i, share)
    {
        if (sk_json_bin(share, "public_key", point, sizeof(point)) ||
            sk_json_str(share, "id", sizeof(v->share.claim) - 1, &id))
            continue;
        crypto_key_fingerprint(fingerprint, CRYPTO_KEY_VIEWER, point);
        if (strcmp(fingerprint, v->o.guest) == 0)
            err = sk_copy(v->share.claim, sizeof(v->share.claim), id);
    }
    json_decref(answer);
    if (err)
        fprintf(stderr, "skep: asking for the shares: %s\n", sk_error_text(err));
    return err;
}

int view_share_prepare(struct view *v)
{
    if (v->share.kind == VIEW_SHARE_ACCEPT)
        return claim_find(v);
    return v->share.kind == VIEW_SHARE_WITHDRAW ? share_find(v) : 0;
}

/* ---- the owner: in his channel ---- */

static void done(struct view *v, const char *what)
{
    v->share.is_done = 1;
    if (!v->o.quiet)
        fprintf(stderr, "  %s\n", what);
    view_over(v, NULL);
}

static void invite(struct view *v, const struct sdk_viewer_hello *hello)
{
    char link[LINK_MAX], host[sizeof(v->host) + 8];
    struct sdk_invitation i;

    snprintf(host, sizeof(host), "%s:%u", v->host, v->port);
    sk_random(i.secret, sizeof(i.secret));
    crypto_key_fingerprint(i.fingerprint, CRYPTO_KEY_SEAL, hello->seal);
    int err = sk_copy(i.device, sizeof(i.device), v->device);
    if (!err)
        err = sdk_invitation_write(link, sizeof(link), host, &i);
    if (!err)
        err = sk_file_write(v->o.link_file, link, strlen(link), 0600);
    sk_wipe(&i, sizeof(i));
    sk_wipe(link, sizeof(link));
    if (err)
        view_over(v, "the link cannot be written");
    else
        done(v, "the link is written; whoever has it may ask, nothing is open yet");
}

void view_share_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms)
{
    if (v->share.kind == VIEW_SHARE_INVITE)
        invite(v, hello);
    else if ((v->share.kind == VIEW_SHARE_ACCEPT || v->share.kind == VIEW_SHARE_WITHDRAW) &&
             sdk_viewer_request(v->viewer, "access.get", NULL, 0, &v->share.get_id, now_ms))
        view_over(v, "the camera takes no command");
}

/* What the camera has now, without who has run out and without the guest. */
static int entries_take(struct view *v, const json_t *val, struct wire_list_entry *entries,
                        unsigned *count)
{
    char fingerprint[CRYPTO_FINGERPRINT_SIZE];
    uint8_t blob[WIRE_LIST_MAX];
    struct wire_list head;
    const char *text;
    size_t len;

    *count = 0;
    if (!sk_json_has(val, "list"))
        return 0;
    if (sk_json_str(val, "list", SK_B64_SIZE(WIRE_LIST_MAX), &text) ||
        sk_b64url_decode(blob, sizeof(blob), &len, text, strlen(text)) ||
        wire_list_decode(&head, blob, len))
        return -SK_EINVAL;
    for (unsigned i = 0; i < head.count; i++) {
        struct wire_list_entry *e = &entries[*count];
        wire_list_entry(e, blob, i);
        crypto_key_fingerprint(fingerprint, CRYPTO_KEY_VIEWER, e->point);
        int is_guest = v->share.kind == VIEW_SHARE_ACCEPT
                           ? memcmp(e->point, v->share.guest, 65) == 0
                           : strcmp(fingerprint, v->o.guest) == 0;
        v->share.is_found |= is_guest;
        *count += !is_guest && e->not_after_ms > sk_clock_wall_ms();
    }
    return 0;
}

static int device_raw(uint8_t raw[16], const char *device)
{
    size_t n;
    int err = sk_b32_decode(raw, 16, &n, device, strlen(device));

    return err || n != 16 ? -SK_EINVAL : 0;
}

static int list_make(struct view *v, const json_t *val, uint8_t list[WIRE_LIST_MAX], size_t *len)
{
    struct wire_list_entry entries[WIRE_LIST_ENTRIES_MAX + 1];
    struct wire_list head = {.issued_ms = sk_clock_wall_ms()};
    int64_t version;
    int err = sk_json_int(val, "version", 0, UINT32_MAX - 1, &version);

    if (!err)
        err = entries_take(v, val, entries, &head.count);
    if (err)
        return err;
    v->share.until_ms = head.issued_ms + v->o.days * INT64_C(24) * 3600 * 1000;
    if (v->share.kind == VIEW_SHARE_ACCEPT) {
        struct wire_list_entry *e = &entries[head.count++];
        memcpy(e->point, v->share.guest, 65);
        memcpy(e->tag, v->share.tag, 16);
        e->rights = v->share.rights;
        e->not_before_ms = head.issued_ms;
        e->not_after_ms = v->share.until_ms;
    }
    head.version = (uint32_t)version + 1;
    err = device_raw(head.device, v->device);
    return err ? err : sdk_list_sign(list, len, &head, entries, v->owner.secret);
}

static void list_send(struct view *v, const json_t *val, int64_t now_ms)
{
    uint8_t list[WIRE_LIST_MAX];
    size_t len;

    if (list_make(v, val, list, &len))
        view_over(v, "no list can be signed: the camera's is malformed, or 64 keys are on it");
    else if (v->share.kind == VIEW_SHARE_WITHDRAW && !v->share.is_found && !v->share.claim[0])
        view_over(v, "no key with this fingerprint is on the camera's list");
    else if (sdk_viewer_access_set(v->viewer, list, len, &v->share.set_id, now_ms))
        view_over(v, "the camera takes no command");
}

/* The camera has the list: now the box's half. */
static void grant_make(struct view *v)
{
    char path[PATH_MAX_BYTES];
    json_t *body = json_object(), *actions = json_array(), *answer = NULL;

#define RIGHT_APPEND(name, bit, text)                                                              \
    if (v->share.rights & (bit))                                                                   \
        json_array_append_new(actions, json_string(text));
    WIRE_RIGHTS(RIGHT_APPEND)
#undef RIGHT_APPEND
    json_object_set_new(body, "actions", actions);
    sk_json_set_int(body, "not_after",
                    v->share.until_ms - 1000); /* the box's clock may be behind */
    snprintf(path, sizeof(path), "/api/v1/devices/%s/claims/%s/accept", v->device, v->share.claim);
    if (view_api_call(v, "POST", path, body, 201, &answer))
        view_over(v, "the camera has the list, but the server does not make the grant");
    else
        done(v, "shared");
    json_decref(answer);
}

static void grant_end(struct view *v)
{
    char path[PATH_MAX_BYTES];

    snprintf(path, sizeof(path), "/api/v1/devices/%s/shares/%s", v->device, v->share.claim);
    if (v->share.claim[0] && view_api_call(v, "DELETE", path, NULL, 204, NULL))
        view_over(v, "the camera has the list, but the server does not end the grant");
    else
        done(v, "withdrawn");
}

int view_share_reply(struct view *v, uint32_t id, int is_ok, const json_t *val, const char *error)
{
    int is_get = v->share.get_id && id == v->share.get_id;
    int is_set = v->share.set_id && id == v->share.set_id;

    if (!is_get && !is_set)
        return 0;
    if (!is_ok) {
        fprintf(stderr, "skep: the camera refuses the list: %s\n", error);
        v->is_over = v->failed = 1;
    } else if (is_get) {
        list_send(v, val, sk_clock_mono_ms());
    } else if (v->share.kind == VIEW_SHARE_ACCEPT) {
        grant_make(v);
    } else {
        grant_end(v);
    }
    return 1;
}

void view_share_fini(struct view *v)
{
    sk_wipe(&v->share, sizeof(v->share));
}
