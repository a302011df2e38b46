/* Rights that the process gives away once it runs: landlock (files) and seccomp (system calls).
 * Older kernels get less, and the log and the about page say so. */
#ifndef SK_CORE_SANDBOX_H
#define SK_CORE_SANDBOX_H

#include "base/err.h"

/* No core file of this process: it would hold keys. For a box whose sandbox is off as well; the
 * sandbox makes the process undumpable besides. */
void sandbox_core_off(void);

/* From now on this process may write below `data_dir` only, read what `readable` (ended by NULL)
 * names, and execute nothing. Landlock binds the calling thread and those that it starts: call it
 * once, from main, before there are threads and after whatever must be executed was. Never fails:
 * what cannot be had is named by the two functions below. */
void sandbox_enter(const char *data_dir, const char *const *readable);

/* "on (ABI 3)", "off (kernel has no landlock)", ...; static text. */
const char *sandbox_landlock(void);
const char *sandbox_seccomp(void);

/* When started as root: take `user`'s ids for good (groups, gid, uid), and give it `data_dir` if
 * that belongs to root. -SK_ENOTFOUND no such user, -SK_EDENIED. */
SK_MUST int sandbox_become(const char *user, const char *data_dir);

#endif
