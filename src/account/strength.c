/* Which passwords are taken: length, the weak list, words of this place, and how many guesses a
 * patient stranger needs. What zxcvbn is blind to (accounts.md 2) is judged by pinyin_bits. */
#include <string.h>
#include <zxcvbn.h>

#include "account/internal.h"
#include "base/text.h"
#include "crypto/wipe.h"

enum { JUDGED_MAX_BYTES = 100, CONTEXT_LEFT_MIN = 8, CORE_MIN = 4 };

static const double log10_of_2 = 0.30102999566398119521;

static const char *const place_words[] = {
    "skep",  "camera", "cameras", "webcam", "bcloud",  "jufeng", "xmeye",     "xiongmai",
    "admin", "root",   "owner",   "guest",  "default", "ipcam",  "netip",     "dvr",
    "nvr",   "cctv",   "onvif",   "vision", "monitor", "cloud",  "localhost", "password",
};

enum { PLACE_WORDS = sizeof(place_words) / sizeof(place_words[0]), WORDS_MAX = PLACE_WORDS + 2 };

/* ---- pinyin and numbers ---- */

static const char *const phrases[] = {
    "woaini", "woaiwo",  "aini",     "nihao",      "mima",     "wodemima",    "baobei",
    "laopo",  "laogong", "zhongguo", "beijing",    "shanghai", "tiantian",    "xihuan",
    "kuaile", "gongxi",  "facai",    "jiankong",   "shexiang", "shexiangtou", "damen",
    "menkou", "gongsi",  "guanli",   "guanliyuan", "yonghu",   "dengdeng",    "xiaoming",
    "wangba", "xiangni", "yongyuan", "pengyou",
};
static const char *const lucky[] = {
    "5201314",  "1314520",   "1314", "520",    "521", "888",  "8888",  "888888", "666",
    "6666",     "666666",    "168",  "1688",   "518", "5188", "998",   "111",    "1111",
    "111111",   "000",       "0000", "000000", "123", "1234", "12345", "123456", "1234567",
    "12345678", "123456789", "321",  "654321", "007", "110",  "119",   "120",
};
static const char *const initials[] = {
    "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g",
    "k",  "h",  "j",  "q", "x", "r", "z", "c", "s", "y", "w", "",
};
static const char *const finals[] = {
    "a",   "ai",   "an",  "ang",  "ao", "e",   "ei",   "en", "eng", "er",  "i",  "ia",
    "ian", "iang", "iao", "ie",   "in", "ing", "iong", "iu", "o",   "ong", "ou", "u",
    "ua",  "uai",  "uan", "uang", "ue", "ui",  "un",   "uo", "v",   "ve",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int begins(const char *at, size_t left, const char *word)
{
    size_t len = strlen(word);

    return len <= left && memcmp(at, word, len) == 0;
}

static int digits_value(const char *at, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

static int is_month_day(const char *at)
{
    int month = digits_value(at, 2), day = digits_value(at + 2, 2);

    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

struct reach {
    const char *text;
    size_t len;
    double bits[JUDGED_MAX_BYTES + 1]; /* cheapest reading of the first i bytes */
};

static void reach_by(struct reach *r, size_t at, size_t n, double cost)
{
    if (at + n <= r->len && r->bits[at] + cost < r->bits[at + n])
        r->bits[at + n] = r->bits[at] + cost;
}

static void reach_numbers(struct reach *r, size_t at)
{
    const char *s = r->text + at;
    size_t left = r->len - at;
    int year = left >= 4 ? digits_value(s, 4) : -1;

    for (size_t i = 0; i < COUNT(lucky); i++)
        if (begins(s, left, lucky[i]))
            reach_by(r, at, strlen(lucky[i]), 6);
    if (year >= 1940 && year <= 2039) {
        reach_by(r, at, 4, 6.6);
        if (left >= 8 && is_month_day(s + 4))
            reach_by(r, at, 8, 15);
    }
    if (left >= 6 && digits_value(s, 2) >= 0 && is_month_day(s + 2))
        reach_by(r, at, 6, 15);
    if (left >= 11 && s[0] == '1' && s[1] >= '3' && digits_value(s, 5) >= 0 &&
        digits_value(s + 5, 6) >= 0)
        reach_by(r, at, 11, 18); /* a phone number: people who know you know it */
}

static void reach_pinyin(struct reach *r, size_t at)
{
    const char *s = r->text + at;
    size_t left = r->len - at;

    for (size_t i = 0; i < COUNT(phrases); i++)
        if (begins(s, left, phrases[i]))
            reach_by(r, at, strlen(phrases[i]), 7);
    for (size_t i = 0; i < COUNT(initials); i++) {
        size_t head = strlen(initials[i]);
        if (!begins(s, left, initials[i]))
            continue;
        for (size_t k = 0; k < COUNT(finals); k++)
            if (begins(s + head, left - head, finals[k]))
                reach_by(r, at, head + strlen(finals[k]), 8.6);
    }
}

double pinyin_bits(const char *folded, size_t len)
{
    struct reach r = {.text = folded, .len = len < JUDGED_MAX_BYTES ? len : JUDGED_MAX_BYTES};
    double bits;

    for (size_t i = 1; i <= r.len; i++)
        r.bits[i] = 1e9;
    for (size_t at = 0; at < r.len; at++) {
        char c = r.text[at];
        int digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
        reach_by(&r, at, 1, digit ? 3.3 : letter ? 4.7 : 5.5);
        reach_numbers(&r, at);
        reach_pinyin(&r, at);
    }
    bits = r.bits[r.len];
    crypto_wipe(&r, sizeof(r));
    return bits;
}

/* ---- words of this place, and the list ---- */

/* ASCII letters in lower case; other bytes as they are. Returns the length. */
static size_t fold(char *out, size_t cap, const char *in, size_t len)
{
    size_t n = len < cap - 1 ? len : cap - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = in[i] >= 'A' && in[i] <= 'Z' ? (char)(in[i] | 0x20) : in[i];
    out[n] = '\0';
    return n;
}

static void word_cut(char *text, const char *word)
{
    size_t len = strlen(word);

    if (len < 3)
        return;
    for (char *at; (at = strstr(text, word));)
        memmove(at, at + len, strlen(at + len) + 1);
}

/* Letters, digits and everything beyond ASCII that remain without the known words. */
static int is_context(const char *folded, const char *const *words)
{
    char left[PASSWORD_MAX_BYTES + 1];
    size_t count = 0, whole = strlen(folded);

    fold(left, sizeof(left), folded, whole);
    for (; *words; words++)
        word_cut(left, *words);
    int cut = strlen(left) < whole;
    for (const char *c = left; *c; c++)
        count += (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || (*c & 0x80) ? 1u : 0u;
    crypto_wipe(left, sizeof(left));
    return cut && count < CONTEXT_LEFT_MIN;
}

static int is_common(const char *password, const char *folded, size_t len,
                     const struct strength_context *ctx)
{
    size_t from = 0, to = len;

    if (!ctx->is_listed)
        return 0;
    if (ctx->is_listed(ctx->ctx, folded, len) || ctx->is_listed(ctx->ctx, password, len))
        return 1; /* published dumps know the very case of the letters */
    /* "dragon2024!!": digits and signs around an entry do not make it another password */
    while (from < to && !(folded[from] >= 'a' && folded[from] <= 'z') && !(folded[from] & 0x80))
        from++;
    while (to > from && !(folded[to - 1] >= 'a' && folded[to - 1] <= 'z') &&
           !(folded[to - 1] & 0x80))
        to--;
    return to - from >= CORE_MIN && to - from < len &&
           ctx->is_listed(ctx->ctx, folded + from, to - from);
}

static double zxcvbn_bits(const char *password, size_t len, const char **words)
{
    char part[JUDGED_MAX_BYTES + 1];
    size_t n = len < JUDGED_MAX_BYTES ? len : JUDGED_MAX_BYTES;

    while (n && n < len && ((unsigned char)password[n] & 0xc0) == 0x80)
        n--; /* never half a character */
    memcpy(part, password, n);
    part[n] = '\0';
    double bits = n ? ZxcvbnMatch(part, words, NULL) : 0;
    crypto_wipe(part, sizeof(part));
    return bits;
}

static int score_of(double guesses_log10)
{
    static const double steps[] = {3, 6, 8, 10};
    int score = 0;

    while (score < 4 && guesses_log10 >= steps[score])
        score++;
    return score;
}

void strength_judge(const char *password, size_t len, const struct strength_context *ctx,
                    struct strength *out)
{
    char folded[PASSWORD_MAX_BYTES + 1], name[NAME_MAX_BYTES + 1], host[256];
    const char *words[WORDS_MAX + 1];
    size_t points = sk_utf8_count(password, len), count = 0;

    *out = (struct strength){0};
    if (points < ctx->min_points)
        out->reasons |= WEAK_SHORT;
    if (points > PASSWORD_MAX_POINTS || len > PASSWORD_MAX_BYTES) {
        out->reasons |= WEAK_LONG; /* refused whole, never cut: nothing else is worth saying */
        return;
    }
    size_t folded_len = fold(folded, sizeof(folded), password, len);
    for (; count < PLACE_WORDS; count++)
        words[count] = place_words[count];
    if (ctx->name && fold(name, sizeof(name), ctx->name, strlen(ctx->name)) >= 3)
        words[count++] = name;
    if (ctx->host && fold(host, sizeof(host), ctx->host, strlen(ctx->host)) >= 3)
        words[count++] = host;
    words[count] = NULL;
    double bits = zxcvbn_bits(password, len, words), own = pinyin_bits(folded, folded_len);
    out->guesses_log10 = (own < bits ? own : bits) * log10_of_2;
    out->score = score_of(out->guesses_log10);
    if (is_common(password, folded, folded_len, ctx))
        out->reasons |= WEAK_COMMON;
    if (is_context(folded, words))
        out->reasons |= WEAK_CONTEXT;
    if (out->score < 3)
        out->reasons |= WEAK_GUESSABLE;
    crypto_wipe(folded, sizeof(folded));
}

size_t strength_reason_names(unsigned reasons, const char *out[5])
{
    static const char *const names[] = {"short", "long", "common", "context", "guessable"};
    size_t count = 0;

    for (unsigned i = 0; i < COUNT(names); i++)
        if (reasons & 1u << i)
            out[count++] = names[i];
    return count;
}
