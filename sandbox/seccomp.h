/* seccomp.h -- exported filter programs, made once per profile and kept.
 * Runs in: broker.  Owns: the cached memfds until seccomp_clear.
 * Making a filter takes milliseconds, handing over a made one nothing. */
#ifndef IPAM_SANDBOX_SECCOMP_H
#define IPAM_SANDBOX_SECCOMP_H

#include "base/err.h"
#include "sandbox/spec.h"

/* Our own, in a directory whose name no specification can say: what the broker gives up, what init
 * needs, and what no service gets whatever its profile allows. */
#define SECCOMP_BROKER  "own/broker"
#define SECCOMP_INIT    "own/init"
#define SECCOMP_FLOOR   "own/floor"
#define SECCOMP_DEFAULT "default"

/* A sealed memfd with the program of paths_data()/configs/seccomp/NAME.json; the caller's. */
int seccomp_program(const char *name, struct err *e);
/* The one of a service: the floor and then its own profile or the named one, with what its
 * capabilities add, in one program: a process loads, and the kernel runs, one instead of two. */
int seccomp_of(const struct spec *s, struct err *e);
/* The same of what looks at a service from beside it. */
int seccomp_of_worker(struct err *e);
void seccomp_clear(void);

#endif
