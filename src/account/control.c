/* The control socket, `control.sock` in the data folder (0600, and the peer's user is checked): the
 * way by which `skep owner reset` reaches a running server, since the store admits one process.
 * One request line, one answer line. The same thread ends, between requests, what has run out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "account/approval.h"
#include "account/factor.h"
#include "account/mail.h"
#include "account/refresh.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

enum { SWEEP_MS = 30000, SEEN_SAVE_MS = 60000, PEER_TIMEOUT_S = 3, LINE_MAX_BYTES = 128 };

static const int64_t purge_every_ms = 24 * 3600 * 1000LL;

static struct {
    pthread_t thread;
    int running;
    int listen_fd, wake_fd;
    int64_t purged_ms;
} control = {.listen_fd = -1, .wake_fd = -1};

/* Data folders may have longer names than a socket address can hold: go through an open folder. */
static int address_make(struct sockaddr_un *out, int dir_fd)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/control.sock", dir_fd);
    return n > 0 && (size_t)n < sizeof(out->sun_path) ? 0 : -SK_EINTERNAL;
}

static int line_read(int fd, char *out, size_t cap)
{
    size_t len = 0;

    while (len + 1 < cap) {
        ssize_t n = recv(fd, out + len, cap - 1 - len, 0);
        if (n <= 0)
            return -SK_EIO;
        len += (size_t)n;
        out[len] = '\0';
        char *end = memchr(out, '\n', len);
        if (end) {
            *end = '\0';
            return 0;
        }
    }
    return -SK_ETOOBIG;
}

static int line_write(int fd, const char *line)
{
    size_t len = strlen(line);

    return send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -SK_EIO;
}

