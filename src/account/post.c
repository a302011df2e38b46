/* Letters are looked up, written and sent here, on a thread of their own: what a stranger gets to
 * hear, and after how long, must not depend on whether the address is known. */
#include <pthread.h>
#include <string.h>

#include "account/mail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

enum { LETTERS_MAX = 256, SUBJECT_MAX = 200, TEXT_MAX = 8192 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    struct letter ring[LETTERS_MAX];
    size_t first, count;
    int runs, stopping;
} post = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

/* Mail in somebody's name is a weapon: three at once, then one each ten minutes, to one address. */
static int is_too_much(const struct letter *l)
{
    static const struct throttle_rule rule = {.interval_ms = 600000, .burst = 3};
    const struct crypto_part parts[] = {{"mail", 5}, {l->address, strlen(l->address)}};
    uint8_t hash[32];
    int64_t retry_ms;

    if (l->kind > LETTER_VERIFY)
        return 0;
    crypto_sha256_parts(hash, parts, 2);
    return throttle_take(account_get()->throttle, hash, &rule, sk_clock_mono_ms(), &retry_ms) != 0;
}

static int letter_send(const struct letter *l, const struct account_row *a, const char *url)
{
    struct sk_buf subject, text;

    sk_buf_init(&subject, SUBJECT_MAX);
    sk_buf_init(&text, TEXT_MAX);
    int err = letter_text(&subject, &text, l->kind, a->id[0] != '\0',
                          l->lang[0] ? l->lang : a->lang, edge_host(), a->name, url);
    if (!err) {
        const struct outbound_mail mail = {l->address, (const char *)subject.data,
                                           (const char *)text.data};
        err = outbound_mail(&mail, NULL, NULL);
    }
    sk_buf_fini(&subject);
    sk_buf_fini_wipe(&text);
    return err;
}

/* A letter with a link in it. */
static int link_send(const struct letter *l, const struct account_row *a)
{
    static const struct {
        const char *kind, *page;
        char member;
    } links[] = {[LETTER_REGISTER] = {"register", "register", 'r'},
                 [LETTER_RECOVER] = {"recover", "recover", 'r'},
                 [LETTER_VERIFY] = {"verify", "verify", 'v'}};
    char token[ACCOUNT_TOKEN_SIZE], url[MAIL_URL_SIZE];
    uint8_t hash[32];

    token_make(token, hash);
    link_url(url, links[l->kind].page, links[l->kind].member, token);
    int err = mail_link_put(account_get()->store, hash, links[l->kind].kind,
                            a->id[0] ? a->id : NULL, l->address, sk_clock_wall_ms());
    if (!err)
        err = letter_send(l, a, url);
    crypto_wipe(token, sizeof(token));
    crypto_wipe(url, sizeof(url));
    return err;
}

/* To the person's own address, where the letter brings none. */
static int news_send(struct letter *l, const struct account_row *a)
{
    struct mail_row row;

    if (!l->address[0]) {
        int err = mail_of(account_get()->store, l->account, &row);
        if (err) /* no address: nothing to send */
            return err == -SK_ENOTFOUND ? 0 : err;
        memcpy(l->address, row.address, sizeof(l->address));
    }
    return letter_send(l, a, NULL);
}

static void letter_do(struct letter *l)
{
    struct store *s = account_get()->store;
    struct account_row a = {0};
    int err = 0;

    if (!outbound_mail_is_on())
        return;
    if (is_too_much(l)) {
        metric_refused("account", "mail-throttled");
        return;
    }
    if (l->kind == LETTER_REGISTER || l->kind == LETTER_RECOVER) {
        err = mail_owner(s, l->address, &a);
        int is_known = !err;
        if (err == -SK_ENOTFOUND)
            err = 0;
        if (!err && l->kind == LETTER_REGISTER)
            err = is_known ? letter_send(l, &a, NULL) : link_send(l, &a);
        else if (!err && is_known && !a.disabled)
            err = link_send(l, &a);
    } else {
        err = ledger_account_by_id(s, l->account, &a);
        if (!err)
            err = l->kind == LETTER_VERIFY ? link_send(l, &a) : news_send(l, &a);
    }
    if (err)
        log_warn("account", "mail", "kind=%d reason=\"%s\"", (int)l->kind, sk_error_text(err));
    crypto_wipe(&a, sizeof(a));
}

static void *work(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&post.lock);
    for (;;) {
        while (!post.count && !post.stopping)
            pthread_cond_wait(&post.news, &post.lock);
        if (post.stopping)
            break;
        struct letter l = post.ring[post.first];
        post.first = (post.first + 1) % LETTERS_MAX;
        post.count--;
        pthread_mutex_unlock(&post.lock);
        letter_do(&l);
        pthread_mutex_lock(&post.lock);
    }
    pthread_mutex_unlock(&post.lock);
    return NULL;
}

int post_start(void)
{
    post.count = post.first = 0;
    post.stopping = 0;
    post.runs = pthread_create(&post.thread, NULL, work, NULL) == 0;
    return post.runs ? 0 : -SK_ENOMEM;
}

void post_stop(void)
{
    if (!post.runs)
        return;
    pthread_mutex_lock(&post.lock);
    post.stopping = 1;
    pthread_cond_signal(&post.news);
    pthread_mutex_unlock(&post.lock);
    pthread_join(post.thread, NULL);
    post.runs = 0;
}

int post_put(const struct letter *l)
{
    int err = 0;

    pthread_mutex_lock(&post.lock);
    if (post.count == LETTERS_MAX) {
        err = -SK_EBUSY;
    } else {
        post.ring[(post.first + post.count++) % LETTERS_MAX] = *l;
        pthread_cond_signal(&post.news);
    }
    pthread_mutex_unlock(&post.lock);
    return err;
}

void post_news(enum letter_kind kind, const char *account, const char *address)
{
    struct letter l = {.kind = kind};

    if (sk_copy(l.account, sizeof(l.account), account) ||
        sk_copy(l.address, sizeof(l.address), address) || post_put(&l))
        log_warn("account", "mail", "kind=%d reason=\"lost\"", (int)kind);
}
