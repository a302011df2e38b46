/* Acts that need two persons. Whoever does such an act asks here first; a room that keeps accounts
 * decides, remembers the request, and calls the act once somebody else has said yes. */
#ifndef SK_CORE_APPROVAL_H
#define SK_CORE_APPROVAL_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "core/authorize.h"

enum { APPROVAL_KINDS_MAX = 16, APPROVAL_WHAT_MAX = 4096 };

struct approval_kind {
    const char *name;       /* "app.kill": the audit log's and the contract's word for the act */
    const char *permission; /* what whoever says yes must have, as of may() */
    int is_of_box;          /* an act of the operator plane: the request belongs to "home" */
    /* Do it now. `by` is who said yes, `author` the account that asked; what was asked is judged
     * anew, since days may lie between. 0 or an error of the act. Worker threads; may block. */
    int (*apply)(const json_t *what, const struct principal *by, const char *author,
                 int64_t now_ms);
};

/* At start, before threads run; borrowed for good. */
void approval_kind_add(const struct approval_kind *k);
const struct approval_kind *approval_kind_find(const char *name); /* NULL: no such kind */

/* Before the act: 0 = do it (nobody else could say yes, or the rule is off), -SK_EAPPROVAL = do
 * not: a request was made, or stood already, and `id` names it. Other errors: do not either. `what`
 * (not taken over) holds what apply needs and nothing secret; `label` is a name to show, or "".
 * -SK_EDENIED when no room decides. Worker threads; blocks on the store. */
SK_MUST int approval_ask(const struct principal *by, const char *kind, const json_t *what,
                         const char *label, int64_t now_ms, char id[SESSION_ID_SIZE]);

/* Fill the seam; at start. */
typedef int (*approval_ask_fn)(const struct principal *by, const struct approval_kind *kind,
                               const json_t *what, const char *label, int64_t now_ms,
                               char id[SESSION_ID_SIZE]);
void approval_fill(approval_ask_fn fn);

#endif
