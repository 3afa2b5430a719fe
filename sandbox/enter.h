/* enter.h -- runs one command inside an instance (`join` of client.h).
 * Runs in: ipam-init in its second role, as root until the fork.  Owns: the command it forked.
 * Source: setns(2) with a pidfd (Linux 5.8). */
#ifndef IPAM_SANDBOX_ENTER_H
#define IPAM_SANDBOX_ENTER_H

/* Ends when the command has ended; SIGTERM kills the command and its process group. */
int enter_run(void);

#endif
