/* init.h -- pid 1 of an instance: finish the sandbox, start the program, reap, forward, report.
 * Runs in: ipam-init, born by launch.c as root in fresh namespaces, soon the service user.
 * Owns: the instance's log pipes (kept open so that they outlive both daemons), its record file.
 * Source: pid_namespaces(7), signalfd(2). */
#ifndef IPAM_SANDBOX_INIT_H
#define IPAM_SANDBOX_INIT_H

/* Runs until the main program ends; the result is the process's exit status. */
int init_run(void);

#endif
