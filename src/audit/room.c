/* What runs: the seam's functions, the check at start, and a thread that signs a head once a
 * minute while there are new rows. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

enum { HEAD_EVERY_S = 60, PEM_MAX = 4096 };

static struct {
    struct store *store;
    struct head_key key;
    char *pem;
    int heads_fd, copy_fd; /* data_dir/audit/heads.log, audit.heads_file (or -1) */
    _Atomic int whole;
    _Atomic int64_t rows;
    pthread_mutex_t lock; /* of head and of signing */
    pthread_cond_t wake;
    struct audit_head head; /* the newest, size 0 = none yet */
    pthread_t thread;
    int is_running, is_ending;
} audit = {.heads_fd = -1, .copy_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

struct store *audit_store(void)
{
    return audit.store;
}

int audit_is_whole(void)
{
    return audit.whole;
}

const char *audit_public_pem(void)
{
    return audit.pem;
}

/* ---- the seam -------------------------------------------------------------------------------- */

static int seam_record(void *ctx, struct store_tx *tx, const struct audit_entry *e)
{
    struct audit_row row;
    int err = row_fill(&row, e);

    (void)ctx;
    if (err)
        log_error("audit", "row-refused", "action=%s", e->action ? e->action : "-");
    return err ? err : log_append(tx, &row);
}

static int row_write(struct store_tx *tx, void *ctx)
{
    return log_append(tx, ctx);
}

static int seam_write(void *ctx, const struct audit_entry *e)
{
    struct audit_row row;
    int err = row_fill(&row, e);

    (void)ctx;
    if (err)
        log_error("audit", "row-refused", "action=%s", e->action ? e->action : "-");
    return err ? err : store_write(audit.store, row_write, &row);
}

static void note_done(void *ctx, int result)
{
    struct audit_row *row = ctx;

    if (result) {
        metric_refused("audit", "row-lost");
        log_error("audit", "row-lost", "action=%s object=%s error=%s", row->action, row->object,
                  sk_error_slug(result));
    }
    free(row);
}

static void seam_note(void *ctx, const struct audit_entry *e)
{
    struct audit_row *row = sk_alloc(sizeof(*row));
    int err = row_fill(row, e);

    (void)ctx;
    if (!err)
        err = store_write_async(audit.store, row_write, note_done, row);
    if (err)
        note_done(row, err);
}

void audit_seam_fill(void)
{
    static const struct audit_sink record_only = {.record = seam_record};

    audit_fill(&record_only);
}

/* ---- heads ----------------------------------------------------------------------------------- */

struct tip_read {
    struct tree tree;
    uint8_t last[AUDIT_HASH];
};

static int tip_read(struct store_tx *tx, void *ctx)
{
    struct tip_read *t = ctx;

    return log_tree(tx, &t->tree, t->last);
}

static int head_publish(const struct audit_head *head)
{
    json_t *v = head_json(head);
    size_t len = 0;
    char *text = sk_json_text(v, &len);
    int err = text ? head_line_write(audit.heads_fd, text, len) : -SK_ENOMEM;

    if (!err && audit.copy_fd >= 0 && head_line_write(audit.copy_fd, text, len))
        log_error("audit", "heads-file", "reason=\"cannot be written\"");
    free(text);
    json_decref(v);
    return err;
}

/* Sign what the store has now, unless the newest head has it already. */
static int head_renew_locked(void)
{
    struct tip_read tip;
    int err = store_read(audit.store, tip_read, &tip);

    if (err || tip.tree.size == audit.head.size)
        return err;
    struct audit_head head = {.size = tip.tree.size, .at_ms = sk_clock_wall_ms()};
    tree_root(&tip.tree, head.root);
    err = head_sign(&head, &audit.key);
    if (!err)
        err = head_publish(&head);
    if (err) {
        metric_refused("audit", "head");
        log_error("audit", "head", "error=%s", sk_error_slug(err));
        return err;
    }
    audit.head = head;
    audit.rows = (int64_t)head.size;
    return 0;
}

int audit_head_get(struct audit_head *out, uint64_t size)
{
    pthread_mutex_lock(&audit.lock);
    int err = audit.head.size < size || !audit.head.size ? head_renew_locked() : 0;
    if (!err && (audit.head.size < size || !audit.head.size))
        err = -SK_ENOTFOUND;
    *out = audit.head;
    pthread_mutex_unlock(&audit.lock);
    return err;
}

static void *heads_run(void *arg)
{
    struct timespec until;

    (void)arg;
    pthread_mutex_lock(&audit.lock);
    while (!audit.is_ending) {
        clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
        until.tv_sec += HEAD_EVERY_S;
        while (!audit.is_ending &&
               pthread_cond_timedwait(&audit.wake, &audit.lock, &until) != ETIMEDOUT)
            ;
        if (!audit.is_ending)
            (void)head_renew_locked(); /* logged there; tried again in a minute */
    }
    pthread_mutex_unlock(&audit.lock);
    return NULL;
}

/* ---- start ----------------------------------------------------------------------------------- */

static int head_newest(void *ctx, const struct audit_head *head)
{
    *(struct audit_head *)ctx = *head;
    return 0;
}

struct start_check {
    struct audit_head head; /* the last one of the file */
    uint64_t size;
    const char *reason; /* NULL: the rows still give its root */
};

static int check_read(struct store_tx *tx, void *ctx)
{
    struct start_check *c = ctx;
    struct tree_source src = log_source(tx);
    uint8_t last[AUDIT_HASH], root[AUDIT_HASH];
    struct tree tree;
    int err = log_tree(tx, &tree, last);

    c->size = tree.size;
    c->reason = NULL;
    if (err || !c->head.size)
        return err;
    if (tree.size < c->head.size)
        c->reason = "shorter-than-signed";
    else if (tree_span_root(&src, 0, c->head.size, root) ||
             memcmp(root, c->head.root, AUDIT_HASH) != 0)
        c->reason = "not-what-was-signed";
    else if (head_check(&c->head, &audit.key))
        c->reason = memcmp(c->head.key_id, audit.key.id, HEAD_KEY_ID) ? "other-key" : "signature";
    return 0;
}

/* Held against the last head of the file: was anything cut off or changed while nobody looked? The
 * answer is logged, shown (head, metrics) and becomes a row itself; the box goes on. */
static int start_check(const char *heads_path, int had_file)
{
    struct start_check c = {.head.size = 0};
    int err = head_walk(heads_path, head_newest, &c.head);

    if (!err)
        err = store_read(audit.store, check_read, &c);
    if (!err && c.size > 0 && !had_file)
        c.reason = "heads-are-gone";
    audit.whole = !err && !c.reason;
    if (err || !c.reason)
        return err;
    log_error("audit", "not-whole", "reason=%s rows=%llu signed=%llu", c.reason,
              (unsigned long long)c.size, (unsigned long long)c.head.size);
    json_t *v = json_pack("{s:s, s:I}", "reason", c.reason, "signed", (json_int_t)c.head.size);
    char *detail = sk_json_text(v, NULL);
    err = seam_write(NULL, AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = "box",
                                 .action = "audit.checked", .object_kind = "audit",
                                 .result = "failed", .detail = detail));
    free(detail);
    json_decref(v);
    return err;
}

