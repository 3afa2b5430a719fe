/* spec.h -- the launch specification: everything the broker needs to start one instance.
 * Runs in: supervisor (encodes), broker (decodes).  Owns: decoded specifications belong to the
 * arena passed in.  Fails: -EINVAL with the offending key named; an unknown key is an error.
 * Wire form: one JSON object inside a sandbox message, see client.h. */
#ifndef IPAM_SANDBOX_SPEC_H
#define IPAM_SANDBOX_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define SPEC_UNCONFINED "unconfined"

enum spec_mount_kind { SPEC_BIND, SPEC_VOLUME, SPEC_TMPFS };

/* which of the mounts below a source come with it, and what read_only means for them */
enum spec_reach {
    SPEC_REACH_ALL,      /* all, read-only where the kernel can do that */
    SPEC_REACH_TOP,      /* none */
    SPEC_REACH_WRITABLE, /* all, as they are */
    SPEC_REACH_SEALED    /* all, read-only or refused */
};

struct spec_mount {
    enum spec_mount_kind kind;
    const char *source; /* SPEC_BIND: absolute host path; SPEC_VOLUME: volume name */
    const char *target;
    bool read_only;
    bool noexec;         /* SPEC_TMPFS */
    uint64_t size;       /* SPEC_TMPFS: bytes, 0 = 64 MiB */
    unsigned mode;       /* SPEC_TMPFS: 0 = 01777 */
    const char *subpath; /* below the source, without symbolic links; "" = the source itself */
    bool existing;       /* SPEC_VOLUME: refused when there is none */
    enum spec_reach reach;
    bool follows; /* SPEC_BIND: what the host mounts below the source later comes in */
};

/* a file in memory; its content travels as a sealed memfd */
struct spec_file {
    const char *target;
    uint32_t uid, gid;
    unsigned mode;
    unsigned fd; /* index into the descriptors of the message */
};

struct spec_ulimit {
    const char *resource; /* as in compose files: nofile, memlock, ... */
    uint64_t soft, hard;  /* INT64_MAX = unlimited */
};

struct spec_group {
    const char *name; /* "" = none in /etc/group */
    uint32_t gid;
};

/* a device node of the host */
struct spec_device {
    const char *source, *target; /* below /dev */
    const char *access;          /* some of r, w, m */
};

struct spec_link {
    const char *bridge;
    const char *ipv4, *gateway4; /* "10.89.1.2/24", "10.89.1.1"; gateway "" = no default route */
    const char *ipv6, *gateway6; /* the same; one of the two kinds may be "" */
    const char *mac;             /* "02:00:00:00:00:01", "" = made from the address */
    const char *interface;       /* its name inside, "" = eth0, eth1, ... */
};

struct spec_port {
    const char *address;      /* "" = "0.0.0.0" and "::" */
    uint16_t published, last; /* the first that is free; once it runs both are that one */
    uint16_t target;
    bool udp;
};

struct spec_host {
    const char *address;
    const char *names; /* blank-separated */
};

/* what an instance may do with one block device; 0 = as usual */
struct spec_disk {
    const char *path; /* below /dev, as the broker sees it */
    uint64_t weight;  /* at most 1000 */
    uint64_t read_bps, write_bps, read_iops, write_iops;
};

/* a command that has to end well before the program begins; its env is added to the program's */
struct spec_hook {
    const char *const *argv, *const *env;
    const char *workdir; /* "" = the program's */
    uint64_t deadline_us;
};

/* a stream socket in its network, held as long as it lives */
struct spec_listener {
    const char *name;    /* in LISTEN_FDNAMES of who is handed it */
    const char *address; /* "" = [::] and 0.0.0.0 */
    uint16_t port;
};

/* what its control group allows an instance, and can be changed while it runs */
struct spec_limits {
    uint64_t memory, milli_cpus, pids; /* 0 = none */
    uint64_t memory_low;               /* bytes that are taken back last, 0 = none */
    uint64_t memory_swap; /* bytes of memory and swap together; 0 = no swap, INT64_MAX = any */
    uint64_t cpu_shares;  /* weight among siblings as v1 counts, 1024 = usual, 0 = usual */
    uint64_t cpu_quota_us, cpu_period_us; /* 0 = from milli_cpus; 0 = 100 ms */
    const char *cpuset;                   /* list such as "0-2,4", "" = all */
};

