/* The sign on the door: settings, the two lanes (requests, mail), and what others call. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "outbound/internal.h"

enum {
    HTTPS_THREADS = 3,
    HTTPS_WAITING_MAX = 256,
    MAIL_WAITING_MAX = 256,
    MAIL_TRY_MS = 45000, /* one try */
    MAIL_MESSAGE_MAX = 64 * 1024,
};

static struct outbound_state state;
static struct lane *https_lane, *mail_lane;

struct outbound_state *outbound_get(void)
{
    return &state;
}

const char *outbound_library(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

/* ---- jobs ---- */

static void wipe_free(char *s)
{
    if (s)
        sk_wipe(s, strlen(s));
    free(s);
}

void job_free(struct job *j)
{
    struct curl_slist *h;

    for (h = j->headers; h; h = h->next) /* an Authorization, perhaps */
        sk_wipe(h->data, strlen(h->data));
    curl_slist_free_all(j->headers);
    sk_buf_fini_wipe(&j->body);
    wipe_free(j->url);
    free(j->method);
    free(j->to);
    free(j);
}

static void job_answer(struct job *j, const struct outbound_answer *a)
{
    if (j->done)
        j->done(j->ctx, a);
    job_free(j);
}

/* The house stops before its turn came. */
static void job_end(struct job *j)
{
    job_answer(j, &(const struct outbound_answer){.err = -SK_ECLOSED, .body = (const uint8_t *)""});
}

static void https_run(struct lane *l, struct job *j)
{
    struct outbound_answer answer;
    struct sk_buf body;

    (void)l;
    sk_buf_init(&body, j->answer_max);
    transfer_run(j, &answer, &body);
    metric_add(metric_get("skep_outbound_total", answer.err ? "kind=\"https\",result=\"failed\""
                                                            : "kind=\"https\",result=\"done\""),
               1);
    job_answer(j, &answer);
    sk_buf_fini_wipe(&body);
}

/* What another try may mend: no connection, a time-out, a 4xx of the server (greylisting). */
static int may_mend(int err)
{
    return err == -SK_EIO || err == -SK_ETIMEOUT;
}

static void mail_run(struct lane *l, struct job *j)
{
    static const int64_t pauses_ms[] = {5000, 15000, 60000, 300000};
    enum { PAUSES = sizeof(pauses_ms) / sizeof(pauses_ms[0]) };
    int64_t give_up_ms = j->deadline_ms;
    struct outbound_answer answer;
    struct sk_buf body;

    sk_buf_init(&body, j->answer_max);
    j->deadline_ms = sk_clock_mono_ms() + MAIL_TRY_MS;
    transfer_run(j, &answer, &body);
    sk_buf_fini_wipe(&body);
    j->deadline_ms = give_up_ms;
    if (may_mend(answer.err)) {
        int64_t pause_ms = pauses_ms[j->tries < PAUSES ? j->tries : PAUSES - 1];
        j->tries++;
        j->not_before_ms = sk_clock_mono_ms() + pause_ms;
        if (j->not_before_ms < give_up_ms && lane_put(l, j, 1) == 0)
            return;
    }
    metric_add(metric_get("skep_outbound_total", answer.err ? "kind=\"mail\",result=\"failed\""
                                                            : "kind=\"mail\",result=\"done\""),
               1);
    answer.body = (const uint8_t *)"";
    answer.body_len = 0;
    job_answer(j, &answer);
}

/* ---- HTTPS ---- */

int outbound_url_check(const char *url)
{
    static const char scheme[] = "https://";
    size_t len = strnlen(url, OUTBOUND_URL_MAX + 1), host;

    if (len > OUTBOUND_URL_MAX || strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++)
        if (url[i] <= 0x20 || url[i] >= 0x7f || strchr("\\\"<>^`{|}", url[i]))
            return -SK_EINVAL;
    url += sizeof(scheme) - 1;
    host = strcspn(url, "/?#");
    return host == 0 || url[0] == ':' || memchr(url, '@', host) ? -SK_EINVAL : 0;
}

static int headers_take(struct job *j, const char *const *headers)
{
    for (; headers && *headers; headers++) {
        const char *h = *headers, *colon = strchr(h, ':');
        if (!colon || colon == h || strpbrk(h, "\r\n"))
            return -SK_EINVAL;
        struct curl_slist *list = curl_slist_append(j->headers, h);
        if (!list)
            return -SK_ENOMEM;
        j->headers = list;
    }
    return 0;
}

static int method_is_known(const char *m)
{
    static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(m, known[i]) == 0)
            return 1;
    return 0;
}

