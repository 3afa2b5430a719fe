/* running.h -- what a daemon says of itself: which process, since when, of which file.
 * Runs in: supervisor, broker.  Owns: nothing.  Source: proc(5). */
#ifndef IPAM_BASE_RUNNING_H
#define IPAM_BASE_RUNNING_H

#include <jansson.h>
#include <stdbool.h>

/* true when paths_lib()/NAME is the file this process runs, not one that was installed since */
bool running_is_installed(const char *name);
/* {"program":NAME,"pid":N,"version":..,"since_us":of the clock,"socket":..,"installed":b,
 *  "rss":bytes}; new reference */
json_t *running_describe(const char *name, const char *socket);

#endif
