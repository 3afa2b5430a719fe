/* presence.h -- who still has to do with a program: connections to it, processes it has started.
 * From /proc, which shows both to everybody.
 * Runs in: supervisor.  Fails: where nothing can be read, as said. */
#ifndef IPAM_RUNTIME_PRESENCE_H
#define IPAM_RUNTIME_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

/* Connections that others have to what listens in the network of `pid`, those of itself left out;
 * negative errno when nothing can be read. */
int presence_inbound(int pid);
/* the same for the text of one /proc/PID/net/tcp or tcp6 */
int presence_count(const char *table);
/* at most `max` of the processes `pid` has started; how many there are in `pids` */
size_t presence_children(int pid, int *pids, size_t max);
/* also true for one that has ended and was not waited for */
bool presence_is_running(int pid);

#endif
