/* tree.h -- a file, or a directory with all that is in it: its digest, and a copy that shares what
 * it can.
 * Runs in: CLI.  Symbolic links are copied as they are and never followed; what is neither file,
 * directory nor link is left out.
 * Fails: negative errno naming the file; -E2BIG beyond the limits of tree.c. */
#ifndef IPAM_OPS_TREE_H
#define IPAM_OPS_TREE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

enum { TREE_DIGEST = 65 };

struct tree {
    char digest[TREE_DIGEST]; /* of names, kinds, permissions and content */
    uint64_t bytes;
    unsigned files, shared; /* files that were linked to an earlier copy */
};

/* What is at `path`. */
int tree_read(const char *path, struct tree *out, struct err *e);
/* The same, copied into the new directory `name` of the directory `to`, under the last name of
 * `path`.  `index` notes where
 * each file's content is ({DIGEST: PATH}); a file that `known` has, below the directory
 * `known_dir`, is linked instead of copied (known may be NULL). */
struct tree_copy {
    int to;
    const char *name;
    json_t *index;
    const json_t *known;
    int known_dir;
};
int tree_copy(const char *path, const struct tree_copy *how, struct tree *out, struct err *e);
/* Removes `name` in `dir` with all that is in it; absent is fine. */
int tree_remove(int dir, const char *name, struct err *e);

#endif
