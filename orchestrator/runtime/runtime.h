/* runtime.h -- the seam between deciding and doing: "make it run", behind one table.
 * Runs in: supervisor.  Every verb is a request that returns at once; what came of it arrives
 * through the listener, in later turns of the event loop.  A verb fails only when the request
 * could not be handed over.
 * Implementations: native.c; tests bring their own. */
#ifndef IPAM_RUNTIME_RUNTIME_H
#define IPAM_RUNTIME_RUNTIME_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "model/instance.h"
#include "model/project.h"
#include "model/shared.h"

enum { RUNTIME_STREAM_FDS = 6 };

struct runtime_network {
    const char *project, *bridge;
    const char *ipv4, *ipv6; /* the host's addresses with prefix length; "" = none */
    unsigned mtu;            /* 0 = the usual */
    bool internal;
    uint64_t tag; /* `answered` with it when this was done or refused; 0: nobody waits */
};

struct runtime_link {
    const char *bridge, *ipv4, *gateway4, *ipv6, *gateway6; /* as in sandbox/spec.h */
    const char *mac, *interface;
};

struct runtime_host {
    const char *address, *names;
};

struct runtime_launch {
    const struct project *project;
    const struct unit *unit;
    const char *id;
    bool whole; /* with what belongs to a service besides its program: what runs before it, and
                   somebody who listens to sd_notify(3) */
    const char *shares[SHARED_COUNT]; /* with which instance, "" = with none; or with the host */
    const char *beside; /* "" or NULL: alone; or whose published ports it will take over */
    struct runtime_link *links;
    size_t n_links;
    struct runtime_host *hosts;
    size_t n_hosts;
};

/* the end of a probe, a task or a tagged request */
struct runtime_answer {
    bool ok, timed_out;
    int code, signal;     /* of the command, as from wait(2) */
    int error;            /* positive errno: it could not be run */
    const char *output;   /* what it printed, bounded, valid only during the call */
    const json_t *fields; /* of a tagged request that asks for figures; valid as long */
    int fd;               /* of a tagged request that asks for one; as long; 0 = none */
};

/* a command for a running instance */
struct runtime_exec {
    const char *const *argv, *const *env; /* env is added to the instance's */
    const char *workdir;                  /* NULL: the instance's */
    const char *user;                     /* NULL: the instance's, in its own group */
    bool detach;                          /* `answered` when it has begun */
    const int
        *fds; /* stdin, stdout, stderr; stay the caller's; NULL: what it prints is in the answer */
};

/* which of the files in memory of an instance are to have other contents */
struct runtime_files {
    const struct project *project;
    const struct unit *unit;
    const char *const *secrets; /* those that hold one of these, NULL-terminated */
};

struct runtime_volume {
    const char *name, *project;
    uint64_t keep_us; /* so long it can be brought back; 0 = not at all */
};

/* a command of ipam-orch, run beside us as our own user; it outlives us */
struct runtime_errand {
    const char *const *argv; /* without the program's name */
    const char *result;      /* the file that tells its end; gone when that was told */
    uint64_t timeout_us;     /* it is ended then; 0 = never */
    int pid;                 /* one that runs already (0 = none: it is begun), or the new one */
    uint64_t start;          /* of it, as in proc(5): a pid alone may be somebody else's by now */
};

struct runtime_seen {
    const char *id;
    int pid;
    bool ended, frozen;
    uint64_t memory_limit; /* 0 = none */
    const uint16_t *ports; /* of the host, in the order of the unit's; valid only during the call */
    size_t n_ports;
    const char *const
        *shut; /* as many: what of the host keeps other machines from it, "" = nothing */
};

