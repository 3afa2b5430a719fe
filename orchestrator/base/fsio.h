/* fsio.h -- files read with a bound and written so that a crash leaves the old or the new one.
 * Runs in: every program.  Owns: nothing it returns.  Fails: negative errno.
 * Source: open(2), openat2(2), rename(2), fsync(2). */
#ifndef IPAM_BASE_FSIO_H
#define IPAM_BASE_FSIO_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Reads a whole regular file of at most `max` bytes; *out is malloc'd and NUL-terminated, its
 * length (NUL excluded) goes to *len if not NULL.  -EFBIG above max, -EISDIR, -EINVAL for other
 * kinds: it never waits on a FIFO or a device. */
int fsio_read(int dir, const char *path, size_t max, char **out, size_t *len);
/* Reads a pseudo file (/proc, cgroup) whose size is unknown, at most `max` bytes. */
int fsio_read_pseudo(int dir, const char *path, size_t max, char **out);
/* Reads what the descriptor gives until its end, at most `max` bytes; -EFBIG above. */
int fsio_read_fd(int fd, size_t max, char **out, size_t *len);
/* Writes to a temporary file beside `path`, syncs, renames, syncs the directory. */
int fsio_write_atomic(int dir, const char *path, const void *data, size_t len, mode_t mode);
/* The same with mode and, for root, owner and group of `like`: a file that is somebody's stays his.
 */
int fsio_write_owned(int dir, const char *path, const void *data, size_t len,
                     const struct stat *like);
/* The same without the sync: for what says nothing any more when the machine has stopped. */
int fsio_write_volatile(int dir, const char *path, const void *data, size_t len, mode_t mode);
/* That `path` is there, or not there any more, outlives a machine that stops at once. */
int fsio_sync_entry(const char *path);
/* A file that is only appended to (open for reading too) gets the newline that its last line lacks:
 * a machine that stopped has torn it, and nothing may be appended to half a line. */
int fsio_end_line(int fd);
/* Writes to an existing pseudo file in one write(2). */
int fsio_write_pseudo(int dir, const char *path, const char *text);
int fsio_write_all(int fd, const void *data, size_t len);
/* Creates `path` and missing parents; existing directories are fine. */
int fsio_mkdir_p(const char *path, mode_t mode);
/* A sealed memory file holding a copy of `data`, read position 0, close-on-exec. */
int fsio_memfd(const char *name, const void *data, size_t len);

/* Writes all of the file `from` to `to`, whose position moves. */
int fsio_copy(int from, int to);

/* What a write that was killed leaves beside the file ends so. */
#define FSIO_TEMPORARY ".tmp"
/* Removes what is no directory in the directory `path`, if its name ends with `suffix` ("" = all);
 * one that is not there has nothing in it. */
int fsio_remove_files(const char *path, const char *suffix);

#endif