static void timeout_set(int fd)
{
    const struct timeval limit = {.tv_sec = PEER_TIMEOUT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* ---- the server's side ---- */

static int any_session(void *ctx, const struct session *s)
{
    (void)ctx;
    (void)s;
    return 1;
}

void sessions_announce_end(const struct session *list, size_t count, const char *kind,
                           int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (!session_remove(list[i].id))
            continue;
        const struct event ev = {
            .kind = EVENT_SESSION_ENDED,
            .account = list[i].account,
            .session = list[i].id,
            .detail = kind,
            .wall_ms = now_ms,
        };
        event_publish(&ev);
    }
}

int sessions_end(const struct session *list, size_t count, const char *kind, const char *source,
                 int64_t now_ms)
{
    int err =
        count ? ledger_sessions_end(account_get()->store, list, count, kind, source, now_ms) : 0;

    if (!err)
        sessions_announce_end(list, count, kind, now_ms);
    return err;
}

struct cut {
    const char *account, *keep;
};

static int session_is_cut(void *ctx, const struct session *s)
{
    const struct cut *c = ctx;

    return strcmp(s->account, c->account) == 0 && !(c->keep && strcmp(s->id, c->keep) == 0);
}

void sessions_cut(const char *account, const char *keep, const char *kind, int64_t now_ms)
{
    struct cut cut = {account, keep};
    size_t count;
    struct session *list = session_list(session_is_cut, &cut, &count);

    sessions_announce_end(list, count, kind, now_ms);
    crypto_wipe(list, count * sizeof(*list));
    free(list);
}

/* The store has voided the password and deleted the sessions; now everything that stands on them
 * is cut. A login that was between its check and its commit meanwhile is ended as well. */
static int owner_reset(char token[ACCOUNT_TOKEN_SIZE])
{
    int64_t now_ms = sk_clock_wall_ms();
    size_t count;
    int err = setup_token_make(account_get()->store, 1, now_ms, token);

    if (err)
        return err;
    browser_clear();
    tickets_drop_of(NULL);
    if (factors_load(account_get()->store, NULL))
        log_error("account", "factors", "reason=\"cannot be read\"");
    struct session *list = session_list(any_session, NULL, &count);
    sessions_announce_end(list, count, "owner-reset", now_ms);
    owners_holdings_end(now_ms);
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    log_warn("account", "owner-reset", "sessions_ended=%zu", count);
    return 0;
}

void control_answer(const char *request, char *answer, size_t cap)
{
    char token[ACCOUNT_TOKEN_SIZE] = "";
    int err = strcmp(request, "owner-reset") == 0 ? owner_reset(token) : -SK_EUNSUPPORTED;

    if (err)
        snprintf(answer, cap, "error %d\n", -err);
    else
        snprintf(answer, cap, "ok %s %u\n", token, edge_port());
    crypto_wipe(token, sizeof(token));
}

static int peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void peer_serve(int fd)
{
    char request[LINE_MAX_BYTES], answer[LINE_MAX_BYTES];

    timeout_set(fd);
    if (!peer_is_ours(fd)) {
        metric_refused("account", "control-peer");
        return;
    }
    if (line_read(fd, request, sizeof(request)))
        return;
    control_answer(request, answer, sizeof(answer));
    if (line_write(fd, answer))
        log_warn("account", "control", "reason=\"the peer went away\"");
    crypto_wipe(answer, sizeof(answer));
}

static int session_ran_out(void *ctx, const struct session *s)
{
    return session_has_ended(s, *(const int64_t *)ctx);
}

static int session_seen_is_old(void *ctx, const struct session *s)
{
    return s->last_seen - s->saved_seen >= *(const int64_t *)ctx;
}

static void seen_save(int64_t at_least_ms)
{
    size_t count;
    struct session *list = session_list(session_seen_is_old, &at_least_ms, &count);
    int err = count ? ledger_seen_save(account_get()->store, list, count) : 0;

    for (size_t i = 0; !err && i < count; i++)
        session_saved(list[i].id, list[i].last_seen);
    if (err)
        log_error("account", "seen-save", "reason=\"%s\"", sk_error_text(err));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
}

static void sweep(void)
{
    int64_t now_ms = sk_clock_wall_ms();
    size_t count;
    struct session *list = session_list(session_ran_out, &now_ms, &count);
    int err = sessions_end(list, count, "session-expired", "", now_ms);

    if (err) /* their time is over, whether or not the disk takes it: what stands on them is cut */
        sessions_announce_end(list, count, "session-expired", now_ms);

    crypto_wipe(list, count * sizeof(*list));
    free(list);
    seen_save(SEEN_SAVE_MS);
    gone_sweep(account_get()->store, now_ms);
    emergency_sweep(now_ms);
    refresh_sweep(now_ms);
    if (!err && (!control.purged_ms || now_ms - control.purged_ms >= purge_every_ms)) {
        err = ledger_purge(account_get()->store, now_ms);
        if (!err)
            err = refresh_purge(account_get()->store, now_ms);
        if (!err)
            err = mail_purge(account_get()->store, now_ms);
        control.purged_ms = now_ms;
    }
    if (err)
        log_error("account", "sweep", "reason=\"%s\"", sk_error_text(err));
}

static void *control_run(void *arg)
{
    int64_t swept_ms = sk_clock_mono_ms();

    (void)arg;
    sweep();
    for (;;) {
        struct pollfd fds[2] = {{control.wake_fd, POLLIN, 0}, {control.listen_fd, POLLIN, 0}};
        int64_t due = swept_ms + SWEEP_MS - sk_clock_mono_ms();
        int n = poll(fds, 2, due > 0 ? (int)due : 0);
        if (n > 0 && fds[0].revents)
            break;
        if (n > 0 && fds[1].revents) {
            int fd = accept4(control.listen_fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0) {
                peer_serve(fd);
                close(fd);
            }
        }
        if (sk_clock_mono_ms() - swept_ms >= SWEEP_MS) {
            sweep();
            swept_ms = sk_clock_mono_ms();
        }
    }
    seen_save(1);
    return NULL;
}

static int socket_listen(const char *data_dir)
{
    struct sockaddr_un address;
    int dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = dir_fd < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int err = fd < 0 ? -SK_EIO : address_make(&address, dir_fd);

    if (!err) {
        /* The store's lock says that no other server lives here: what lies there is a leftover. */
        unlinkat(dir_fd, "control.sock", 0);
        /* Mode before bind: there is no moment at which others could connect. */
        if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
            listen(fd, 4))
            err = -SK_EIO;
    }
    if (dir_fd >= 0)
        close(dir_fd);
    if (err && fd >= 0)
        close(fd);
    control.listen_fd = err ? -1 : fd;
    return err;
}

int control_start(const char *data_dir)
{
    int err = socket_listen(data_dir);

    control.purged_ms = 0;
    control.wake_fd = err ? -1 : eventfd(0, EFD_CLOEXEC);
    if (!err && (control.wake_fd < 0 || pthread_create(&control.thread, NULL, control_run, NULL)))
        err = -SK_EIO;
    control.running = !err;
    if (err) {
        log_error("account", "control", "folder=%s reason=\"%s\"", data_dir, sk_error_text(err));
        control_stop();
    }
    return err;
}

