#include "cli/cli.h"
int cli_view(int argc, char **argv) { (void)argc; (void)argv; return 1; }
