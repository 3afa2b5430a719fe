/* log_file.h -- the file that the lines of a service go to: how large it is and may become, and
 * what comes after it.
 * Runs in: supervisor.  Owns: the file, and what compresses those before it (pack.h).
 * Fails: negative errno.  Without room for another file the present one grows on. */
#ifndef IPAM_LOGS_LOG_FILE_H
#define IPAM_LOGS_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct log_spec {
    uint64_t max_size; /* bytes of a file before it is rotated */
    unsigned files;    /* that are kept, the present one included */
    uint64_t reserve;  /* bytes of the file system that logs never take */
    bool compress;     /* what is rotated, see pack.h */
    bool silent;       /* nothing is kept at all */
};

struct log_file {
    char *path;
    int fd;
    uint64_t size; /* bytes, as of the last measure */
    struct log_spec spec;
    struct pack *pack;
    bool stuck;         /* the last rotation was not possible */
    uint64_t looked_at; /* size of the file when there was room enough; UINT64_MAX: not known */
};

#define LOG_FILE_NONE ((struct log_file){ .fd = -1 })

/* Created 0640.  To be closed also when it fails. */
int log_file_open(struct log_file *f, sd_event *loop, const char *path);
void log_file_close(struct log_file *f);
/* What holds from the next line on. */
void log_file_limit(struct log_file *f, const struct log_spec *spec);

/* after it was written to */
void log_file_measure(struct log_file *f);
/* What is beyond `size` is taken back. */
int log_file_cut(struct log_file *f, uint64_t size);
/* -ENOSPC when the file system has less than it is to keep; asked for once per MiB */
int log_file_check_space(struct log_file *f);
/* how much to write at once: near the end of a file less, so that it ends where it should */
size_t log_file_portion(const struct log_file *f, size_t most);
/* true when another file has taken its place; no write may be in flight */
bool log_file_rotate(struct log_file *f);

#endif
