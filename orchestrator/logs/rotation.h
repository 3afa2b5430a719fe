/* rotation.h -- log files that have grown too long: PATH becomes PATH.1, that PATH.2 and so on.
 * Runs in: supervisor (makes them), CLI (reads them).  Owns: nothing.
 * Every step is one rename(2): whoever is killed between two leaves a gap in the numbers and every
 * line in one file, and the next rotation goes on from there. */
#ifndef IPAM_LOGS_ROTATION_H
#define IPAM_LOGS_ROTATION_H

#include <stddef.h>

/* Makes room for a new file at `path`: at most `files` remain with it, the oldest goes.
 * Negative errno: the file is where it was. */
int rotation_shift(const char *path, unsigned files);
/* What the file is called after `n` rotations, 0 = `path` itself; malloc'd. */
char *rotation_name(const char *path, unsigned n);
/* The highest number there is, 0 if nothing was rotated. */
unsigned rotation_oldest(const char *path);

#endif
