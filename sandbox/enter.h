/* enter.h -- one command inside an instance (`join` of client.h).
 * Runs in: ipam-init in its second role: a child of the broker that was born in the PID namespace
 * of the instance, as root until it has become the command. Owns: nothing that is left then.  Its
 * end is that of the command, and told by wait(2); a report on HANDOVER_SOCKET says why there is
 * none, and the end of that socket without one that it was executed. Source: setns(2) with a pidfd
 * (Linux 5.8), PR_SET_PDEATHSIG of prctl(2). */
#ifndef IPAM_SANDBOX_ENTER_H
#define IPAM_SANDBOX_ENTER_H

/* returns only on failure, which has been reported */
int enter_run(void);

#endif
