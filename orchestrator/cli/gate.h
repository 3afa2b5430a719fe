/* gate.h -- what an update is judged by: the quick checks of verify/, made before it and after it.
 * What fails afterwards and did not fail before is its fault, what failed before is not.
 * Runs in: CLI.  Owns: what was found before, until gate_clear. */
#ifndef IPAM_CLI_GATE_H
#define IPAM_CLI_GATE_H

#include "ops/update.h"
#include "verify/verify.h"

struct gate {
    const struct procedure *procedure; /* with its lock */
    struct verify_results before;
};

/* What an update goes through; `g` outlives it. */
struct update_gate gate_of(struct gate *g);
void gate_clear(struct gate *g);

/* The first of `after` that fails and is no failure of `before`; NULL: none. */
const struct verify_result *gate_broken(const struct verify_results *before,
                                        const struct verify_results *after);

#endif
