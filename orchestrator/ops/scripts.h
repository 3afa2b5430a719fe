/* scripts.h -- numbered SQL files of a directory.
 * Migrations are NNNN_name.up.sql, and beside them NNNN_name.down.sql where there is a way back;
 * seeds are NNNN_name.sql.  Other files are passed over.
 * Runs in: CLI, with the caller's rights.  Owns: texts and a descriptor of the directory.
 * Fails: with the path; two files of one number are refused. */
#ifndef IPAM_OPS_SCRIPTS_H
#define IPAM_OPS_SCRIPTS_H

#include <stddef.h>

#include "base/err.h"

enum script_kind { SCRIPT_MIGRATION, SCRIPT_SEED, SCRIPT_KIND_COUNT };

extern const char *const script_kind_text[SCRIPT_KIND_COUNT]; /* migration, seed */

enum { SCRIPT_SUM = 65 };

struct script {
    unsigned version; /* from 1 */
    char *file;
    char *down;           /* NULL: no way back */
    char sum[SCRIPT_SUM]; /* SHA-256 of `file` */
};

struct scripts {
    struct script *list; /* by version */
    size_t n;
    char *path;
    int dir;
};

#define SCRIPTS_NONE ((struct scripts){ .dir = -1 })

/* "" as a path has no files */
int scripts_read(const char *path, enum script_kind kind, struct scripts *out, struct err *e);
void scripts_clear(struct scripts *s);
const struct script *scripts_find(const struct scripts *s, unsigned version);
/* one of the files, NUL-terminated; malloc'd */
int scripts_text(const struct scripts *s, const char *file, char **text, size_t *len,
                 struct err *e);
int scripts_sum(const char *text, size_t len, char out[SCRIPT_SUM], struct err *e);
/* the number in front of "_name" when the file name is one of this kind, else 0 */
unsigned script_version(enum script_kind kind, const char *name);

#endif
