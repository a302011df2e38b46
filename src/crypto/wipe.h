/* The name under which secrets are wiped everywhere: zeroing that the compiler may not drop. */
#ifndef SK_CRYPTO_WIPE_H
#define SK_CRYPTO_WIPE_H

#include "base/sys.h"

static inline void crypto_wipe(void *p, size_t len)
{
    sk_wipe(p, len);
}

#endif
