/* maintenance.h -- the maintenance page of a project: a proxy shows it to everybody but some, with
 * 503, while something is done that nobody should see. Runs in: CLI.  Page and switch are files in
 * a directory of the proxy (x-ipam-orch.maintenance), written inside it as its user, so that they
 * stay when it is restarted; the switch is what nginx includes in a `geo`, where nothing but ranges
 * and values can stand. Fails: ERR_CONFIG when the proxy refuses the configuration: then it is as
 * it was. */
#ifndef IPAM_OPS_MAINTENANCE_H
#define IPAM_OPS_MAINTENANCE_H

#include <jansson.h>

#include "ops/procedure.h"

struct maintenance {
    bool on;
    const char *message;      /* on the page, "" = the usual; one line */
    const char *const *allow; /* ranges that see the application, NULL-terminated, may be NULL */
};

/* Switches, tests, makes the proxy read it, and waits until it shows; by itself, or in an operation
 * that has an intent of its own. */
int maintenance_set(const struct procedure *p, const struct maintenance *m, struct err *e);
int maintenance_apply(const struct procedure *p, const struct maintenance *m, struct err *e);
/* {"on":b,"since":N,"message":..,"allow":[..]}, new reference. */
int maintenance_status(const struct procedure *p, json_t **out, struct err *e);
/* Is that (by its name) the volume in which page and switch are?  It says what is the case now: no
 * backup has it, and no restore brings it back. */
bool maintenance_has_volume(const struct project *d, const char *volume);
int maintenance_undo(struct procedure *p, const json_t *intent, struct err *e);

enum { MAINTENANCE_MESSAGE = 500, MAINTENANCE_ALLOW = 64 };

#endif
