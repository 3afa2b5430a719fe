/* lifecycle.h -- what happens to a unit when it ends, when it is sick, after it has started and
 * before it is stopped.
 * Runs in: CLI (makes it), supervisor (obeys it), tests.  Owns: nothing; part of a project, whose
 * rules for strings hold.  Units: microseconds.
 * Source: compose-spec, `restart`, `deploy.restart_policy`, `post_start`, `pre_stop`,
 * `deploy.update_config`, `deploy.rollback_config`. */
#ifndef IPAM_MODEL_LIFECYCLE_H
#define IPAM_MODEL_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

enum restart_policy {
    RESTART_NO,
    RESTART_ON_FAILURE,
    RESTART_ALWAYS,
    RESTART_UNLESS_STOPPED,
    RESTART_POLICY_COUNT
};

struct restart_spec {
    enum restart_policy policy;
    unsigned max_attempts; /* restarts in a row that failed; 0 = unlimited */
    uint64_t window_us;    /* whoever lives as long has not failed; 0 = every end counts */
    /* the second crash in a row waits delay_us, each further one twice as long, at most
     * max_delay_us; the first one waits only if `patient`; a life of reset_us makes the next crash
     * a first one */
    uint64_t delay_us, max_delay_us, reset_us;
    bool patient;
    unsigned jitter; /* percent by which a delay may be longer or shorter, at most 100 */
};

enum unhealthy_action {
    UNHEALTHY_IGNORE,
    UNHEALTHY_RESTART, /* as if it had failed by itself */
    UNHEALTHY_RELOAD,  /* the reload signal, again after each grace */
    UNHEALTHY_STOP,    /* for good */
    UNHEALTHY_ACTION_COUNT
};

struct sickness {
    enum unhealthy_action action;
    uint64_t grace_us;              /* from unhealthy to the action */
    int reload_signal;              /* 0 = none */
    const char *const *reload_test; /* a command inside that must end with 0 before; empty: none */
};

/* a command inside a running unit, or in its sandbox before its program */
struct hook {
    const char *const *argv, *const *env; /* env is added to the unit's */
    const char *workdir, *user;           /* "" = the unit's */
    uint64_t timeout_us;                  /* of one before the program; 0 = none */
};

enum rollout_order {
    ROLLOUT_STOP_FIRST,
    ROLLOUT_START_FIRST, /* the next one is ready before the present one is stopped */
    ROLLOUT_ORDER_COUNT
};

enum rollout_failure {
    ROLLOUT_PAUSE, /* no further instance is replaced */
    ROLLOUT_CONTINUE,
    ROLLOUT_ROLLBACK,
    ROLLOUT_FAILURE_COUNT
};

/* how the instances of a unit are replaced by those of another definition of it */
struct rollout_spec {
    unsigned parallelism;         /* so many at a time, 0 = all */
    uint64_t delay_us;            /* between one group and the next */
    uint64_t monitor_us;          /* so long a new one has to stay well */
    unsigned max_failure_permill; /* of all instances; more is a failure of the whole */
    enum rollout_order order;
    enum rollout_failure on_failure;
};

/* indexed by the enums */
extern const char *const rollout_order_text[ROLLOUT_ORDER_COUNT];       /* stop-first, ... */
extern const char *const rollout_failure_text[ROLLOUT_FAILURE_COUNT];   /* pause, ... */
extern const char *const restart_policy_text[RESTART_POLICY_COUNT];     /* no, on-failure, ... */
extern const char *const unhealthy_action_text[UNHEALTHY_ACTION_COUNT]; /* ignore, restart, ... */

/* what holds where a file says nothing: at once, then 100 ms doubling to a minute, 10 s, 10 % */
struct restart_spec restart_spec_default(enum restart_policy policy);

#endif
