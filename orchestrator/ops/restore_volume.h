/* restore_volume.h -- volumes of a backup, put back; parts of a backup as files.  For restore.c. */
#ifndef IPAM_OPS_RESTORE_VOLUME_H
#define IPAM_OPS_RESTORE_VOLUME_H

#include "ops/restore.h"

/* does the unit have the volume of that key? */
bool restore_volume_is_of(const struct project *d, const char *key, const struct unit *u);
/* Every volume of the backup becomes what it was; who has them has been stopped. */
int restore_volumes(const struct procedure *p, const struct restore_wish *w, struct err *e);

#endif
