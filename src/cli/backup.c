/* `skep backup`: proven backups, beside a running or a stopped box. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "backup/backup.h"
#include "base/args.h"
#include "base/asset.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/settings.h"
#include "crypto/tls.h"
#include "net/loop.h"
#include "store/store.h"

enum { SCHEMAS_MAX = 64, WHY_MAX = 4096 };

struct flags {
    const char *key, *into;
    int help;
};

static int usage(int code)
{
    printf(
        "usage: skep backup key new FILE\n"
        "       skep backup now\n"
        "       skep backup list\n"
        "       skep backup verify [NAME [--key FILE]]\n"
        "       skep backup restore NAME --key FILE --into DIR\n\n"
        "  key      make a key pair: keep FILE away from the box, give it FILE.pub (backup.key)\n"
        "  now      copy, check, seal, send to backup.place, fetch back, start a box on it,\n"
        "           log in; only then it counts as verified\n"
        "  list     every backup, what it is worth, and the age of the last verified one\n"
        "           (exit code 1 when there is none)\n"
        "  verify   are the files in the place the ones that were proven? With the private key\n"
        "           one is opened and proven anew\n"
        "  restore  NAME (or the path of a file) into a new folder DIR, proven before it "
        "appears\n\n"
        "  Settings: backup.place, backup.key, core.data_dir.\n");
    return code;
}

static int fail(const struct sk_buf *why, int err)
{
    fprintf(stderr, "skep: %s\n", why->len ? (const char *)why->data : sk_error_text(err));
    return 1;
}

static void progress_print(const char *step)
{
    fprintf(stderr, "  %s\n", step);
}

static void time_text(char out[32], int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static int now_do(const struct backup_house *h, struct sk_buf *why)
{
    struct backup_done done;
    int err = backup_make(h, &done, why);

    if (err)
        return fail(why, err);
    printf("%s verified: %llu bytes, %llu rows, %llu of them in the audit log, %lld ms\n",
           done.name, (unsigned long long)done.bytes, (unsigned long long)done.rows,
           (unsigned long long)done.audit_rows, (long long)done.took_ms);
    return 0;
}

struct listing {
    const char *only;
    int64_t last_ms;
    size_t count, bad;
};

static void row_print(void *ctx, const struct backup_row *r)
{
    struct listing *l = ctx;
    char at[32] = "-";

    if (l->only && strcmp(l->only, r->name) != 0)
        return;
    if (r->verified_ms)
        time_text(at, r->verified_ms);
    printf("%s  %-10s  %12llu  %s\n", r->name, backup_state_word(r->state),
           (unsigned long long)r->bytes, at);
    l->count++;
    l->bad += r->state != BACKUP_VERIFIED;
    if (r->state == BACKUP_VERIFIED && r->verified_ms > l->last_ms)
        l->last_ms = r->verified_ms;
}

static int list_do(const struct backup_house *h, const char *only, int strict, struct sk_buf *why)
{
    struct listing l = {.only = only};
    int err = backup_list(h, row_print, &l, why);

    if (err)
        return fail(why, err);
    if (!l.last_ms)
        printf("There is no verified backup%s.\n", only ? " of that name" : "");
    else if (!only)
        printf("Last verified %lld minutes ago.\n",
               (long long)((sk_clock_wall_ms() - l.last_ms) / 60000));
    return !l.last_ms || (strict && l.bad);
}

/* A name of the place, or a path. */
static char *sealed_path(const struct backup_house *h, const char *name)
{
    char *path = NULL;

    if (strchr(name, '/') || !h->place)
        return sk_strdup(name);
    SK_ASSERT(asprintf(&path, "%s/%s.skb", h->place, name) > 0);
    return path;
}

