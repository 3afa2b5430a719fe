/* successor.h -- a daemon gives its place to the program that is installed now.
 * Runs in: supervisor, broker.
 *
 * The old process starts the new program as its child and hands it the lock, the listening socket
 * and connections on which nobody waits, so that no caller is turned away.  The new one starts as
 * after a kill of the old one, and says when it is ready.  Only then does the old one end.  If the
 * new program cannot be executed, ends, or says nothing for SUCCESSOR_PATIENCE_US, it is killed,
 * and the old process executes its own program anew (the kernel still has the file, although
 * another one lies in its place): same process, as after a kill again. Under systemd the unit's
 * main process becomes the new one (sd_notify, MAINPID).
 *
 * Owns: nothing; descriptors stay the caller's.  Fails: negative errno. */
#ifndef IPAM_BASE_SUCCESSOR_H
#define IPAM_BASE_SUCCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define SUCCESSOR_PATIENCE_US (UINT64_C(10) * 1000 * 1000)

enum { SUCCESSOR_CONNECTIONS = 64 };

/* what passes on */
struct heritage {
    int lock, listener; /* -1: there is none */
    int connections[SUCCESSOR_CONNECTIONS];
    size_t n_connections;
};
#define HERITAGE_NONE ((struct heritage){ .lock = -1, .listener = -1 })

/* What --heritage=TEXT of the command line says: descriptors, which become close-on-exec.  The
 * process is called as its program again. */
int successor_inherit(const char *text, struct heritage *out, struct err *e);

/* Starts paths_lib()/NAME and waits for it, without leaving the processor to the caller's loop; 0:
 * it is ready, *pid is its.  What the caller holds that the new process needs for itself alone must
 * have been let go before. */
int successor_start(const char *name, const struct heritage *h, bool exit_idle, pid_t *pid,
                    struct err *e);
/* Ends this process, in which nothing may be cleaned up any more. */
_Noreturn void successor_leave(void);
/* Becomes the program of this process again; `socket` is the path of the listening one. */
_Noreturn void successor_come_back(const char *name, const struct heritage *h, const char *socket,
                                   bool exit_idle);

#endif