static int64_t gauge_rows(void *ctx)
{
    (void)ctx;
    return audit.rows;
}

static int64_t gauge_whole(void *ctx)
{
    (void)ctx;
    return audit.whole;
}

static int pem_load(const char *dir)
{
    char *path = sk_path_join(dir, "key.pem");
    struct sk_buf pem;

    sk_buf_init(&pem, PEM_MAX);
    int err = sk_file_read(&pem, path);
    if (!err)
        audit.pem = sk_strndup((const char *)pem.data, pem.len);
    sk_buf_fini(&pem);
    free(path);
    return err;
}

static int heads_start(const char *data_dir)
{
    char *dir = sk_path_join(data_dir, "audit"), *path = sk_path_join(dir, "heads.log");
    int made = 0, had_file = access(path, F_OK) == 0;
    int err = head_key_load(&audit.key, data_dir, &made);

    if (!err)
        err = pem_load(dir);
    if (!err)
        err = head_file_open(data_dir, &audit.heads_fd);
    if (!err)
        err = start_check(path, had_file);
    if (!err && made)
        err = seam_write(NULL, AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = "box",
                                     .action = "audit.key-made", .object_kind = "audit"));
    free(path);
    free(dir);
    return err;
}

static int thread_start(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&audit.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    audit.is_ending = 0;
    if (pthread_create(&audit.thread, NULL, heads_run, NULL))
        return -SK_ENOMEM;
    audit.is_running = 1;
    return 0;
}

