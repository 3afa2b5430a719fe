/* bundle.h -- texts as files of a tar archive, secrets taken out of each.
 * Runs in: CLI.  Owns: nothing; file and secrets are the caller's.  Fails: when the file is closed.
 * Source: pax(1), "ustar Interchange Format". */
#ifndef IPAM_CLI_BUNDLE_H
#define IPAM_CLI_BUNDLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/scrub.h"

struct bundle {
    FILE *out;
    const char *dir; /* that all files are in */
    const struct scrub *secrets;
    uint64_t now_us;
    char **missing; /* what could not be read and why, see strv.h; the caller frees it */
};

void bundle_text(struct bundle *b, const char *name, const char *text, size_t len);
/* The last `max` bytes of a file, from a whole line on; what is not there is left out. */
void bundle_file(struct bundle *b, const char *name, const char *path, size_t max);
/* Says what is missing and ends the archive. */
void bundle_end(struct bundle *b);

#endif
