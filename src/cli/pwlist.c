/* `skep pwlist build`: make the list of breached passwords that account.breach_list names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/pwlist.h"
#include "base/args.h"
#include "cli/cli.h"

enum { BAR = 30 };

static int usage(int code, const struct args_flag *flags)
{
    printf(
        "usage: skep pwlist build FILE --out LIST [--n N] [--p P] [--note TEXT]\n\n"
        "Makes a list of breached passwords that the box refuses (setting account.breach_list).\n"
        "FILE has one password a line, or lines \"SHA-1:count\" as published dumps have them.\n\n");
    args_help(stdout, flags);
    return code;
}

static void progress_draw(void *ctx, uint64_t done, uint64_t all)
{
    int full = all ? (int)(done * BAR / all) : 0;

    (void)ctx;
    fprintf(stderr, "\r[%.*s%*s] %3d %%", full, "==============================", BAR - full, "",
            all ? (int)(done * 100 / all) : 0);
}

static int number_parse(double *out, const char *text)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return errno || end == text || *end || !(*out > 0 && *out < 1) ? -SK_EINVAL : 0;
}

static int build(struct pwlist_build *b)
{
    struct sk_buf why;
    int err, is_terminal = isatty(STDERR_FILENO);

    sk_buf_init(&why, 512);
    b->progress = is_terminal ? progress_draw : NULL;
    err = pwlist_make(b, &why);
    if (is_terminal)
        fprintf(stderr, "\r%*s\r", BAR + 10, "");
    if (err)
        fprintf(stderr, "skep: pwlist: %s: %s%s%.*s\n", b->in, sk_error_text(err),
                why.len ? ": " : "", (int)why.len, why.len ? (const char *)why.data : "");
    else
        printf("%llu entries, %llu bytes, one good password in %.0f refused by mistake: %s\n",
               (unsigned long long)b->entries, (unsigned long long)b->bytes, 1 / b->p, b->out);
    sk_buf_fini(&why);
    return err ? 1 : 0;
}

int cli_pwlist(int argc, char **argv)
{
    struct pwlist_build b = {0};
    const char *p = NULL;
    int64_t n = 0;
    int help = 0;
    const struct args_flag flags[] = {
        {"--out", ARGS_TEXT, &b.out, 0, 0, "LIST", "the file to make"},
        {"--n", ARGS_INT, &n, 1, 1LL << 34, "N", "entries to make room for (counted otherwise)"},
        {"--p", ARGS_TEXT, &p, 0, 0, "P", "share of good passwords refused by mistake (1e-6)"},
        {"--note", ARGS_TEXT, &b.note, 0, 0, "TEXT", "where the passwords come from"},
        {"--help", ARGS_SWITCH, &help, 0, 0, NULL, "this text"},
        {NULL, ARGS_TEXT, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    sk_buf_init(&why, 256);
    int err = args_parse(flags, &argc, argv, &why);
    if (err)
        fprintf(stderr, "skep: pwlist: %.*s\n", (int)why.len, (const char *)why.data);
    sk_buf_fini(&why);
    if (help)
        return usage(0, flags);
    if (err || argc != 3 || strcmp(argv[1], "build") != 0 || !b.out || (p && number_parse(&b.p, p)))
        return usage(2, flags);
    b.in = argv[2];
    b.n = (uint64_t)n;
    return build(&b);
}
