/* guest.h -- one instance as the broker knows it, in memory and in its directory
 * paths_run()/instances/ID/.
 * Runs in: broker.  Owns: its descriptors, event sources, arena.
 * The directory holds all a new broker needs to go on where a killed one stopped:
 *   spec     the encoded specification, with the number of its format
 *   state    {"init": pid, "start": its start time, "pid": of the program,
 *            "users": its first id on the host, 0 = its ids are the host's,
 *            "covered": how many of its files were renewed,
 *            "waits": its ports are not published}
 *   record   init's last report (32 bytes, empty until the program runs)
 *   root     where init builds the file system, in its own mount namespace
 * A directory without a complete `state` is a launch that never went. */
#ifndef IPAM_SANDBOX_GUEST_H
#define IPAM_SANDBOX_GUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/err.h"
#include "sandbox/firewall.h"
#include "sandbox/handover.h"
#include "sandbox/net.h"
#include "sandbox/spec.h"
#include "sandbox/users.h"

enum guest_state { GUEST_NEW, GUEST_RUNNING, GUEST_ENDED };

/* What the supervisor gets: per stream source read, staging read, staging write.  The write end of
 * `source` stays with init alone, so that its end means the end of the output. */
enum { GUEST_STREAM_FDS = 6 };

struct broker;
struct connection;

struct guest {
    struct broker *broker; /* set when it is watched */
    const char *id;        /* spec.id */
    struct arena *arena;
    struct arena *limits_arena; /* of limits that were changed since the launch, or NULL */
    struct arena *names_arena;  /* of names that were */
    unsigned covered;           /* files that were renewed, see contents.h */
    struct spec spec;
    bool foreign; /* a newer broker launched it: its record stays as that one wrote it */
    enum guest_state state;
    pid_t init, pid;
    uint64_t init_start; /* clock ticks after boot: a pid alone may be somebody else's by now */
    int pidfd, socket;
    int streams[GUEST_STREAM_FDS];
    int notify; /* what its NOTIFY_SOCKET receives, -1 = none */
    int input;  /* what its program reads is written there; -1: nobody has asked for it */
    struct users users;
    int *reserved; /* NET_RESERVE_FDS per port */
    bool published;
    bool waits;      /* its ports are those of another one, or have been given to one */
    bool (*shut)[2]; /* per port, by IPv4 and IPv6: not for other machines */
    char (*shut_by)[FIREWALL_WHY]; /* per port: what of the host shuts it, "" = nothing */
    struct report end;             /* GUEST_ENDED */
    bool untold;                   /* its end is told after that of who took it along */
    bool oom;                      /* and the limit it met, 0 = that of the machine */
    uint64_t memory_limit;
    sd_event_source *pid_source; /* until init is really gone */
    sd_event_source *socket_source;
    sd_event_source *removal; /* it was asked for, by whom: */
    const struct connection *remover;
    uint64_t remover_tag;
    sd_event_source *record_source; /* when it begins after its broker was killed */
    UT_hash_handle hh;
};

int guest_new(json_t *spec, struct guest **out, struct err *e);
void guest_free(struct guest *g); /* accepts NULL; leaves the directory */

char *guest_path(const struct guest *g, const char *file); /* malloc'd */
int guest_create_dir(struct guest *g, struct err *e);      /* -EEXIST if the id is taken */
void guest_remove_dir(const char *id);
/* Notes which process is the init, by pid and start time. */
void guest_set_init(struct guest *g, pid_t init);
int guest_save_spec(const struct guest *g, struct err *e);
int guest_save_state(const struct guest *g, struct err *e);
/* Reads the directory of an earlier broker; -ENODATA: a launch that never went. */
int guest_load(const char *id, struct guest **out, struct err *e);
bool guest_is_alive(const struct guest *g);
/* The pid of the program as its init sees it, 0 before it was executed. */
pid_t guest_begun(const struct guest *g);
/* also from when the kernel has begun to end its processes */
bool guest_is_ending(const struct guest *g);
/* What init left behind; synthesised as killed by SIGKILL if it could not. */
struct report guest_read_record(const struct guest *g);
/* Fetches the streams, the user namespace and the notify socket out of init; see handover.h. */
int guest_take_streams(struct guest *g, struct err *e);
/* The same with the other end of what its program reads; -ENODATA where it reads nothing. */
int guest_take_input(struct guest *g, struct err *e);

/* Where published ports lead: the first link with a gateway; "" = not there */
void guest_ports(const struct guest *g, struct net_port *out, struct arena *a);

#endif
