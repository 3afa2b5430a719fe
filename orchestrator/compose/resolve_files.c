/* What a service sees of files: directories in memory, secrets, and what resolve_volumes.c adds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/paths.h"
#include "compose/resolve.h"

enum { TMPFS_MODE_MAX = 01777 };

/* mount(8) tmpfs; what is always so may be said, its contrary may not */
static int tmpfs_option(const struct node *at, const char *option, struct mount *m, struct err *e)
{
    static const char *const always[] = { "nosuid", "nodev", "rw", "exec", "" };
    const char *value = strchr(option, '=');
    char *end = NULL;

    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (strcmp(option, always[i]) == 0)
            return 0;
    if (strcmp(option, "ro") == 0) {
        m->read_only = true;
        return 0;
    }
    if (strcmp(option, "noexec") == 0) {
        m->noexec = true;
        return 0;
    }
    if (strncmp(option, "size=", 5) == 0 && num_bytes(value + 1, &m->size) == 0)
        return 0;
    if (strncmp(option, "mode=", 5) == 0) {
        m->mode = (unsigned) strtoul(value + 1, &end, 8);
        if (end != value + 1 && *end == '\0' && m->mode > 0 && m->mode <= TMPFS_MODE_MAX)
            return 0;
    }
    return resolve_refuse(
        at, e, "tmpfs option '%s' is not honoured; size=64m, mode=0700, ro and noexec are", option);
}

static int add_tmpfs(struct resolve *r, const struct node *list, struct err *e)
{
    for (size_t i = 0; list && i < list->n; i++) {
        const struct node *n = list->items[i];
        char *target = arena_strdup(r->arena, n->text), *options = strchr(target, ':'), *option;
        struct mount *m;
        int code;

        if (options)
            *options++ = '\0';
        else if (strcmp(target, "/tmp") == 0)
            continue; /* every sandbox has one */
        m = resolve_mount(r, MOUNT_TMPFS, "", target);
        while ((option = strsep(&options, ",")))
            if ((code = tmpfs_option(n, option, m, e)) < 0)
                return code;
    }
    return 0;
}

int resolve_tmpfs(struct resolve *r, const struct node *v, struct err *e)
{
    const struct node *how = node_get(v, "tmpfs"), *mode = node_get(how, "mode");
    struct mount *m = resolve_mount(r, MOUNT_TMPFS, "", node_get_text(v, "target", ""));

    if (mode && (mode->integer <= 0 || mode->integer > TMPFS_MODE_MAX))
        return resolve_refuse(mode, e, "'mode' must be permission bits such as 0700");
    m->mode = mode ? (unsigned) mode->integer : 0;
    m->read_only = node_is_true(node_get(v, "read_only"));
    return num_bytes(node_get_text(how, "size", "0"), &m->size) < 0
               ? resolve_refuse(how, e, "'size' must be a size such as 64m")
               : 0;
}

static int mounts(struct resolve *r, struct err *e)
{
    const struct node *lists[] = { node_get(r->recipe, "tmpfs"), node_get(r->service, "tmpfs"),
                                   node_get(r->native, "tmpfs") };
    const char *script = node_get_text(r->recipe, "entrypoint", NULL);
    const struct node *shm = node_get(r->service, "shm_size");
    int code;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if ((code = add_tmpfs(r, lists[i], e)) < 0)
            return code;
    if ((code = resolve_volumes(r, e)) < 0)
        return code;
    resolve_sees(r);
    if (shm) {
        struct mount *m = resolve_mount(r, MOUNT_TMPFS, "", "/dev/shm");

        m->noexec = true;
        if (num_bytes(shm->text, &m->size) < 0)
            return resolve_refuse(shm, e, "'shm_size' must be a size such as 64m");
    }
    if (script && strcmp(r->unit->argv[1] ? r->unit->argv[1] : "", RESOLVE_ENTRYPOINT) == 0)
        resolve_mount(r, MOUNT_BIND,
                      arena_printf(r->arena, "%s/units/catalog/%s", paths_data(), script),
                      RESOLVE_ENTRYPOINT)
            ->read_only = true;
    return 0;
}

static int mode_of(const struct node *use, unsigned fallback, unsigned *mode, struct err *e)
{
    const struct node *n = node_get(use, "mode");
    char *end = NULL;
    unsigned long value = n ? strtoul(n->text, &end, 8) : fallback;

    if (n && (*end != '\0' || value > 0777))
        return resolve_refuse(n, e, "'mode' must be permission bits such as 0440");
    *mode = (unsigned) value;
    return 0;
}

/* What tells secrets from configs. */
struct file_kind {
    const char *section, *prefix, *dir;
    unsigned mode;
};

static int memory_files(struct resolve *r, const struct file_kind *kind, struct err *e)
{
    const struct node *uses = node_get(r->service, kind->section);

    for (size_t i = 0; i < node_count(uses); i++) {
        const struct node *use = uses->items[i];
        struct secret_file *f = &r->unit->files[r->unit->n_files];
        const char *source = node_get_text(use, "source", "");
        const char *target = node_get_text(use, "target", source);
        uint64_t uid = r->unit->uid, gid = r->unit->gid;
        int code;

        f->secret = arena_printf(r->arena, "%s%s", kind->prefix, source);
        f->target = target[0] == '/' ? target : arena_printf(r->arena, "%s/%s", kind->dir, target);
        if (num_u64(node_get_text(use, "uid", "0"), UINT32_MAX, &uid) < 0 || uid == 0)
            uid = r->unit->uid;
        if (num_u64(node_get_text(use, "gid", "0"), UINT32_MAX, &gid) < 0 || gid == 0)
            gid = r->unit->gid;
        f->uid = (uint32_t) uid;
        f->gid = (uint32_t) gid;
        if ((code = mode_of(use, kind->mode, &f->mode, e)) < 0)
            return code;
        r->unit->n_files++;
    }
    return 0;
}

int resolve_files(struct resolve *r, struct err *e)
{
    static const struct file_kind secrets = { "secrets", "", "/run/secrets", 0400 },
                                  configs = { "configs", RESOLVE_CONFIG, "", 0444 };
    int code = mounts(r, e);

    r->unit->files = arena_array(r->arena,
                                 node_count(node_get(r->service, "secrets")) +
                                     node_count(node_get(r->service, "configs")) + 1,
                                 sizeof *r->unit->files);
    if (code == 0)
        code = memory_files(r, &secrets, e);
    return code < 0 ? code : memory_files(r, &configs, e);
}