static int job_fill(struct job *j, const struct outbound_request *req)
{
    const char *method = req->method ? req->method : req->body_len ? "POST" : "GET";

    if (outbound_url_check(req->url) || !method_is_known(method) || !req->answer_max ||
        req->answer_max > OUTBOUND_ANSWER_MAX || req->body_len > OUTBOUND_BODY_MAX ||
        req->deadline_ms < 1 || req->deadline_ms > OUTBOUND_DEADLINE_MAX_MS)
        return -SK_EINVAL;
    j->method = sk_strdup(method);
    j->url = sk_strdup(req->url);
    j->answer_max = req->answer_max;
    j->deadline_ms = sk_clock_mono_ms() + req->deadline_ms;
    int err = headers_take(j, req->headers);
    return err || !req->body_len ? err : sk_buf_add(&j->body, req->body, req->body_len);
}

int outbound_https(const struct outbound_request *req, outbound_done_fn done, void *ctx)
{
    struct job *j;

    if (!https_lane)
        return -SK_ECLOSED;
    j = sk_alloc(sizeof(*j));
    sk_buf_init(&j->body, OUTBOUND_BODY_MAX);
    j->done = done;
    j->ctx = ctx;
    int err = job_fill(j, req);
    if (!err)
        err = lane_put(https_lane, j, 0);
    if (err)
        job_free(j);
    return err;
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int is_done, err, *status;
    struct sk_buf *body;
};

static void waiter_wake(void *ctx, const struct outbound_answer *a)
{
    struct waiter *w = ctx;

    pthread_mutex_lock(&w->lock);
    w->err = a->err;
    *w->status = a->status;
    if (!w->err)
        w->err = sk_buf_add(w->body, a->body, a->body_len);
    w->is_done = 1;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

int outbound_https_wait(const struct outbound_request *req, int *status, struct sk_buf *body)
{
    struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER,
                       .done = PTHREAD_COND_INITIALIZER,
                       .status = status,
                       .body = body};

    *status = 0; /* before the question is asked: its answer may be here at once */
    int err = outbound_https(req, waiter_wake, &w);
    if (err)
        return err;
    pthread_mutex_lock(&w.lock);
    while (!w.is_done)
        pthread_cond_wait(&w.done, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.done);
    pthread_mutex_destroy(&w.lock);
    return w.err;
}

/* ---- mail ---- */

int outbound_mail_is_on(void)
{
    return mail_lane != NULL;
}

int outbound_mail(const struct outbound_mail *mail, outbound_done_fn done, void *ctx)
{
    uint8_t random[16];
    struct job *j;

    if (!mail_lane)
        return https_lane ? -SK_EUNSUPPORTED : -SK_ECLOSED;
    j = sk_alloc(sizeof(*j));
    sk_buf_init(&j->body, MAIL_MESSAGE_MAX);
    sk_random(random, sizeof(random));
    j->is_mail = 1;
    j->answer_max = 16384;
    j->done = done;
    j->ctx = ctx;
    j->deadline_ms = sk_clock_mono_ms() + state.mail_tries_ms;
    int err = message_make(&j->body, state.mail_from, mail, sk_clock_wall_ms(), random);
    if (!err) {
        j->to = sk_strdup(mail->to);
        err = lane_put(mail_lane, j, 0);
    }
    if (err)
        job_free(j);
    return err;
}

/* ---- start and stop ---- */

static int refuse(const char *key, const char *why)
{
    log_error("outbound", "settings", "key=%s reason=\"%s\"", key, why);
    return -SK_EINVAL;
}

static int smtp_tls_find(const char *name, int *out)
{
    static const char *const names[] = {
        [SMTP_STARTTLS] = "starttls", [SMTP_TLS] = "tls", [SMTP_PLAIN] = "off"};

    for (int i = SMTP_STARTTLS; i <= SMTP_PLAIN; i++)
        if (strcmp(name, names[i]) == 0)
            return *out = i, 0;
    return -SK_EINVAL;
}

