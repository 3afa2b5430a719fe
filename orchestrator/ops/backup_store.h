/* backup_store.h -- the directory in which backups of a project are: one directory per backup, with
 * its parts, manifest.json, the sums of all of them in SHA256SUMS, and what was verified since in
 * verified.json.  A backup has its name when it is whole, and not before; what an interrupted one
 * leaves has a name that begins with a dot, and the next one that works here removes it.
 * What is made belongs to whoever the directory belongs to, for nobody else to read.
 * Runs in: CLI.  Owns: itself.  Fails: negative errno; ERR_BACKUP. */
#ifndef IPAM_OPS_BACKUP_STORE_H
#define IPAM_OPS_BACKUP_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_SUMS     "SHA256SUMS"
#define BACKUP_VERIFIED "verified.json"

struct backup_store {
    int dir;
    char *path, *project;
    uid_t uid;
    gid_t gid;
    mode_t file_mode, dir_mode;
};

#define BACKUP_STORE_NONE ((struct backup_store){ .dir = -1 })

struct backup {
    char *name;
    json_t *manifest, *verified; /* verified: NULL if it never was */
    uint64_t time_s;             /* of what it shows, since 1970 */
    uint64_t bytes;              /* of its parts */
    bool safety;                 /* made before something that might go wrong */
};

struct backups {
    struct backup *list; /* the newest first */
    size_t n;
};

/* `directory` "" : that of operations.  It is made if it is missing and `make`; -ENOENT. */
int backup_store_open(const char *project, const char *directory, bool make,
                      struct backup_store *out, struct err *e);
void backup_store_close(struct backup_store *s);

int backup_store_list(const struct backup_store *s, struct backups *out, struct err *e);
void backups_clear(struct backups *b);
/* By name, or "latest": the newest that is no safety copy.  Borrowed from the list. */
int backups_find(const struct backups *b, const struct backup_store *s, const char *name,
                 const struct backup **out, struct err *e);

/* What follows is for the holder of the project's lock. */

/* what was left by an operation that did not end */
void backup_store_sweep(const struct backup_store *s);
int backup_store_remove(const struct backup_store *s, const char *name, struct err *e);
/* a file without a name yet, or where the file system knows none with one that is swept */
int backup_store_file(const struct backup_store *s, const char *backup, const char *name, int *fd,
                      struct err *e);
/* gives all of them their names: `names` and `fds` from backup_store_file */
int backup_store_publish(const struct backup_store *s, const char *backup, char *const *names,
                         const int *fds, struct err *e);
/* a part of one that is there, to be read; and one more file in it */
int backup_store_read(const struct backup_store *s, const char *backup, const char *file, int *fd,
                      struct err *e);
int backup_store_add(const struct backup_store *s, const char *backup, const char *file,
                     const json_t *content, struct err *e);

#endif
