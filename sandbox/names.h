/* names.h -- the names a running instance knows, when others have come or gone since its launch.
 * Runs in: broker; a short-lived child of it enters the instance's mount namespace.
 * Owns: nothing.  The new names are written down with the instance.
 * Source: hosts(5), open_tree(2), mount_setattr(2). */
#ifndef IPAM_SANDBOX_NAMES_H
#define IPAM_SANDBOX_NAMES_H

#include <jansson.h>

#include "sandbox/guest.h"

/* `hosts` as in spec.h instead of those it has, after policy.  /etc/hosts is written over in place:
 * whoever reads it meanwhile sees old or new lines, whole ones.  -ENOSYS: a kernel before 5.12. */
int names_change(struct guest *g, const json_t *hosts, struct err *e);

#endif
