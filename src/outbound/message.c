#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "outbound/internal.h"

enum {
    B64_LINE_BYTES = 57, /* 76 characters (RFC 2045 6.8) */
    WORD_BYTES = 42,     /* of an encoded-word of at most 75 characters (RFC 2047 2) */
    LOCAL_MAX = 64,      /* RFC 5321 4.5.3.1.1 */
};

/* ---- addresses ---- */

static int is_atext(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static int local_is_valid(const char *at, size_t len)
{
    if (len == 0 || len > LOCAL_MAX || at[0] == '.' || at[len - 1] == '.')
        return 0;
    for (size_t i = 0; i < len; i++)
        if (!(is_atext(at[i]) || (at[i] == '.' && at[i + 1] != '.')))
            return 0;
    return 1;
}

static int domain_is_valid(const char *at, size_t len)
{
    size_t label = 0, labels = 1;

    for (size_t i = 0; i < len; i++) {
        if (at[i] == '.') {
            if (label == 0 || at[i - 1] == '-')
                return 0;
            label = 0;
            labels++;
        } else if (!(isalnum((unsigned char)at[i]) || (at[i] == '-' && label)) || ++label > 63) {
            return 0;
        }
    }
    return labels >= 2 && label > 0 && at[len - 1] != '-';
}

int outbound_mail_address_check(const char *address)
{
    size_t len = strnlen(address, OUTBOUND_MAIL_TO_MAX + 1);
    const char *at = memchr(address, '@', len);

    if (len > OUTBOUND_MAIL_TO_MAX || !at)
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)address[i] >= 0x80)
            return -SK_EINVAL;
    size_t local = (size_t)(at - address);
    return local_is_valid(address, local) && domain_is_valid(at + 1, len - local - 1) ? 0
                                                                                      : -SK_EINVAL;
}

/* ---- headers ---- */

/* No control character, DEL and line break included: nothing that could begin another header. */
static int text_is_header(const char *s, size_t max)
{
    size_t len = strnlen(s, max + 1);

    if (len > max || !sk_utf8_is_valid(s, len))
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return 0;
    return 1;
}

static int is_ascii(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80)
            return 0;
    return 1;
}

/* An encoded-word must not break a character: step back to where one begins. */
static size_t word_len(const char *s, size_t left)
{
    size_t n = left < WORD_BYTES ? left : WORD_BYTES;

    while (n < left && n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static int subject_add(struct sk_buf *out, const char *subject)
{
    char b64[SK_B64_SIZE(WORD_BYTES)];
    size_t left = strlen(subject);

    /* A text that looks like an encoded-word is encoded, so that it is read as it was written. */
    if (is_ascii(subject) && !strstr(subject, "=?"))
        return sk_buf_addf(out, "Subject: %s\r\n", subject);
    int err = sk_buf_add_str(out, "Subject:");
    while (!err && left) {
        size_t n = word_len(subject, left);
        sk_b64_encode(b64, subject, n);
        err = sk_buf_addf(out, " =?UTF-8?B?%s?=\r\n", b64);
        subject += n;
        left -= n;
    }
    return err;
}

static int date_add(struct sk_buf *out, int64_t wall_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t s = (time_t)(wall_ms / 1000);
    struct tm t;

    if (!gmtime_r(&s, &t))
        return -SK_EINTERNAL;
    return sk_buf_addf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\r\n",
                       days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900,
                       t.tm_hour, t.tm_min, t.tm_sec);
}

/* base64, so that neither long lines nor dots nor any mail server's habits matter. */
static int text_add(struct sk_buf *out, const char *text)
{
    char b64[SK_B64_SIZE(B64_LINE_BYTES)];
    size_t left = strlen(text);
    int err = 0;

    while (!err && left) {
        size_t n = left < B64_LINE_BYTES ? left : B64_LINE_BYTES;
        sk_b64_encode(b64, text, n);
        err = sk_buf_addf(out, "%s\r\n", b64);
        text += n;
        left -= n;
    }
    return err;
}

int message_make(struct sk_buf *out, const char *from, const struct outbound_mail *mail,
                 int64_t wall_ms, const uint8_t random[16])
{
    char id[SK_HEX_SIZE(16)];

    if (outbound_mail_address_check(from) || outbound_mail_address_check(mail->to) ||
        !text_is_header(mail->subject, OUTBOUND_MAIL_SUBJECT_MAX) || !mail->subject[0])
        return -SK_EINVAL;
    size_t len = strnlen(mail->text, OUTBOUND_MAIL_TEXT_MAX + 1);
    if (len > OUTBOUND_MAIL_TEXT_MAX || !sk_utf8_is_valid(mail->text, len))
        return -SK_EINVAL;
    sk_hex_encode(id, random, 16);
    int err = sk_buf_addf(out, "From: Skep <%s>\r\nTo: <%s>\r\n", from, mail->to);
    if (!err)
        err = subject_add(out, mail->subject);
    if (!err)
        err = date_add(out, wall_ms);
    if (!err)
        err = sk_buf_addf(out, "Message-ID: <%s%s>\r\n", id, strchr(from, '@'));
    if (!err)
        err = sk_buf_add_str(out, "Auto-Submitted: auto-generated\r\n"
                                  "MIME-Version: 1.0\r\n"
                                  "Content-Type: text/plain; charset=utf-8\r\n"
                                  "Content-Transfer-Encoding: base64\r\n\r\n");
    return err ? err : text_add(out, mail->text);
}
