/* Strict JSON on jansson: what peers send is parsed once, here, under bounds. */
#ifndef SK_BASE_JSON_H
#define SK_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SK_JSON_DEPTH_MAX = 8 };

/* Parse one JSON object: UTF-8, no duplicate key, depth <= 8, no U+0000, numbers that are integers
 * within +-2^53 or finite reals, nothing behind it. `*out` is a new reference (json_decref).
 * -SK_EINVAL otherwise. Any thread. */
SK_MUST int sk_json_parse(json_t **out, const void *text, size_t len);

/* Check that `obj` has no member outside `names` (ended by NULL): -SK_EINVAL names nothing. */
SK_MUST int sk_json_only(const json_t *obj, const char *const *names);

/* Typed members: -SK_EINVAL when absent, of another type or out of range. Strings are borrowed,
 * valid while `obj` lives, and at most `max_bytes` long. */
SK_MUST int sk_json_str(const json_t *obj, const char *name, size_t max_bytes, const char **out);
SK_MUST int sk_json_int(const json_t *obj, const char *name, int64_t min, int64_t max,
                        int64_t *out);
SK_MUST int sk_json_bool(const json_t *obj, const char *name, int *out);
/* base64url without padding, exactly `len` bytes. */
SK_MUST int sk_json_bin(const json_t *obj, const char *name, void *out, size_t len);
/* 1 when the member is there (null counts as absent). */
int sk_json_has(const json_t *obj, const char *name);

/* Set a member to base64url text of at most 8,192 bytes. Aborts only when out of memory. */
void sk_json_set_bin(json_t *obj, const char *name, const void *data, size_t len);
void sk_json_set_str(json_t *obj, const char *name, const char *value); /* NULL = left out */
void sk_json_set_int(json_t *obj, const char *name, int64_t value);
void sk_json_set_bool(json_t *obj, const char *name, int value);

/* Compact text of `obj`; free() it. NULL when out of memory. `*len` may be NULL. */
char *sk_json_text(const json_t *obj, size_t *len);

#endif