struct runtime_listener {
    void *owner;
    /* what the broker knows, after a connection was made; streams of live ones follow */
    void (*connected)(void *owner, const struct runtime_seen *seen, size_t n);
    void (*lost)(void *owner);
    void (*started)(void *owner, const struct runtime_seen *seen);
    void (*shut)(void *owner, const struct runtime_seen *seen); /* its `id` and `shut` only */
    void (*ended)(void *owner, const char *id, const struct exit_info *how);
    /* a launch was refused before anything ran */
    void (*refused)(void *owner, const char *id, const struct err *why);
    /* log pipes of an instance; the descriptors become the owner's */
    void (*streams)(void *owner, const char *id, int fds[RUNTIME_STREAM_FDS]);
    /* what it says with sd_notify(3): a datagram socket that tells credentials; comes before
     * `streams`, becomes the owner's */
    void (*notify)(void *owner, const char *id, int fd);
    void (*answered)(void *owner, uint64_t tag, const struct runtime_answer *a);
    /* `quit` and everything asked for before it has been done */
    void (*released)(void *owner);
};

struct runtime_ops {
    const char *name;
    int (*connect)(void *self, struct err *e); /* does nothing when connected */
    int (*network)(void *self, const struct runtime_network *n, bool wanted, struct err *e);
    /* `answered` with the tag when the volume is in the trash, or when its files are gone */
    int (*volume_remove)(void *self, const struct runtime_volume *v, uint64_t tag, struct err *e);
    int (*launch)(void *self, const struct runtime_launch *l, struct err *e);
    int (*signal)(void *self, const char *id, int signo, struct err *e); /* SIGKILL: everything */
    /* `answered` with the tag, if not 0, when it is so */
    int (*freeze)(void *self, const char *id, bool frozen, uint64_t tag, struct err *e);
    /* `answered` with the figures of sandbox/client.h */
    int (*stats)(void *self, const char *id, uint64_t tag, struct err *e);
    /* `answered` with the other end of what its program reads, see sandbox/client.h */
    int (*input)(void *self, const char *id, uint64_t tag, struct err *e);
    /* `set` (borrowed, may be NULL) as in sandbox/spec.h; `answered` with what holds and held */
    int (*limits)(void *self, const char *id, const json_t *set, uint64_t tag, struct err *e);
    /* the names a running instance knows, instead of those of its launch */
    int (*hosts)(void *self, const char *id, const struct runtime_host *hosts, size_t n,
                 struct err *e);
    /* `answered` with the tag, if not 0, when they have what the project says */
    int (*files)(void *self, const char *id, const struct runtime_files *files, uint64_t tag,
                 struct err *e);
    /* it takes over the published ports of whoever it was launched beside; `answered` with the tag
     */
    int (*take_ports)(void *self, const char *id, uint64_t tag, struct err *e);
    /* how many connections others have to a program, as things are now; negative: nobody can tell
     */
    int (*inbound)(void *self, int pid);
    /* processes that a program has started, at most `max`: how many there are in `pids` */
    size_t (*children)(void *self, int pid, int *pids, size_t max);
    bool (*is_running)(void *self, int pid);
    int (*remove)(void *self, const char *id, struct err *e);
    int (*probe)(void *self, const char *id, const struct project *p, const struct health_spec *h,
                 uint64_t tag, struct err *e);
    /* `answered` with the tag when the command has ended */
    int (*exec)(void *self, const char *id, const struct runtime_exec *x, uint64_t tag,
                struct err *e);
    int (*exec_end)(void *self, uint64_t tag, struct err *e); /* kills it; the answer still comes */
    /* asks the back end itself for `what`, which is no matter of one instance (sandbox/client.h),
     * with `fields` (borrowed, may be NULL); `answered` with the tag */
    int (*upkeep)(void *self, const char *what, const json_t *fields, uint64_t tag, struct err *e);
    /* `answered` with the tag when it has ended, with what it says in `fields`; without them it was
     * interrupted, and nobody knows how far it came */
    int (*errand)(void *self, struct runtime_errand *x, uint64_t tag, struct err *e);
    int (*quit)(void *self, struct err *e); /* the back end may end when nothing is left */
};

#endif
