#include "monitor/probe.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "edge/edge.h"
#include "net/https_client.h"

enum { EVERY_S = 10, FIRST_S = 2 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int is_running, is_ending;
    char host[64];
    struct monitor_service door;
    int has_door;
    struct https_client *http;
} probe = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The certificate may have changed since: ask the edge for the present one. */
static int client_make(void)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    uint8_t pin[32];
    struct tls_config *tls = NULL;

    edge_certificate_fingerprint(pin);
    const struct tls_client_options o = {.alpn = alpn, .pin_sha256 = pin};
    int err = tls_config_client_new(&tls, &o);
    if (!err)
        err = https_client_new(&probe.http, probe.host, edge_port(), tls);
    tls_config_drop(tls);
    return err;
}

static void door_ask(struct monitor_service *s)
{
    static const struct https_query query = {.method = "GET", .path = "/healthz"};
    const char *body;
    size_t len;
    int status = 0, err = probe.http ? 0 : client_make();
    int64_t began = sk_clock_mono_ms();

    memset(s, 0, sizeof(*s));
    (void)!sk_copy(s->name, sizeof(s->name), "EDGE");
    if (!err)
        err = https_client_query(probe.http, &query, &status, &body, &len);
    s->is_up = !err && status == 200;
    if (s->is_up) {
        snprintf(s->detail, sizeof(s->detail), "/healthz in %lld ms",
                 (long long)(sk_clock_mono_ms() - began));
        return;
    }
    s->failed = err == -SK_ECLOSED || err == -SK_EIO ? LAYER_PORT : LAYER_PROBE;
    if (err)
        snprintf(s->detail, sizeof(s->detail), "/healthz: %s", sk_error_text(err));
    else
        snprintf(s->detail, sizeof(s->detail), "/healthz: status %d", status);
    https_client_free(probe.http);
    probe.http = NULL;
}

static void *probes_run(void *arg)
{
    struct monitor_service s;
    struct timespec until;
    int wait_s = FIRST_S;

    (void)arg;
    pthread_mutex_lock(&probe.lock);
    while (!probe.is_ending) {
        clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
        until.tv_sec += wait_s;
        while (!probe.is_ending && pthread_cond_timedwait(&probe.wake, &probe.lock, &until) == 0)
            ;
        if (probe.is_ending)
            break;
        pthread_mutex_unlock(&probe.lock);
        door_ask(&s);
        pthread_mutex_lock(&probe.lock);
        probe.door = s;
        probe.has_door = 1;
        wait_s = EVERY_S;
    }
    pthread_mutex_unlock(&probe.lock);
    https_client_free(probe.http);
    probe.http = NULL;
    return NULL;
}

size_t probe_services(struct monitor_service *out, size_t cap)
{
    pthread_mutex_lock(&probe.lock);
    size_t n = probe.has_door && cap > 0;
    if (n)
        out[0] = probe.door;
    pthread_mutex_unlock(&probe.lock);
    return n;
}

int probe_start(const struct config *c)
{
    const char *listen = config_text(c, "edge.listen");
    pthread_condattr_t monotonic;
    int is_any = strcmp(listen, "::") == 0 || strcmp(listen, "0.0.0.0") == 0;

    if (!config_bool(c, "monitor.probe"))
        return 0;
    int err = sk_copy(probe.host, sizeof(probe.host), is_any ? "127.0.0.1" : listen);
    if (err)
        return err;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&probe.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    probe.is_ending = probe.has_door = 0;
    if (pthread_create(&probe.thread, NULL, probes_run, NULL))
        return -SK_ENOMEM;
    probe.is_running = 1;
    return 0;
}

void probe_stop(void)
{
    if (!probe.is_running)
        return;
    pthread_mutex_lock(&probe.lock);
    probe.is_ending = 1;
    pthread_cond_signal(&probe.wake);
    pthread_mutex_unlock(&probe.lock);
    pthread_join(probe.thread, NULL); /* at most as long as a query may take */
    probe.is_running = 0;
}
