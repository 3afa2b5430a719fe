/* seccomp.h -- exported filter programs, made once per profile and kept.
 * Runs in: broker.  Owns: the cached memfds until seccomp_clear.
 * Making a filter takes milliseconds, handing over a made one nothing. */
#ifndef IPAM_SANDBOX_SECCOMP_H
#define IPAM_SANDBOX_SECCOMP_H

#include "base/err.h"

/* the filters of init itself and of workers come from profiles with these names */
#define SECCOMP_INIT    "init"
#define SECCOMP_DEFAULT "default"

/* A sealed memfd with the program of paths_data()/configs/seccomp/NAME.json; stays the cache's. */
int seccomp_program(const char *name, struct err *e);
void seccomp_clear(void);

#endif
