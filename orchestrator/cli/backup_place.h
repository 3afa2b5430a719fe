/* backup_place.h -- what the verbs about backups begin with: the project as its files and as the
 * manager have it, its store, its lock, the passphrase.
 * Runs in: CLI.  Owns: all of it, until backup_place_close. */
#ifndef IPAM_CLI_BACKUP_PLACE_H
#define IPAM_CLI_BACKUP_PLACE_H

#include "cli/operate.h"
#include "ops/backup.h"

/* what the verbs have in common on their command lines */
struct backup_place_options {
    const char *directory;       /* -o, NULL: that of the project */
    const char *passphrase_file; /* NULL: the secret of the project, if it names one */
};

enum {
    PLACE_RUNS = 1,  /* the project has to run: `definition` is there */
    PLACE_LOCKS = 2, /* the project's lock is held */
    PLACE_MAKES = 4  /* a store that is not there is made */
};

struct backup_place {
    struct operate operate;
    struct backup_store store;
    char *project;
    struct project *definition, *files; /* NULL if the manager, the caller does not have it */
    struct backup_policy policy;
    struct backup_key key;
    char *passphrase;
};

#define BACKUP_PLACE_NONE                                                                          \
    ((struct backup_place){ .operate = OPERATE_NONE, .store = BACKUP_STORE_NONE })

int backup_place_open(const struct cli *cli, const char *verb, const struct backup_place_options *o,
                      unsigned how, struct backup_place *out, struct err *e);
void backup_place_close(struct backup_place *p, int result);

/* Tries a backup (ops/drill.h), notes that, prints what came back. */
int backup_place_drill(const struct cli *cli, const struct backup_place *p, const struct backup *b,
                       struct err *e);

#endif
