/* Secrets of a project with other values, without a restart of those who have them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "engine/store.h"
#include "engine/supervisor_impl.h"
#include "engine/timetable.h"
#include "model/project_renew.h"

bool renew_concerns(const struct unit *u, const char *const *secrets)
{
    for (size_t i = 0; i < u->n_files; i++)
        for (const char *const *name = secrets; *name; name++)
            if (strcmp(u->files[i].secret, *name) == 0)
                return true;
    return false;
}

void renew_late(struct instance *i)
{
    struct supervisor *s = i->in->supervisor;
    auto_free const char **all = calloc(i->unit ? i->unit->n_files + 1 : 1, sizeof *all);
    struct err e = ERR_INIT;

    if (!all)
        abort();
    i->outdated = false;
    for (size_t n = 0; i->unit && n < i->unit->n_files; n++)
        all[n] = i->unit->files[n].secret;
    if (i->unit &&
        s->ops->files(s->self, i->id, &(struct runtime_files){ i->in->project, i->unit, all }, 0,
                      &e) < 0)
        log_err(&e, i->id);
}

static const char **names_of(const json_t *secrets)
{
    const char **names = calloc(json_object_size(secrets) + 1, sizeof *names);
    const char *name;
    json_t *value;
    size_t n = 0;

    if (!names)
        abort();
    json_object_foreach ((json_t *) (size_t) secrets, name, value)
        names[n++] = name;
    return names;
}

/* what is on its way to the broker has the old values */
static void mark_launches(struct deployment *d, const char *const *secrets)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (i->state == STATE_PREPARING && i->pid <= 0 && i->unit)
            i->outdated |= renew_concerns(i->unit, secrets);
    }
}

static int check(const struct deployment *d, const char *project, struct err *e)
{
    if (!d)
        return err_set(e, -ENOENT, "project '%s' is not running", project);
    if (d->op || d->rollout) {
        err_set(e, -EBUSY, "project '%s' is locked: '%s' is running", project,
                d->op ? operation_text[d->op->kind] : "update");
        err_hint(e, "wait for it, or see: ipam-orch ps");
        return err_classify(e, ERR_LOCKED);
    }
    if (!d->project->foreign)
        return 0;
    err_set(e, -ENOTSUP, "project '%s' was saved by a newer version: %s is not known here", project,
            d->project->foreign);
    return err_hint(e, "ipam-orch up, which reads its files, or install the newer version again");
}

int supervisor_renew(struct supervisor *s, const struct supervisor_renewal *r,
                     const struct inquiry_watcher *watcher, struct err *e)
{
    struct deployment *d = supervisor_find(s, r->project);
    auto_free const char **names = names_of(r->secrets);
    struct project *next = NULL;
    int code = check(d, r->project, e);

    if (code == 0)
        code = project_renew_secrets(d->project, r->secrets, r->digests, &next, e);
    if (code == 0 && (code = store_save_project(s->config.state_dir, next, e)) < 0)
        project_free(next);
    if (code < 0)
        return code;
    deployment_swap(d, next);
    timetable_adopt(d); /* whose rules are those of the project */
    mark_launches(d, names);
    supervisor_save(s);
    return supervisor_inquire(s,
                              &(struct supervisor_inquiry){
                                  .kind = INQUIRY_FILES, .project = r->project, .secrets = names },
                              watcher, e);
}
