#include "model/lifecycle.h"

#include <assert.h>

#include "base/auto.h"
#include "base/clock.h"

const char *const restart_policy_text[] = {
    [RESTART_NO] = "no",
    [RESTART_ON_FAILURE] = "on-failure",
    [RESTART_ALWAYS] = "always",
    [RESTART_UNLESS_STOPPED] = "unless-stopped",
};
static_assert(ARRAY_LEN(restart_policy_text) == RESTART_POLICY_COUNT, "a policy has no text");

const char *const unhealthy_action_text[] = {
    [UNHEALTHY_IGNORE] = "ignore",
    [UNHEALTHY_RESTART] = "restart",
    [UNHEALTHY_RELOAD] = "reload",
    [UNHEALTHY_STOP] = "stop",
};
static_assert(ARRAY_LEN(unhealthy_action_text) == UNHEALTHY_ACTION_COUNT, "an action has no text");

const char *const rollout_order_text[] = {
    [ROLLOUT_STOP_FIRST] = "stop-first",
    [ROLLOUT_START_FIRST] = "start-first",
};
static_assert(ARRAY_LEN(rollout_order_text) == ROLLOUT_ORDER_COUNT, "an order has no text");

const char *const rollout_failure_text[] = {
    [ROLLOUT_PAUSE] = "pause",
    [ROLLOUT_CONTINUE] = "continue",
    [ROLLOUT_ROLLBACK] = "rollback",
};
static_assert(ARRAY_LEN(rollout_failure_text) == ROLLOUT_FAILURE_COUNT, "an answer has no text");

struct restart_spec restart_spec_default(enum restart_policy policy)
{
    /* the times are moby's */
    return (struct restart_spec){ .policy = policy,
                                  .delay_us = 100 * USEC_PER_MSEC,
                                  .max_delay_us = 60 * USEC_PER_SEC,
                                  .reset_us = 10 * USEC_PER_SEC,
                                  .jitter = 10 };
}
