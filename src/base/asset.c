#include "base/asset.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mime.h"
#include "base/sys.h"

enum { DEV_FILE_MAX = 64 << 20, DEV_NAMES_MAX = 10000, DEV_DEPTH_MAX = 4, DEV_PATH_MAX = 4096 };

/* One state of one file. Older states stay, because callers may still hold them. */
struct dev_file {
    struct asset asset;
    struct dev_file *older;
    struct timespec changed;
    char etag[64];
};

static const struct asset *table;
static size_t table_count;

static struct {
    char *dir, *web_dir;
    struct sk_map *files; /* path -> newest dev_file */
    pthread_mutex_t lock;
} dev = {.lock = PTHREAD_MUTEX_INITIALIZER};

void asset_use(const struct asset *sorted, size_t count)
{
    for (size_t i = 1; i < count; i++)
        SK_ASSERT(strcmp(sorted[i - 1].path, sorted[i].path) < 0);
    table = sorted;
    table_count = count;
}

void asset_dev_root(const char *dir, const char *web_dir)
{
    free(dev.dir);
    free(dev.web_dir);
    dev.dir = dir ? sk_strdup(dir) : NULL;
    if (!dir || web_dir)
        dev.web_dir = web_dir ? sk_strdup(web_dir) : NULL;
    else
        dev.web_dir = sk_path_join(dir, "build/web");
    if (dir && !dev.files)
        dev.files = sk_map_new(0);
}

/* Relative, no empty part, no part that begins with a dot. */
static int path_is_clean(const char *path)
{
    if (!*path || *path == '/' || strlen(path) > DEV_PATH_MAX / 2)
        return 0;
    for (const char *p = path; *p; p++)
        if ((p == path || p[-1] == '/') && (*p == '.' || *p == '/'))
            return 0;
    return 1;
}

/* The SQL of a schema is src/NAME/sql, or src/ROOM/NAME/sql where a room keeps a second file. */
static int dev_sql_folder(char *out, size_t cap, const char *name, int name_len)
{
    char src[DEV_PATH_MAX];
    struct dirent *entry;
    int len = snprintf(out, cap, "%s/src/%.*s/sql", dev.dir, name_len, name);

    if (len < 0 || (size_t)len >= cap)
        return -SK_ENOTFOUND;
    if (access(out, X_OK) == 0)
        return 0;
    len = snprintf(src, sizeof(src), "%s/src", dev.dir);
    DIR *folder = len < 0 || (size_t)len >= sizeof(src) ? NULL : opendir(src);
    int err = -SK_ENOTFOUND;
    while (err && folder && (entry = readdir(folder))) {
        len = snprintf(out, cap, "%s/%s/%.*s/sql", src, entry->d_name, name_len, name);
        if (entry->d_name[0] != '.' && len > 0 && (size_t)len < cap && access(out, X_OK) == 0)
            err = 0;
    }
    if (folder)
        closedir(folder);
    return err;
}

/* Where an asset path stands in the source tree; -SK_ENOTFOUND for a path of no known kind. */
static int dev_path(char *out, size_t cap, const char *path)
{
    char folder[DEV_PATH_MAX];
    const char *slash;
    int len = -1;

    if (strncmp(path, "web/", 4) == 0) {
        len = snprintf(out, cap, "%s/%s", dev.web_dir, path + 4);
    } else if (strncmp(path, "data/", 5) == 0) {
        len = snprintf(out, cap, "%s/%s", dev.dir, path);
    } else if (strncmp(path, "sql/", 4) == 0 && (slash = strchr(path + 4, '/'))) {
        if (dev_sql_folder(folder, sizeof(folder), path + 4, (int)(slash - path - 4)) == 0)
            len = snprintf(out, cap, "%s/%s", folder, slash + 1);
    }
    return len < 0 || (size_t)len >= cap ? -SK_ENOTFOUND : 0;
}

static struct dev_file *dev_load(const char *path, const char *disk_path, const struct stat *st)
{
    struct sk_buf content;
    struct dev_file *f;

    sk_buf_init(&content, DEV_FILE_MAX);
    if (sk_buf_reserve(&content, 1) != 0 || sk_file_read(&content, disk_path) != 0) {
        sk_buf_fini(&content);
        return NULL;
    }
    f = sk_alloc(sizeof(*f));
    f->changed = st->st_mtim;
    snprintf(f->etag, sizeof(f->etag), "dev-%" PRIx64 "-%lx-%zx", (uint64_t)st->st_mtim.tv_sec,
             (unsigned long)st->st_mtim.tv_nsec, content.len);
    f->asset.path = sk_strdup(path);
    f->asset.mime = mime_of(path);
    f->asset.etag = f->etag;
    f->asset.len = content.len;
    ((char *)content.data)[content.len] = '\0';
    f->asset.data = sk_buf_take(&content, &f->asset.len);
    return f;
}

