/* fsm.h -- THE state machine of an instance.  Pure: no clock, no descriptor, no allocation.
 * Runs in: supervisor, tests.
 *
 * An instance has a state and a wanted side (run or rest).  The wanted side is set by operators'
 * requests only; the machine never changes it.
 *
 *   state      leaves it on
 *   down       START: waiting
 *   waiting    DEPS_OK: preparing, launch        DEPS_FAILED: failed
 *   preparing  STARTED: starting, then its hooks or probing      ENDED: see below
 *   starting   HOOKED: begin probing   HOOK_FAILED: stopping, to blame
 *              READY: up               SICK: sick                ENDED: see below
 *   up         SICK: sick                                        ENDED: see below
 *   sick       READY: up               TIMER: see SICK           ENDED: see below
 *   stopping   HOOKED, HOOK_FAILED: the stop signal              TIMER: kill
 *              ENDED: down, or waiting if it is wanted again
 *   backoff    TIMER: preparing, launch; waiting if it lives in a namespace of another instance
 *   failed     START: waiting
 *   done       START: waiting
 *
 * STOP: stopping with its hooks or the stop signal, and the grace timer, where a program runs;
 * stopping with a kill where the sandbox is still being built; down everywhere else.
 * SICK: with an action for sickness the grace timer; its TIMER stops it, to blame, or reloads it
 * and sets the timer again.  Whoever is stopped to blame has failed when it ends. VANISHED: where a
 * program ran or its restart was due, waiting if it is wanted, else down; the dependencies are
 * looked at again, because they vanished as well.  Without a restart policy what had begun has
 * failed. ENDED while wanted, by the restart policy: backoff with a timer, done (success and no
 * restart asked) or failed; waiting if it went with another instance.  A set-up failure
 * while an operator waits is not retried: who has asked is to see it. Every pair not named leaves
 * the state alone and asks for nothing. */
#ifndef IPAM_ENGINE_FSM_H
#define IPAM_ENGINE_FSM_H

#include "model/instance.h"
#include "model/project.h"

enum fsm_event {
    FSM_START,
    FSM_STOP,
    FSM_DEPS_OK,
    FSM_DEPS_FAILED,
    FSM_STARTED,
    FSM_READY,
    FSM_SICK,
    FSM_ENDED,
    FSM_TIMER,
    FSM_HOOKED,      /* all hooks have done what they should */
    FSM_HOOK_FAILED, /* one has not; the others were not run */
    FSM_VANISHED,    /* the broker does not know it: the machine was booted, or a launch got lost */
    FSM_EVENT_COUNT
};

enum fsm_action {
    FSM_LAUNCH = 1 << 0,
    FSM_SIGNAL = 1 << 1, /* the stop signal */
    FSM_KILL = 1 << 2,
    FSM_RELEASE = 1 << 3,    /* let the broker forget the ended instance */
    FSM_SET_TIMER = 1 << 4,  /* step.timer_us from now; any transition cancels an older timer */
    FSM_PROBE = 1 << 5,      /* begin health checking */
    FSM_POST_START = 1 << 6, /* run these hooks */
    FSM_PRE_STOP = 1 << 7,
    FSM_RELOAD = 1 << 8, /* the reload signal */
    FSM_BLAME = 1 << 9,  /* what follows is its own failure: facts.to_blame from now on */
};

/* what a decision depends on besides state and event */
struct fsm_facts {
    enum want want;
    struct restart_spec restart;
    enum unhealthy_action on_unhealthy;
    unsigned attempts;   /* restarts in a row that failed */
    bool exit_clean;     /* FSM_ENDED */
    bool setup_failed;   /* FSM_ENDED: the sandbox could not be made, and somebody waits for it */
    uint64_t backoff_us; /* FSM_ENDED: delay if it is restarted */
    uint64_t stop_grace_us;
    uint64_t sick_grace_us;
    bool has_post_start, has_pre_stop;
    bool to_blame;  /* it is being stopped because of what it did */
    bool evicted;   /* FSM_ENDED: whose PID namespace it lived in has ended */
    bool is_lodger; /* lives in a namespace of another instance */
};

struct fsm_step {
    enum state next;
    unsigned actions; /* of enum fsm_action */
    uint64_t timer_us;
};

struct fsm_step fsm_step(enum state now, enum fsm_event event, const struct fsm_facts *facts);

#endif
