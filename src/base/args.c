#include "base/args.h"

#include <string.h>

#include "base/text.h"

static int say(struct sk_buf *why, const char *flag, const char *what)
{
    return sk_buf_addf(why, "%s: %s", flag, what) ? -SK_EINTERNAL : -SK_EINVAL;
}

static const struct args_flag *flag_find(const struct args_flag *flags, const char *arg, size_t len)
{
    for (const struct args_flag *f = flags; f->name; f++)
        if (strlen(f->name) == len && strncmp(f->name, arg, len) == 0)
            return f;
    return NULL;
}

static int value_set(const struct args_flag *f, const char *value, struct sk_buf *why)
{
    int negative = value[0] == '-';
    uint64_t n;

    if (f->kind == ARGS_TEXT) {
        *(const char **)f->out = value;
        return 0;
    }
    if (sk_parse_u64(&n, value + negative, strlen(value + negative), INT64_MAX))
        return say(why, f->name, "must be a whole number");
    int64_t v = negative ? -(int64_t)n : (int64_t)n;
    if (v < f->min || v > f->max)
        return say(why, f->name, "is out of range");
    *(int64_t *)f->out = v;
    return 0;
}

int args_parse(const struct args_flag *flags, int *argc, char **argv, struct sk_buf *why)
{
    int kept = 0, err = 0, ended = 0;

    for (int i = 0; !err && i < *argc; i++) {
        if (ended || strncmp(argv[i], "--", 2) != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (argv[i][2] == 0) {
            ended = 1;
            continue;
        }
        const char *equals = strchr(argv[i], '=');
        size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const struct args_flag *f = flag_find(flags, argv[i], len);
        if (!f)
            err = say(why, argv[i], "no such flag (see --help)");
        else if (f->kind == ARGS_SWITCH && equals)
            err = say(why, f->name, "takes no value");
        else if (f->kind == ARGS_SWITCH)
            *(int *)f->out = 1;
        else if (equals)
            err = value_set(f, equals + 1, why);
        else if (i + 1 < *argc)
            err = value_set(f, argv[++i], why);
        else
            err = say(why, f->name, "needs a value");
    }
    *argc = kept;
    argv[kept] = NULL;
    return err;
}

void args_help(FILE *out, const struct args_flag *flags)
{
    for (const struct args_flag *f = flags; f->name; f++) {
        char head[48];
        snprintf(head, sizeof(head), "%s%s%s", f->name, f->kind == ARGS_SWITCH ? "" : " ",
                 f->kind == ARGS_SWITCH ? "" : f->value);
        fprintf(out, "  %-24s %s\n", head, f->help);
    }
}