static const struct asset *dev_find_locked(const char *path)
{
    char disk_path[DEV_PATH_MAX];
    struct dev_file *known, *fresh;
    struct stat st;

    if (dev_path(disk_path, sizeof(disk_path), path) != 0 || stat(disk_path, &st) != 0 ||
        !S_ISREG(st.st_mode))
        return NULL;
    known = sk_map_find(dev.files, path, strlen(path));
    if (known && known->changed.tv_sec == st.st_mtim.tv_sec &&
        known->changed.tv_nsec == st.st_mtim.tv_nsec)
        return &known->asset;
    fresh = dev_load(path, disk_path, &st);
    if (!fresh)
        return NULL;
    fresh->older = known;
    sk_map_put(dev.files, path, strlen(path), fresh);
    return &fresh->asset;
}

static const struct asset *dev_find(const char *path)
{
    const struct asset *a = NULL;

    if (!path_is_clean(path))
        return NULL;
    pthread_mutex_lock(&dev.lock);
    a = dev_find_locked(path);
    pthread_mutex_unlock(&dev.lock);
    return a;
}

static int path_compare(const void *key, const void *entry)
{
    return strcmp(key, ((const struct asset *)entry)->path);
}

const struct asset *asset_find(const char *path)
{
    if (dev.dir)
        return dev_find(path);
    return table_count == 0 ? NULL
                            : bsearch(path, table, table_count, sizeof(*table), path_compare);
}

struct name_list {
    char **names;
    size_t count;
};

/* Collect the asset paths of all files at or below the folder that stands for `path`. */
static void dev_collect(struct name_list *list, const char *path, int depth)
{
    char disk_path[DEV_PATH_MAX];
    struct dirent *entry;
    DIR *folder;

    if (depth > DEV_DEPTH_MAX || dev_path(disk_path, sizeof(disk_path), path) != 0 ||
        !(folder = opendir(disk_path)))
        return;
    while ((entry = readdir(folder)) && list->count < DEV_NAMES_MAX) {
        if (entry->d_name[0] == '.')
            continue;
        char *child = sk_alloc(strlen(path) + strlen(entry->d_name) + 2);
        memcpy(child, path, strlen(path));
        memcpy(child + strlen(path), entry->d_name, strlen(entry->d_name));
        if (asset_find(child)) {
            list->names = sk_realloc(list->names, (list->count + 1) * sizeof(*list->names));
            list->names[list->count++] = child;
            continue;
        }
        child[strlen(child)] = '/';
        dev_collect(list, child, depth + 1);
        free(child);
    }
    closedir(folder);
}

/* All rooms have a folder of their own for SQL, so "sql/" is not one folder on disk. */
static void dev_collect_sql(struct name_list *list, const char *dir, int depth)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    char path[300];

    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        char *child = sk_path_join(dir, entry->d_name), *sql = sk_path_join(child, "sql");
        snprintf(path, sizeof(path), "sql/%s/", entry->d_name);
        if (access(sql, X_OK) == 0)
            dev_collect(list, path, 1);
        if (depth == 0)
            dev_collect_sql(list, child, 1);
        free(sql);
        free(child);
    }
    if (folder)
        closedir(folder);
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int dev_each(const char *prefix, int (*fn)(void *ctx, const struct asset *a), void *ctx)
{
    struct name_list list = {0};
    int result = 0;

    dev_collect(&list, "web/", 0);
    dev_collect(&list, "data/", 0);
    char *src = sk_path_join(dev.dir, "src");
    dev_collect_sql(&list, src, 0);
    free(src);
    if (list.count > 0)
        qsort(list.names, list.count, sizeof(*list.names), name_compare);
    for (size_t i = 0; i < list.count; i++) {
        const struct asset *a = NULL;
        if (result == 0 && strncmp(list.names[i], prefix, strlen(prefix)) == 0)
            a = asset_find(list.names[i]);
        if (a)
            result = fn(ctx, a);
        free(list.names[i]);
    }
    free(list.names);
    return result;
}

int asset_each(const char *prefix, int (*fn)(void *ctx, const struct asset *a), void *ctx)
{
    if (dev.dir)
        return dev_each(prefix, fn, ctx);
    for (size_t i = 0; i < table_count; i++) {
        int result = strncmp(table[i].path, prefix, strlen(prefix)) == 0 ? fn(ctx, &table[i]) : 0;
        if (result != 0)
            return result;
    }
    return 0;
}
