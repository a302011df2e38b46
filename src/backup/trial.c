/* The last proof: a second box on the copy. It listens on loopback alone, on a port that is free,
 * with no setting of the first one: it can send no mail and ask nobody. It is entered with a
 * one-time link that is made in the copy and dies with it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "backup/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "crypto/wipe.h"
#include "net/https_client.h"

enum { START_MS = 30000, SAID_MAX = 4096, CA_MAX = 65536, BODY_MAX = 1024, TOKEN_MAX = 512 };

struct trial {
    pid_t pid;
    int fd; /* what it says */
    uint16_t port;
    struct tls_config *tls;
    struct https_client *http;
    char setup[ACCOUNT_TOKEN_SIZE], password[SK_B64_SIZE(32)], name[SK_HEX_SIZE(4) + 8];
    char bearer[TOKEN_MAX];
    struct sk_buf *why;
};

static void child_run(const char *dir, int out, pid_t parent)
{
    char *const argv[] = {"skep",
                          "serve",
                          "--core-data-dir",
                          (char *)dir,
                          "--edge-listen",
                          "127.0.0.1",
                          "--edge-port",
                          "0",
                          "--edge-host",
                          "localhost",
                          NULL};
    char *const env[] = {NULL};
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it never outlives who looks at it */
    if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(null, 2) < 0)
        _exit(1);
    execve("/proc/self/exe", argv, env);
    _exit(1);
}

static int child_start(struct trial *t, const char *dir)
{
    int fds[2];
    pid_t parent = getpid();

    if (pipe2(fds, O_CLOEXEC))
        return -SK_EIO;
    t->pid = fork();
    if (t->pid == 0)
        child_run(dir, fds[1], parent);
    close(fds[1]);
    t->fd = fds[0];
    return t->pid < 0 ? -SK_EIO : 0;
}

/* Its link: https://localhost:PORT/... */
static int port_find(struct trial *t, const char *said)
{
    static const char before[] = "https://localhost:";
    const char *at = strstr(said, before), *digits = at ? at + sizeof(before) - 1 : NULL;
    size_t len = digits ? strspn(digits, "0123456789") : 0;
    uint64_t port = 0;

    if (!len || digits[len] != '/' || sk_parse_u64(&port, digits, len, UINT16_MAX))
        return -SK_EAGAIN;
    t->port = (uint16_t)port;
    return 0;
}

static int child_wait(struct trial *t)
{
    char said[SAID_MAX];
    size_t len = 0;
    int64_t end = sk_clock_mono_ms() + START_MS;
    int err = -SK_EAGAIN;

    while (err == -SK_EAGAIN && len < sizeof(said) - 1) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        int64_t left = end - sk_clock_mono_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 ? read(t->fd, said + len, sizeof(said) - 1 - len) : 0;
        if (n <= 0)
            break;
        len += (size_t)n;
        said[len] = '\0';
        err = port_find(t, said);
    }
    crypto_wipe(said, sizeof(said));
    return err ? backup_say(t->why, -SK_EIO, "A box on the copy does not start.") : 0;
}

static int trust(struct trial *t, const char *dir)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    char *path = sk_path_join(dir, "tls/ca.crt");
    struct sk_buf ca;

    sk_buf_init(&ca, CA_MAX);
    int err = sk_file_read(&ca, path);
    if (!err) {
        struct tls_client_options o = {.alpn = alpn, .ca = ca.data, .ca_len = ca.len};
        err = tls_config_client_new(&t->tls, &o);
    }
    if (!err)
        err = https_client_new(&t->http, "localhost", t->port, t->tls);
    sk_buf_fini(&ca);
    free(path);
    return err;
}

/* One query; the answer parsed when there is one. `json` may be NULL. */
static int ask(struct trial *t, const char *method, const char *path, const json_t *body, int want,
               json_t **json)
{
    char bearer[TOKEN_MAX + 8];
    size_t len = 0, answer_len = 0;
    char *text = body ? sk_json_text(body, &len) : NULL;
    const char *answer = NULL;
    int status = 0;

    snprintf(bearer, sizeof(bearer), "Bearer %s", t->bearer);
    const struct https_query q = {.method = method,
                                  .path = path,
                                  .authorization = t->bearer[0] ? bearer : NULL,
                                  .type = text ? "application/json" : NULL,
                                  .body = text,
                                  .body_len = len};
    int err = https_client_query(t->http, &q, &status, &answer, &answer_len);
    if (!err && status != want)
        err = backup_say(t->why, -SK_EIO, "A box on the copy answers %s with %d.", path, status);
    if (!err && json)
        err = sk_json_parse(json, answer, answer_len);
    if (text)
        sk_wipe(text, len);
    free(text);
    crypto_wipe(bearer, sizeof(bearer));
    return err;
}

static int enter(struct trial *t)
{
    json_t *body = json_object(), *answer = NULL;
    const char *token;

    sk_json_set_str(body, "token", t->setup);
    sk_json_set_str(body, "name", t->name);
    sk_json_set_str(body, "password", t->password);
    int err = ask(t, "POST", "/api/v1/setup", body, 201, NULL);
    json_object_del(body, "token");
    sk_json_set_bool(body, "bearer", 1);
    if (!err)
        err = ask(t, "POST", "/api/v1/login", body, 200, &answer);
    if (!err)
        err = sk_json_str(answer, "token", TOKEN_MAX - 1, &token);
    if (!err)
        err = sk_copy(t->bearer, sizeof(t->bearer), token);
    json_decref(answer);
    json_decref(body);
    return err;
}

static int look(struct trial *t, size_t *cameras)
{
    json_t *devices = NULL, *log = NULL;
    int err = ask(t, "GET", "/api/v1/devices", NULL, 200, &devices);

    if (!err)
        err = ask(t, "GET", "/api/v1/audit?limit=1", NULL, 200, &log);
    if (!err)
        *cameras = json_array_size(json_object_get(devices, "devices"));
    json_decref(devices);
    json_decref(log);
    return err;
}

static void trial_end(struct trial *t)
{
    https_client_free(t->http);
    tls_config_drop(t->tls);
    if (t->pid > 0) {
        kill(t->pid, SIGKILL); /* the copy is thrown away: nothing is worth a drain */
        waitpid(t->pid, NULL, 0);
    }
    if (t->fd >= 0)
        close(t->fd);
}

int trial_run(const struct backup_house *h, const char *dir, size_t *cameras, struct sk_buf *why)
{
    struct trial t = {.fd = -1, .why = why};
    uint8_t raw[32];
    uint16_t port;

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(t.password, raw, sizeof(raw));
    sk_random(raw, sizeof(raw));
    memcpy(t.name, "trial-", 6);
    sk_hex_encode(t.name + 6, raw, 4);
    int err = account_owner_reset(dir, h->schemas, h->schema_count, t.setup, &port, why);
    if (!err)
        err = child_start(&t, dir);
    if (!err)
        err = child_wait(&t);
    if (!err)
        err = trust(&t, dir);
    if (!err)
        err = enter(&t);
    if (!err)
        err = look(&t, cameras);
    trial_end(&t);
    crypto_wipe(&t, sizeof(t));
    crypto_wipe(raw, sizeof(raw));
    return err ? backup_say(why, err, "A box on the copy cannot be entered: %s.",
                            sk_error_text(err))
               : 0;
}
