#include "ops/restore_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "ops/feed.h"
#include "ops/maintenance.h"
#include "ops/tool.h"

enum { UNPACKED_MODE = 0700, FILE_MODE = 0600 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static const char *name_of(const struct project *d, const char *key)
{
    for (size_t i = 0; i < d->n_volumes; i++)
        if (strcmp(d->volumes[i].key, key) == 0)
            return d->volumes[i].name;
    return NULL;
}

/* where it is in the unit, NULL if it is not, or is what no restore touches */
static const char *target_in(const struct project *d, const char *key, const struct unit *u)
{
    const char *name = name_of(d, key);

    if (name && maintenance_has_volume(d, name))
        return NULL;
    for (size_t k = 0; name && k < u->n_mounts; k++)
        if (u->mounts[k].kind == MOUNT_VOLUME && strcmp(u->mounts[k].source, name) == 0)
            return u->mounts[k].target;
    return NULL;
}

bool restore_volume_is_of(const struct project *d, const char *key, const struct unit *u)
{
    return target_in(d, key, u) != NULL;
}

/* in a sandbox like that of whoever has it, as its user */
static int put_volume(const struct procedure *p, const struct restore_wish *w, const json_t *part,
                      const char *service, const char *target, struct err *e)
{
    static const char script[] =
        "find \"$1\" -mindepth 1 -delete && exec tar --extract --file=- --directory=\"$1\"";
    const char *const argv[] = { "/bin/sh", "-c", script, "sh", target, NULL };

    return feed_beside(p, w, part,
                       &(struct tool){ .service = service, .argv = argv, .name = "tar", .out = -1 },
                       e);
}

int restore_volumes(const struct procedure *p, const struct restore_wish *w, struct err *e)
{
    const struct project *d = w->definition;
    const json_t *part;
    size_t i;
    int r = 0;

    json_array_foreach (json_object_get(w->backup->manifest, "parts"), i, part) {
        const char *key = text_of(part, "volume"), *target = NULL;
        const struct unit *u = NULL;

        if (r < 0 || strcmp(text_of(part, "what"), "volume") != 0)
            continue;
        for (size_t k = 0; !u && k < d->n_units; k++)
            if ((target = target_in(d, key, &d->units[k])))
                u = &d->units[k];
        if (name_of(d, key) && maintenance_has_volume(d, name_of(d, key)))
            continue; /* of an older version */
        if (!u || !target) {
            procedure_say(p, "left out: no service has volume '%s' any more", key);
            continue;
        }
        procedure_say(p, "unpacking volume '%s' of %s", key, u->name);
        r = put_volume(p, w, part, u->name, target, e);
        if (r < 0)
            (void) err_wrap(e, "volume '%s'", key);
    }
    return r;
}

/* ---- as files ---- */

static int unpack(const struct procedure *p, const struct restore_wish *w, const json_t *part,
                  const char *dir, struct err *e)
{
    auto_free char *to = paths_join("--directory=%s", dir);
    const char *const argv[] = { "tar", "--extract", "--file=-", to, NULL };

    if (mkdir(dir, UNPACKED_MODE) < 0)
        return err_set(e, -errno, "%s: %s", dir, strerror(errno));
    return feed_parts(p, w, &part, 1, &(struct tool){ .argv = argv, .out = -1 }, NULL, e);
}

static int write_file(const struct restore_wish *w, const json_t *part, const char *path,
                      struct err *e)
{
    auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    auto_flow to = flow_to_fd(fd);

    if (fd < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    return backup_read_part(w->store, w->backup, part, &w->key, to, e);
}

/* the part that BACKUP_* means */
static unsigned bit_of(const char *what)
{
    if (strcmp(what, "database") == 0 || strcmp(what, "accounts") == 0 ||
        strcmp(what, "physical") == 0)
        return BACKUP_DB;
    return strcmp(what, "volume") == 0 ? BACKUP_VOLUMES : BACKUP_CONFIG;
}

int restore_to(const struct procedure *p, const struct restore_wish *w, const char *dir,
               struct err *e)
{
    const json_t *part;
    size_t i;
    int r = mkdir(dir, UNPACKED_MODE) < 0 ? err_set(e, -errno, "%s: %s", dir, strerror(errno)) : 0;

    json_array_foreach (json_object_get(w->backup->manifest, "parts"), i, part) {
        const char *what = text_of(part, "what");
        auto_free char *path = NULL;

        if (r < 0 || !(bit_of(what) & w->what))
            continue;
        if (strcmp(what, "config") == 0 || strcmp(what, "volume") == 0) {
            path = strcmp(what, "volume") == 0
                       ? paths_join("%s/volume-%s", dir, text_of(part, "volume"))
                       : paths_join("%s/config", dir);
            r = unpack(p, w, part, path, e);
        } else {
            path = paths_join("%s/%s%s", dir, what,
                              strcmp(what, "definition") == 0 ? ".json"
                              : strcmp(what, "physical") == 0 ? ".mbstream"
                                                              : ".sql");
            r = write_file(w, part, path, e);
        }
    }
    return r < 0 ? err_classify(e, ERR_BACKUP) : 0;
}
