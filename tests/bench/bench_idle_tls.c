/* Memory and CPU of idle mutual-TLS links: N clients here, the server in a process of its own, once
 * with full handshakes and once with tickets (the server restarted in between).
 *
 *     bench_idle_tls [links]        default 2000
 *
 * Prints one line for each figure: "bench idle_tls <name> <value> <unit>". */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "net/listener.h"
#include "tests/unit/crypto/tls_help.h"

enum { IN_FLIGHT = 64, MESSAGE_BYTES = 200 };

/* --- the server's process ----------------------------------------------------------------------
 */

static void echo_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    if (net_stream_write(s, data, len) != 0)
        net_stream_abort(s, -SK_ELIMIT);
}

static void echo_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)peer;
    net_stream_set_record_max(s, 2048);
}

static void echo_close(struct net_stream *s, int reason)
{
    (void)s;
    (void)reason;
}

static const struct net_stream_ops ECHO = {
    .on_open = echo_open, .on_data = echo_data, .on_close = echo_close};

static uint64_t rss_bytes(void)
{
    struct sk_buf text;
    uint64_t pages = 0;
    sk_buf_init(&text, 256);
    if (sk_file_read(&text, "/proc/self/statm") != 0)
        exit(1);
    const char *p = memchr(text.data, ' ', text.len);
    p++;
    if (sk_parse_u64(&pages, p, strcspn(p, " "), UINT64_MAX) != 0)
        exit(1);
    sk_buf_fini(&text);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

struct reading {
    uint64_t rss, cpu_us, done, resumed;
    uint16_t port;
};

/* Answer every byte on `in` with a reading on `out`, until `in` ends. */
static void server_main(struct world *w, int in, int out)
{
    struct net_loops *loops;
    struct net_handshakes *pool;
    struct net_listener *listener;
    struct tls_config *tls = world_server(w);
    char c;
    if (net_loops_start(&loops, 2) != 0 || net_handshakes_start(&pool, NULL) != 0)
        exit(1);
    struct net_listener_options o = {.host = "127.0.0.1", .tls = tls, .pool = pool, .ops = &ECHO};
    if (net_listener_open(&listener, loops, NULL, &o) != 0)
        exit(1);
    while (read(in, &c, 1) == 1) {
        struct net_handshake_stats stats;
        net_handshakes_stats(pool, &stats);
        struct reading r = {rss_bytes(), cpu_us(), stats.done, stats.resumed,
                            net_listener_port(listener)};
        if (write(out, &r, sizeof r) != sizeof r)
            exit(1);
    }
    _exit(0);
}

/* --- the clients' process ------------------------------------------------------------------------
 */

struct bench;

struct link {
    struct net_stream *s;
    struct bench *bench;
    struct sk_buf ticket;
};

struct bench {
    struct net_loop *loop;
    struct tls_config *tls;
    struct link *links;
    unsigned count, begun, up, failed;
    uint16_t port;
};

static void link_start(struct bench *b);

static void client_open(struct net_stream *s, const struct tls_peer *peer)
{
    uint8_t message[MESSAGE_BYTES] = {0};
    (void)peer;
    net_stream_set_record_max(s, 2048);
    if (net_stream_write(s, message, sizeof message) != 0)
        net_stream_abort(s, -SK_EINTERNAL);
}

static void client_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct link *l = net_stream_user(s);
    (void)data;
    (void)len;
    sk_buf_reset(&l->ticket);
    if (net_stream_ticket(&l->ticket, s) != 0)
        exit(1);
    if (++l->bench->up + l->bench->failed == l->bench->count)
        net_loop_stop(l->bench->loop);
    link_start(l->bench);
}

static void client_close(struct net_stream *s, int reason)
{
    struct link *l = net_stream_user(s);
    l->s = NULL;
    if (reason == -SK_EGONE)
        return;
    fprintf(stderr, "link closed: %s\n", sk_error_text(reason));
    l->bench->failed++;
    net_loop_stop(l->bench->loop);
}

static const struct net_stream_ops CLIENT = {
    .on_open = client_open, .on_data = client_data, .on_close = client_close};

static void link_start(struct bench *b)
{
    if (b->begun == b->count)
        return;
    struct link *l = &b->links[b->begun++];
    const struct net_connect_options o = {.host = "127.0.0.1",
                                          .port = b->port,
                                          .tls = b->tls,
                                          .server_name = "localhost",
                                          .ticket = l->ticket.data,
                                          .ticket_len = l->ticket.len,
                                          .deadline_ms = 60000,
                                          .ops = &CLIENT,
                                          .user = l};
    if (net_stream_connect(&l->s, b->loop, &o) != 0)
        exit(1);
}

static struct reading ask(const int to[2], const int from[2])
{
    struct reading r;
    if (write(to[1], "?", 1) != 1 || read(from[0], &r, sizeof r) != sizeof r)
        exit(1);
    return r;
}

static void run(struct bench *b, struct world *w, const char *kind)
{
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0)
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        close(to[1]);
        close(from[0]);
        server_main(w, to[0], from[1]);
    }
    struct reading before = ask(to, from);
    int64_t start_ms = sk_clock_mono_ms();
    b->port = before.port;
    b->begun = b->up = 0;
    for (int i = 0; i < IN_FLIGHT; i++)
        link_start(b);
    net_loop_run(b->loop);
    int64_t took_ms = sk_clock_mono_ms() - start_ms;
    struct reading after = ask(to, from);
    printf("bench idle_tls %s_links %u count\n", kind, b->up);
    printf("bench idle_tls %s_resumed %llu count\n", kind, (unsigned long long)after.resumed);
    printf("bench idle_tls %s_rss_per_link %llu bytes\n", kind,
           (unsigned long long)((after.rss - before.rss) / b->count));
    printf("bench idle_tls %s_server_cpu_per_link %llu us\n", kind,
           (unsigned long long)((after.cpu_us - before.cpu_us) / b->count));
    printf("bench idle_tls %s_connect %lld ms\n", kind, (long long)took_ms);
    for (unsigned i = 0; i < b->count; i++)
        if (b->links[i].s)
            net_stream_abort(b->links[i].s, -SK_EGONE);
    close(to[1]);
    (void)waitpid(pid, NULL, 0);
    close(to[0]);
    close(from[0]);
    close(from[1]);
}

int main(int argc, char **argv)
{
    struct world w;
    struct bench b = {.count = 2000};
    uint64_t n;
    if (argc > 1) {
        if (sk_parse_u64(&n, argv[1], strlen(argv[1]), 100000) != 0 || n == 0)
            return 2;
        b.count = (unsigned)n;
    }
    net_process_init();
    world_init(&w);
    b.tls = world_client(&w, "skep-device/1", &w.device_cert);
    b.links = sk_alloc(b.count * sizeof *b.links);
    for (unsigned i = 0; i < b.count; i++) {
        b.links[i].bench = &b;
        sk_buf_init(&b.links[i].ticket, TLS_TICKET_MAX);
    }
    if (net_loop_new(&b.loop) != 0)
        return 1;
    printf("# %s\n", tls_library());
    run(&b, &w, "full");
    run(&b, &w, "resumed");
    net_loop_free(b.loop);
    for (unsigned i = 0; i < b.count; i++)
        sk_buf_fini_wipe(&b.links[i].ticket);
    free(b.links);
    tls_config_drop(b.tls);
    world_fini(&w);
    return b.failed ? 1 : 0;
}
