/* rotation.h -- log files that have grown too long: PATH becomes PATH.1, that PATH.2 and so on.
 * Runs in: supervisor (makes them), CLI (reads them).  Owns: nothing.
 * A file with a number may be compressed, PATH.1.gz (pack.h); there may be one of both for a
 * moment, with the same lines. Every step is one rename(2): whoever is killed between two leaves a
 * gap in the numbers and every line in one file, and the next rotation goes on from there. */
#ifndef IPAM_LOGS_ROTATION_H
#define IPAM_LOGS_ROTATION_H

#include <stddef.h>
#include <stdint.h>

/* Makes room for a new file at `path`: at most `files` remain with it, the oldest goes.
 * Negative errno: the file is where it was. */
int rotation_shift(const char *path, unsigned files);
/* What the file is called after `n` rotations, 0 = `path` itself; malloc'd. */
char *rotation_name(const char *path, unsigned n);
char *rotation_packed_name(const char *path, unsigned n);
/* Takes away the files that are there compressed as well. */
void rotation_settle(const char *path);
/* What is said in the header of a compressed file about the open one that it is made of; malloc'd.
 */
char *rotation_comment(int source);
/* From that header, the inode of the file it was made of: who has that one open finds its place.
 * 0 if there is no such file. */
uint64_t rotation_source(const char *packed);
/* The highest number there is, 0 if nothing was rotated. */
unsigned rotation_oldest(const char *path);

#endif