static void files_close(void)
{
    if (audit.heads_fd >= 0)
        close(audit.heads_fd);
    if (audit.copy_fd >= 0)
        close(audit.copy_fd);
    audit.heads_fd = audit.copy_fd = -1;
    free(audit.pem);
    audit.pem = NULL;
    crypto_wipe(&audit.key, sizeof(audit.key));
    audit.head = (struct audit_head){.size = 0};
}

/* Every other room has stopped and told what it had to: the last row, the last head. */
static void audit_stop(void)
{
    static const struct audit_sink nothing;
    struct audit_head head;

    data_stop();
    int err = seam_write(NULL, AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = "box",
                                     .action = "box.stopped", .object_kind = "box"));
    audit_fill(&nothing);
    if (audit.is_running) {
        pthread_mutex_lock(&audit.lock);
        audit.is_ending = 1;
        pthread_cond_signal(&audit.wake);
        pthread_mutex_unlock(&audit.lock);
        pthread_join(audit.thread, NULL);
        audit.is_running = 0;
    }
    if (!err)
        err = audit_head_get(&head, audit.head.size + 1);
    if (err)
        log_error("audit", "stop", "error=%s", sk_error_slug(err));
    files_close();
}

static int audit_start(struct house *house)
{
    static const struct audit_sink sink = {seam_record, seam_write, seam_note, NULL};
    struct audit_head head;

    audit.store = house->store;
    int err = heads_start(house->data_dir);
    if (!err)
        err = seam_write(NULL, AUDIT(.at_ms = house->started_wall_ms, .actor_kind = "box",
                                     .action = "box.started", .object_kind = "box",
                                     .detail = "{\"version\":\"" SKEP_VERSION "\"}"));
    if (!err)
        err = audit_head_get(&head, 1);
    if (!err)
        err = thread_start();
    if (!err)
        err = data_start(house->store);
    if (err) {
        log_error("audit", "start", "error=%s", sk_error_slug(err));
        files_close();
        return err;
    }
    audit_fill(&sink);
    metric_gauge("skep_audit_rows_signed", "Rows of the audit log under the newest signed head",
                 gauge_rows, NULL);
    metric_gauge("skep_audit_whole", "1: at start the rows gave the last signed root", gauge_whole,
                 NULL);
    return 0;
}

int audit_heads_file_open(const char *path)
{
    if (!path)
        return 0;
    audit.copy_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return audit.copy_fd < 0 ? -SK_EIO : 0;
}

static const struct config_key config_keys[] = {
    {"audit.heads_file", CONFIG_PATH, NULL, 0, 0,
     "A second file for signed heads of the audit log, best on another machine's disk"},
    {0},
};

static const struct store_schema schema = {.room = "audit"};

const struct room audit_room = {
    .name = "audit",
    .config = config_keys,
    .schema = &schema,
    .routes = audit_routes,
    .start = audit_start,
    .stop = audit_stop,
};
