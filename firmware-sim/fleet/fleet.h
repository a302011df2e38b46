/* `skep camera` and `skep fleet`: simulated cameras in a process of their own. */
#ifndef SIM_FLEET_FLEET_H
#define SIM_FLEET_FLEET_H

/* Verbs; argv[0] is the verb's name. Return the process's exit code (0, 1 failure, 2 usage). */
int fleet_verb(int argc, char **argv);
int camera_verb(int argc, char **argv);

#endif
