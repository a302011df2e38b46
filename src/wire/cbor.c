#include "wire/cbor.h"

#include <string.h>

#include "base/text.h"

/* Head: major type in three bits, then a number in the shortest of five forms (RFC 8949 3). */
static int head_read(struct cbor_item *out, const uint8_t *in, size_t len, size_t *head)
{
    unsigned more, info;

    if (len < 1)
        return -SK_EINVAL;
    info = in[0] & 0x1f;
    if (info < 24) {
        out->value = info;
        *head = 1;
        return 0;
    }
    if (info > 27) /* 28..30 reserved, 31 indefinite length */
        return -SK_EINVAL;
    more = 1u << (info - 24);
    if (len < 1 + more)
        return -SK_EINVAL;
    out->value = 0;
    for (unsigned i = 0; i < more; i++)
        out->value = out->value << 8 | in[1 + i];
    *head = 1 + more;
    if (more == 1)
        return out->value < 24 ? -SK_EINVAL : 0;
    return out->value >> (more * 4) ? 0 : -SK_EINVAL; /* it fitted in half the bytes */
}

static int item_read(struct cbor_item *out, const uint8_t *in, size_t len, unsigned depth);

static int string_read(struct cbor_item *out, size_t left)
{
    if (out->value > left)
        return -SK_EINVAL;
    out->len = (size_t)out->value;
    if (out->type == CBOR_TEXT && !sk_utf8_is_valid((const char *)out->data, out->len))
        return -SK_EINVAL;
    return 0;
}

/* Keys are in shortest form, so equal keys have equal bytes. */
static int key_is_new(const struct cbor_item *keys, size_t count, const struct cbor_item *key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].type == key->type && keys[i].value == key->value &&
            (key->len == 0 || memcmp(keys[i].data, key->data, key->len) == 0))
            return 0;
    return 1;
}

static int children_read(struct cbor_item *out, size_t left, unsigned depth)
{
    struct cbor_item keys[CBOR_MEMBERS_MAX], value;
    int is_map = out->type == CBOR_MAP, err = 0;

    if (out->value > CBOR_MEMBERS_MAX || depth >= CBOR_DEPTH_MAX)
        return -SK_ETOOBIG;
    for (size_t i = 0; !err && i < out->value; i++) {
        if (is_map) {
            err = item_read(&keys[i], out->data + out->len, left - out->len, depth + 1);
            if (!err && (keys[i].type > CBOR_TEXT || !key_is_new(keys, i, &keys[i])))
                err = -SK_EINVAL;
            out->len += err ? 0 : keys[i].size;
        }
        if (!err)
            err = item_read(&value, out->data + out->len, left - out->len, depth + 1);
        out->len += err ? 0 : value.size;
    }
    return err;
}

static int item_read(struct cbor_item *out, const uint8_t *in, size_t len, unsigned depth)
{
    size_t head = 0;
    int err = head_read(out, in, len, &head);

    if (err)
        return err;
    unsigned major = in[0] >> 5;
    out->data = in + head;
    out->len = 0;
    if (major == 6 || (major == 7 && (head != 1 || out->value < 20 || out->value > 22)))
        return -SK_EINVAL; /* tags, floats, undefined, other simple values */
    out->type = major == 7 ? CBOR_SIMPLE : (enum cbor_type)major;
    if (major == CBOR_BYTES || major == CBOR_TEXT)
        err = string_read(out, len - head);
    else if (major == CBOR_ARRAY || major == CBOR_MAP)
        err = children_read(out, len - head, depth);
    out->size = head + out->len;
    return err;
}

int cbor_read(struct cbor_item *out, const uint8_t *in, size_t len)
{
    int err = item_read(out, in, len, 0);

    if (err)
        *out = (struct cbor_item){0};
    return err;
}

static int key_is_int(const struct cbor_item *key, int64_t wanted)
{
    int64_t n;

    return cbor_int(key, &n) == 0 && n == wanted;
}

/* `text` NULL: look for `number`. The map has been checked: reading it again cannot fail. */
static int map_find(const struct cbor_item *map, const char *text, int64_t number,
                    struct cbor_item *out)
{
    struct cbor_item key;
    size_t at = 0;

    if (map->type != CBOR_MAP)
        return -SK_ENOTFOUND;
    for (uint64_t i = 0; i < map->value; i++) {
        if (item_read(&key, map->data + at, map->len - at, 1))
            return -SK_ENOTFOUND;
        at += key.size;
        if (item_read(out, map->data + at, map->len - at, 1))
            return -SK_ENOTFOUND;
        at += out->size;
        if (text ? cbor_text_is(&key, text) : key_is_int(&key, number))
            return 0;
    }
    return -SK_ENOTFOUND;
}

int cbor_map_text(const struct cbor_item *map, const char *key, struct cbor_item *out)
{
    return map_find(map, key, 0, out);
}

int cbor_map_int(const struct cbor_item *map, int64_t key, struct cbor_item *out)
{
    return map_find(map, NULL, key, out);
}

int cbor_int(const struct cbor_item *item, int64_t *out)
{
    if (item->type > CBOR_NEGATIVE || item->value > INT64_MAX)
        return -SK_EINVAL;
    *out = item->type == CBOR_UINT ? (int64_t)item->value : -1 - (int64_t)item->value;
    return 0;
}

int cbor_text_is(const struct cbor_item *item, const char *text)
{
    return item->type == CBOR_TEXT && item->len == strlen(text) &&
           memcmp(item->data, text, item->len) == 0;
}
