/* setup.h -- the set-up of an instance as a list of operations: planned by the broker, executed by
 * ipam-init, which decides nothing.
 * Runs in: broker (writes), init (reads).  Owns: nothing; read operations point into the text.
 * Form: NUL-terminated strings in a memfd: SETUP_MAGIC, then per operation its name and its
 * arguments, whose number is fixed.  A name init does not know is an error. */
#ifndef IPAM_SANDBOX_SETUP_H
#define IPAM_SANDBOX_SETUP_H

#include <stddef.h>
#include <stdio.h>

#define SETUP_MAGIC "ipam-setup 1"

enum { SETUP_TEXT_MAX = 1024 * 1024, SETUP_ARGS_MAX = 5 };

/* "tree" arguments are indices into the descriptors after HANDOVER_TREES */
enum setup_code {
    SETUP_CGROUP,    /* its control group is the root of those it sees */
    SETUP_LOW_PORTS, /* everybody in its network may have ports below 1024 */
    SETUP_HOSTNAME,  /* name */
    SETUP_DOMAIN,    /* name */
    SETUP_SYSCTL,    /* name, value */
    SETUP_ROOT,      /* directory of the host to mount the new root on */
    SETUP_DIR,       /* target, octal mode */
    SETUP_LINK,      /* target, what it points to */
    SETUP_TEXT,      /* target, octal mode, content */
    SETUP_BIND,     /* tree, target, "rw", "ro", "ro-top" or "ro-all": read-only but what is mounted
                       below, or with all of it or not at all; "private" or "slave":
                       what the host mounts there later comes in */
    SETUP_TMPFS,    /* target, options, "exec" or "noexec" */
    SETUP_PROC,     /* "all": processes that the program may not trace as well; or "own" */
    SETUP_DEV,      /* */
    SETUP_SHM,      /* a /dev/shm of its own */
    SETUP_NODE,     /* target below /dev, "c" or "b" and major:minor, uid, gid, octal mode */
    SETUP_TTY,      /* the program has a terminal, which is /dev/console too */
    SETUP_DEV_DONE, /* nothing is made in /dev any more */
    SETUP_FILE,     /* tree (a memfd), target, uid, gid, octal mode */
    SETUP_NOTIFY,   /* tree (a datagram socket), where to bind it, uid, gid */
    SETUP_PIVOT,    /* */
    SETUP_USER,     /* uid, gid */
    SETUP_NOFILE,   /* number */
    SETUP_GROUP,    /* gid besides the user's own */
    SETUP_ULIMIT,   /* resource, soft, hard; numbers, INT64_MAX is unlimited */
    SETUP_OOM,      /* what is written to oom_score_adj */
    SETUP_FENCE,    /* "host" or "own": whose network it is */
    SETUP_LOG,      /* calls that a filter refuses are logged */
    SETUP_CAPS,     /* decimal mask of the capabilities that are kept */
    SETUP_APPARMOR, /* what to write for the next execve(2): "exec PROFILE" */
    SETUP_WORKDIR,  /* directory */
    SETUP_STDIN,    /* the program's stdin is a pipe that does not end */
    SETUP_ARG,      /* string */
    SETUP_ENV,      /* string */
    SETUP_PROGRAM,  /* host path to execute instead of looking argv[0] up */
    SETUP_HOOK,    /* deadline in microseconds: what the last operations said is not the program yet
                      but a command before it; directory, arguments and variables begin anew */
    SETUP_LISTEN,  /* address or "", port: a socket to hold, in the order of their numbers */
    SETUP_HOLD,    /* nothing is executed: it holds sockets until it is ended */
    SETUP_SOCKET,  /* tree: a listening socket that the program is handed */
    SETUP_CONNECT, /* path of a stream socket to connect to instead of executing a program */
    SETUP_JOIN,    /* "all"; "detached": all, outliving the broker; "net", outliving it too */
    SETUP_USERS,   /* tree (its user namespace), what its user 0 is outside; ids in targets and
                      options before SETUP_USER are those outside, after it those inside */
    SETUP_COUNT
};

struct setup_op {
    enum setup_code code;
    const char *arg[SETUP_ARGS_MAX];
};

void setup_begin(FILE *f);
/* Writes one operation; as many strings must follow as the code takes. */
void setup_put(FILE *f, enum setup_code code, ...);

/* A cursor over the text; begins at the magic. */
struct setup_reader {
    const char *at, *end;
};

/* -EINVAL unless the text begins with the magic and ends with NUL */
int setup_read_begin(struct setup_reader *r, const char *text, size_t len);
/* 1 with an operation, 0 at the end, -EINVAL */
int setup_read(struct setup_reader *r, struct setup_op *out);

#endif
