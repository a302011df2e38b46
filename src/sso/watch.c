/* Sessions of people whom the provider vouches for are there as long as it does. It may say so
 * itself (back-channel logout); and it is asked, at least every `sso.poll_s`, whether the person is
 * still there and in which groups. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "sso/internal.h"

enum { WATCHED_MAX = 4096, SILENCE_MS = 15 * 60 * 1000, RENEW_MS = 30 * 1000 };

struct watched {
    struct watched *next;
    char session[SESSION_ID_SIZE], account[SESSION_ID_SIZE];
    char subject[SUBJECT_MAX + 1], sid[SUBJECT_MAX + 1];
    const char *role;
    struct sso_tokens tokens;
    int64_t due_ms, heard_ms; /* monotonic */
    int is_asked;             /* the thread has it in hand */
    int is_over;              /* ended meanwhile: the thread frees it */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    struct watched *first;
    size_t count;
    int runs, stopping;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

static void watched_free(struct watched *w)
{
    crypto_wipe(w, sizeof(*w));
    free(w);
}

int watch_add(const char *session, const char *account, const char *subject, const char *sid,
              const char *role, struct sso_tokens *t)
{
    struct watched *w = sk_alloc(sizeof(*w));
    int64_t now_ms = sk_clock_mono_ms();
    int err = sk_copy(w->session, sizeof(w->session), session);

    if (!err)
        err = sk_copy(w->account, sizeof(w->account), account);
    if (!err)
        err = sk_copy(w->subject, sizeof(w->subject), subject);
    if (!err)
        err = sk_copy(w->sid, sizeof(w->sid), sid);
    w->role = role;
    w->tokens = *t;
    crypto_wipe(w->tokens.id, sizeof(w->tokens.id));
    w->heard_ms = now_ms;
    w->due_ms = now_ms + sso_settings_get()->poll_ms;
    pthread_mutex_lock(&watch.lock);
    if (!err && watch.count >= WATCHED_MAX)
        err = -SK_ELIMIT;
    if (!err) {
        w->next = watch.first;
        watch.first = w;
        watch.count++;
    }
    pthread_mutex_unlock(&watch.lock);
    if (err)
        watched_free(w);
    return err;
}

/* Out of the list; freed here, or by the thread that has it in hand. */
static void take_out_locked(struct watched **at)
{
    struct watched *w = *at;

    *at = w->next;
    watch.count--;
    w->is_over = 1;
    if (!w->is_asked)
        watched_free(w);
}

void watch_remove(const char *session)
{
    pthread_mutex_lock(&watch.lock);
    for (struct watched **at = &watch.first; *at; at = &(*at)->next)
        if (strcmp((*at)->session, session) == 0) {
            take_out_locked(at);
            break;
        }
    pthread_mutex_unlock(&watch.lock);
}

static int is_meant(const struct watched *w, const char *subject, const char *sid)
{
    return (!subject[0] || strcmp(w->subject, subject) == 0) &&
           (!sid[0] || strcmp(w->sid, sid) == 0);
}

size_t watch_end(const char *subject, const char *sid)
{
    char session[SESSION_ID_SIZE];
    size_t ended = 0;

    for (;; ended++) {
        session[0] = '\0';
        pthread_mutex_lock(&watch.lock);
        for (struct watched **at = &watch.first; *at; at = &(*at)->next)
            if (is_meant(*at, subject, sid)) {
                memcpy(session, (*at)->session, sizeof(session));
                take_out_locked(at);
                break;
            }
        pthread_mutex_unlock(&watch.lock);
        if (!session[0])
            return ended;
        account_external_close(session, sk_clock_wall_ms());
    }
}

/* ---- asking again ---- */

/* 0 with the present role (NULL: none any more), -SK_EAUTH the provider ended it, or why it could
 * not be asked. On the thread's own copy. */
static int ask(struct sso_tokens *t, const char *subject, const char **role)
{
    const char *is;
    json_t *info = NULL;
    int err = 0;

    if (t->access_expires_ms - sk_clock_wall_ms() < RENEW_MS)
        err = t->refresh[0] ? provider_refresh(t) : -SK_EAUTH;
    if (!err)
        err = provider_userinfo(t, &info);
    if (!err && (sk_json_str(info, "sub", SUBJECT_MAX, &is) || strcmp(is, subject) != 0))
        err = -SK_EAUTH;
    if (!err)
        *role = sso_role_of(info);
    json_decref(info);
    return err;
}

/* The one that waits longest: however many sessions there are and however slow the provider is,
 * none is passed over for good. */
static struct watched *due_locked(int64_t now_ms)
{
    struct watched *first = NULL;

