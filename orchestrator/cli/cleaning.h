/* cleaning.h -- what `clean` has found, and what of it is files that the caller can remove.
 * Runs in: CLI.  Nothing is reached through a symbolic link: several users write there. */
#ifndef IPAM_CLI_CLEANING_H
#define IPAM_CLI_CLEANING_H

#include <jansson.h>

#include "cli/cmd.h"

struct cleaning {
    const struct cli *cli;
    const char *project;
    bool dry_run, releases, logs, volumes;
    bool has_keep;
    uint64_t keep, older_us;
    json_t *items; /* [{"kind","name","bytes"[,"used"]}] */
    uint64_t bytes;
    size_t n, kept;
};

/* Notes one; `used` (NULL: by nobody) says who keeps it.  True when it is to be removed now. */
bool cleaning_add(struct cleaning *c, const char *kind, const char *name, uint64_t bytes,
                  const char *used);
/* What a write that was killed has left, an hour ago or more. */
void cleaning_files(struct cleaning *c);
/* Rotated log files of the project. */
void cleaning_logs(struct cleaning *c);
/* Directories below `releases` of its operations, but the newest and what is pinned. */
void cleaning_releases(struct cleaning *c);
void cleaning_print(const struct cleaning *c);

#endif
