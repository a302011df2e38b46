/* One transfer with libcurl. Everything that curl may do beyond it is switched off here. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "outbound/internal.h"

enum { HEAD_MAX_BYTES = 64 * 1024, STALL_BYTES_PER_S = 64, STALL_S = 15 };

/* One try under way. */
struct transfer {
    const struct job *job;
    struct sk_buf *body;
    size_t head_bytes, sent;
    int is_too_big, is_refused, is_opened;
};

/* ---- curl's callbacks ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count;

    if (t->body->len + len > t->job->answer_max || sk_buf_add(t->body, data, len)) {
        t->is_too_big = 1;
        return 0;
    }
    return len;
}

static size_t on_head(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count;

    (void)data;
    t->head_bytes += len;
    if (t->head_bytes > HEAD_MAX_BYTES) {
        t->is_too_big = 1;
        return 0;
    }
    return len;
}

static size_t on_send(char *out, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t room = size * count, left = t->job->body.len - t->sent;
    size_t n = left < room ? left : room;

    memcpy(out, t->job->body.data + t->sent, n);
    t->sent += n;
    return n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&outbound_get()->stopping);
}

/* The address that is judged is the one that is connected to: there is no second look-up between.
 * The mail server is named by whoever runs the box, so it may stand where it likes. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = arg;
    struct net_addr a;

    net_addr_from_sockaddr(&a, &address->addr);
    if (purpose != CURLSOCKTYPE_IPCXN ||
        !(t->job->is_mail || guard_admits(&outbound_get()->guard, &a))) {
        t->is_refused = 1;
        return CURL_SOCKET_BAD;
    }
    t->is_opened = 1;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- options ---- */

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (!err && curl_easy_setopt(curl, option, value) != CURLE_OK)                             \
            err = -SK_EINTERNAL;                                                                   \
    } while (0)

static int common_set(CURL *curl, struct transfer *t)
{
    const struct outbound_state *o = outbound_get();
    int64_t left_ms = t->job->deadline_ms - sk_clock_mono_ms();
    int err = left_ms > 0 ? 0 : -SK_ETIMEOUT;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS,
        (long)(left_ms < OUTBOUND_DEADLINE_MAX_MS ? left_ms : OUTBOUND_DEADLINE_MAX_MS));
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    SET(CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (o->ca_file) /* beside the system's folder of authorities */
        SET(CURLOPT_CAINFO, o->ca_file);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, t);
    return err;
}

static int https_set(CURL *curl, const struct job *j)
{
    int err = 0;

    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_URL, j->url);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, "skep/" SKEP_VERSION);
    SET(CURLOPT_HTTPHEADER, j->headers);
    if (j->body.len) {
        SET(CURLOPT_POSTFIELDSIZE, (long)j->body.len);
        SET(CURLOPT_POSTFIELDS, (const char *)j->body.data);
    }
    SET(CURLOPT_CUSTOMREQUEST, j->method);
    return err;
}

static int mail_set(CURL *curl, const struct job *j, struct transfer *t, struct curl_slist *to)
{
    const struct outbound_state *o = outbound_get();
    int err = 0;

    SET(CURLOPT_PROTOCOLS_STR, o->smtp_tls == SMTP_TLS ? "smtps" : "smtp");
    SET(CURLOPT_URL, o->smtp_url);
    if (o->smtp_tls != SMTP_PLAIN)
        SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (o->smtp_user) {
        SET(CURLOPT_USERNAME, o->smtp_user);
        SET(CURLOPT_PASSWORD, (const char *)o->smtp_password.data);
    }
    SET(CURLOPT_MAIL_FROM, o->mail_from);
    SET(CURLOPT_MAIL_RCPT, to);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, on_send);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_INFILESIZE, (long)j->body.len);
    return err;
}

/* ---- the result ---- */

static int error_of(const struct transfer *t, CURLcode code, long status)
{
    if (atomic_load(&outbound_get()->stopping))
        return -SK_ECLOSED;
    if (t->is_too_big)
        return -SK_ETOOBIG;
    if (t->is_refused && !t->is_opened)
        return -SK_EDENIED;
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return -SK_ETIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        return -SK_ECRYPTO;
    case CURLE_LOGIN_DENIED:
    case CURLE_USE_SSL_FAILED:
        return -SK_EAUTH;
    default:
        return t->job->is_mail && status >= 500 ? -SK_EINVAL : -SK_EIO;
    }
}

static void type_copy(char out[64], const char *type)
{
    size_t n = 0;

    for (; type && type[n] && type[n] != ';' && type[n] != ' ' && n < 63; n++)
        out[n] = type[n] >= 'A' && type[n] <= 'Z' ? (char)(type[n] | 0x20) : type[n];
    out[n] = '\0';
}

void transfer_run(struct job *j, struct outbound_answer *answer, struct sk_buf *body)
{
    struct transfer t = {.job = j, .body = body};
    struct curl_slist *to = NULL;
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;
    long status = 0;
    curl_off_t retry_s = 0;
    char *type = NULL;

    *answer = (struct outbound_answer){.err = curl ? common_set(curl, &t) : -SK_ENOMEM};
    if (!answer->err && j->is_mail) {
        to = curl_slist_append(NULL, j->to);
        answer->err = to ? mail_set(curl, j, &t, to) : -SK_ENOMEM;
    } else if (!answer->err) {
        answer->err = https_set(curl, j);
    }
    if (!answer->err) {
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        answer->err = error_of(&t, code, status);
        answer->status = (int)status;
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_s);
        answer->retry_after_s = retry_s;
        type_copy(answer->type, type);
    }
    if (answer->err) {
        metric_refused("outbound", sk_error_slug(answer->err));
        log_warn("outbound", j->is_mail ? "mail" : "https", "reason=\"%s\" curl=\"%s\" status=%ld",
                 sk_error_text(answer->err), curl_easy_strerror(code), status);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    answer->body = body->len ? body->data : (const uint8_t *)"";
    answer->body_len = body->len;
}
