/* The routes by which people see whom the guard treats how, undo it, and do it themselves. */
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "guard/internal.h"

enum { MINUTE_MS = 60 * 1000, MINUTES_MAX = 527040, NFT_MAX = 4 << 20 };

static void id_make(char id[GUARD_ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}

static int api_get(struct http_request *req)
{
    return http_json(req, 200, guard_state_json(sk_clock_mono_ms(), http_now_ms(req)));
}

static int api_patch(struct http_request *req)
{
    static const char *const members[] = {"dry_run", NULL};
    json_t *body;
    int on;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = sk_json_bool(body, "dry_run", &on);
    if (!err)
        err = guard_ledger_dry_run_set(guard_store(), on, http_principal(req), http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    guard_state_dry_set(on);
    return http_empty(req, 204);
}

/* ---- entries --------------------------------------------------------------------------------- */

/* A note is the administrator's own words: any text without control characters. */
static int note_take(const json_t *body, const char *name, char out[GUARD_NOTE_MAX + 1])
{
    const char *text = "";
    int err = sk_json_has(body, name) ? sk_json_str(body, name, GUARD_NOTE_MAX, &text) : 0;

    for (const char *c = text; !err && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            err = -SK_EINVAL;
    return err ? err : sk_copy(out, GUARD_NOTE_MAX + 1, text);
}

static int prefix_take(const json_t *body, struct guard_prefix *p, char text[GUARD_PREFIX_TEXT])
{
    const char *given;
    int err = sk_json_str(body, "prefix", GUARD_PREFIX_TEXT, &given);

    if (!err)
        err = guard_prefix_parse(p, given);
    if (!err)
        guard_prefix_format(text, p);
    return err;
}

static int entry_parse(const json_t *body, struct guard_entry *e, struct guard_prefix *p)
{
    static const char *const members[] = {"prefix", "stage", "minutes", "reason", NULL};
    const char *stage;
    int64_t minutes;
    int err = sk_json_only(body, members);

    if (!err)
        err = prefix_take(body, p, e->prefix);
    if (!err)
        err = sk_json_str(body, "stage", 16, &stage);
    if (!err)
        err = sk_json_int(body, "minutes", 1, MINUTES_MAX, &minutes);
    if (!err)
        err = note_take(body, "reason", e->note);
    if (err)
        return err;
    e->stage = guard_stage_find(stage);
    e->until = minutes * MINUTE_MS; /* from now; the caller adds it */
    return e->stage < ABUSE_SLOWED || e->stage == ABUSE_STAGE_COUNT ? -SK_EINVAL : 0;
}

/* Nobody shuts out himself by a slip; and what is allowed must first be taken off that list. */
static const char *entry_clash(const struct http_request *req, const struct guard_prefix *p)
{
    struct guard_prefix own;

    if (guard_state_is_allowed(p))
        return "allowed";
    if (guard_prefix_of_source(&own, http_principal(req)->source) == 0 &&
        guard_prefix_contains(p, &own))
        return "self";
    return NULL;
}

static int api_entry_add(struct http_request *req)
{
    const struct principal *who = http_principal(req);
    struct guard_entry e = {.reason = "manual"};
    struct guard_prefix p;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = entry_parse(body, &e, &p);
    if (err)
        return http_problem(req, err, NULL);
    const char *clash = entry_clash(req, &p);
    if (clash)
        return http_problem(req, -SK_ECONFLICT, json_pack("{s:s}", "reason", clash));
    id_make(e.id);
    e.since = http_now_ms(req);
    e.until += e.since;
    err = sk_copy(e.actor, sizeof(e.actor), who->account);
    if (!err)
        err = guard_state_entry_add(&e, sk_clock_mono_ms(), e.since);
    if (!err && (err = guard_ledger_entry_add(guard_store(), &e, who, e.since)))
        guard_state_entry_remove(e.id, sk_clock_mono_ms());
    return err ? http_problem(req, err, NULL) : http_json(req, 201, guard_entry_json(&e));
}

static int api_entry_remove(struct http_request *req)
{
    const char *id = http_param(req, "id");
    struct guard_entry e;
    int err = guard_state_entry_find(id, &e);

    if (!err)
        err = guard_ledger_entry_remove(guard_store(), id, e.prefix, http_principal(req),
                                        http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    guard_state_entry_remove(id, sk_clock_mono_ms());
    return http_empty(req, 204);
}

/* ---- the allow list -------------------------------------------------------------------------- */

static int api_allow_add(struct http_request *req)
{
    static const char *const members[] = {"prefix", "note", NULL};
    const struct principal *who = http_principal(req);
    struct guard_allowed a = {.at = http_now_ms(req)};
    struct guard_prefix p;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = prefix_take(body, &p, a.prefix);
    if (!err)
        err = note_take(body, "note", a.note);
    if (!err)
        err = sk_copy(a.actor, sizeof(a.actor), who->account);
    id_make(a.id);
    if (!err)
        err = guard_state_allow_add(&a);
    if (!err && (err = guard_ledger_allow_add(guard_store(), &a, who)))
        SK_ASSERT(guard_state_allow_remove(a.id, 0) == 0);
    return err ? http_problem(req, err, NULL) : http_json(req, 201, guard_allowed_json(&a));
}

static int api_allow_remove(struct http_request *req)
{
    const char *id = http_param(req, "id");
    int err = guard_state_allow_remove(id, 1);

    if (!err)
        err = guard_ledger_allow_remove(guard_store(), id, http_principal(req), http_now_ms(req));
    if (!err)
        err = guard_state_allow_remove(id, 0);
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

static int api_nft(struct http_request *req)
{
    struct sk_buf out;

    sk_buf_init(&out, NFT_MAX);
    int err = guard_script(&out);
    if (err)
        http_problem(req, err, NULL);
    else
        http_bytes(req, 200, "text/plain; charset=utf-8", out.data, out.len);
    sk_buf_fini(&out);
    return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ENTRY                                                                                      \
    "{\"type\":\"object\",\"required\":[\"id\",\"prefix\",\"stage\",\"reason\",\"score\","         \
    "\"since\",\"until\",\"by\"],\"properties\":{\"id\":{\"type\":\"string\"},"                    \
    "\"prefix\":{\"type\":\"string\"},\"stage\":{\"enum\":[\"watch\",\"slow\",\"challenge\","      \
    "\"refuse\"]},\"reason\":{\"type\":\"string\"},\"score\":{\"type\":\"integer\"},"              \
    "\"since\":{\"type\":\"integer\"},\"until\":{\"type\":\"integer\"},"                           \
    "\"by\":{\"enum\":[\"guard\",\"account\"]},\"actor\":{\"type\":\"string\"},"                   \
    "\"note\":{\"type\":\"string\"},\"signs\":{\"type\":\"object\"}}}"
#define ALLOWED                                                                                    \
    "{\"type\":\"object\",\"required\":[\"id\",\"prefix\",\"note\",\"at\",\"fixed\"],"             \
    "\"properties\":{\"id\":{\"type\":\"string\"},\"prefix\":{\"type\":\"string\"},"               \
    "\"note\":{\"type\":\"string\"},\"at\":{\"type\":\"integer\"},"                                \
    "\"actor\":{\"type\":\"string\"},\"fixed\":{\"type\":\"boolean\"}}}"
#define BODY(schema) "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":" schema "}}}"
#define ANSWER(code, schema)                                                                       \
    "\"responses\":{\"" code "\":{\"description\":\"Done\",\"content\":{\"application/json\":"     \
    "{\"schema\":" schema "}}}}"
#define NO_CONTENT "\"responses\":{\"204\":{\"description\":\"Done\"}}"

const struct route guard_routes[] = {
    {"GET", "/api/v1/guard", "guard.view", 0, NULL, api_get,
     "{\"operationId\":\"guardGet\",\"summary\":\"Which sources are treated how\"," ANSWER(
         "200", "{\"type\":\"object\",\"required\":[\"dry_run\",\"attack\",\"entries\",\"allow\"],"
                "\"properties\":{\"dry_run\":{\"type\":\"boolean\"},\"attack\":{\"type\":"
                "\"boolean\"},\"entries\":{\"type\":\"array\",\"items\":" ENTRY "},"
                "\"allow\":{\"type\":\"array\",\"items\":" ALLOWED "}}}") "}"},
    {"PATCH", "/api/v1/guard", "guard.manage", 256, NULL, api_patch,
     "{\"operationId\":\"guardPatch\",\"summary\":\"Judge only, or act\"," BODY(
         "{\"type\":\"object\",\"required\":[\"dry_run\"],\"additionalProperties\":false,"
         "\"properties\":{\"dry_run\":{"
         "\"type\":"
         "\"boolean\"}}}") "," NO_CONTENT "}"},
    {"POST", "/api/v1/guard/entries", "guard.manage", 2048, NULL, api_entry_add,
     "{\"operationId\":\"guardEntryAdd\",\"summary\":\"Treat a source by hand\"," BODY(
         "{\"type\":\"object\",\"required\":[\"prefix\",\"stage\",\"minutes\"],"
         "\"additionalProperties\":false,"
         "\"properties\":{"
         "\"prefix\":{\"type\":\"string\"},\"stage\":{\"enum\":[\"slow\",\"challenge\","
         "\"refuse\"]},\"minutes\":{\"type\":\"integer\"},\"reason\":{\"type\":\"string\"}}"
         "}") "," ANSWER("201", ENTRY) "}"},
    {"DELETE", "/api/v1/guard/entries/{id}", "guard.manage", 0, NULL, api_entry_remove,
     "{\"operationId\":\"guardEntryRemove\",\"summary\":\"Undo\"," NO_CONTENT "}"},
    {"POST", "/api/v1/guard/allow", "guard.manage", 2048, NULL, api_allow_add,
     "{\"operationId\":\"guardAllowAdd\",\"summary\":\"Never treat this source\"," BODY(
         "{\"type\":\"object\",\"required\":[\"prefix\"],\"additionalProperties\":false,"
         "\"properties\":{\"prefix\":{"
         "\"type\":"
         "\"string\"},\"note\":{\"type\":\"string\"}}}") "," ANSWER("201", ALLOWED) "}"},
    {"DELETE", "/api/v1/guard/allow/{id}", "guard.manage", 0, NULL, api_allow_remove,
     "{\"operationId\":\"guardAllowRemove\",\"summary\":\"Take off the allow "
     "list\"," NO_CONTENT "}"},
    {"GET", "/api/v1/guard/nft", "guard.view", 0, NULL, api_nft,
     "{\"operationId\":\"guardNft\",\"summary\":\"Refused sources as nftables script\","
     "\"responses\":{\"200\":{\"description\":\"Script\",\"content\":{\"text/"
     "plain\":{\"schema\":"
     "{\"type\":\"string\"}}}}}}"},
    {0},
};