/* no id of an instance: the host's own */
#define SPEC_HOST "/host"

struct spec {
    const char *id;      /* PROJECT.UNIT.REPLICA.INCARNATION; [a-z0-9_.-], at most 128 bytes */
    const char *project; /* owner of the nft table the ports go into */
    const char *const *argv;
    const char *const *env;
    const char *workdir, *hostname, *user, *home;
    const char *domainname;                                          /* "" = none */
    const char *const *dns, *const *dns_search, *const *dns_options; /* empty = the host's */
    uint32_t uid, gid;
    struct spec_mount *mounts;
    size_t n_mounts;
    struct spec_file *files;
    size_t n_files;
    struct spec_ulimit *ulimits;
    size_t n_ulimits;
    struct spec_group *groups; /* besides gid */
    size_t n_groups;
    const char *const *etc; /* below the host's /etc, bound read-only; missing ones are skipped */
    /* instance whose network, IPC and PID namespace it lives in, "" = its own; or the host's */
    const char *network_of, *ipc_of, *pid_of;
    bool no_shm;   /* nothing is mounted on /dev/shm */
    bool proc_all; /* it sees every process of its PID namespace, not just what it may trace */
    struct spec_link *links;
    size_t n_links;
    struct spec_port *ports; /* to the address of the first link with a gateway, of each kind */
    size_t n_ports;
    /* the instance beside which it is launched, "" = none: its ports are not published before it is
     * told to take them over */
    const char *beside;
    struct spec_host *hosts;
    size_t n_hosts;
    struct spec_limits limits;
    struct spec_disk *disks;
    size_t n_disks;
    uint64_t disk_weight;        /* of all other devices, at most 1000; 0 = as usual */
    const char *swappiness;      /* 0 to 100, "" = the host's */
    uint64_t nofile;             /* 0 = the usual */
    int oom_score_adj;           /* 0 = inherited */
    bool stdin_open;             /* a pipe that does not end, instead of /dev/null */
    bool tty;                    /* a terminal as stdin, stdout and stderr; its log is stdout's */
    const char *const *sysctls;  /* "NAME=VALUE", of namespaces only */
    const char *seccomp;         /* profile name, or SPEC_UNCONFINED */
    const char *seccomp_profile; /* "" or a profile in moby's JSON form, instead of `seccomp` */
    struct spec_device *devices;
    size_t n_devices;
    const char *apparmor;            /* profile of the host, "" = none */
    const char *const *device_rules; /* "c 10:229 rw": base/device_rule.h */
    const char *const *capabilities; /* "NET_RAW"; empty = none */

    bool own_users;              /* a user namespace; ids here are those inside */
    struct spec_hook *pre_start; /* one after the other */
    size_t n_pre_start;
    struct spec_listener *listen; /* without argv it does nothing but hold them */
    size_t n_listen;
    bool inherits;              /* the listeners of `network_of`, as sd_listen_fds(3) says */
    bool notify;                /* NOTIFY_SOCKET, whose other end is among its descriptors */
    bool host_uts, host_cgroup; /* those namespaces are the host's */
};

json_t *spec_encode(const struct spec *s); /* new reference */
int spec_decode(const json_t *json, struct arena *a, struct spec *out, struct err *e);
/* The same for what is kept beside a running instance, which may be another version's: what is
 * missing is 0, "" or empty; what is not known here is passed over, and *foreign tells.  `json`
 * loses its schema number. */
json_t *spec_save(const struct spec *s); /* new reference */
int spec_read_saved(json_t *json, struct arena *a, struct spec *out, bool *foreign, struct err *e);
json_t *spec_encode_limits(const struct spec_limits *l); /* new reference */
/* Those of `changes` over *l, which on failure may be changed in part. */
/* a list of hosts instead of the one there is */
int spec_change_hosts(const json_t *hosts, struct arena *a, struct spec *s, struct err *e);
int spec_change_limits(const json_t *changes, struct arena *a, struct spec_limits *l,
                       struct err *e);

#endif
