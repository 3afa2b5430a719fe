/* Failure capsules: what is kept of an instance that ended although it was wanted, or became
 * unhealthy.  LOGS/PROJECT/@failure.NAME.json, before it .1 and so on, LIMIT_CAPSULES of them; no
 * service can be called like that.  Secret values are taken out. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"
#include "logs/rotation.h"
#include "model/scrub.h"

/* So long what the instance printed last may be on its way to its log, and figures from the broker
 * to us. */
#define LATE_US (300 * USEC_PER_MSEC)

enum { LINES = 20, TAIL = 64 * 1024 };

static json_t *dependencies(const struct instance *i)
{
    json_t *list = json_object();

    for (size_t n = 0; i->unit && n < i->unit->n_deps; n++) {
        const struct instance *other = deployment_instance(i->in, i->unit->deps[n].unit);

        (void) json_object_set_new(list, i->unit->deps[n].unit,
                                   json_string(other ? state_text[other->state] : "unknown"));
    }
    return list;
}

/* the end of the log file, from a whole line on; "" when there is none */
static char *read_tail(const struct instance *i)
{
    auto_free char *path = paths_join("%s/%s/%s.log", i->in->supervisor->config.log_dir,
                                      i->in->project->name, i->label);
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = calloc(1, TAIL + 1);
    struct stat st;
    ssize_t n = -1;
    bool cut;

    if (!text)
        abort();
    if (fd < 0 || fstat(fd, &st) < 0)
        return text;
    cut = st.st_size > TAIL;
    n = pread(fd, text, TAIL, cut ? st.st_size - TAIL : 0);
    text[n > 0 ? n : 0] = '\0';
    if (cut) {
        const char *first = strchr(text, '\n');

        memmove(text, first ? first + 1 : "", first ? strlen(first) : 1);
    }
    return text;
}

/* the last lines of one incarnation, as they are in the log */
static json_t *last_lines(const struct instance *i, unsigned incarnation)
{
    auto_free char *text = read_tail(i);
    json_t *list = json_array();
    char *rest = text;
    char mine[16];

    (void) snprintf(mine, sizeof mine, "%u", incarnation);
    for (char *line; (line = strsep(&rest, "\n"));) {
        json_t *one = json_loads(line, 0, NULL);
        const char *whose =
            json_string_value(json_object_get(json_object_get(one, "attrs"), "instance"));

        if (whose && strcmp(whose, mine) == 0)
            (void) json_array_append(list, one);
        (void) json_object_del(one, "attrs"); /* they are said once, at the top */
        if (json_array_size(list) > LINES)
            (void) json_array_remove(list, 0);
        json_decref(one);
    }
    return list;
}

static int keep(const struct instance *i, const char *text, size_t len)
{
    auto_free char *dir =
        paths_join("%s/%s", i->in->supervisor->config.log_dir, i->in->project->name);
    auto_free char *path = paths_join("%s/@failure.%s.json", dir, i->label);
    int r = fsio_mkdir_p(dir, 0750);

    if (r == 0 && access(path, F_OK) == 0)
        r = rotation_shift(path, LIMIT_CAPSULES);
    return r < 0 ? r : fsio_write_volatile(AT_FDCWD, path, text, len, 0640);
}

void capsule_flush(struct instance *i)
{
    json_t *capsule = i->capsule;
    auto_scrub secrets = capsule ? scrub_new() : NULL;
    auto_free char *text = NULL, *clean = NULL;
    size_t len = 0;
    int r;

    timers_cancel(i->in->timers, &i->capsule_timer);
    if (!capsule)
        return;
    i->capsule = NULL;
    i->capsule_tag = 0;
    (void) json_object_set_new(capsule, "lines", last_lines(i, i->capsule_incarnation));
    text = json_dumps(capsule, JSON_INDENT(1));
    json_decref(capsule);
    if (!text)
        return;
    scrub_add_project(secrets, i->in->project);
    clean = scrub_text(secrets, text, strlen(text), &len);
    r = keep(i, clean, len);
    if (r < 0)
        log_line(LOG_WARN, "%s: its failure capsule is lost: %s project=%s", i->label, strerror(-r),
                 i->in->project->name);
}

static void on_late(void *owner)
{
    capsule_flush(owner);
}

void capsule_begin(struct instance *i, const json_t *event)
{
    struct supervisor *s = i->in->supervisor;

    capsule_flush(i);
    i->capsule = json_pack("{s:i,s:O,s:s,s:s,s:o,s:o}", "schema", 1, "event", event, "id", i->id,
                           "image", i->unit ? i->unit->image : "", "checks",
                           health_log_to_json(&i->checks), "depends_on", dependencies(i));
    i->capsule_incarnation = i->incarnation;
    if (state_is_live(i->state)) {
        i->capsule_tag = ++s->last_tag;
        (void) s->ops->stats(s->self, i->id, i->capsule_tag, NULL);
    }
    timers_set(s->timers, &i->capsule_timer, timers_now(s->timers) + LATE_US, on_late, i);
}

bool capsule_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        for (size_t k = 0; k < s->deployments[n]->n_all; k++) {
            struct instance *i = s->deployments[n]->instances[k];

            if (!i->capsule || tag == 0 || i->capsule_tag != tag)
                continue;
            if (a->ok && a->fields)
                (void) json_object_set(i->capsule, "figures", (json_t *) (uintptr_t) a->fields);
            return true;
        }
    return false;
}
