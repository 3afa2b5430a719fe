/* contents.h -- the files in memory of a running instance (spec.files), with other contents than
 * those of its launch.
 * Runs in: broker; a short-lived child of it enters the instance's mount namespace.
 * Owns: nothing.  Owner, group and mode stay those of the specification.
 * Every file is a mount of its own, and the new one is mounted over the old one: whoever opens it
 * gets all of the old or all of the new contents, whoever has it open keeps what it opened.  All
 * are prepared before the first is put in place; a process killed between two of them leaves some
 * old and some new, and the same request again makes all of them new.
 * Source: move_mount(2), open_tree(2), mount_setattr(2). */
#ifndef IPAM_SANDBOX_CONTENTS_H
#define IPAM_SANDBOX_CONTENTS_H

#include <jansson.h>

#include "sandbox/guest.h"

/* `files` is [{"target": PATH, "fd": N}]: a file of its specification, and a sealed memory file
 * among the descriptors.  -ENOENT for a target that is none, -EDQUOT when it was done too often:
 * what is covered stays in memory as long as the instance. */
int contents_change(struct guest *g, const json_t *files, const int *fds, size_t n_fds,
                    struct err *e);

#endif
