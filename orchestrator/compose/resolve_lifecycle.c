/* What happens to a service when it ends or is sick, after its start and before its end. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

#define USEC_PER_MIN       (60 * USEC_PER_SEC)
#define TIMEOUT_LONGEST_US (24 * 60 * USEC_PER_MIN)

enum { PRE_START_MAX = 16 };

static int signal_number(const struct node *n, const char *fallback, int *out, struct err *e)
{
    *out = num_signal(n ? n->text : fallback);
    return *out < 0 ? resolve_refuse(n, e, "unknown signal '%s'", n ? n->text : fallback) : 0;
}

static int stopping(struct resolve *r, struct err *e)
{
    const struct node *holder = node_get(r->service, "stop_grace_period") ? r->service : r->recipe;
    int code = signal_number(resolve_get(r, "stop_signal"), "SIGTERM", &r->unit->stop_signal, e);

    if (code < 0)
        return code;
    return resolve_duration(holder, "stop_grace_period", 10 * USEC_PER_SEC, &r->unit->stop_grace_us,
                            e);
}

static int policy(const struct node *n, struct restart_spec *out, struct err *e)
{
    const char *text = n ? n->text : "no", *colon = strchr(text, ':');
    size_t len = colon ? (size_t) (colon - text) : strlen(text);
    uint64_t max = 0;
    int k = 0;

    while (k < RESTART_POLICY_COUNT && (strlen(restart_policy_text[k]) != len ||
                                        strncmp(restart_policy_text[k], text, len) != 0))
        k++;
    if (k == RESTART_POLICY_COUNT || (colon && k != RESTART_ON_FAILURE) ||
        (colon && num_u64(colon + 1, UINT32_MAX, &max) < 0))
        return resolve_refuse(n, e,
                              "'restart' must be no, always, unless-stopped or "
                              "on-failure[:TIMES]");
    *out = restart_spec_default((enum restart_policy) k);
    out->max_attempts = (unsigned) max;
    return 0;
}

/* deploy.restart_policy, which takes the place of `restart` as a whole */
static int deployed(const struct node *map, struct restart_spec *out, struct err *e)
{
    const struct node *condition = node_get(map, "condition");
    const struct node *attempts = node_get(map, "max_attempts");
    const char *word = condition ? condition->text : "any";
    uint64_t max = 0;
    int code;

    if (strcmp(word, "none") != 0 && strcmp(word, "on-failure") != 0 && strcmp(word, "any") != 0)
        return resolve_refuse(condition, e, "'condition' must be none, on-failure or any");
    *out = restart_spec_default(strcmp(word, "none") == 0  ? RESTART_NO
                                : strcmp(word, "any") == 0 ? RESTART_ALWAYS
                                                           : RESTART_ON_FAILURE);
    if (attempts && num_u64(attempts->text, UINT32_MAX, &max) < 0)
        return resolve_refuse(attempts, e, "'max_attempts' must be a number");
    out->max_attempts = (unsigned) max;
    if ((code = resolve_duration(map, "window", 0, &out->window_us, e)) < 0)
        return code;
    if (!node_get(map, "delay"))
        return 0;
    out->patient = true;
    out->jitter = 0;
    code = resolve_duration(map, "delay", 0, &out->delay_us, e);
    out->max_delay_us = out->delay_us;
    return code;
}

/* x-native.restart_delay: what no attribute of compose says */
static int backing_off(const struct node *map, struct restart_spec *out, struct err *e)
{
    const struct node *jitter = node_get(map, "jitter");
    uint64_t percent = out->jitter;
    int code;

    if (!map)
        return 0;
    if (jitter && num_u64(jitter->text, 100, &percent) < 0)
        return resolve_refuse(jitter, e, "'jitter' must be a number of percent, at most 100");
    out->jitter = (unsigned) percent;
    if ((code = resolve_duration(map, "first", out->delay_us, &out->delay_us, e)) < 0 ||
        (code = resolve_duration(map, "longest", out->max_delay_us, &out->max_delay_us, e)) < 0 ||
        (code = resolve_duration(map, "reset_after", out->reset_us, &out->reset_us, e)) < 0)
        return code;
    if (out->max_delay_us < out->delay_us)
        return resolve_refuse(map, e, "'longest' is shorter than 'first'");
    return 0;
}

