#include "sandbox/rights.h"

#include <string.h>

#include "base/auto.h"
#include "base/capability.h"
#include "base/paths.h"
#include "sandbox/setup.h"
#include "sandbox/setup_number.h"

void rights_put(FILE *f, const struct spec *s, gid_t gid, const struct permit *permit)
{
    const char *wrong = NULL;
    uint64_t capabilities = 0;

    setup_put(f, SETUP_USER, setup_number(s->uid).text, setup_number(gid).text);
    setup_put(f, SETUP_NOFILE, setup_number(s->nofile).text);
    if (gid != s->gid)
        setup_put(f, SETUP_GROUP, setup_number(s->gid).text);
    for (size_t i = 0; i < s->n_groups; i++)
        if (s->groups[i].gid != gid)
            setup_put(f, SETUP_GROUP, setup_number(s->groups[i].gid).text);
    for (size_t i = 0; i < s->n_ulimits; i++)
        setup_put(f, SETUP_ULIMIT, s->ulimits[i].resource, setup_number(s->ulimits[i].soft).text,
                  setup_number(s->ulimits[i].hard).text);
    if (s->oom_score_adj != 0) {
        char adj[SETUP_NUMBER_TEXT];

        (void) snprintf(adj, sizeof adj, "%d", s->oom_score_adj);
        setup_put(f, SETUP_OOM, adj);
    }
    setup_put(f, SETUP_FENCE, strcmp(s->network_of, SPEC_HOST) == 0 ? "host" : "own");
    if (permit_log_denied(permit, s->project))
        setup_put(f, SETUP_LOG);
    if (capability_mask(s->capabilities, &capabilities, &wrong) == 0 && capabilities)
        setup_put(f, SETUP_CAPS, setup_number(capabilities).text);
    if (s->apparmor[0]) {
        auto_free char *profile = paths_join("exec %s", s->apparmor);

        setup_put(f, SETUP_APPARMOR, profile);
    }
}
