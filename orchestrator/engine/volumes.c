/* The end of a project's volumes. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "engine/supervisor_impl.h"
#include "engine/upkeep.h"

static bool has_volume(const struct unit *u, const char *name)
{
    for (size_t n = 0; u && n < u->n_mounts; n++)
        if (u->mounts[n].kind == MOUNT_VOLUME && strcmp(u->mounts[n].source, name) == 0)
            return true;
    return false;
}

static int unused_by(const struct deployment *other, const struct volume *v, struct err *e)
{
    for (size_t n = 0; n < other->n_instances; n++) {
        if (!has_volume(other->instances[n]->unit, v->name))
            continue;
        err_set(e, -EBUSY, "volume '%s' belongs to service '%s' of project '%s'", v->name,
                other->instances[n]->name, other->project->name);
        err_hint(e, "ipam-orch -p %s down", other->project->name);
        return err_classify(e, ERR_FAILED);
    }
    return 0;
}

int volumes_unused(const struct supervisor *s, const struct deployment *d, const struct project *p,
                   struct err *e)
{
    int r = 0;

    for (size_t v = 0; v < p->n_volumes; v++)
        for (size_t n = 0; n < s->n_deployments && r == 0 && !p->volumes[v].external; n++)
            if (s->deployments[n] != d)
                r = unused_by(s->deployments[n], &p->volumes[v], e);
    return r;
}

int supervisor_volume_is_free(const struct supervisor *s, const char *name, struct err *e)
{
    const struct volume v = { .key = name, .name = name };
    int r = 0;

    for (size_t n = 0; n < s->n_deployments && r == 0; n++)
        r = unused_by(s->deployments[n], &v, e);
    return r;
}

/* The project goes all the same; whoever asked is told at the end. */
static void removal_failed(struct deployment *d, const struct volume *v, const char *why)
{
    log_line(LOG_WARN, "volume '%s' may be left: %s", v->name, why);
    if (d->op->failure.why.code == 0)
        err_set(&d->op->failure.why, -EIO, "volume '%s' may be left: %s", v->name, why);
}

void volumes_remove(struct supervisor *s, struct deployment *d)
{
    const struct project *p = d->project;

    d->op->volume_tag = s->last_tag + 1;
    for (size_t n = 0; d->op->volumes && n < p->n_volumes; n++) {
        struct runtime_volume v = { .name = p->volumes[n].name,
                                    .project = p->name,
                                    .keep_us = d->leaving_for_good ? 0 : p->trash_us };
        uint64_t tag = ++s->last_tag;
        struct err e = ERR_INIT;

        if (p->volumes[n].external)
            continue;
        if (s->ops->volume_remove(s->self, &v, tag, &e) < 0 && !supervisor_is_cut_off(e.code))
            removal_failed(d, &p->volumes[n], e.msg);
        else
            d->removals++;
    }
}

static void thrown_away(struct deployment *d, const struct volume *v, const json_t *how)
{
    time_t until = (time_t) json_integer_value(json_object_get(how, "until"));
    char text[32] = "";
    struct tm tm;

    if (localtime_r(&until, &tm))
        (void) strftime(text, sizeof text, "%F %H:%M", &tm);
    supervisor_tell(d, json_pack("{s:s,s:s,s:s,s:o}", "event", "volume in the trash", "project",
                                 d->project->name, "volume", v->name, "detail",
                                 json_sprintf("%s, until %s: ipam-orch volumes restore %s", v->name,
                                              text, v->name)));
}

bool volumes_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a)
{
    if (d->removals == 0 || !d->op->volumes || tag < d->op->volume_tag ||
        tag - d->op->volume_tag >= d->project->n_volumes)
        return false;
    if (!a->ok)
        removal_failed(d, &d->project->volumes[tag - d->op->volume_tag], a->output);
    else if (json_is_string(json_object_get(a->fields, "trash")))
        thrown_away(d, &d->project->volumes[tag - d->op->volume_tag], a->fields);
    d->removals--;
    return true;
}
