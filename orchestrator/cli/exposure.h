/* exposure.h -- how much of the host and of the network a unit can touch, as a number with its
 * reasons.  Pure.
 * Runs in: CLI.  Points are tenths; the score is their sum, from 0 (nothing) to 10.0, so that two
 * units, or two versions of one, can be compared.  It says how much there is to attack, not whether
 * the program is good. */
#ifndef IPAM_CLI_EXPOSURE_H
#define IPAM_CLI_EXPOSURE_H

#include <stddef.h>

#include "cli/syscalls.h"
#include "model/project.h"

enum { EXPOSURE_MOST = 100, EXPOSURE_REASONS_MAX = 16, EXPOSURE_TEXT_MAX = 160 };

struct exposure_reason {
    unsigned points;
    char text[EXPOSURE_TEXT_MAX];
};

struct exposure {
    unsigned points; /* of all reasons, EXPOSURE_MOST at most */
    struct exposure_reason reasons[EXPOSURE_REASONS_MAX]; /* the largest first */
    size_t n;
};

void exposure_of(const struct project *p, const struct unit *u, const struct syscalls_count *calls,
                 struct exposure *out);

#endif
