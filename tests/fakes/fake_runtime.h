/* fake_runtime.h -- a runtime that runs nothing: it notes what it was asked for and lets a test say
 * what happened.  Implements the seam of runtime/runtime.h. */
#ifndef IPAM_TESTS_FAKE_RUNTIME_H
#define IPAM_TESTS_FAKE_RUNTIME_H

#include "runtime/runtime.h"

struct fake_runtime {
    struct runtime_listener to;
    char notes[4096];   /* "launch p.db.1.1; signal p.db.1.1 15; ..." since the last fake_notes */
    uint64_t probe_tag; /* of the last probe asked for */
    uint64_t exec_tag;
    char probe_id[192];              /* whose it was */
    uint64_t tagged;                 /* of the last freeze, thaw, stats, input or limits */
    uint64_t network_tag;            /* of the last request about a network that wants an answer */
    uint64_t volume_tag;             /* of the last request to remove a volume */
    uint64_t errand_tag;             /* of the last command sent off */
    const struct runtime_seen *seen; /* what `connect` finds running */
    size_t n_seen;
};

extern const struct runtime_ops fake_runtime_ops;

/* what was asked for since the last call; valid until the next */
const char *fake_notes(struct fake_runtime *f);

#endif
