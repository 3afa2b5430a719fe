/* rights.h -- what a process may do, as the kernel says, against what its service is to have. Pure.
 * Runs in: CLI.  Source: proc_pid_status(5). */
#ifndef IPAM_VERIFY_RIGHTS_H
#define IPAM_VERIFY_RIGHTS_H

#include <stddef.h>

#include "model/project.h"

/* `status`: the text of /proc/PID/status.  Says into `out` what is beyond, "" if nothing is. */
void rights_judge(const struct unit *u, const char *status, char *out, size_t room);
/* adds a sentence to what has been said, with a semicolon */
void rights_complain(char *out, size_t room, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
