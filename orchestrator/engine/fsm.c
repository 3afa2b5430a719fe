#include "engine/fsm.h"

static struct fsm_step stay(enum state now)
{
    return (struct fsm_step){ .next = now };
}

static struct fsm_step go(enum state next, unsigned actions)
{
    return (struct fsm_step){ .next = next, .actions = actions };
}

static bool should_restart(const struct fsm_facts *f)
{
    if (f->setup_failed || (f->to_blame && f->on_unhealthy == UNHEALTHY_STOP))
        return false;
    switch (f->restart.policy) {
    case RESTART_NO: return false;
    case RESTART_ON_FAILURE:
        if (f->exit_clean)
            return false;
        break;
    case RESTART_ALWAYS:
    case RESTART_UNLESS_STOPPED:
    case RESTART_POLICY_COUNT: break;
    }
    return f->restart.max_attempts == 0 || f->attempts < f->restart.max_attempts;
}

static struct fsm_step ended(enum state now, const struct fsm_facts *f)
{
    if (!state_is_live(now))
        return stay(now);
    if (f->want == WANT_REST)
        return go(STATE_DOWN, FSM_RELEASE);
    if (f->evicted || (now == STATE_STOPPING && !f->to_blame))
        return go(STATE_WAITING, FSM_RELEASE);
    if (should_restart(f))
        return (struct fsm_step){ .next = STATE_BACKOFF,
                                  .actions = FSM_RELEASE | FSM_SET_TIMER,
                                  .timer_us = f->backoff_us };
    return go(f->exit_clean ? STATE_DONE : STATE_FAILED, FSM_RELEASE);
}

static struct fsm_step vanished(enum state now, const struct fsm_facts *f)
{
    if (!state_is_live(now) && now != STATE_BACKOFF)
        return stay(now);
    if (f->want == WANT_REST)
        return go(STATE_DOWN, 0);
    /* what had not begun has not ended either */
    if (f->restart.policy == RESTART_NO && now != STATE_PREPARING)
        return go(STATE_FAILED, 0);
    return go(STATE_WAITING, 0);
}

static struct fsm_step give_grace(const struct fsm_facts *f, unsigned actions)
{
    return (struct fsm_step){ .next = STATE_STOPPING,
                              .actions = actions | FSM_SET_TIMER,
                              .timer_us = f->stop_grace_us };
}

static struct fsm_step stop(enum state now, const struct fsm_facts *f)
{
    switch (now) {
    case STATE_PREPARING: return go(STATE_STOPPING, FSM_KILL);
    case STATE_STARTING:
    case STATE_UP:
    case STATE_SICK: return give_grace(f, f->has_pre_stop ? FSM_PRE_STOP : FSM_SIGNAL);
    case STATE_STOPPING: return stay(now);
    case STATE_DOWN:
    case STATE_WAITING:
    case STATE_BACKOFF:
    case STATE_FAILED:
    case STATE_DONE:
    case STATE_COUNT: break;
    }
    return go(STATE_DOWN, 0);
}

static struct fsm_step started(enum state now, const struct fsm_facts *f)
{
    return now == STATE_PREPARING
               ? go(STATE_STARTING, f->has_post_start ? FSM_POST_START : FSM_PROBE)
               : stay(now);
}

static struct fsm_step hooked(enum state now, bool ok, const struct fsm_facts *f)
{
    if (now == STATE_STOPPING)
        return go(now, FSM_SIGNAL);
    if (now != STATE_STARTING)
        return stay(now);
    return ok ? go(now, FSM_PROBE) : give_grace(f, FSM_SIGNAL | FSM_BLAME);
}

static struct fsm_step wait_sick(const struct fsm_facts *f, unsigned actions)
{
    return (struct fsm_step){ .next = STATE_SICK,
                              .actions = actions | FSM_SET_TIMER,
                              .timer_us = f->sick_grace_us };
}

static struct fsm_step sick(enum state now, const struct fsm_facts *f)
{
    if (now != STATE_STARTING && now != STATE_UP)
        return stay(now);
    return f->on_unhealthy == UNHEALTHY_IGNORE ? go(STATE_SICK, 0) : wait_sick(f, 0);
}

static struct fsm_step sick_too_long(const struct fsm_facts *f)
{
    switch (f->on_unhealthy) {
    case UNHEALTHY_RELOAD: return wait_sick(f, FSM_RELOAD);
    case UNHEALTHY_RESTART:
    case UNHEALTHY_STOP: return give_grace(f, FSM_SIGNAL | FSM_BLAME);
    case UNHEALTHY_IGNORE:
    case UNHEALTHY_ACTION_COUNT: break;
    }
    return stay(STATE_SICK);
}

static struct fsm_step timer(enum state now, const struct fsm_facts *f)
{
    if (now == STATE_SICK)
        return sick_too_long(f);
    if (now == STATE_STOPPING)
        return go(STATE_STOPPING, FSM_KILL);
    if (now == STATE_BACKOFF)
        return f->is_lodger ? go(STATE_WAITING, 0) : go(STATE_PREPARING, FSM_LAUNCH);
    return stay(now);
}

struct fsm_step fsm_step(enum state now, enum fsm_event event, const struct fsm_facts *facts)
{
    switch (event) {
    case FSM_START:
        return now == STATE_DOWN || now == STATE_FAILED || now == STATE_DONE ? go(STATE_WAITING, 0)
                                                                             : stay(now);
    case FSM_STOP: return stop(now, facts);
    case FSM_DEPS_OK: return now == STATE_WAITING ? go(STATE_PREPARING, FSM_LAUNCH) : stay(now);
    case FSM_DEPS_FAILED: return now == STATE_WAITING ? go(STATE_FAILED, 0) : stay(now);
    case FSM_STARTED: return started(now, facts);
    case FSM_HOOKED: return hooked(now, true, facts);
    case FSM_HOOK_FAILED: return hooked(now, false, facts);
    case FSM_READY: return now == STATE_STARTING || now == STATE_SICK ? go(STATE_UP, 0) : stay(now);
    case FSM_SICK: return sick(now, facts);
    case FSM_ENDED: return ended(now, facts);
    case FSM_TIMER: return timer(now, facts);
    case FSM_VANISHED: return vanished(now, facts);
    case FSM_EVENT_COUNT: break;
    }
    return stay(now);
}
