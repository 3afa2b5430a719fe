/* rlimits.h -- resource limits of the program (setrlimit(2)).
 * Runs in: init's fork, while it is still root: hard limits may have to rise. */
#ifndef IPAM_SANDBOX_RLIMITS_H
#define IPAM_SANDBOX_RLIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct rlimits {
    uint64_t nofile; /* open descriptors; 0 is the usual 1024 (524288) */
    struct rlimits_one {
        int resource;        /* RLIMIT_... */
        uint64_t soft, hard; /* INT64_MAX is unlimited */
    } one[RLIM_NLIMITS];
    size_t n;
};

/* RLIMIT_... of a name as compose files have it; -1 if there is none */
int rlimits_resource(const char *name);
/* No core files unless `one` says otherwise. */
int rlimits_apply(const struct rlimits *limits);

#endif
