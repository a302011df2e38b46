/* Flags of a command line verb, by table. Values of secrets never come this way: verbs take files,
 * standard input or a prompt for those. */
#ifndef SK_BASE_ARGS_H
#define SK_BASE_ARGS_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum args_kind { ARGS_TEXT, ARGS_INT, ARGS_SWITCH };

/* `out` is a const char * (text, borrowed from argv), an int64_t or an int (switch). */
struct args_flag {
    const char *name; /* "--count" */
    enum args_kind kind;
    void *out;
    int64_t min, max;  /* of an ARGS_INT */
    const char *value; /* name of the value in the help, "N" */
    const char *help;
};

/* Read `--name value`, `--name=value` and switches out of argv; what is no flag stays, in order,
 * and `*argc` is lowered. Flags end with a row whose name is NULL. -SK_EINVAL for an unknown or
 * incomplete flag, with a sentence in `why`. "--" ends the flags. */
SK_MUST int args_parse(const struct args_flag *flags, int *argc, char **argv, struct sk_buf *why);

/* The table as help text. */
void args_help(FILE *out, const struct args_flag *flags);

#endif
