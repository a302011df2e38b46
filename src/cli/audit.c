/* `skep audit`: is the log whole, take it away, prove one row. Works beside the data of a stopped
 * box, or on files; a running box answers the same over its API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/args.h"
#include "base/asset.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/settings.h"
#include "crypto/tls.h"
#include "store/store.h"

enum { SCHEMAS_MAX = 64, PROOF_MAX = 65536 };

static int usage(int code)
{
    printf("usage: skep audit verify [FILE [--heads FILE --key PEM]]\n"
           "       skep audit export FILE\n"
           "       skep audit prove ROW\n\n"
           "  verify  is every row there and unchanged? of the stopped box in --core-data-dir,\n"
           "          or of an exported file (exit code 0 whole, 1 not)\n"
           "  export  all rows as JSON lines; FILE - is standard output\n"
           "  prove   a proof that row number ROW is in the log, as JSON\n\n"
           "  scripts/verify-audit.mjs checks an exported file with other code.\n");
    return code;
}

static int store_get(struct store **out, const struct config *config, struct sk_buf *why)
{
    const struct store_schema *schemas[SCHEMAS_MAX];
    struct store_opts opts = {.dir = settings_data_dir(config),
                              .file = "core.db",
                              .durability = STORE_FULL,
                              .schemas = schemas};

    for (const struct room *const *r = rooms_list(); *r && opts.schema_count < SCHEMAS_MAX; r++)
        if ((*r)->schema)
            schemas[opts.schema_count++] = (*r)->schema;
    asset_use_embedded();
    int err = tls_init();
    if (!err)
        err = store_open(out, &opts, why);
    if (err == -SK_EBUSY) {
        sk_buf_reset(why);
        if (sk_buf_add_str(why, "the box is running: stop it, or take GET /api/v1/audit/export and "
                                "verify that file"))
            return err;
    }
    return err;
}

static int verdict_print(const struct audit_verdict *v)
{
    char root[SK_B64_SIZE(32)];

    printf("%llu rows, %llu signed heads held against them.\n", (unsigned long long)v->rows,
           (unsigned long long)v->heads);
    if (v->strange)
        printf("%llu heads by another key were passed over.\n", (unsigned long long)v->strange);
    if (v->fault != AUDIT_WHOLE) {
        printf("NOT whole: %s, row %llu", audit_fault_word(v->fault), (unsigned long long)v->first);
        if (v->last != v->first)
            printf(" to %llu", (unsigned long long)v->last);
        printf(". Whole up to row %llu.\n", (unsigned long long)v->whole);
        return 1;
    }
    sk_b64url_encode(root, v->root, sizeof(v->root));
    printf("Whole. Root %s\n", root);
    if (!v->heads)
        printf("No signed head was there: a cut-off end cannot be seen without one.\n");
    return 0;
}

static int line_print(void *ctx, const char *text, size_t len)
{
    FILE *out = ctx;

    return fwrite(text, 1, len, out) == len && fputc('\n', out) != EOF ? 0 : -SK_EIO;
}

static int export_to(struct store *s, const char *path)
{
    int to_stdout = strcmp(path, "-") == 0;
    FILE *out = to_stdout ? stdout : fopen(path, "wxe"); /* never over another file */
    int err = out ? audit_export(s, line_print, out) : -SK_EIO;

    if (out && (fflush(out) || ferror(out)) && !err)
        err = -SK_EIO;
    if (out && !to_stdout)
        fclose(out);
    return err;
}

static int row_prove(struct store *s, const struct config *config, const char *number)
{
    struct sk_buf proof;
    uint64_t seq;

    sk_buf_init(&proof, PROOF_MAX);
    int err = sk_parse_u64(&seq, number, strlen(number), 1ULL << 53) ? -SK_EINVAL : 0;
    if (!err)
        err = audit_prove(s, settings_data_dir(config), seq, &proof);
    if (!err)
        printf("%s\n", (const char *)proof.data);
    sk_buf_fini(&proof);
    return err;
}

/* What to do, once flags are gone: argv[0] is the word, argv[1] its argument or NULL. Exit code. */
static int store_do(int argc, char **argv, const struct config *config, struct sk_buf *why)
{
    struct audit_verdict verdict;
    struct store *s = NULL;
    int code = 1;
    int err = store_get(&s, config, why);

    if (!err && strcmp(argv[0], "verify") == 0) {
        err = audit_verify_store(s, settings_data_dir(config), &verdict);
        code = err ? 1 : verdict_print(&verdict);
    } else if (!err) {
        err = strcmp(argv[0], "export") == 0 ? export_to(s, argv[argc - 1])
                                             : row_prove(s, config, argv[argc - 1]);
        code = err != 0;
    }
    store_close(s);
    if (err)
        fprintf(stderr, "skep: %s\n", why->len ? (const char *)why->data : sk_error_text(err));
    return code;
}

static int file_verify(const char *path, const char *heads, const char *key)
{
    struct audit_verdict verdict;
    int err = audit_verify_file(path, heads, key, &verdict);

    if (err)
        fprintf(stderr, "skep: %s: %s\n", path, sk_error_text(err));
    return err ? 1 : verdict_print(&verdict);
}

int cli_audit(int argc, char **argv)
{
    struct config *config;
    const char *heads = NULL, *key = NULL;
    int help = 0, code = 2;
    const struct args_flag flags[] = {
        {"--heads", ARGS_TEXT, &heads, 0, 0, "FILE", "signed heads to hold against the rows"},
        {"--key", ARGS_TEXT, &key, 0, 0, "PEM", "the public key that signed them"},
        {"--help", ARGS_SWITCH, &help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    sk_buf_init(&why, 2048);
    int err = settings_load(&config, &argc, argv, &why);
    argc--;
    argv++;
    if (!err)
        err = args_parse(flags, &argc, argv, &why);
    int takes = argc > 0 && (strcmp(argv[0], "export") == 0 || strcmp(argv[0], "prove") == 0);
    int verifies = argc > 0 && strcmp(argv[0], "verify") == 0;
    if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    else if (help || !((takes && argc == 2) || (verifies && argc <= 2)) || !heads != !key ||
             (heads && argc != 2))
        code = usage(help ? 0 : 2);
    else
        code = verifies && argc == 2 ? file_verify(argv[1], heads, key)
                                     : store_do(argc, argv, config, &why);
    config_free(config);
    sk_buf_fini(&why);
    return code;
}
