/* Verbs beside the data: settings, the owner's link, the version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/asset.h"
#include "base/json.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/settings.h"
#include "crypto/tls.h"
#include "http/http.h"
#include "store/store.h"

enum { SCHEMAS_MAX = 64, SHOW_MAX = 65536 };

int cli_version(void)
{
    printf("skep %s (%s)\n", SKEP_VERSION, tls_library());
    return 0;
}

/* For make ref: the routes as they are declared. */
static int openapi_print(void)
{
    json_t *doc = http_openapi();
    char *text = sk_json_text(doc, NULL);

    printf("%s\n", text ? text : "");
    free(text);
    json_decref(doc);
    return 0;
}

int cli_config(int argc, char **argv)
{
    struct config *config;
    struct sk_buf text;

    if (argc == 2 && strcmp(argv[1], "openapi") == 0)
        return openapi_print();
    sk_buf_init(&text, SHOW_MAX);
    int err = settings_load(&config, &argc, argv, &text);
    if (argc != 2 || (strcmp(argv[1], "check") != 0 && strcmp(argv[1], "show") != 0)) {
        printf("usage: skep config check|show|openapi [--config FILE] [--section-name VALUE]\n\n"
               "  check    say whether the settings can be used (exit code 0 or 1)\n"
               "  show     every setting with its value, where it comes from, and what it does\n"
               "  openapi  the HTTP routes as an OpenAPI document\n");
        config_free(config);
        sk_buf_fini(&text);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    if (!err && strcmp(argv[1], "show") == 0)
        err = config_show(config, &text);
    if (err)
        fprintf(stderr, "skep: %s\n", text.len ? (const char *)text.data : sk_error_text(err));
    else
        printf("%s", text.len ? (const char *)text.data : "The settings can be used.\n");
    config_free(config);
    sk_buf_fini(&text);
    return err ? 1 : 0;
}

static int owner_reset(const struct config *config, struct sk_buf *why)
{
    const struct store_schema *schemas[SCHEMAS_MAX];
    char token[ACCOUNT_TOKEN_SIZE];
    uint16_t port = 0;
    size_t n = 0;

    for (const struct room *const *r = rooms_list(); *r && n < SCHEMAS_MAX; r++)
        if ((*r)->schema)
            schemas[n++] = (*r)->schema;
    asset_use_embedded();
    audit_seam_fill();
    int err = tls_init();
    if (!err)
        err = account_owner_reset(settings_data_dir(config), schemas, n, token, &port, why);
    if (err)
        return err;
    if (!port)
        port = (uint16_t)config_int(config, "edge.port");
    printf("\n  All sessions have ended. Open this link to set a new password (it works once,\n"
           "  for 24 hours):\n\n    https://%s:%u/setup#t=%s\n\n",
           config_text(config, "edge.host"), port, token);
    sk_wipe(token, sizeof(token));
    return 0;
}

int cli_owner(int argc, char **argv)
{
    struct config *config;
    struct sk_buf why;

    sk_buf_init(&why, 2048);
    int err = settings_load(&config, &argc, argv, &why);
    if (!err && (argc != 2 || strcmp(argv[1], "reset") != 0)) {
        printf("usage: skep owner reset [--core-data-dir DIR]\n\n"
               "  Voids the owner's password, ends every session and prints a new one-time link.\n"
               "  Whoever can run this has the box; it is written down in the event log.\n");
        config_free(config);
        sk_buf_fini(&why);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    if (!err)
        err = owner_reset(config, &why);
    if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    config_free(config);
    sk_buf_fini(&why);
    return err ? 1 : 0;
}