static int smtp_password_take(const struct config *c)
{
    const char *path = config_text(c, "outbound.smtp_password_file");

    if (!state.smtp_user)
        return 0;
    if (!path || sk_secret_read(&state.smtp_password, path))
        return refuse("outbound.smtp_password_file",
                      "the password of outbound.smtp_user: a file that only this user may read");
    if (state.smtp_tls == SMTP_PLAIN)
        return refuse("outbound.smtp_tls", "a password is not sent without TLS");
    return 0;
}

static int mail_take(const struct config *c)
{
    state.smtp_host = config_text(c, "outbound.smtp_host");
    state.smtp_user = config_text(c, "outbound.smtp_user");
    state.mail_from = config_text(c, "outbound.mail_from");
    state.mail_tries_ms = config_int(c, "outbound.mail_tries_min") * 60000;
    if (!state.smtp_host || !state.smtp_host[0]) {
        state.smtp_host = NULL;
        return 0;
    }
    if (smtp_tls_find(config_text(c, "outbound.smtp_tls"), &state.smtp_tls))
        return refuse("outbound.smtp_tls", "starttls, tls or off");
    if (strlen(state.smtp_host) > 255 ||
        strspn(state.smtp_host,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") !=
            strlen(state.smtp_host))
        return refuse("outbound.smtp_host", "not a host name");
    if (!state.mail_from || outbound_mail_address_check(state.mail_from))
        return refuse("outbound.mail_from", "the address that mail comes from, name@example.org");
    snprintf(state.smtp_url, sizeof(state.smtp_url), "%s://%s:%d/%s",
             state.smtp_tls == SMTP_TLS ? "smtps" : "smtp", state.smtp_host,
             (int)config_int(c, "outbound.smtp_port"), strchr(state.mail_from, '@') + 1);
    return smtp_password_take(c);
}

static void outbound_stop(void)
{
    atomic_store(&state.stopping, 1);
    lane_stop(&mail_lane, job_end);
    lane_stop(&https_lane, job_end);
    sk_buf_fini_wipe(&state.smtp_password);
    curl_global_cleanup();
}

static int outbound_start(struct house *house)
{
    const char *allow = config_text(house->config, "outbound.allow");

    atomic_store(&state.stopping, 0);
    sk_buf_init(&state.smtp_password, 1024);
    state.ca_file = config_text(house->config, "outbound.ca_file");
    if (guard_parse(&state.guard, allow ? allow : ""))
        return refuse("outbound.allow", "addresses and prefixes, with commas between");
    int err = mail_take(house->config);
    if (!err && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        err = -SK_EINTERNAL;
    if (err) {
        sk_buf_fini_wipe(&state.smtp_password);
        return err;
    }
    err = lane_start(&https_lane, HTTPS_THREADS, HTTPS_WAITING_MAX, https_run);
    if (!err && state.smtp_host)
        err = lane_start(&mail_lane, 1, MAIL_WAITING_MAX, mail_run);
    if (err)
        outbound_stop();
    return err;
}

/* ---- what the room adds to the house ---- */

static const struct config_key config_keys[] = {
    {"outbound.allow", CONFIG_TEXT, "", 0, 0,
     "Addresses and prefixes inside the own network that the box may send requests to"},
    {"outbound.ca_file", CONFIG_PATH, NULL, 0, 0,
     "Authorities (PEM) that are believed beside those of the system"},
    {"outbound.smtp_host", CONFIG_TEXT, NULL, 0, 0, "Mail server; without it there is no mail"},
    {"outbound.smtp_port", CONFIG_INT, "587", 1, 65535, "Port of the mail server"},
    {"outbound.smtp_tls", CONFIG_TEXT, "starttls", 0, 0,
     "starttls (required, never left out), tls (from the first byte) or off"},
    {"outbound.smtp_user", CONFIG_TEXT, NULL, 0, 0, "Name at the mail server"},
    {"outbound.smtp_password_file", CONFIG_PATH, NULL, 0, 0,
     "File with the password at the mail server (mode 0600)"},
    {"outbound.mail_from", CONFIG_TEXT, NULL, 0, 0, "Address that mail comes from"},
    {"outbound.mail_tries_min", CONFIG_INT, "20", 1, 60,
     "Minutes for which a mail is tried again before it is given up"},
    {0},
};

const struct room outbound_room = {
    .name = "outbound",
    .config = config_keys,
    .start = outbound_start,
    .stop = outbound_stop,
};
