/* The kinds of acts that need two persons, and the seam that decides. */
#include <string.h>

#include "base/sys.h"
#include "core/approval.h"

static const struct approval_kind *kinds[APPROVAL_KINDS_MAX];
static size_t kind_count;
static approval_ask_fn ask;

void approval_kind_add(const struct approval_kind *k)
{
    for (size_t i = 0; i < kind_count; i++) {
        if (strcmp(kinds[i]->name, k->name) == 0) {
            kinds[i] = k; /* a room that is started again, in tests */
            return;
        }
    }
    SK_ASSERT(kind_count < APPROVAL_KINDS_MAX);
    kinds[kind_count++] = k;
}

const struct approval_kind *approval_kind_find(const char *name)
{
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void approval_fill(approval_ask_fn fn)
{
    ask = fn;
}

int approval_ask(const struct principal *by, const char *kind, const json_t *what,
                 const char *label, int64_t now_ms, char id[SESSION_ID_SIZE])
{
    const struct approval_kind *k = approval_kind_find(kind);

    id[0] = '\0';
    return k && ask ? ask(by, k, what, label, now_ms, id) : -SK_EDENIED;
}
