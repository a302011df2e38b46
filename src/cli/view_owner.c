/* `skep view` as the camera's owner: the owner key in a file of its own, and a new device password.
 * The password is judged here, since the camera never sees it and the server must not. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "account/account.h"
#include "base/asset.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/view.h"
#include "crypto/p256.h"
#include "sdk/label.h"
#include "sdk/password.h"
#include "wire/codes.h"
#include "wire/label.h"

enum { HEX_SECRET = 64 };

static int owner_key_decode(uint8_t secret[32], const struct sk_buf *text)
{
    size_t len;

    if (text->len != HEX_SECRET ||
        sk_hex_decode(secret, 32, &len, (const char *)text->data, text->len) || len != 32)
        return -SK_EINVAL;
    return crypto_p256_check_scalar(secret);
}

/* Kept before the camera hears of it: a key that it knew and nobody had would shut its owner out.
 */
static int owner_key_make(struct view *v)
{
    char text[HEX_SECRET + 1];
    int err;

    crypto_p256_keygen(v->owner.secret, v->owner.point);
    sk_hex_encode(text, v->owner.secret, 32);
    err = sk_file_write(v->o.owner_file, text, HEX_SECRET, 0600);
    sk_wipe(text, sizeof(text));
    v->owner.is_new = !err;
    return err;
}

static int holds_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (; len >= 3 && *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return 1;
    return 0;
}

/* The class of the new password, or 0 and why it is not taken. */
static unsigned password_class(const struct view *v, const char **why)
{
    const char *text = (const char *)v->owner.password.data;
    char code[WIRE_LABEL_CODE_SIZE];
    size_t len = v->owner.password.len;
    int err = sdk_label_parse(code, text, len);

    sk_wipe(code, sizeof(code));
    if (err == 0)
        return SDK_CLASS_CODE;
    if (len < SDK_CHOSEN_MIN || len > SDK_CHOSEN_MAX || !sk_utf8_is_valid(text, len)) {
        *why = "12 to 128 bytes of UTF-8 are needed";
    } else if (holds_word(text, v->device) || holds_word(text, v->o.account)) {
        *why = "it holds the name of the camera or the account";
    } else {
        asset_use_embedded();
        if (!account_password_judge(text, len, v->o.account, v->device, why))
            return SDK_CLASS_CHOSEN;
    }
    return 0;
}

static int owner_key_read(struct view *v)
{
    struct sk_buf text;
    int err;

    if (access(v->o.owner_file, F_OK) != 0)
        return owner_key_make(v);
    sk_buf_init(&text, VIEW_SECRET_MAX);
    err = sk_secret_read(&text, v->o.owner_file);
    if (!err)
        err = owner_key_decode(v->owner.secret, &text);
    if (!err)
        err = crypto_p256_mul(v->owner.point, v->owner.secret, NULL);
    sk_buf_fini_wipe(&text);
    return err;
}

static int password_read(struct view *v)
{
    const char *why = NULL;
    int err = view_secret_get(&v->owner.password, v->o.new_password_file, "New password");

    if (err) {
        fprintf(stderr, "skep: the new password cannot be read: %s\n", sk_error_text(err));
        return err;
    }
    v->owner.class = password_class(v, &why);
    if (why)
        fprintf(stderr, "skep: the new password is not taken: %s\n", why);
    return why ? -SK_EINVAL : 0;
}

int view_owner_read(struct view *v)
{
    int err = 0;

    if (v->o.new_password_file && !v->o.owner_file)
        return fprintf(stderr, "skep: --new-password-file needs --owner-file\n"), -SK_EINVAL;
    if (v->o.new_password_file)
        err = password_read(v);
    if (err || !v->o.owner_file)
        return err;
    err = owner_key_read(v);
    if (err)
        fprintf(stderr, "skep: %s holds no owner key and cannot take one: %s\n", v->o.owner_file,
                sk_error_text(err));
    return err;
}

int view_owner_start(struct view *v, int64_t now_ms)
{
    return v->o.owner_file && !v->owner.is_new
               ? sdk_viewer_owner_key(v->viewer, v->owner.secret, sk_clock_wall_ms(), now_ms)
               : 0;
}

void view_owner_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms)
{
    int err = 0;

    if (v->o.owner_file && (hello->rights & WIRE_RIGHT_MANAGE) == 0)
        err = sdk_viewer_owner_add(v->viewer, v->owner.point, &v->owner.add_id, now_ms);
    if (!err && v->o.new_password_file)
        err =
            sdk_viewer_password_set(v->viewer, v->owner.class, (const char *)v->owner.password.data,
                                    v->owner.password.len, &v->owner.password_id, now_ms);
    if (err)
        view_over(v, "the camera takes no command");
}

int view_owner_reply(struct view *v, uint32_t id, int is_ok, const char *error)
{
    int is_add = v->owner.add_id && id == v->owner.add_id;
    int is_password = v->owner.password_id && id == v->owner.password_id;

    if (!is_add && !is_password)
        return 0;
    if (is_add)
        v->owner.is_refused = !is_ok;
    if (is_ok && is_password) {
        v->owner.is_done = 1;
        if (!v->o.quiet)
            fprintf(stderr, "  the camera has the new password\n");
        view_over(v, NULL);
    } else if (!is_ok && !v->is_over) {
        fprintf(stderr, "skep: the camera refuses %s: %s\n",
                is_add ? "the owner key" : "the new password", error);
        v->is_over = v->failed = 1;
    }
    return 1;
}

/* A new key that no camera took is of no use to anybody; one without an answer may have been taken.
 */
void view_owner_fini(struct view *v)
{
    if (v->owner.is_new && (!v->owner.add_id || v->owner.is_refused))
        unlink(v->o.owner_file);
    sk_buf_fini_wipe(&v->owner.password);
    sk_wipe(&v->owner, sizeof(v->owner));
}
