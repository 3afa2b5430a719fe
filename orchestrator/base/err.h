/* err.h -- the error object: what failed, where, why, and what to do next.
 * Runs in: every program.  Owns: nothing; lives on the caller's stack and needs no release.
 * Works when memory is out and in a fresh child.  Every function that takes an `err` returns the
 * negative errno it stored, so `return err_set(...)` is the usual form; a code that is none becomes
 * -EIO.  `e` may be NULL where the caller does not care. */
#ifndef IPAM_BASE_ERR_H
#define IPAM_BASE_ERR_H

#include <stddef.h>

/* Where a person wrote the thing an error is about; line 0 means unknown. */
struct mark {
    const char *file;
    unsigned line, column;
};

/* The class of a failure is what the program exits with, see docs/man/ipam-orch.1.scd. */
enum err_class {
    ERR_FAILED = 1,
    ERR_USAGE = 2,
    ERR_CONFIG = 3,
    ERR_CHECK = 4,
    ERR_MISSING = 5,
    ERR_HEALTH = 6,
    ERR_VERIFY = 7,
    ERR_LOCKED = 8,
    ERR_UPDATE = 9, /* what was before serves again */
    ERR_STUCK = 10, /* and that did not work either */
    ERR_MIGRATION = 11,
    ERR_BACKUP = 12,
    ERR_DENIED = 13,
    ERR_UNREACHABLE = 14,
    ERR_UNSAFE = 15,
    ERR_PENDING = 20, /* no failure: changes are pending */
    ERR_TIMEOUT = 124,
};

struct err {
    int code;             /* negative errno */
    enum err_class class; /* ERR_FAILED unless classified */
    struct mark at;       /* borrowed file name; must outlive the error */
    char msg[1024];
    char hint[256]; /* the next command or step, may be empty */
};

#define ERR_INIT ((struct err){ .class = ERR_FAILED })

/* Starts a new error; code must be a negative errno. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "context: " before the message and returns the stored code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds the next step for the reader; the last one wins. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_classify(struct err *e, enum err_class class);
int err_at(struct err *e, struct mark at);
/* A stable word for JSON output, such as "config" or "missing". */
const char *err_class_text(enum err_class class);

#endif
