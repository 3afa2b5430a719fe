/* restore_page.h -- the maintenance page around a restore, so that nobody meets an application
 * whose database is away.  For restore.c. There is none where the compose file names no proxy,
 * where that one does not run, or where it has itself something that is restored.  One that was on
 * before is the operator's, and stays. Runs in: CLI.  Owns: the step "page" of the intent, which is
 * there when the page is ours. */
#ifndef IPAM_OPS_RESTORE_PAGE_H
#define IPAM_OPS_RESTORE_PAGE_H

#include "ops/restore.h"

/* Shows it, unless it is shown.  That it cannot be shown is said, and fails nothing: *ours is false
 * then. */
int restore_page_begin(const struct procedure *p, bool *ours, struct err *e);
/* Takes it away, from a proxy that runs; once more does no harm. */
int restore_page_end(const struct procedure *p, struct err *e);

#endif
