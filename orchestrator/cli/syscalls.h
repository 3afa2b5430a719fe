/* syscalls.h -- which system calls a unit may make, and by which rule not.
 * Runs in: CLI.  Owns: the parsed profiles until syscalls_clear.  Fails: negative errno with the
 * profile named.  It reads the profiles that the broker makes filters of (sandbox/profile.h), and
 * says what they mean; it decides nothing.
 * Source: moby profiles/seccomp; libseccomp for names and numbers of this architecture. */
#ifndef IPAM_CLI_SYSCALLS_H
#define IPAM_CLI_SYSCALLS_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "model/project.h"

enum syscalls_answer { SYSCALLS_REFUSED, SYSCALLS_BY_ARGUMENT, SYSCALLS_ALLOWED };

struct syscalls {
    json_t *floor, *profile;
    const char *name; /* of the profile; borrowed from the unit */
    uint64_t capabilities;
};

struct syscalls_verdict {
    enum syscalls_answer answer;
    const char *source, *rule; /* profile, and the comment of its entry; "" = its default */
};

struct syscalls_count {
    size_t total, allowed, by_argument; /* of the calls libseccomp knows here */
};

/* a shipped profile; a new reference */
int syscalls_read(const char *name, json_t **out, struct err *e);
int syscalls_open(const struct unit *u, struct syscalls *out, struct err *e);
void syscalls_clear(struct syscalls *s);

/* -ENOENT: no call of this architecture has that name */
int syscalls_judge(const struct syscalls *s, const char *call, struct syscalls_verdict *out);
struct syscalls_count syscalls_count(const struct syscalls *s);
/* malloc'd; NULL when there is no such number */
char *syscalls_name(int number);

#endif
