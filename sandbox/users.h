/* users.h -- the user namespace of an instance: ids 0 to 65535 inside are a range of the host's.
 * Runs in: broker.  Owns: nothing; descriptors belong to the caller.
 * Which range is no part of a request.  What is on disk does not depend on it: mounts show an
 * instance the ids that files have.
 * Fails: negative errno with the reason.
 * Source: user_namespaces(7), mount_setattr(2), decision 007. */
#ifndef IPAM_SANDBOX_USERS_H
#define IPAM_SANDBOX_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { USERS_IDS = 65536 };

/* The host's own: no descriptor, from 0. */
#define USERS_HOST                                                                                 \
    (struct users)                                                                                 \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

struct users {
    int fd;         /* of the namespace */
    uint32_t first; /* what its user 0 is on the host */
};

/* an id inside as the host knows it */
uint32_t users_outside(const struct users *u, uint32_t id);

/* A range of first to last for `owner`, the same one as long as nobody else has it; `taken` says
 * who does.  -EUSERS when all are taken. */
typedef bool users_taken(uint32_t first, void *userdata);
int users_choose(const char *owner, uint32_t first, uint32_t last, users_taken *taken,
                 void *userdata, uint32_t *out, struct err *e);

/* Makes the namespace of a range; its descriptor. */
int users_open(uint32_t first, struct err *e);

/* A detached mount, and those below it, show the namespace the ids on disk.  -EINVAL when a file
 * system of it cannot; nothing has changed then. */
int users_map(const struct users *u, int tree, bool below);

#endif
