/* The verbs of the command line. argv[0] is the verb. Exit codes: 0 done, 1 failed, 2 usage. */
#ifndef SK_CLI_CLI_H
#define SK_CLI_CLI_H

int cli_serve(int argc, char **argv);
int cli_view(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_owner(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_call(int argc, char **argv);
int cli_pwlist(int argc, char **argv);
int cli_agent(int argc, char **argv);
int cli_hosts(int argc, char **argv);
int cli_version(void);

#endif
