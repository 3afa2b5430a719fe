/* physical.h -- the files of the database server instead of statements (mariadb-backup): for
 * databases whose loading would take hours.  It is the whole server, its accounts and every schema.
 * Runs in: CLI.  Fails: negative errno, with what the tool said. */
#ifndef IPAM_OPS_PHYSICAL_H
#define IPAM_OPS_PHYSICAL_H

#include "ops/restore.h"

bool physical_is(const struct backup *b);
/* Copies the files of the running server to `to` (borrowed). */
int physical_create(const struct procedure *p, const struct database *db, struct flow *to,
                    struct err *e);
/* With the server stopped: the files of the backup take the place of those that are there, which
 * are kept beside them.  A stream that is damaged changes nothing. */
int physical_swap(const struct procedure *p, const struct restore_wish *w, struct err *e);
/* With the server stopped: what physical_swap has kept comes back, if there is anything. */
int physical_back(const struct procedure *p, const char *service, struct err *e);
/* What physical_swap has kept is deleted; the server may run. */
int physical_forget(const struct procedure *p, const char *service, struct err *e);

#endif
