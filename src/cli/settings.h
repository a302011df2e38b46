/* Settings as all verbs of the server read them: rooms' keys, file, environment, flags. */
#ifndef SK_CLI_SETTINGS_H
#define SK_CLI_SETTINGS_H

#include "base/buf.h"
#include "core/config.h"

/* Read what --config FILE (default: none), SKEP_* and `--section-name` flags say; takes them out of
 * argv. On failure a sentence is in `why`. The caller frees `*out`. */
SK_MUST int settings_load(struct config **out, int *argc, char **argv, struct sk_buf *why);

/* The folder of core.data_dir; -SK_EINVAL when none is set. Borrowed from the config. */
const char *settings_data_dir(const struct config *c);

#endif
