#include "ops/renew.h"

#include <errno.h>
#include <string.h>

#include "model/digest.h"
#include "model/project_renew.h"

/* of the services whose digest is another one with these values */
static int digests_with(const struct project *now, const json_t *secrets, json_t **out,
                        struct err *e)
{
    struct project *next = NULL;
    int r = project_renew_secrets(now, secrets, NULL, &next, e);

    for (size_t i = 0; r == 0 && i < next->n_units; i++)
        r = digest_secrets(next, &next->units[i], e);
    if (r == 0)
        *out = json_object();
    for (size_t i = 0; r == 0 && i < next->n_units; i++)
        if (strcmp(next->units[i].digest, now->units[i].digest) != 0)
            (void) json_object_set_new(*out, next->units[i].name,
                                       json_string(next->units[i].digest));
    project_free(next);
    return r;
}

int renew_secrets(const struct procedure *p, const json_t *secrets, struct err *e)
{
    struct project *now = NULL;
    json_t *digests = NULL;
    int r = procedure_definition(p, &now, e);

    if (r == 0)
        r = digests_with(now, secrets, &digests, e);
    project_free(now);
    if (r < 0)
        return r;
    return procedure_request(p,
                             json_pack("{s:s,s:s,s:O,s:o}", "op", "renew", "project", p->project,
                                       "secrets", secrets, "digests", digests),
                             e);
}
