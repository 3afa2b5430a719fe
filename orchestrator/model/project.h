/* project.h -- what is wanted: a project, its units, networks, volumes and secrets.
 * Runs in: CLI (makes it), supervisor (keeps it), tests.
 * Owns: everything belongs to the project's arena; immutable after load.  Strings are never NULL
 * unless the comment says so; counted arrays may be NULL when the count is 0; string lists end
 * with NULL and may be NULL themselves.
 * A unit is a service as the supervisor sees it: recipe and compose attributes already combined. */
#ifndef IPAM_MODEL_PROJECT_H
#define IPAM_MODEL_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/backup_policy.h"
#include "model/certificate.h"
#include "model/lifecycle.h"
#include "model/limit.h"
#include "model/log_forward.h"
#include "model/log_keep.h"
#include "model/mount.h"
#include "model/network.h"
#include "model/probe.h"
#include "model/schedule_rule.h"
#include "model/verify.h"

enum dep_condition { DEP_STARTED, DEP_HEALTHY, DEP_COMPLETED, DEP_CONDITION_COUNT };

struct dep {
    const char *unit;
    enum dep_condition condition;
    bool restart;  /* restart the dependant when the dependency is restarted */
    bool required; /* false: a missing or failed dependency is only a warning */
};

/* a secret shown to a unit as a file in memory */
struct secret_file {
    const char *secret; /* name in project.secrets */
    const char *target; /* absolute path inside */
    uint32_t uid, gid;
    unsigned mode;
};

/* a group besides the unit's own */
struct extra_group {
    const char *name; /* "" if the host knows none */
    uint32_t gid;     /* never 0 */
};

/* no name of a unit: the host's own */
#define PROJECT_HOST "/host"

/* a device node of the host */
struct device {
    const char *source, *target; /* absolute paths */
    const char *access;          /* some of r, w, m */
};

struct unit {
    const char *name, *image;
    const char *recipe;  /* name of the recipe it was made from, "x-native" if none */
    const char *digest;  /* hex; equal digests mean: no need to replace a running instance */
    const char *release; /* whose copies its mounts are, "" = none: ops/release.h */
    unsigned replicas;   /* how many instances of it there are to be */
    struct dep *deps;
    size_t n_deps;

    const char *const *argv;
    size_t n_entry;         /* how many of them are its entry point's; not in JSON */
    const char *const *env; /* "KEY=value" */
    const char *workdir, *hostname;
    const char *domainname; /* "" if none */
    struct extra_host *hosts;
    size_t n_hosts;
    const char *const *dns, *const *dns_search, *const *dns_options; /* empty: the host's */
    const char *user, *home; /* names inside the generated passwd file */
    uint32_t uid, gid;       /* never 0 */
    struct mount *mounts;
    size_t n_mounts;
    struct secret_file *files;
    size_t n_files;
    const char *const *etc; /* read-only files and folders of the host's /etc, relative to it */
    struct attachment *networks;
    size_t n_networks;
    /* the unit whose network, IPC and PID namespace it lives in, "" = its own; the host's */
    const char *network_of, *ipc_of, *pid_of;
    bool no_shm, proc_all; /* nothing is mounted on /dev/shm; it sees every process there */
    struct unit_link *links;
    size_t n_links;
    struct port *ports;
    size_t n_ports;
    struct limits limits;
    struct ulimit *ulimits;
    size_t n_ulimits;
    struct extra_group *groups;
    size_t n_groups;
    struct disk_limit *disks;
    size_t n_disks;
    uint64_t disk_weight;         /* of all others, 10 to 1000; 0 = as usual */
    uint64_t reserved_milli_cpus; /* counted against those of the host */
    const char *swappiness;       /* 0 to 100, "" = the host's */
    int oom_score_adj;            /* 0 = inherited */
    bool stdin_open;              /* never at its end, though nobody writes to it */
    bool tty;                     /* has a terminal */
    const char *const *sysctls;   /* "NAME=VALUE", of namespaces only */
    const char *seccomp;          /* profile name in configs/seccomp, or "unconfined" */
    const char *seccomp_profile;  /* "", or a profile in moby's JSON form instead */
    struct device *devices;
    size_t n_devices;
    const char *apparmor;            /* a profile that the host has loaded, "" = none */
    const char *const *device_rules; /* "c 10:229 rw": more that may be done with nodes */
    const char *const *capabilities; /* "NET_RAW"; what cap_add leaves after cap_drop */
    bool own_users;                  /* a user namespace of its own; all ids are those inside */
    bool host_uts, host_cgroup;      /* those namespaces are the host's */

    struct health_spec health;
    struct restart_spec restart;
    struct sickness sickness;
    struct rollout_spec update, rollback;
    struct hook *post_start, *pre_stop, *pre_start; /* pre_start: as the unit's user */
    size_t n_post_start, n_pre_stop, n_pre_start;
    struct held_socket *listen; /* it does nothing but hold these for those in its network */
    size_t n_listen;
    bool inherits; /* the sockets of the unit whose network it lives in */
    int stop_signal;
    uint64_t stop_grace_us;
    bool log_silent;       /* what it prints is not kept */
    uint64_t log_max_size; /* bytes of a log file before it is rotated */
    unsigned log_files;    /* that are kept, at least 1 */
    bool log_compress;     /* those that were rotated */
    struct log_keep logs;
    struct log_forward log_forward;
};

struct volume {
    const char *key, *name;
    bool external; /* made and removed by somebody else */
};

struct secret {
    const char *name;
    const char *value; /* bytes, NUL-terminated after `len` */
    size_t len;
};

/* the database whose schema the project owns (x-ipam-orch.database); unit "" if none */
struct database {
    const char *unit, *schema, *user, *password_secret;
    const char *migrations, *seeds; /* absolute directories, "" if none */
    uint16_t port;
    const char *const *seed_sets; /* folders of `seeds` that `up` puts in as well */
    bool no_production;           /* demo data may be put in */
    /* brings the schema forward besides; its first word is the service it runs beside */
    const char *const *migrate_command;
};

struct project {
    struct arena *arena;
    const char *name, *dir;
    const char *release;     /* version label of the project, "" if none */
    const char *const *live; /* paths below `dir` that a release does not copy; not in JSON */
    struct unit *units;
    size_t n_units;
    struct network *networks;
    size_t n_networks;
    struct volume *volumes;
    size_t n_volumes;
    struct secret *secrets;
    size_t n_secrets;
    struct database database;
    struct backup_policy backup;
    struct certificate *certificates; /* one or none */
    size_t n_certificates;
    struct verify_spec verify;
    struct maintenance_spec maintenance;
    const char *const *absent; /* "SERVICE: why": optional ones that this host cannot run */
    const char *const *urls;   /* what `up` prints at the end */
    const char *foreign;       /* saved by a version that knows more: what of it; NULL = nothing */
    struct log_keep logs;
    struct schedule *schedules;
    size_t n_schedules;
    uint64_t trash_us; /* how long volumes that are removed can be brought back; 0 = not at all */
};

extern const char *const dep_condition_text[DEP_CONDITION_COUNT]; /* service_started, ... */

/* NULL when there is no such thing */
const struct unit *project_unit(const struct project *p, const char *name);
const struct network *project_network(const struct project *p, const char *key);
const struct secret *project_secret(const struct project *p, const char *name);

void project_free(struct project *p); /* accepts NULL */

#endif
