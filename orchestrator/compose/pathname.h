/* pathname.h -- paths as text: joined, cleaned, made relative.  Reads nothing but $HOME, except
 * where a link is followed. Runs in: CLI.  Owns: results live in the arena. */
#ifndef IPAM_COMPOSE_PATHNAME_H
#define IPAM_COMPOSE_PATHNAME_H

#include <stdbool.h>

#include "base/arena.h"

/* Without ".", "..", doubled and final slashes, as far as text can tell; "." for nothing. */
const char *pathname_clean(struct arena *a, const char *path);
/* `path` below `dir`, cleaned. */
const char *pathname_join(struct arena *a, const char *dir, const char *path);
/* Absolute, or relative to `dir`, which may be relative itself; ~ is the home directory. */
const char *pathname_resolve(struct arena *a, const char *dir, const char *path);
/* `path` as seen from `base`, both absolute. */
const char *pathname_relative(struct arena *a, const char *base, const char *path);
const char *pathname_parent(struct arena *a, const char *path);
/* C:\..., \\server\...: absolute on another system */
bool pathname_is_windows(const char *path);
/* The first part of an absolute path that is a symbolic link, followed. */
const char *pathname_follow(struct arena *a, const char *path);

#endif
