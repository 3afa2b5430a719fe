/* preflight.h -- is this host fit for the project: one function per subject.
 * Runs in: CLI, with the caller's rights; what only root can see is then said to be unknown.
 * Nothing is changed. */
#ifndef IPAM_PREFLIGHT_PREFLIGHT_H
#define IPAM_PREFLIGHT_PREFLIGHT_H

#include <stdint.h>

#include "compose/load.h"
#include "preflight/finding.h"

/* those of web, dashboard, database, cache and monitoring */
enum { PREFLIGHT_PORTS = 6 };
extern const uint16_t preflight_ports_wanted[PREFLIGHT_PORTS];

struct preflight {
    const struct loaded *loaded; /* the project as it is written; NULL: nobody knows which */
    const uint16_t *ports;       /* that must be free */
    size_t n_ports;
    const uint16_t *own_ports; /* of these, those that services of ours have now */
    size_t n_own_ports;
    uint64_t min_memory, min_disk; /* bytes */
    bool compose;                  /* mode: Docker is needed, and packages are not */
};

typedef void preflight_check(const struct preflight *in, struct findings *out);

struct preflight_subject {
    const char *name, *summary;
    preflight_check *check;
};

/* in the order they are shown; ended by a NULL name */
extern const struct preflight_subject preflight_subjects[];

/* each in the file of its name; cgroup in kernel.c, users in host.c, sql in
 * mysql8.c */
preflight_check preflight_docker, preflight_packages, preflight_memory, preflight_disk,
    preflight_ports, preflight_kernel, preflight_cgroup, preflight_sysctl, preflight_host,
    preflight_users, preflight_sql;

#endif
