/* client.h -- the supervisor's side of the sandbox socket.
 * Runs in: supervisor, tests.  Owns: the connection; descriptors passed to a request stay the
 * caller's, descriptors in a received message become the caller's.
 * Fails: negative errno; -EPIPE or -ECONNRESET mean the broker went away: reconnect, then `list`.
 *
 * One JSON object per SEQPACKET message, at most LIMIT_SANDBOX_PACKET bytes, unknown keys refused.
 * Every request carries a `tag` the answer repeats.  Requests are answered in order except `join`,
 * whose answer comes when the joined program ends, and `volume_remove`.
 *
 *   op              fields                              answer (besides tag)
 *   hello           version                             version, cgroup ("v1","v2","hybrid")
 *   network_create  project bridge internal ipv4 ipv6   -            (idempotent; mtu 0 or absent
 *                   mtu                                               is the usual one)
 *   network_remove  project bridge                      -            (absent is fine)
 *   volume_remove   volume                              -            when its files are gone;
 *                                                                    refused while in use, absent
 *                                                                    is fine
 *                   [project keep_us]                   with keep_us it is put into the trash for
 *                                                       so long instead: trash (its id), until
 *   volumes         -                                   volumes: [{name, used}], trash: [{id, name,
 *                                                       project, from, until}], in seconds since
 *                                                       1970; more: not all of them
 *   trash_restore   volume                              volume, id; by id, or what of that name
 *                                                       went last
 *   trash_purge     volume                              -            when its files are gone
 *   trash_expire    -                                   deleted: [id]: what is over, and the oldest
 *                                                       one while the disk is nearly full
 *   leftovers       keep: [project] remove              items: [{kind, name [, used]}]: of projects
 *                                                       that are not to be kept, or of nobody; with
 *                                                       `remove` taken away, but what is used
 *   launch          spec  + memfds of spec.files        -            (then events)
 *   signal          id signo                            -
 *   kill            id                                  -            everything of the instance
 *   freeze          id                                  -            nothing of it runs until
 *   thaw            id                                  -            `thaw` or `kill`
 *   limits          id [set: {those of spec.limits}]    limits, and those that held before: all
 *                                                       of `set` or, with an error, none
 *   hosts           id hosts                            -            the names it knows, as in
 *                                                                    spec.h, instead of those
 *                                                                    of its launch
 *   files           id files: [{target, fd}]            -            other contents of files in
 *                   + memfds                                         memory, see contents.h
 *   take_ports      id                                  -            the published ports of the
 *                                                                    one it was launched beside
 *                                                                    are its own from now on
 *   remove          id                                  -            only after its end
 *   list            -                                   instances: [{id, pid, ended, frozen,
 *                                                       memory_limit, ports}],
 *                                                       bridges: [name]
 *   fds             id                                  6 descriptors: stdout source, staging
 *                                                       read, staging write, then stderr's three;
 *                                                       with `notify` what its socket receives
 *   input           id                                  1 descriptor: the other end of what its
 *                                                       program reads, a pipe, or the master of
 *                                                       its terminal, which takes TIOCSWINSZ and is
 *                                                       never read: its init does that
 *   stats           id                                  memory memory_limit memory_peak
 *                                                       memory_idle cpu_us throttled_us pids
 *                                                       pids_limit oom_kills net_received
 *                                                       net_sent time_us (monotonic); read_bytes
 *                                                       write_bytes, and pressure: {cpu, memory,
 *                                                       io}, see cgroup.h, each if told
 *   join            id scope argv deadline_us           code signal timed_out
 *                   [env] [workdir] [user]
 *                   [detached]
 *                   + stdin, stdout [, stderr]
 *   join_kill       join (the tag of the join)          -
 *   quit            -                                   -            refused while instances
 *                                                                    exist; removes networks
 *
 *   daemon          -                                   what base/running.h says of the broker,
 *                                                       and instances: how many there are
 *   reexec          -                                   pid: another process goes on with all this,
 *                                                       of the program that is installed now
 *                                                       (base/successor.h); the connection ends,
 * also when it could not
 *
 *   event           fields
 *   started         id pid ports shut the program has been executed; pid in the host's namespace;
 *                                     ports: published ones, in the order of the specification;
 *                                     shut: per port what keeps other machines from it, "" =
 * nothing shut            id shut           that has changed exit            id code signal stage
 * errno oom memory_limit time_us code/signal as from wait(2); stage != "" means set-up failed there
 * with errno; oom: the kernel killed something in its cgroup, for memory_limit, 0 = not for a limit
 * of its own; time_us: wall clock of the end. Sent again after a reconnect until `remove`.
 *
 * An answer with `error` holds {errno, message}.
 * `join` scope "all": argv runs inside every namespace of the instance, in its cgroup, as its user,
 * with its filter and environment, to which `env` is added; deadline_us 0 is none.  `user`: see
 * person.h.  `detached`: the answer comes when it has begun, and it ends when it wants to, with
 * the instance at the latest; the connection does not matter.  A terminal on
 * stdin becomes its controlling terminal, and TERM is xterm unless set; without stderr it has
 * stdout twice.  Scope "unix": as "all", but nothing is run: argv is the path of a stream socket,
 * and code is 0 if it accepts the user; stdout says why not.  Scope "net": ipam-worker argv[1..]
 * runs in the instance's network namespace only, as the worker user, without capabilities. */
#ifndef IPAM_SANDBOX_CLIENT_H
#define IPAM_SANDBOX_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fdpass.h"

struct sandbox_client;

struct sandbox_message {
    json_t *json; /* owned by the message */
    int fds[FDPASS_MAX];
    size_t n_fds;
};

int sandbox_client_open(const char *socket_path, struct sandbox_client **out, struct err *e);
void sandbox_client_close(struct sandbox_client *c); /* accepts NULL */
int sandbox_client_fd(const struct sandbox_client *c);

/* Sends {"op": op, "tag": tag} plus the members of `fields` (reference stolen, may be NULL). */
int sandbox_client_send(struct sandbox_client *c, const char *op, uint64_t tag, json_t *fields,
                        const int *fds, size_t n_fds, struct err *e);
/* Waits for one message; 0, or -EPIPE when the broker has closed. */
int sandbox_client_receive(struct sandbox_client *c, struct sandbox_message *out, struct err *e);
void sandbox_message_clear(struct sandbox_message *m); /* closes descriptors not taken */

#endif
