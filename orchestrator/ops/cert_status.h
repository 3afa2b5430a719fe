/* cert_status.h -- how the certificate of a project is: its files, what they say, who serves it,
 * and whether it will be renewed. Runs in: CLI, also for callers who may not read the key, and for
 * projects that do not run. */
#ifndef IPAM_OPS_CERT_STATUS_H
#define IPAM_OPS_CERT_STATUS_H

#include <jansson.h>

#include "ops/procedure.h"

struct cert_view {
    const struct procedure *procedure; /* of a project; its lock is not needed */
    const struct certificate *certificate;
    const struct project *running; /* NULL: it does not run, or nobody could be asked */
    const json_t *record;          /* of cert_record */
    int64_t now;                   /* seconds since 1970 */
};

/* {"subject","issuer",..,"days_left","served_matches_file":true|false|null,"checks":[{"id",
 * "status":"ok|warn|fail|skip","measured","remedy"}]}, see the manual page; new reference. */
json_t *cert_status(const struct cert_view *v);
/* how many checks of it have that status */
size_t cert_status_count(const json_t *status, const char *word);

#endif
