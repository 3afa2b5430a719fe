/* place.h -- finds and makes places inside a root directory that is not ours to trust.
 * Runs in: init (targets in the new root), broker (parts of volumes).
 * Fails: negative errno.  Paths are absolute and mean "inside root"; symbolic links and ".." are
 * resolved by the kernel as if `root` were "/" (openat2(2), RESOLVE_IN_ROOT).
 * Missing directories on the way are created 0755. */
#ifndef IPAM_SANDBOX_PLACE_H
#define IPAM_SANDBOX_PLACE_H

enum place_want {
    PLACE_EXISTING,
    PLACE_DIR,  /* created if missing */
    PLACE_FILE, /* created empty if missing: a mount point for a file */
};

/* An O_PATH descriptor of the place. */
int place_open(int root, const char *path, enum place_want want);
/* An O_PATH descriptor of a directory or regular file below `dir`: `path` is relative, and -ELOOP
 * when a symbolic link is part of it, -EXDEV when it leads out or onto another mount, -ENOTSUP for
 * other kinds of files. */
int place_below(int dir, const char *path);
/* An O_PATH descriptor of its parent directory; *name points into `path`. */
int place_parent(int root, const char *path, const char **name);

/* mount(2) takes paths only: this one means exactly what is behind a descriptor */
struct place_name {
    char text[32];
};

struct place_name place_name(int fd);

#endif
