/* broker.h -- the state of the broker, and what its parts may ask of each other.
 * Runs in: broker (ipam-sandboxd), one process, one thread, one event loop.
 * Owns: everything reachable from `struct broker`.
 * What a request means is in client.h; who does it is in the dispatch table of requests.c. */
#ifndef IPAM_SANDBOX_BROKER_H
#define IPAM_SANDBOX_BROKER_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/fdpass.h"
#include "base/successor.h"
#include "sandbox/cgroup.h"
#include "sandbox/guest.h"
#include "sandbox/network.h"
#include "sandbox/permit.h"
#include "sandbox/publish.h"
#include "sandbox/zygote.h"

struct join;
struct retirement;
struct connection;

struct broker {
    sd_event *loop;
    const struct cgroup_ops *cgroup;
    struct permit *permit;
    struct guest *guests;     /* by id */
    struct network *networks; /* by bridge name */
    struct publisher publisher;
    struct zygote zygote;
    struct connection *connections;
    struct join *joins;
    struct retirement *retirements; /* volumes that are being deleted */
    sd_event_source *sweep;         /* of control groups that were not empty yet */
    uid_t supervisor;               /* who may connect, besides root */
    sd_event_source *alone;         /* see broker_check_idle */
    sd_event_source *tidy;          /* of memory, some time after requests */
    bool exit_idle;                 /* end when nothing is left, see broker_check_idle */
    bool quit_asked;
    struct heritage heritage; /* its lock and its listening socket */
    enum { BROKER_STAYS, BROKER_LEAVES, BROKER_COMES_BACK } turn; /* after the present answer */
};

#define BROKER_NAME "ipam-sandboxd"

/* One request; descriptors not taken are closed by the dispatcher. */
struct request {
    struct connection *from;
    uint64_t tag;
    json_t *fields;
    int fds[FDPASS_MAX];
    size_t n_fds;
};

struct answer {
    json_t *fields;                /* filled by the handler */
    int fds[GUEST_STREAM_FDS + 1]; /* borrowed */
    size_t n_fds;
};

/* A handler returns this instead of 0 when the answer comes later. */
enum { REQUEST_LATER = 1 };

/* ---- broker.c: socket, connections, messages ---- */

/* On a socket of its own, or on the inherited one. */
int broker_listen(struct broker *b, struct err *e);
char *broker_socket(void); /* its path; malloc'd */
/* To all connections; steals `json`. */
void broker_event(struct broker *b, json_t *json);
/* To one; steals `json`.  The connection may be gone already: then nothing happens. */
void broker_answer(struct broker *b, const struct connection *to, uint64_t tag, json_t *json);
void broker_send(struct broker *b, struct connection *to, json_t *json);
/* Ends the loop if there is nothing left to do (exit_idle): after `quit` at once, otherwise when
 * nobody has connected for some seconds.  Call at the start, and after anything went away. */
void broker_check_idle(struct broker *b);
/* All but the connections: whoever comes next takes up what runs. */
void broker_let_go(struct broker *b);
void broker_close(struct broker *b);

/* ---- requests.c: what is asked ---- */

/* 0, REQUEST_LATER or negative with `e` filled */
int requests_run(struct broker *b, struct request *r, struct answer *a, struct err *e);
json_t *requests_exit_event(const struct guest *g);
/* the ports of the host it has, in the order of its specification */
json_t *requests_ports(const struct guest *g);

/* ---- lifecycle.c: from go to gone ---- */

/* Watches a launched or adopted guest. */
int lifecycle_watch(struct broker *b, struct guest *g, struct err *e);
/* Takes an ended guest out: control group, directory, memory.  Answered when it is done, which is
 * when there is nothing else to do: most often the next one of the same service is to be launched.
 */
int lifecycle_remove(struct broker *b, struct guest *g, const struct request *r, struct err *e);
/* All that have been asked for, at once: for who wants to have an id again, or to end. */
void lifecycle_finish_removals(struct broker *b);
/* Goes on where an earlier broker was killed, and cleans up what it left half done. */
int lifecycle_adopt(struct broker *b, struct err *e);

/* ---- join.c ---- */

int join_start(struct broker *b, struct request *r, struct err *e);
/* all of an instance that goes away, or of a connection; tag 0: every one */
bool join_is_any(const struct broker *b, const struct guest *g);
void join_kill_of_guest(struct broker *b, const struct guest *g);
void join_forget_connection(struct broker *b, const struct connection *c);
int join_kill(struct broker *b, const struct connection *from, uint64_t tag, struct err *e);
void join_close(struct broker *b);

/* ---- retire.c: volumes nobody wants any more ---- */

/* What is in the directory `from` under that name: the name is free at once, and `r` (NULL: nobody
 * waits) is answered when the files are gone; -ENOENT when there is none. */
int retire_entry(struct broker *b, int from, const char *name, const struct request *r,
                 struct err *e);
/* Deletes what an earlier broker was killed over. */
void retire_rest(struct broker *b);
void retire_forget_connection(struct broker *b, const struct connection *c);
void retire_close(struct broker *b);

/* ---- trash.c: volumes that can be brought back for a while ---- */

/* each is a request of client.h */
int trash_volume_remove(struct broker *b, struct request *r, struct answer *a, struct err *e);
int trash_volumes(struct broker *b, struct request *r, struct answer *a, struct err *e);
int trash_restore(struct broker *b, struct request *r, struct answer *a, struct err *e);
int trash_purge(struct broker *b, struct request *r, struct answer *a, struct err *e);
int trash_expire(struct broker *b, struct request *r, struct answer *a, struct err *e);

/* ---- leftovers.c: what belongs to nobody any more ---- */

int leftovers(struct broker *b, struct request *r, struct answer *a, struct err *e);

/* ---- launch.c ---- */

/* From a decoded, accepted specification to "go"; on failure everything is undone. */
int launch(struct broker *b, struct guest *g, const int *files, struct err *e);
/* Lets it into the control groups of `id`: the first it does, before it has anything else. */
int launch_admit(struct broker *b, const char *id, int socket, struct err *e);

#endif
