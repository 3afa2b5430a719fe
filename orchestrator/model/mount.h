/* mount.h -- a place in the file system of a unit and what is there: a directory of the host, a
 * volume, memory.
 * Runs in: CLI (makes it), supervisor, tests.  Owns: nothing; texts belong to the project. */
#ifndef IPAM_MODEL_MOUNT_H
#define IPAM_MODEL_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum mount_kind { MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS, MOUNT_KIND_COUNT };

/* which of the mounts below a source come with it, and what read_only means for them */
enum mount_reach {
    MOUNT_REACH_ALL,      /* all, read-only where the kernel can do that */
    MOUNT_REACH_TOP,      /* none */
    MOUNT_REACH_WRITABLE, /* all, as they are */
    MOUNT_REACH_SEALED,   /* all, read-only or refused */
    MOUNT_REACH_COUNT
};

struct mount {
    enum mount_kind kind;
    const char *source; /* absolute host path, or full volume name; "" for tmpfs */
    const char *target; /* absolute path inside */
    bool read_only;
    bool noexec;         /* tmpfs */
    uint64_t size;       /* tmpfs: bytes, 0 = kernel default */
    unsigned mode;       /* tmpfs: permission bits, 0 = 01777 */
    const char *subpath; /* below the source; "" = the source itself */
    bool external;       /* volume: must exist */
    enum mount_reach reach;
    bool follows; /* bind: what the host mounts below the source later comes in */
    bool create;  /* bind: a missing source is made, with the rights of who asks; not in JSON */
};

/* text tables shared by JSON, CLI and tests */
extern const char *const mount_kind_text[MOUNT_KIND_COUNT];   /* bind, volume, tmpfs */
extern const char *const mount_reach_text[MOUNT_REACH_COUNT]; /* enabled, disabled, ... */

#endif
