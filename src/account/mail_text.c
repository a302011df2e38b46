/* The words of the letters, in two languages. */
#include <string.h>

#include "account/mail.h"

struct words {
    const char *subject, *text;
};

enum { LANG_EN, LANG_ZH, LANG_COUNT };

/* In order: name, host, url; a text takes of them what it names. What is behind | is for an
 * address that is known already (registration only). */
#define LAST_EN "\n\nIf you did not ask for this, do nothing: nothing happens without the link.\n"
#define LAST_ZH "\n\n如果不是您本人的请求，请忽略此邮件：不打开链接就不会有任何变化。\n"

static const struct words words[LETTER_KIND_COUNT][LANG_COUNT] = {
    [LETTER_REGISTER] =
        {{"Your account at {host}",
          "Somebody, you we hope, asked for an account at {host} with this address.\n\n"
          "Open this link within 30 minutes to make it:\n\n{url}" LAST_EN},
         {"您在 {host} 的帐号", "有人（希望是您本人）用此邮箱在 {host} 申请帐号。\n\n"
                                "请在 30 分钟内打开以下链接完成注册：\n\n{url}" LAST_ZH}},
    [LETTER_RECOVER] =
        {{"A new password for {host}",
          "Hello {name},\n\nsomebody, you we hope, asked for a new password at {host}.\n\n"
          "Open this link within 30 minutes to choose one:\n\n{url}\n\n"
          "Your second factor, if you have one, stays as it is." LAST_EN},
         {"重设您在 {host} 的密码",
          "{name}，您好：\n\n有人（希望是您本人）请求重设 {host} 的密码。\n\n"
          "请在 30 分钟内打开以下链接设置新密码：\n\n{url}\n\n"
          "如已启用第二重验证，它保持不变。" LAST_ZH}},
    [LETTER_VERIFY] =
        {{"Confirm this address for {host}",
          "Hello {name},\n\nthis address is to be used for your account at {host}.\n\n"
          "Open this link within 30 minutes to confirm it:\n\n{url}" LAST_EN},
         {"请确认您在 {host} 使用的邮箱", "{name}，您好：\n\n您在 {host} 的帐号将使用此邮箱。\n\n"
                                          "请在 30 分钟内打开以下链接确认：\n\n{url}" LAST_ZH}},
    [LETTER_MAIL_CHANGED] =
        {{"The address of your account at {host} was changed",
          "Hello {name},\n\nyour account at {host} has another mail address from now on; this one "
          "is "
          "not used any more.\n\nIf that was not you, tell the person who runs the box.\n"},
         {"您在 {host} 的邮箱已更改",
          "{name}，您好：\n\n您在 {host} 的帐号已改用其他邮箱，此邮箱不再使用。\n\n"
          "如果不是您本人操作，请立即联系系统管理员。\n"}},
    [LETTER_PASSWORD_CHANGED] =
        {{"Your password at {host} was changed",
          "Hello {name},\n\nthe password of your account at {host} was changed, and other sessions "
          "were ended.\n\nIf that was not you, ask for a new one at the login page, and tell the "
          "person who runs the box.\n"},
         {"您在 {host} 的密码已更改",
          "{name}，您好：\n\n您在 {host} 的密码已更改，其他登录已结束。\n\n"
          "如果不是您本人操作，请在登录页重设密码，并联系系统管理员。\n"}},
    [LETTER_TOKEN_STOLEN] =
        {{"One of your sessions at {host} was ended",
          "Hello {name},\n\na token of one of your sessions at {host} was used by somebody who "
          "should "
          "not have it. That session was ended; your others were left alone.\n\nLog in again on "
          "that device, and look at the list of your sessions.\n"},
         {"您在 {host} 的一个登录已被结束",
          "{name}，您好：\n\n您在 {host} "
          "的一个登录令牌被他人使用。该登录已被结束，其他登录不受影响。\n\n"
          "请在该设备上重新登录，并检查您的登录列表。\n"}},
};

/* Who asks for an account has one. */
static const struct words known_already[LANG_COUNT] = {
    {"Your account at {host}",
     "Somebody asked for an account at {host} with this address, but you have one already: "
     "{name}.\n\n"
     "If you forgot the password, ask for a new one at the login page.\n"},
    {"您在 {host} 的帐号", "有人用此邮箱在 {host} 申请帐号，但您已有帐号：{name}。\n\n"
                           "如果忘记了密码，请在登录页重设。\n"},
};

/* Names are not put through a format: a name may hold anything. */
static int fill(struct sk_buf *out, const char *text, const char *host, const char *name,
                const char *url)
{
    const struct {
        const char *mark, *value;
    } marks[] = {{"{host}", host}, {"{name}", name}, {"{url}", url ? url : ""}};
    int err = 0;

    while (!err && *text) {
        size_t len = strcspn(text, "{"), i = 0;
        err = sk_buf_add(out, text, len);
        text += len;
        for (; *text && i < 3 && strncmp(text, marks[i].mark, strlen(marks[i].mark)) != 0; i++)
            ;
        if (!err && *text && i < 3) {
            err = sk_buf_add_str(out, marks[i].value);
            text += strlen(marks[i].mark);
        } else if (!err && *text) {
            err = sk_buf_add(out, text++, 1);
        }
    }
    return err;
}

int letter_text(struct sk_buf *subject, struct sk_buf *text, enum letter_kind kind, int is_known,
                const char *lang, const char *host, const char *name, const char *url)
{
    int l = strcmp(lang, "zh-CN") == 0 ? LANG_ZH : LANG_EN;
    const struct words *w =
        kind == LETTER_REGISTER && is_known ? &known_already[l] : &words[kind][l];
    int err = fill(subject, w->subject, host, "", NULL);

    return err ? err : fill(text, w->text, host, name, url);
}