static int restart(struct resolve *r, struct err *e)
{
    const struct node *deploy = node_get(node_get(r->service, "deploy"), "restart_policy");
    struct restart_spec *out = &r->unit->restart;
    int code = policy(node_get(r->service, "restart"), out, e);

    if (code == 0 && deploy)
        code = deployed(deploy, out, e);
    return code < 0 ? code : backing_off(node_get(r->native, "restart_delay"), out, e);
}

/* What is restarted when it crashes is restarted when it hangs; a recipe may know better, as that
 * of a database does. */
static int sickness(struct resolve *r, struct err *e)
{
    const struct node *action = resolve_get(r, "on_unhealthy");
    const struct node *reload = resolve_get(r, "reload_signal");
    struct sickness *out = &r->unit->sickness;
    bool restarts = r->unit->restart.policy != RESTART_NO;
    int k = restarts ? UNHEALTHY_RESTART : UNHEALTHY_IGNORE, code;

    if (action)
        for (k = 0; k < UNHEALTHY_ACTION_COUNT; k++)
            if (strcmp(unhealthy_action_text[k], action->text) == 0)
                break;
    if (k == UNHEALTHY_ACTION_COUNT)
        return resolve_refuse(action, e, "'on_unhealthy' must be ignore, restart, reload or stop");
    out->action = (enum unhealthy_action) k;
    if (reload && (code = signal_number(reload, "", &out->reload_signal, e)) < 0)
        return code;
    out->reload_test = resolve_strings(r->arena, resolve_get(r, "reload_test"));
    if (out->action == UNHEALTHY_RELOAD && !reload)
        return resolve_refuse(action, e, "nothing says how to reload it: set 'reload_signal'");
    return resolve_duration(node_get(r->native, "unhealthy_grace") ? r->native : r->recipe,
                            "unhealthy_grace", 0, &out->grace_us, e);
}

static const char *const *variables(struct arena *a, const struct node *map)
{
    size_t n = map ? map->n : 0;
    const char **env = arena_array(a, n + 1, sizeof *env);

    for (size_t i = 0; i < n; i++)
        env[i] =
            arena_printf(a, "%s=%s", map->entries[i].key, scalar_print(a, map->entries[i].value));
    return env;
}

static int hooks(struct resolve *r, const struct node *list, struct hook **out, size_t *n,
                 struct err *e)
{

    *out = arena_array(r->arena, node_count(list), sizeof **out);
    for (size_t i = 0; i < node_count(list); i++) {
        const struct node *item = list->items[i], *command = node_get(item, "command");

        if (node_is_true(node_get(item, "privileged")))
            return resolve_refuse(node_get(item, "privileged"), e,
                                  "a hook has no more rights than its service");
        if (node_count(command) == 0)
            return resolve_refuse(item, e, "a hook says what to run");
        (*out)[i] = (struct hook){ .argv = resolve_strings(r->arena, command),
                                   .env = variables(r->arena, node_get(item, "environment")),
                                   .workdir = node_get_text(item, "working_dir", ""),
                                   .user = node_get_text(item, "user", "") };
    }
    *n = node_count(list);
    return 0;
}