void control_stop(void)
{
    if (control.running) {
        eventfd_write(control.wake_fd, 1);
        pthread_join(control.thread, NULL);
        int dir_fd = open(account_get()->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd >= 0) {
            unlinkat(dir_fd, "control.sock", 0);
            close(dir_fd);
        }
    }
    if (control.listen_fd >= 0)
        close(control.listen_fd);
    if (control.wake_fd >= 0)
        close(control.wake_fd);
    control.listen_fd = control.wake_fd = -1;
    control.running = 0;
}

/* ---- the command line's side ---- */

static void sentence(struct sk_buf *why, const char *text)
{
    sk_buf_reset(why);
    if (sk_buf_add_str(why, text))
        sk_buf_reset(why);
}

/* "ok <token> <port>" or "error <number>". */
static int answer_parse(char *line, char out[ACCOUNT_TOKEN_SIZE], uint16_t *port)
{
    char *token = strchr(line, ' ');
    uint64_t number;

    if (!token)
        return -SK_EIO;
    *token++ = '\0';
    if (strcmp(line, "error") == 0)
        return sk_parse_u64(&number, token, strlen(token), SK_ERROR_COUNT - 1) ? -SK_EIO
                                                                               : -(int)number;
    char *digits = strchr(token, ' ');
    if (strcmp(line, "ok") != 0 || !digits)
        return -SK_EIO;
    *digits++ = '\0';
    if (sk_parse_u64(&number, digits, strlen(digits), UINT16_MAX) ||
        sk_copy(out, ACCOUNT_TOKEN_SIZE, token))
        return -SK_EIO;
    *port = (uint16_t)number;
    return 0;
}

/* -SK_ECLOSED: nobody listens there. */
static int server_ask(int dir_fd, char out[ACCOUNT_TOKEN_SIZE], uint16_t *port)
{
    struct sockaddr_un address;
    char line[LINE_MAX_BYTES];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int err = fd < 0 ? -SK_EIO : address_make(&address, dir_fd);

    if (!err) {
        timeout_set(fd);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
            err = errno == EACCES || errno == EPERM ? -SK_EDENIED : -SK_ECLOSED;
    }
    if (!err)
        err = line_write(fd, "owner-reset\n");
    if (!err)
        err = line_read(fd, line, sizeof(line));
    if (!err)
        err = answer_parse(line, out, port);
    crypto_wipe(line, sizeof(line));
    if (fd >= 0)
        close(fd);
    return err;
}

static int store_reset(const char *data_dir, const struct store_schema *const *schemas,
                       size_t schema_count, char out[ACCOUNT_TOKEN_SIZE], struct sk_buf *why)
{
    const struct store_opts opts = {
        .dir = data_dir,
        .file = "core.db",
        .durability = STORE_FULL,
        .schemas = schemas,
        .schema_count = schema_count,
    };
    struct store *s;
    int err = store_open(&s, &opts, why);

    if (err)
        return err;
    err = setup_token_make(s, 1, sk_clock_wall_ms(), out);
    store_close(s);
    if (err)
        sentence(why, sk_error_text(err));
    return err;
}

int account_owner_reset(const char *data_dir, const struct store_schema *const *schemas,
                        size_t schema_count, char out[ACCOUNT_TOKEN_SIZE], uint16_t *port,
                        struct sk_buf *why)
{
    int dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err;

    *port = 0;
    if (dir_fd < 0) {
        sentence(why, "there is no such data folder, or it belongs to another user");
        return errno == EACCES ? -SK_EDENIED : -SK_ENOTFOUND;
    }
    err = server_ask(dir_fd, out, port);
    if (err == -SK_ECLOSED && faccessat(dir_fd, "core.db", R_OK | W_OK, AT_EACCESS)) {
        err = errno == EACCES ? -SK_EDENIED : -SK_ENOTFOUND;
        sentence(why, err == -SK_EDENIED ? "the data belongs to another user"
                                         : "the data folder holds no store: nothing to reset");
    } else if (err == -SK_ECLOSED) {
        err = store_reset(data_dir, schemas, schema_count, out, why);
    } else if (err == -SK_EDENIED) {
        sentence(why, "the control socket belongs to another user");
    } else if (err) {
        sentence(why, "the running server did not answer; its log says more");
    }
    close(dir_fd);
    return err;
}
