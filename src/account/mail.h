/* Mail addresses of people, the one-time links that are sent to them, and what they open:
 * registration, confirmation, recovery of the password. Private to the room. */
#ifndef SK_ACCOUNT_MAIL_H
#define SK_ACCOUNT_MAIL_H

#include "account/internal.h"
#include "outbound/outbound.h"

enum {
    MAIL_SIZE = OUTBOUND_MAIL_TO_MAX + 1,
    MAIL_LINK_TTL_MS = 30 * 60 * 1000,
    MAIL_LINKS_MAX = 10000, /* open at once */
};

SK_MUST int registration_find(const char *name, enum registration *out);
const char *registration_name(enum registration r);

/* "https://<host>/<page>#<member>=<token>", host and port from the box's settings. */
enum { MAIL_URL_SIZE = 512 };
void link_url(char out[MAIL_URL_SIZE], const char *page, char member, const char *token);

/* Checked and folded to lower case, so that one mailbox is one address. -SK_EINVAL. */
SK_MUST int mail_take(char out[MAIL_SIZE], const char *typed);

/* ---- mail_ledger.c ---- */

/* A link that holds. */
struct mail_link {
    char account[ID_SIZE]; /* "" = nobody's yet */
    char address[MAIL_SIZE];
    int64_t expires;
};

struct mail_row {
    char address[MAIL_SIZE];
    int64_t verified;
};

/* The confirmed address of an account; -SK_ENOTFOUND. */
SK_MUST int mail_of(struct store *s, const char *account, struct mail_row *out);
/* Whose confirmed address it is, if he may enter; -SK_ENOTFOUND. */
SK_MUST int mail_owner(struct store *s, const char *address, struct account_row *out);
/* A new link; former ones of the same kind, for the same account or address, end. `account` NULL:
 * nobody's yet. -SK_ELIMIT MAIL_LINKS_MAX are open. */
SK_MUST int mail_link_put(struct store *s, const uint8_t hash[32], const char *kind,
                          const char *account, const char *address, int64_t now_ms);
/* -SK_EGONE: used, replaced, expired, of another kind or never made. */
SK_MUST int mail_link_find(struct store *s, const uint8_t hash[32], const char *kind,
                           int64_t now_ms, struct mail_link *out);
/* Use a link up; each is one transaction. -SK_EGONE; -SK_ECONFLICT: the address (the name) is
 * another's. `former` of mail_verify: the address before, or "". */
SK_MUST int mail_verify(struct store *s, const uint8_t hash[32], const char *source, int64_t now_ms,
                        char account[ID_SIZE], char former[MAIL_SIZE]);
SK_MUST int mail_recover(struct store *s, const uint8_t hash[32], const char *phc,
                         const char *source, int64_t now_ms, char account[ID_SIZE]);
SK_MUST int mail_register(struct store *s, const uint8_t hash[32], const struct account_row *who,
                          const struct entry *entry);
SK_MUST int mail_remove(struct store *s, const char *account, const char *source, int64_t now_ms);
SK_MUST int mail_purge(struct store *s, int64_t now_ms);

/* ---- post.c: letters, written and sent on a thread of their own ---- */

enum letter_kind {
    LETTER_REGISTER,         /* to an address that somebody typed */
    LETTER_RECOVER,          /* the same */
    LETTER_VERIFY,           /* to an address that `account` wants to use */
    LETTER_MAIL_CHANGED,     /* to the address before */
    LETTER_PASSWORD_CHANGED, /* these to the account's own address, if there is one */
    LETTER_TOKEN_STOLEN,
    LETTER_KIND_COUNT
};

struct letter {
    enum letter_kind kind;
    char account[ID_SIZE];
    char address[MAIL_SIZE];
    char lang[8];
};

SK_MUST int post_start(void);
void post_stop(void);
/* Queue and return: nothing is looked up here, so that the time of an answer tells nothing.
 * -SK_EBUSY: 256 wait. Any thread. */
SK_MUST int post_put(const struct letter *l);
/* News for an account; lost when the queue is full, and that is logged. */
void post_news(enum letter_kind kind, const char *account, const char *address);

/* mail_text.c: subject and text in `lang` ("zh-CN", else English). `url` may be NULL. Pure. */
SK_MUST int letter_text(struct sk_buf *subject, struct sk_buf *text, enum letter_kind kind,
                        int is_known, const char *lang, const char *host, const char *name,
                        const char *url);

int api_entrance(struct http_request *req);
int api_register_start(struct http_request *req);
int api_register_check(struct http_request *req);
int api_register_strength(struct http_request *req);
int api_register(struct http_request *req);
int api_recover_start(struct http_request *req);
int api_recover_check(struct http_request *req);
int api_recover_strength(struct http_request *req);
int api_recover(struct http_request *req);
int api_me_mail(struct http_request *req);
int api_me_mail_put(struct http_request *req);
int api_mail_verify(struct http_request *req);

#endif
