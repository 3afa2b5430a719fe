#include "model/project_check.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/calendar.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "model/shared.h"

/* the letters of file names, cgroups and host names; what becomes a path must never lead out */
static bool is_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t len = strlen(s);

    return len > 0 && len <= 63 && s[0] != '.' && s[0] != '-' && strspn(s, allowed) == len;
}

/* what it lives in must be the other's own */
static int check_shared(const struct project *p, const struct unit *u, struct err *e)
{
    for (enum shared k = 0; k < SHARED_COUNT; k++) {
        const char *of = shared_of(u, k);
        const struct unit *with = project_unit(p, of);

        if (of[0] == '\0' || strcmp(of, PROJECT_HOST) == 0)
            continue;
        if (!with || shared_of(with, k)[0] != '\0')
            return err_set(e, -EINVAL, "project: '%s' lives in the %s of '%s', which has none",
                           u->name, shared_text[k], of);
    }
    return 0;
}

static int check_inherits(const struct project *p, const struct unit *u, struct err *e)
{
    const struct unit *holder = project_unit(p, u->network_of);

    if (u->inherits && (!holder || holder->n_listen == 0))
        return err_set(e, -EINVAL, "project: '%s' is to be handed sockets that nobody holds",
                       u->name);
    return 0;
}

static int check_references(const struct project *p, const struct unit *u, struct err *e)
{
    const char *const secrets[] = { u->health.probe.password_secret, u->health.probe.ca_secret };

    for (size_t i = 0; i < u->n_deps; i++)
        if (u->deps[i].required && !project_unit(p, u->deps[i].unit))
            return err_set(e, -EINVAL, "project: '%s' depends on '%s', which is not there", u->name,
                           u->deps[i].unit);
    for (size_t i = 0; i < u->n_networks; i++)
        if (!project_network(p, u->networks[i].network))
            return err_set(e, -EINVAL, "project: '%s' is on network '%s', which is not there",
                           u->name, u->networks[i].network);
    for (size_t i = 0; i < u->n_files; i++)
        if (!project_secret(p, u->files[i].secret))
            return err_set(e, -EINVAL, "project: '%s' uses secret '%s', which is not there",
                           u->name, u->files[i].secret);
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        if (secrets[i][0] != '\0' && !project_secret(p, secrets[i]))
            return err_set(e, -EINVAL,
                           "project: the check of '%s' uses secret '%s', which is not there",
                           u->name, secrets[i]);
    return 0;
}

static int check_probe(const struct unit *u, struct err *e)
{
    const struct probe *q = &u->health.probe;

    if (q->kind == PROBE_LOG && pattern_compile(q->pattern, NULL, e) < 0)
        return err_wrap(e, "project: the check of '%s'", u->name);
    return 0;
}

static int check_lifecycle(const struct unit *u, struct err *e)
{
    const struct {
        const struct hook *list;
        size_t n;
    } hooks[] = { { u->post_start, u->n_post_start },
                  { u->pre_stop, u->n_pre_stop },
                  { u->pre_start, u->n_pre_start } };

    for (size_t k = 0; k < ARRAY_LEN(hooks); k++)
        for (size_t i = 0; i < hooks[k].n; i++)
            if (!hooks[k].list[i].argv || !hooks[k].list[i].argv[0])
                return err_set(e, -EINVAL, "project: a hook of '%s' runs nothing", u->name);
    if (u->replicas > LIMIT_REPLICAS)
        return err_set(e, -EINVAL, "project: '%s' has %u replicas, the limit is %d", u->name,
                       u->replicas, LIMIT_REPLICAS);
    if (u->log_files < 1 || u->log_files > LIMIT_LOG_FILES)
        return err_set(e, -EINVAL, "project: '%s' keeps %u log files; 1 to %d can be", u->name,
                       u->log_files, LIMIT_LOG_FILES);
    if (u->restart.jitter > 100)
        return err_set(e, -EINVAL, "project: the jitter of '%s' is beyond 100 percent", u->name);
    return 0;
}

static int check_schedules(const struct project *p, struct err *e)
{
    struct calendar c;

    for (size_t i = 0; i < p->n_schedules; i++) {
        const struct schedule *s = &p->schedules[i];

        if (!is_name(s->name))
            return err_set(e, -EINVAL, "project: '%s' is no name of a schedule", s->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(p->schedules[k].name, s->name) == 0)
                return err_set(e, -EINVAL, "project: schedule '%s' is there twice", s->name);
        if (!s->run || !s->run[0])
            return err_set(e, -EINVAL, "project: schedule '%s' runs nothing", s->name);
        if (calendar_parse(s->when, &c, e) < 0)
            return err_wrap(e, "project: schedule '%s'", s->name);
    }
    return 0;
}

static int check_unit(const struct project *p, const struct unit *u, struct err *e)
{
    int r;

    if (!is_name(u->name) || project_unit(p, u->name) != u)
        return err_set(e, -EINVAL, "project: '%s' is no service name, or there twice", u->name);
    if (!u->argv[0] && u->n_listen == 0)
        return err_set(e, -EINVAL, "project: '%s' has no program", u->name);
    if (u->uid == 0 || u->gid == 0)
        return err_set(e, -EPERM, "project: '%s' may not run as root", u->name);
    if ((r = check_references(p, u, e)) < 0 || (r = check_shared(p, u, e)) < 0 ||
        (r = check_inherits(p, u, e)) < 0 || (r = check_lifecycle(u, e)) < 0)
        return r;
    return check_probe(u, e);
}

int project_check(const struct project *p, struct err *e)
{
    if (!is_name(p->name))
        return err_set(e, -EINVAL, "project: '%s' is no project name", p->name);
    for (size_t i = 0; i < p->n_networks; i++)
        if (!is_name(p->networks[i].key))
            return err_set(e, -EINVAL, "project: '%s' is no network name", p->networks[i].key);
    for (size_t i = 0; i < p->n_units; i++) {
        int r = check_unit(p, &p->units[i], e);

        if (r < 0)
            return r;
    }
    if (p->database.unit[0] != '\0' && !project_unit(p, p->database.unit))
        return err_set(e, -EINVAL, "project: the database service '%s' is not there",
                       p->database.unit);
    return check_schedules(p, e);
}
