/* pack.h -- rotated files of a log are compressed by a child, one after the other, oldest first.
 * Runs in: supervisor, which waits for nothing: the child (ipam-worker pack) runs when nobody else
 * wants the processor.  Owns: the child and the file it writes.
 * That file has no name until it is whole and on disk.  Then it gets the one of its source with
 * .gz, and the source goes.  Whoever is killed before that leaves nothing; between the two, both,
 * and rotation_settle takes the source away.  What cannot be compressed stays as it is. Source:
 * O_TMPFILE in open(2). */
#ifndef IPAM_LOGS_PACK_H
#define IPAM_LOGS_PACK_H

#include <systemd/sd-event.h>

struct pack;

/* of the log at `path`; `loop` is borrowed */
struct pack *pack_new(sd_event *loop, const char *path);
void pack_free(struct pack *p); /* accepts NULL; ends the child */
/* Compresses what is rotated and not compressed.  Nothing new while a child runs: it comes to it.
 */
void pack_start(struct pack *p);

#endif
