/* program.h -- the process that becomes a program of the service.
 * Runs in: init (the main program and its hooks, in a fork), ipam-init on its way into an instance
 * (a command or a worker, the process itself).
 * Owns: its string lists; the strings belong to the setup text.  Fails: negative errno with the
 * stage named.
 * The process moves its three descriptors, sets limits and ids, loads the filter and executes. */
#ifndef IPAM_SANDBOX_PROGRAM_H
#define IPAM_SANDBOX_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/rlimits.h"
#include "sandbox/setup.h"
#include "sandbox/stages.h"

enum { PROGRAM_STRINGS_MAX = 4096, PROGRAM_GROUPS_MAX = 33 };

struct program {
    uid_t uid;
    gid_t gid; /* also the first of the groups */
    gid_t groups[PROGRAM_GROUPS_MAX];
    size_t n_groups;
    struct rlimits limits;
    const char *oom_score_adj; /* NULL: inherited */
    bool fenced, host_network; /* by landlock.h; in the network of the host */
    bool log_denied;           /* system calls that the filters refuse */
    uint64_t capabilities;     /* mask of those that are kept */
    bool own_users;            /* in a user namespace, see program_start */
    const char *apparmor;      /* as SETUP_APPARMOR; NULL: that of init */
    const char *workdir;
    const char *host_path; /* NULL: argv[0] is looked up in PATH inside the instance */
    bool hold;             /* nothing is executed, it waits to be ended */
    const char *connect;   /* NULL: executed; else a socket to connect to, and nothing is */
    char **argv, **env;    /* NULL-terminated, at most PROGRAM_STRINGS_MAX each */
    size_t n_argv, n_env;
};

struct program_start {
    int std[3];      /* become 0, 1 and 2; a terminal as 0 becomes the controlling one */
    const int *pass; /* become 3, 4, ...; must all be above 3 + n_pass */
    size_t n_pass;
    bool listening; /* they are sockets, and LISTEN_PID says whose */
    int filter;     /* an exported program, see seccomp.h */
    int users;      /* the user namespace to enter last, -1 = none */
    int parent;     /* a socket of the parent: the program ends when that ends; -1: it does not */
};

/* Takes SETUP_USER ... SETUP_PROGRAM; -EINVAL for what it cannot read. */
int program_take(struct program *p, const struct setup_op *op);
void program_clear(struct program *p);
/* Every step to the program in the calling process; returns only on failure, and *stage says where
 * it failed.  Before that it may have given away everything that it was. */
int program_become(const struct program *p, const struct program_start *how, enum stage *stage);
/* The same in a fork: its pid, once the program has been executed, as a close-on-exec pipe tells.
 */
int program_start(const struct program *p, const struct program_start *how, enum stage *stage);

#endif
