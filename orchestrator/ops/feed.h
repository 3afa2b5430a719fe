/* feed.h -- parts of a backup into a program, and what it answers then.
 * Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_OPS_FEED_H
#define IPAM_OPS_FEED_H

#include "ops/restore.h"
#include "ops/tool.h"

/* The program reads `n` parts, one after the other, as its input.  When it has read all of them it
 * may write, to `answer` (borrowed, may be NULL); one that ends early says why.  A part that is
 * damaged kills it. */
int feed_parts(const struct procedure *p, const struct restore_wish *w, const json_t *const *parts,
               size_t n, const struct tool *program, struct flow *answer, struct err *e);
/* The same with at most one part (NULL = nothing is read), the program being where the files of its
 * service are, without networks: in a sandbox like that of the service, as its user. */
int feed_beside(const struct procedure *p, const struct restore_wish *w, const json_t *part,
                const struct tool *program, struct err *e);

#endif
