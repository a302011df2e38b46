/* skep: a camera cloud in one binary. `skep help` lists what it can do. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "firmware-sim/fleet/fleet.h"

struct verb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
    {"serve", "run the box: edge, accounts, cameras, relay, console", cli_serve},
    {"view", "watch a camera without a browser: decrypt to an MP4 file", cli_view},
    {"call", "as an app: sign one request, send it, print the answer", cli_call},
    {"config", "check or show the settings", cli_config},
    {"owner", "on the box: make a new one-time link for the owner", cli_owner},
    {"audit", "verify, export or prove the audit log", cli_audit},
    {"backup", "make, list, verify and restore proven backups", cli_backup},
    {"pwlist", "make a list of breached passwords to refuse", cli_pwlist},
    {"agent", "on another host: send its figures to this box", cli_agent},
    {"hosts", "run simulated hosts, with the faults of a scenario", cli_hosts},
    {"fleet", "run simulated cameras", fleet_verb},
    {"camera", "run one simulated camera", camera_verb},
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(*verbs) };

static int help(FILE *out)
{
    fprintf(out, "skep %s: a camera cloud in one binary\n\nusage: skep <verb> [flags]\n\n",
            SKEP_VERSION);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(out, "\n`skep <verb> --help` tells more. To try it: skep serve --fleet 12\n");
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return help(stdout);
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)
        return cli_version();
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "skep: %s: no such verb\n\n", argv[1]);
    return help(stderr);
}
