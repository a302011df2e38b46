/* Settings: declared by the rooms, read from a file (INI), the environment and flags, in that
 * order; the later one wins. `edge.port` in the file is `[edge] port = ..`, SKEP_EDGE_PORT in the
 * environment and --edge-port as a flag. Secrets are never settings: they live in files. */
#ifndef SK_CORE_CONFIG_H
#define SK_CORE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL, CONFIG_PATH };

struct config_key {
    const char *key; /* "edge.port" */
    enum config_type type;
    const char *fallback; /* the default, as text; NULL = none (text only) */
    int64_t min, max;     /* of a CONFIG_INT */
    const char *help;     /* one line */
};

struct config;

/* `tables` are the rooms' key tables, each ended by a row whose key is NULL; `table_count` of
 * them. Borrowed: they must live as long as the config. */
struct config *config_new(const struct config_key *const *tables, size_t table_count);
void config_free(struct config *c);

/* Each returns 0 or -SK_EINVAL with a sentence in `why` (unknown key, not a number, out of range);
 * the file also -SK_ENOTFOUND. */
SK_MUST int config_load_file(struct config *c, const char *path, struct sk_buf *why);
SK_MUST int config_load_env(struct config *c, char *const *envp, struct sk_buf *why);
/* Takes `--section-name value`, `--section-name=value` out of argv (argc is lowered) and leaves
 * what it does not know, which the verb then judges. */
SK_MUST int config_load_flags(struct config *c, int *argc, char **argv, struct sk_buf *why);
SK_MUST int config_set(struct config *c, const char *key, const char *value, struct sk_buf *why);

/* The key must have been declared with that type: anything else is our own mistake (asserted).
 * Texts are borrowed from the config; NULL when there is neither value nor default. */
const char *config_text(const struct config *c, const char *key);
int64_t config_int(const struct config *c, const char *key);
int config_bool(const struct config *c, const char *key);

/* Every key with value, source (default, file, environment, flag) and help: `skep config show`. */
SK_MUST int config_show(const struct config *c, struct sk_buf *out);

#endif
