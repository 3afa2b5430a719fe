/* permit.h -- what the administrator of this host permits, beyond what policy.h refuses anyway.
 * Runs in: broker.  Owns: its arena.  Fails: -EPERM with file, line and rule, and the request they
 * refuse; -EINVAL with file and line for a file that is not one.
 * The file is paths_conf()/policy.conf; without it the built-in rules hold, see
 * ipam-orch-policy.conf(5).  A rule in the section of a project stands instead of the general one.
 */
#ifndef IPAM_SANDBOX_PERMIT_H
#define IPAM_SANDBOX_PERMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "sandbox/spec.h"

enum permit_key {
    PERMIT_USERS,
    PERMIT_GROUPS,
    PERMIT_BIND_READ,
    PERMIT_BIND_WRITE,
    PERMIT_CAPABILITIES,
    PERMIT_DEVICES,
    PERMIT_DEVICE_RULES,
    PERMIT_APPARMOR,
    PERMIT_SECCOMP,
    PERMIT_PORTS,
    PERMIT_SUBNETS,
    PERMIT_HOST_NETWORK,
    PERMIT_HOST_UTS,
    PERMIT_HOST_CGROUP,
    PERMIT_HOST_IPC,
    PERMIT_HOST_PID,
    PERMIT_PROPAGATION,
    PERMIT_PRIVILEGED,
    PERMIT_LOG_DENIED,
    PERMIT_USER_NAMESPACES,
    PERMIT_PUBLISH_FROM,
    PERMIT_PUBLISH_PAST_FIREWALL,
    PERMIT_TRASH_MIN_FREE,
    PERMIT_KEY_COUNT
};

struct permit_rule {
    const char *const *words; /* NULL: not said */
    const char *text;         /* of the value */
    unsigned line;            /* 0: built in */
};

struct permit_section {
    const char *project; /* "" for the general rules */
    struct permit_rule rules[PERMIT_KEY_COUNT];
};

struct permit {
    struct arena *arena;
    const char *path;
    struct permit_section *sections; /* the first is the general one */
    size_t n_sections;
};

extern const char *const permit_key_text[PERMIT_KEY_COUNT];

/* The file, or the built-in rules when there is none.  -EPERM unless file and directory belong to
 * root and nobody else may write to them. */
int permit_load(struct permit **out, struct err *e);
void permit_free(struct permit *p); /* accepts NULL */
/* One word of a value; `what` it should be comes back in the error. */
int permit_check_word(enum permit_key key, const char *word, struct err *e);
/* What holds for a project. */
const struct permit_rule *permit_find(const struct permit *p, const char *project,
                                      enum permit_key key);

/* May this be launched?  Asked after policy_spec. */
int permit_spec(const struct permit *p, const struct spec *s, struct err *e);
/* Who asks: a project, and the name of what in it, for the message. */
struct permit_asker {
    const char *project, *who;
    bool onlooker; /* to the manager it is somebody who may look, and never more */
};

/* May this path of the host be bound?  `opened` is where it really led: that must be acceptable
 * too, also to policy_source. */
int permit_source(const struct permit *p, const struct permit_asker *by, const char *path,
                  bool read_only, struct err *e);
int permit_opened(const struct permit *p, const struct permit_asker *by, int opened, bool read_only,
                  struct err *e);
/* May a network have these addresses? ("10.0.0.1/24") */
int permit_subnet(const struct permit *p, const char *project, const char *subnet, struct err *e);
/* Are refused system calls of a project worth a line in the log of the kernel? */
bool permit_log_denied(const struct permit *p, const char *project);
/* the ids of the host that user namespaces of a project are made of */
int permit_user_namespace(const struct permit *p, const struct permit_asker *by, uint32_t *first,
                          uint32_t *last, struct err *e);
/* The ranges from where published ports may be reached; NULL: anywhere. */
const char *const *permit_publish_from(const struct permit *p, const char *project);
/* Are they open where the host's own firewall would not let anybody in? */
bool permit_past_firewall(const struct permit *p, const char *project);
/* How much of a file system, in percent, is kept free at the cost of the trash on it. */
unsigned permit_trash_min_free(const struct permit *p);
/* every capability that any section permits */
uint64_t permit_capabilities(const struct permit *p);

#endif
