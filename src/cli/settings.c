#include "cli/settings.h"

#include <string.h>
#include <unistd.h>

#include "core/room.h"

enum { TABLES_MAX = 64 };

extern char **environ;

static const struct config_key core_keys[] = {
    {"core.data_dir", CONFIG_PATH, "skep-data", 0, 0, "folder of everything that lasts"},
    {"core.loops", CONFIG_INT, "0", 0, 16, "event loop threads; 0 = one per core"},
    {"core.user", CONFIG_TEXT, NULL, 0, 0, "when started as root: become this user"},
    {"core.log", CONFIG_TEXT, "info", 0, 0, "debug, info, warn or error"},
    {"core.sandbox", CONFIG_BOOL, "true", 0, 0, "landlock and seccomp after start"},
    {NULL, CONFIG_TEXT, NULL, 0, 0, NULL},
};

static const char *file_flag_take(int *argc, char **argv)
{
    const char *path = NULL;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < *argc)
            path = argv[++i];
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    return path;
}

int settings_load(struct config **out, int *argc, char **argv, struct sk_buf *why)
{
    const struct config_key *tables[TABLES_MAX];
    size_t count = 0;
    const char *path = file_flag_take(argc, argv);

    tables[count++] = core_keys;
    for (const struct room *const *r = rooms_list(); *r && count < TABLES_MAX; r++)
        if ((*r)->config)
            tables[count++] = (*r)->config;
    struct config *c = config_new(tables, count);
    int err = path ? config_load_file(c, path, why) : 0;
    if (err == -SK_ENOTFOUND && sk_buf_addf(why, "%s: no such file", path))
        err = -SK_EINTERNAL;
    if (!err)
        err = config_load_env(c, environ, why);
    if (!err)
        err = config_load_flags(c, argc, argv, why);
    if (err) {
        config_free(c);
        c = NULL;
    }
    *out = c;
    return err;
}

const char *settings_data_dir(const struct config *c)
{
    return config_text(c, "core.data_dir");
}
