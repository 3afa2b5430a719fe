/* pidstat.h -- what /proc/PID/stat says of a process: since when it runs, and whether it is ending.
 * A number of a process is used again; number and start together are used once per boot.
 * Runs in: every program.  Owns: nothing.  Source: proc(5); PF_EXITING of include/linux/sched.h. */
#ifndef IPAM_BASE_PIDSTAT_H
#define IPAM_BASE_PIDSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* in ticks of _SC_CLK_TCK since boot; 0: there is no such process */
uint64_t pidstat_start(pid_t pid);
/* The process is there and has begun to die: it executes nothing of its own any more, although its
 * memory, descriptors, sockets and locks may be open for a while. */
bool pidstat_is_exiting(pid_t pid);

#endif
