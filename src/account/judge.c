/* The judgement of passwords for a process that does not run the room: `skep view`, where an owner
 * chooses a camera's password, which the server must never see. */
#include "account/account.h"
#include "account/internal.h"

int account_password_judge(const char *password, size_t len, const char *name, const char *place,
                           const char **why)
{
    const struct strength_context ctx = {
        .name = name,
        .host = place,
        .min_points = PASSWORD_STAFF_MIN_POINTS,
        .is_listed = weak_list_has,
    };
    const char *names[5];
    struct strength found;

    weak_list_load();
    strength_judge(password, len, &ctx, &found);
    weak_list_free();
    if (strength_reason_names(found.reasons & ~(unsigned)(WEAK_SHORT | WEAK_LONG), names) == 0)
        return 0;
    *why = names[0];
    return -SK_EDENIED;
}
