/* pack.h -- a file, compressed as gzip(1) does it.
 * Runs in: worker.  Owns: nothing.  Fails: negative errno; what was written is then to be thrown
 * away. */
#ifndef IPAM_UNITS_PACK_H
#define IPAM_UNITS_PACK_H

/* From the beginning of `in` to `out`, which is on disk when this returns 0 and has the time of
 * `in`. `comment` (not "") goes into the header, in front of everything else. */
int pack_file(int in, int out, const char *comment);

#endif