    for (struct watched *w = watch.first; w; w = w->next)
        if (w->due_ms <= now_ms && (!first || w->due_ms < first->due_ms))
            first = w;
    return first;
}

/* One of whom nothing was heard for too long, even if its turn has not come: taken out, and its
 * session in `session`. */
static int silent_take_locked(int64_t now_ms, char session[SESSION_ID_SIZE])
{
    for (struct watched **at = &watch.first; *at; at = &(*at)->next)
        if (now_ms - (*at)->heard_ms > SILENCE_MS + sso_settings_get()->poll_ms) {
            memcpy(session, (*at)->session, SESSION_ID_SIZE);
            take_out_locked(at);
            return 1;
        }
    return 0;
}

static void silent_end(const char *session)
{
    pthread_mutex_unlock(&watch.lock);
    log_info("sso", "session-over", "session=%s reason=\"nothing heard\"", session);
    account_external_close(session, sk_clock_wall_ms());
    pthread_mutex_lock(&watch.lock);
}

/* What was heard, back into the entry; the answer says whether the session must end. */
static int heard_locked(struct watched *w, int err, const char *role, struct sso_tokens *t)
{
    int64_t now_ms = sk_clock_mono_ms();

    w->tokens = *t;
    w->due_ms = now_ms + sso_settings_get()->poll_ms;
    if (!err)
        w->heard_ms = now_ms;
    if (!err && role)
        w->role = role;
    return err == -SK_EAUTH || (!err && !role) || now_ms - w->heard_ms > SILENCE_MS;
}

static void ask_one(struct watched *w)
{
    struct sso_tokens *t = sk_alloc(sizeof(*t));
    char session[SESSION_ID_SIZE], account[SESSION_ID_SIZE];
    const char *former = w->role, *role = NULL;

    *t = w->tokens;
    memcpy(session, w->session, sizeof(session));
    memcpy(account, w->account, sizeof(account));
    w->is_asked = 1;
    pthread_mutex_unlock(&watch.lock);
    int err = ask(t, w->subject, &role); /* the subject never changes */
    pthread_mutex_lock(&watch.lock);
    w->is_asked = 0;
    int must_end = w->is_over ? 0 : heard_locked(w, err, role, t);
    if (w->is_over)
        watched_free(w);
    pthread_mutex_unlock(&watch.lock);
    crypto_wipe(t, sizeof(*t));
    free(t);
    if (must_end) {
        log_info("sso", "session-over", "session=%s reason=\"%s\"", session,
                 err ? sk_error_text(err) : "no group");
        watch_remove(session);
        account_external_close(session, sk_clock_wall_ms());
    } else if (!err && role && strcmp(role, former) != 0) {
        err = account_external_role(account, role, sk_clock_wall_ms());
        if (err)
            log_error("sso", "role", "account=%s reason=\"%s\"", account, sk_error_text(err));
    } else if (err && err != -SK_ECLOSED) {
        metric_refused("sso", "poll");
    }
    pthread_mutex_lock(&watch.lock);
}

static void *work(void *arg)
{
    char session[SESSION_ID_SIZE];
    struct timespec ts;

    (void)arg;
    pthread_mutex_lock(&watch.lock);
    while (!watch.stopping) {
        int64_t now_ms = sk_clock_mono_ms();
        if (silent_take_locked(now_ms, session)) {
            silent_end(session);
            continue;
        }
        struct watched *w = due_locked(now_ms);
        if (w) {
            ask_one(w);
            continue;
        }
        int64_t wake_ms = sk_clock_wall_ms() + 250;
        ts.tv_sec = (time_t)(wake_ms / 1000);
        ts.tv_nsec = (long)(wake_ms % 1000) * 1000000L;
        pthread_cond_timedwait(&watch.news, &watch.lock, &ts);
    }
    pthread_mutex_unlock(&watch.lock);
    return NULL;
}

static void on_session_ended(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (ev->session)
        watch_remove(ev->session);
}

int watch_start(void)
{
    watch.stopping = 0;
    event_subscribe(EVENT_SESSION_ENDED, on_session_ended, NULL);
    watch.runs = pthread_create(&watch.thread, NULL, work, NULL) == 0;
    return watch.runs ? 0 : -SK_ENOMEM;
}

void watch_stop(void)
{
    if (watch.runs) {
        pthread_mutex_lock(&watch.lock);
        watch.stopping = 1;
        pthread_cond_signal(&watch.news);
        pthread_mutex_unlock(&watch.lock);
        pthread_join(watch.thread, NULL);
        watch.runs = 0;
    }
    pthread_mutex_lock(&watch.lock);
    while (watch.first)
        take_out_locked(&watch.first);
    pthread_mutex_unlock(&watch.lock);
}