/* Init runs them one after the other, before there is an instance to join. */
static int before(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->native, "pre_start");
    struct unit *u = r->unit;
    int code = hooks(r, list, &u->pre_start, &u->n_pre_start, e);

    if (code == 0 && u->n_pre_start > PRE_START_MAX)
        return resolve_refuse(list, e, "at most %d commands run before a program", PRE_START_MAX);
    for (size_t i = 0; i < u->n_pre_start && code == 0; i++) {
        const struct node *item = list->items[i];
        uint64_t *timeout_us = &u->pre_start[i].timeout_us;

        code = resolve_duration(item, "timeout", USEC_PER_MIN, timeout_us, e);
        if (code == 0 && (*timeout_us == 0 || *timeout_us > TIMEOUT_LONGEST_US))
            code = resolve_refuse(node_get(item, "timeout"), e, "'timeout' is up to 24h");
    }
    return code;
}

/* the place of a word in a table, `n` if it is none of them */
static unsigned word_of(const struct node *node, const char *const *words, unsigned n,
                        unsigned fallback)
{
    unsigned k = 0;

    if (!node)
        return fallback;
    while (k < n && strcmp(words[k], node->text) != 0)
        k++;
    return k;
}

static int failure_ratio(const struct node *n, unsigned *out, struct err *e)
{
    enum { PERMILL = 1000 };
    char *end = NULL;
    double ratio = n ? strtod(n->text, &end) : 0;

    if (n && (end == n->text || *end != '\0' || !(ratio >= 0 && ratio <= 1)))
        return resolve_refuse(n, e, "'max_failure_ratio' is from 0 to 1");
    *out = (unsigned) (ratio * PERMILL + 0.5);
    return 0;
}

/* deploy.update_config and deploy.rollback_config; without the section the way back is taken */
static int rollout(const struct node *map, bool back, struct rollout_spec *out, struct err *e)
{
    const struct node *order = node_get(map, "order"), *action = node_get(map, "failure_action");
    const struct node *parallelism = node_get(map, "parallelism");
    uint64_t many = 1;
    int code;

    if (parallelism && num_u64(parallelism->text, UINT32_MAX, &many) < 0)
        return resolve_refuse(parallelism, e, "'parallelism' must be a number");
    out->parallelism = (unsigned) many;
    out->order = (enum rollout_order) word_of(order, rollout_order_text, ROLLOUT_ORDER_COUNT,
                                              ROLLOUT_STOP_FIRST);
    out->on_failure =
        (enum rollout_failure) word_of(action, rollout_failure_text, ROLLOUT_FAILURE_COUNT,
                                       map || back ? ROLLOUT_PAUSE : ROLLOUT_ROLLBACK);
    if (out->order == ROLLOUT_ORDER_COUNT)
        return resolve_refuse(order, e, "'order' must be start-first or stop-first");
    if (out->on_failure == ROLLOUT_FAILURE_COUNT || (back && out->on_failure == ROLLOUT_ROLLBACK))
        return resolve_refuse(action, e, "'failure_action' must be pause%s",
                              back ? " or continue" : ", continue or rollback");
    if ((code = failure_ratio(node_get(map, "max_failure_ratio"), &out->max_failure_permill, e)) <
        0)
        return code;
    code = resolve_duration(map, "delay", 0, &out->delay_us, e);
    return code < 0 ? code : resolve_duration(map, "monitor", 0, &out->monitor_us, e);
}

static int rollouts(struct resolve *r, struct err *e)
{
    const struct node *deploy = node_get(r->service, "deploy");
    int code = rollout(node_get(deploy, "update_config"), false, &r->unit->update, e);

    return code < 0 ? code
                    : rollout(node_get(deploy, "rollback_config"), true, &r->unit->rollback, e);
}

int resolve_lifecycle(struct resolve *r, struct err *e)
{
    struct unit *u = r->unit;
    int code;

    if ((code = stopping(r, e)) < 0 || (code = restart(r, e)) < 0 || (code = sickness(r, e)) < 0 ||
        (code = before(r, e)) < 0 || (code = rollouts(r, e)) < 0 ||
        (code = hooks(r, node_get(r->service, "post_start"), &u->post_start, &u->n_post_start, e)) <
            0)
        return code;
    return hooks(r, node_get(r->service, "pre_stop"), &u->pre_stop, &u->n_pre_stop, e);
}
