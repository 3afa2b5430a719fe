/* budget.h -- rotated logs of a project that are too old, or too many together: the oldest go
 * first. Runs in: supervisor.  Owns: nothing. What a file is of stands in its name: SERVICE.log,
 * SERVICE@N.log, .N or .N.gz behind those that were rotated (rotation.h).  Files that are written
 * now are counted and never removed; the journal and failures (@...) are neither. */
#ifndef IPAM_LOGS_BUDGET_H
#define IPAM_LOGS_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct budget {
    const char *service;
    uint64_t bytes, age_us; /* of all its files together, of one since its last line; 0 = any */
};

/* Applies to the logs in `dir`: `each` to those of its services, `bytes` to all.  How many went. */
size_t budget_apply(const char *dir, const struct budget *each, size_t n, uint64_t bytes,
                    uint64_t now_us);

#endif
