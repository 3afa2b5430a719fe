/* fix.h -- what can be put right without asking: settings of the kernel and missing system users.
 * Packages and programs of others are never touched.
 * Runs in: CLI, as root.  Fails: -EPERM; otherwise with the first that did not work. */
#ifndef IPAM_PREFLIGHT_FIX_H
#define IPAM_PREFLIGHT_FIX_H

#include "base/err.h"
#include "preflight/finding.h"

/* told about every change */
typedef void fix_say(void *owner, const char *what);

/* Settings hold now and after a boot (/etc/sysctl.d/90-ipam-orch.conf). */
int fix_findings(const struct findings *found, fix_say *say, void *owner, struct err *e);

#endif
