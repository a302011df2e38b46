#include "core/config.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

enum { FILE_MAX = 256 * 1024, NAME_MAX_BYTES = 96 };

struct value {
    const struct config_key *key;
    char *text; /* NULL: the default */
    const char *source;
};

struct config {
    struct value *values;
    size_t count;
};

struct config *config_new(const struct config_key *const *tables, size_t table_count)
{
    struct config *c = sk_alloc(sizeof(*c));

    for (size_t t = 0; t < table_count; t++)
        for (const struct config_key *k = tables[t]; k && k->key; k++) {
            c->values = sk_realloc(c->values, (c->count + 1) * sizeof(*c->values));
            c->values[c->count++] = (struct value){k, NULL, "default"};
        }
    return c;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        free(c->values[i].text);
    free(c->values);
    free(c);
}

static struct value *value_find(const struct config *c, const char *key)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->values[i].key->key, key) == 0)
            return &c->values[i];
    return NULL;
}

static int bool_parse(const char *text, int *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        if (strcasecmp(text, yes[i]) == 0)
            return *out = 1, 0;
        if (strcasecmp(text, no[i]) == 0)
            return *out = 0, 0;
    }
    return -SK_EINVAL;
}

static int int_parse(const char *text, int64_t *out)
{
    uint64_t v;
    int negative = text[0] == '-';
    int err = sk_parse_u64(&v, text + negative, strlen(text + negative), INT64_MAX);

    if (!err)
        *out = negative ? -(int64_t)v : (int64_t)v;
    return err;
}

static int say(struct sk_buf *why, const char *key, const char *what)
{
    int ignored = why ? sk_buf_addf(why, "%s: %s", key, what) : 0;

    (void)ignored;
    return -SK_EINVAL;
}

static int value_set(struct config *c, const char *key, const char *text, const char *source,
                     struct sk_buf *why)
{
    struct value *v = value_find(c, key);
    int64_t n;
    int b;

    if (!v)
        return say(why, key, "no such setting (see: skep config show)");
    if (v->key->type == CONFIG_BOOL && bool_parse(text, &b))
        return say(why, key, "must be true or false");
    if (v->key->type == CONFIG_INT) {
        char range[96];
        snprintf(range, sizeof(range), "must be a whole number from %lld to %lld",
                 (long long)v->key->min, (long long)v->key->max);
        if (int_parse(text, &n) || n < v->key->min || n > v->key->max)
            return say(why, key, range);
    }
    if (!sk_utf8_is_valid(text, strlen(text)))
        return say(why, key, "is not valid UTF-8");
    free(v->text);
    v->text = sk_strdup(text);
    v->source = source;
    return 0;
}

int config_set(struct config *c, const char *key, const char *value, struct sk_buf *why)
{
    return value_set(c, key, value, "set", why);
}

struct file_walk {
    struct config *config;
    struct sk_buf *why;
    int err;
};

static int file_entry(void *ctx, const char *section, const char *name, const char *value)
{
    struct file_walk *walk = ctx;
    char key[NAME_MAX_BYTES * 2];

    snprintf(key, sizeof(key), "%s.%s", section, name);
    walk->err = value_set(walk->config, key, value, "file", walk->why);
    return walk->err == 0;
}

int config_load_file(struct config *c, const char *path, struct sk_buf *why)
{
    struct sk_buf text;
    struct file_walk walk = {c, why, 0};

    sk_buf_init(&text, FILE_MAX);
    int err = sk_file_read(&text, path);
    if (!err && text.len) {
        int line = ini_parse_string((const char *)text.data, file_entry, &walk);
        err = walk.err;
        if (line > 0 && !err)
            err = say(why, path, "is not a settings file");
        if (err && line > 0 && sk_buf_addf(why, " (%s, line %d)", path, line))
            err = -SK_EINVAL;
    }
    sk_buf_fini(&text);
    return err;
}

/* "edge.port" -> "SKEP_EDGE_PORT" or "edge-port". */
static void name_form(char *out, const char *prefix, const char *key, int upper, char joint)
{
    size_t n = (size_t)snprintf(out, NAME_MAX_BYTES, "%s%s", prefix, key);

    for (size_t i = strlen(prefix); i < n && i < NAME_MAX_BYTES; i++)
        out[i] = out[i] == '.' || out[i] == '_' ? joint
                 : upper                        ? (char)toupper((unsigned char)out[i])
                                                : out[i];
}

int config_load_env(struct config *c, char *const *envp, struct sk_buf *why)
{
    for (size_t i = 0; i < c->count; i++) {
        char name[NAME_MAX_BYTES];
        name_form(name, "SKEP_", c->values[i].key->key, 1, '_');
        size_t len = strlen(name);
        for (char *const *e = envp; *e; e++) {
            if (strncmp(*e, name, len) != 0 || (*e)[len] != '=')
                continue;
            int err = value_set(c, c->values[i].key->key, *e + len + 1, "environment", why);
            if (err)
                return err;
        }
    }
    return 0;
}

static struct value *flag_find(const struct config *c, const char *flag, size_t len)
{
    for (size_t i = 0; i < c->count; i++) {
        char name[NAME_MAX_BYTES];
        name_form(name, "--", c->values[i].key->key, 0, '-');
        if (strlen(name) == len && strncmp(name, flag, len) == 0)
            return &c->values[i];
    }
    return NULL;
}

int config_load_flags(struct config *c, int *argc, char **argv, struct sk_buf *why)
{
    int kept = 0, err = 0;

    for (int i = 0; i < *argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        struct value *v =
            !err && strncmp(argv[i], "--", 2) == 0 ? flag_find(c, argv[i], len) : NULL;
        if (!v) {
            argv[kept++] = argv[i];
        } else if (equals) {
            err = value_set(c, v->key->key, equals + 1, "flag", why);
        } else if (v->key->type == CONFIG_BOOL) {
            err = value_set(c, v->key->key, "true", "flag", why);
        } else if (i + 1 < *argc) {
            err = value_set(c, v->key->key, argv[++i], "flag", why);
        } else {
            err = say(why, argv[i], "needs a value");
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return err;
}

static const struct value *value_need(const struct config *c, const char *key)
{
    const struct value *v = value_find(c, key);

    SK_ASSERT(v);
    return v;
}

static const char *value_text(const struct value *v)
{
    return v->text ? v->text : v->key->fallback;
}

const char *config_text(const struct config *c, const char *key)
{
    return value_text(value_need(c, key));
}

int64_t config_int(const struct config *c, const char *key)
{
    const struct value *v = value_need(c, key);
    int64_t n = 0;

    SK_ASSERT(v->key->type == CONFIG_INT && value_text(v) && !int_parse(value_text(v), &n));
    return n;
}

int config_bool(const struct config *c, const char *key)
{
    const struct value *v = value_need(c, key);
    int b = 0;

    SK_ASSERT(v->key->type == CONFIG_BOOL && value_text(v) && !bool_parse(value_text(v), &b));
    return b;
}

int config_show(const struct config *c, struct sk_buf *out)
{
    int err = 0;

    for (size_t i = 0; !err && i < c->count; i++) {
        const struct value *v = &c->values[i];
        const char *text = value_text(v);
        err = sk_buf_addf(out, "# %s\n%s = %s    # %s\n", v->key->help, v->key->key,
                          text ? text : "", v->source);
    }
    return err;
}
