/* denied.h -- refused system calls in the log of the kernel.
 * Runs in: CLI, with the caller's rights.  Owns: its list.  Fails: negative errno with the log
 * named. The lines are those of audit (type 1326), which the kernel writes for filters that were
 * loaded with SECCOMP_FILTER_FLAG_LOG, at a limited rate. Source: seccomp(2),
 * "SECCOMP_FILTER_FLAG_LOG"; kernel/auditsc.c, audit_seccomp(). */
#ifndef IPAM_CLI_DENIED_H
#define IPAM_CLI_DENIED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "model/project.h"

struct denied {
    uid_t uid;
    int call; /* its number */
    char program[64];
    unsigned times;
};

struct denied_list {
    struct denied *items;
    size_t n;
};

#define DENIED_KERNEL_LOG "/dev/kmsg"

/* `path`: that one, or a file with the same lines */
int denied_read(const char *path, struct denied_list *out, struct err *e);
/* was it a program of that user? The log knows processes, and those are gone */
bool denied_is_of(const struct denied *d, const struct unit *u);
void denied_clear(struct denied_list *l);

#endif