static int restore_do(const struct backup_house *h, const char *name, const struct flags *f,
                      const char *into, struct sk_buf *why)
{
    char *path = sealed_path(h, name);
    int err = backup_restore(h, path, f->key, into, why);

    free(path);
    if (err)
        return fail(why, err);
    printf("%s restored into %s and proven. Start it: skep serve --core-data-dir %s\n", name, into,
           into);
    return 0;
}

/* Opened and proven in a folder that is then removed. */
static int verify_do(const struct backup_house *h, const char *name, const struct flags *f,
                     struct sk_buf *why)
{
    char *path = sealed_path(h, name);
    int err = backup_prove(h, path, f->key, why);

    free(path);
    if (err)
        return fail(why, err);
    printf("%s opens with this key, and everything in it holds.\n", name);
    return 0;
}

static int key_do(const char *path, struct sk_buf *why)
{
    char id[17];
    int err = backup_key_new(path, id, why);

    if (err)
        return fail(why, err);
    printf("Key %s. Keep %s away from the box, twice; give the box %s.pub as backup.key.\n", id,
           path, path);
    return 0;
}

/* What a word needs and what it does; 2 when it was written wrongly. */
static int word_do(int argc, char **argv, const struct backup_house *h, const struct flags *f,
                   struct sk_buf *why)
{
    const char *word = argc > 0 ? argv[0] : "";

    if (strcmp(word, "key") == 0)
        return argc == 3 && strcmp(argv[1], "new") == 0 ? key_do(argv[2], why) : usage(2);
    if (strcmp(word, "restore") == 0)
        return argc == 2 && f->key && f->into ? restore_do(h, argv[1], f, f->into, why) : usage(2);
    if (strcmp(word, "verify") == 0 && argc == 2 && f->key)
        return verify_do(h, argv[1], f, why);
    int lists = (strcmp(word, "list") == 0 && argc == 1) ||
                (strcmp(word, "verify") == 0 && argc <= 2 && !f->key);
    if (!lists && !(strcmp(word, "now") == 0 && argc == 1))
        return usage(2);
    if (!h->place || (!lists && !h->public_key)) {
        fprintf(stderr, "skep: set backup.place and backup.key first\n");
        return 2;
    }
    return lists ? list_do(h, argc == 2 ? argv[1] : NULL, word[0] == 'v', why) : now_do(h, why);
}

static int settled_do(int argc, char **argv, const struct config *config, const struct flags *f,
                      struct sk_buf *why)
{
    const struct store_schema *schemas[SCHEMAS_MAX];
    struct backup_house h = {.data_dir = settings_data_dir(config),
                             .place = config_text(config, "backup.place"),
                             .public_key = config_text(config, "backup.key"),
                             .schemas = schemas,
                             .progress = progress_print};

    for (const struct room *const *r = rooms_list(); *r && h.schema_count < SCHEMAS_MAX; r++)
        if ((*r)->schema)
            schemas[h.schema_count++] = (*r)->schema;
    umask(077);
    sk_log_set_level(SK_LOG_WARN);
    asset_use_embedded();
    net_process_init();
    int err = tls_init();
    return err ? fail(why, err) : word_do(argc, argv, &h, f, why);
}

int cli_backup(int argc, char **argv)
{
    struct config *config;
    struct flags f = {0};
    const struct args_flag flags[] = {
        {"--key", ARGS_TEXT, &f.key, 0, 0, "FILE", "the private backup key"},
        {"--into", ARGS_TEXT, &f.into, 0, 0, "DIR", "the new folder of the restored box"},
        {"--help", ARGS_SWITCH, &f.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;
    int code = 2;

    sk_buf_init(&why, WHY_MAX);
    int err = settings_load(&config, &argc, argv, &why);
    argc--;
    argv++;
    if (!err)
        err = args_parse(flags, &argc, argv, &why);
    if (err)
        (void)fail(&why, err);
    else
        code = f.help ? usage(0) : settled_do(argc, argv, config, &f, &why);
    config_free(config);
    sk_buf_fini(&why);
    return code;
}
