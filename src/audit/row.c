/* One row: what is hashed, and how it reads in an export. Pure. */
#include <string.h>

#include "audit/internal.h"
#include "base/json.h"
#include "base/text.h"

enum { TEXTS = 9 };

/* The texts in the order in which they are hashed and exported: never change it. */
struct text_field {
    const char *name;
    char *text;
    size_t max;
};

static void fields_of(struct audit_row *row, struct text_field out[TEXTS])
{
    const struct text_field fields[TEXTS] = {
        {"actor_kind", row->actor_kind, AUDIT_WORD_MAX},   {"actor", row->actor, AUDIT_ID_MAX},
        {"session", row->session, AUDIT_ID_MAX},           {"action", row->action, AUDIT_WORD_MAX},
        {"object_kind", row->object_kind, AUDIT_WORD_MAX}, {"object", row->object, AUDIT_ID_MAX},
        {"result", row->result, AUDIT_WORD_MAX},           {"source", row->source, AUDIT_ID_MAX},
        {"detail", row->detail, AUDIT_DETAIL_MAX},
    };

    memcpy(out, fields, sizeof(fields));
}

int row_fill(struct audit_row *row, const struct audit_entry *e)
{
    const char *texts[TEXTS] = {e->actor_kind,
                                e->actor,
                                e->session,
                                e->action,
                                e->object_kind,
                                e->object,
                                e->result ? e->result : "done",
                                e->source,
                                e->detail};
    struct text_field fields[TEXTS];

    memset(row, 0, sizeof(*row));
    row->at_ms = e->at_ms;
    fields_of(row, fields);
    for (size_t i = 0; i < TEXTS; i++)
        if (texts[i] && sk_copy(fields[i].text, fields[i].max + 1, texts[i]))
            return -SK_EINTERNAL;
    if (e->organization && sk_copy(row->organization, sizeof(row->organization), e->organization))
        return -SK_EINTERNAL;
    return row->action[0] ? 0 : -SK_EINTERNAL;
}

size_t row_encode(uint8_t out[ROW_BYTES_MAX], const struct audit_row *row)
{
    struct audit_row copy = *row; /* fields_of lends writable texts */
    struct text_field fields[TEXTS];
    uint8_t *p = out;

    *p++ = 1; /* of this layout */
    sk_put_u64(p, row->seq);
    sk_put_u64(p + 8, (uint64_t)row->at_ms);
    memcpy(p + 16, row->prev, AUDIT_HASH);
    p += 16 + AUDIT_HASH;
    fields_of(&copy, fields);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t len = strlen(fields[i].text);
        sk_put_u32(p, (uint32_t)len);
        memcpy(p + 4, fields[i].text, len);
        p += 4 + len;
    }
    return (size_t)(p - out);
}

void row_hash(uint8_t out[AUDIT_HASH], const struct audit_row *row)
{
    uint8_t bytes[ROW_BYTES_MAX];

    tree_leaf_hash(out, bytes, row_encode(bytes, row));
}

json_t *row_json(const struct audit_row *row)
{
    struct audit_row copy = *row;
    struct text_field fields[TEXTS];
    json_t *v = json_object();

    sk_json_set_int(v, "seq", (int64_t)row->seq);
    sk_json_set_int(v, "at", row->at_ms);
    fields_of(&copy, fields);
    for (size_t i = 0; i < TEXTS; i++)
        sk_json_set_str(v, fields[i].name, fields[i].text);
    sk_json_set_bin(v, "prev", row->prev, AUDIT_HASH);
    sk_json_set_bin(v, "hash", row->hash, AUDIT_HASH);
    return v;
}

int row_parse(struct audit_row *row, const char *line, size_t len)
{
    static const char *const members[] = {
        "seq",    "at",     "actor_kind", "actor",  "session", "action", "object_kind",
        "object", "result", "source",     "detail", "prev",    "hash",   NULL};
    struct text_field fields[TEXTS];
    json_t *v = NULL;
    int64_t seq = 0;
    int err = sk_json_parse(&v, line, len);

    memset(row, 0, sizeof(*row));
    if (!err)
        err = sk_json_only(v, members);
    if (!err)
        err = sk_json_int(v, "seq", 1, 1LL << 53, &seq);
    if (!err)
        err = sk_json_int(v, "at", 0, 1LL << 53, &row->at_ms);
    row->seq = (uint64_t)seq;
    fields_of(row, fields);
    for (size_t i = 0; !err && i < TEXTS; i++) {
        const char *text = "";
        err = sk_json_str(v, fields[i].name, fields[i].max, &text);
        if (!err)
            err = sk_copy(fields[i].text, fields[i].max + 1, text);
    }
    if (!err)
        err = sk_json_bin(v, "prev", row->prev, AUDIT_HASH);
    if (!err)
        err = sk_json_bin(v, "hash", row->hash, AUDIT_HASH);
    json_decref(v);
    return err ? -SK_EINVAL : 0;
}
