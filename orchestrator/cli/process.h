/* process.h -- processes of the host, as /proc shows them to the caller.
 * Runs in: CLI.  Owns: the list, freed by process_list_clear().  Fails: negative errno; a process
 * that ends while it is read is left out.  Source: proc(5). */
#ifndef IPAM_CLI_PROCESS_H
#define IPAM_CLI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct process {
    pid_t pid, parent;
    uid_t uid;
    uint64_t cpu_ticks; /* of sysconf(_SC_CLK_TCK) */
    char command[256];  /* printable ASCII; what a service may choose never reaches a terminal */
};

struct process_list {
    struct process *items; /* by pid */
    size_t n;
};

/* `proc` is "/proc" outside of tests */
int process_list_read(const char *proc, struct process_list *out, struct err *e);
void process_list_clear(struct process_list *l);
const struct process *process_find(const struct process_list *l, pid_t pid); /* NULL: none */
/* a child of `ancestor`, or a child of one */
bool process_is_below(const struct process_list *l, const struct process *p, pid_t ancestor);

#endif
