/* Volumes and directories of the host in a service. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "compose/pathname.h"
#include "compose/resolve.h"
#include "model/digest.h"

/* Whose list of volumes is read, and for whom. */
struct reading {
    struct resolve *r;
    const char *owner; /* the service that has the list */
    bool read_only;    /* volumes_from: SERVICE:ro */
    bool may_create;   /* missing sources, where the file says so */
};

struct mount *resolve_mount(struct resolve *r, enum mount_kind kind, const char *source,
                            const char *target)
{
    enum { STEP = 16 };
    struct unit *u = r->unit;
    size_t i = 0;

    /* the same target again replaces: the file's own mounts come after the recipe's */
    while (i < u->n_mounts && strcmp(u->mounts[i].target, target) != 0)
        i++;
    if (i == u->n_mounts && u->n_mounts++ % STEP == 0) {
        struct mount *grown = arena_array(r->arena, i + STEP, sizeof *grown);

        if (i > 0)
            memcpy(grown, u->mounts, i * sizeof *grown);
        u->mounts = grown;
    }
    u->mounts[i] =
        (struct mount){ .kind = kind, .source = source, .target = target, .subpath = "" };
    return &u->mounts[i];
}

/* ---- where it comes from ---- */

static int add_bind(const struct reading *x, const struct node *v, struct mount **out,
                    struct err *e)
{
    const char *source = node_get_text(v, "source", "");
    bool create = x->may_create && node_is_true(node_get(node_get(v, "bind"), "create_host_path"));

    if (access(source, F_OK) < 0 && !(create && errno == ENOENT)) {
        resolve_refuse(v, e, "%s: %s", source, strerror(errno));
        return err_hint(e, "create it, or correct the path");
    }
    *out = resolve_mount(x->r, MOUNT_BIND, source, node_get_text(v, "target", ""));
    (*out)->create = create;
    return 0;
}

/* Nobody else names it, and it is the same at the next `up`. */
static int add_anonymous(const struct reading *x, const char *target, struct mount **out,
                         struct err *e)
{
    struct project *p = x->r->project;
    const char *name = NULL;
    int code = digest_name(
        x->r->arena, arena_printf(x->r->arena, "%s\n%s\n%s", p->name, x->owner, target), &name, e);

    if (code < 0)
        return code;
    *out = resolve_mount(x->r, MOUNT_VOLUME, name, target);
    for (size_t i = 0; i < p->n_volumes; i++)
        if (strcmp(p->volumes[i].name, name) == 0)
            return 0;
    resolve_volume(p, (struct volume){ .key = name, .name = name });
    return 0;
}

/* mount(8) -o of a volume that is a directory of the host */
static int bind_options(const struct node *options, struct mount *m, struct err *e)
{
    const char *at = options->text;
    bool bound = false;

    while (*at) {
        size_t len = strcspn(at, ",");

        if (len == 4 && strncmp(at, "bind", len) == 0) {
            bound = true;
            m->reach = MOUNT_REACH_TOP;
        } else if (len == 5 && strncmp(at, "rbind", len) == 0) {
            bound = true;
        } else if (len == 2 && strncmp(at, "ro", len) == 0) {
            m->read_only = true;
        } else if (len != 2 || strncmp(at, "rw", len) != 0) {
            return resolve_refuse(options, e,
                                  "option '%.*s' is not honoured; bind, rbind, ro and rw are",
                                  (int) len, at);
        }
        at += len + (at[len] == ',');
    }
    return bound ? 0 : resolve_refuse(options, e, "'o' must contain bind or rbind");
}

static int add_device(const struct reading *x, const struct node *options, const char *target,
                      struct mount **out, struct err *e)
{
    const struct node *device = node_get(options, "device"), *how = node_get(options, "o");
    const char *type = node_get_text(options, "type", "none");

    if (strcmp(type, "none") != 0 || !how || !device || device->text[0] != '/')
        return resolve_refuse(options, e,
                              "native mode can honour type none with o bind and an absolute "
                              "device; for directories in memory there is 'tmpfs'");
    if (access(device->text, F_OK) < 0)
        return resolve_refuse(device, e, "%s: %s", device->text, strerror(errno));
    *out = resolve_mount(x->r, MOUNT_BIND, device->text, target);
    return bind_options(how, *out, e);
}

/* An earlier word than the broker's, with the place in the file. */
static int check_external(const struct node *volume, const char *name, struct err *e)
{
    auto_free char *path = paths_join("%s/volumes/%s", paths_state(), name);
    struct stat st;

    if (lstat(path, &st) == 0 || errno != ENOENT)
        return 0;
    resolve_refuse(volume, e, "volume '%s' is external and does not exist", name);
    return err_hint(e,
                    "a project that has it without 'external' makes it: volumes: {%.64s: {name: "
                    "%.64s}}",
                    name, name);
}

static int add_named(const struct reading *x, const struct node *v, struct mount **out,
                     struct err *e)
{
    const char *source = node_get_text(v, "source", ""), *target = node_get_text(v, "target", "");
    const struct node *volume = node_get(node_get(x->r->document, "volumes"), source);
    const struct node *options = node_get(volume, "driver_opts");
    const char *name = node_get_text(volume, "name", source);
    bool external = node_is_true(node_get(volume, "external"));

    if (node_count(options) > 0 && !external)
        return add_device(x, options, target, out, e);
    if (external && check_external(volume, name, e) < 0)
        return e->code;
    *out = resolve_mount(x->r, MOUNT_VOLUME, name, target);
    (*out)->external = external;
    return 0;
}

/* ---- how it is mounted ---- */

static int set_subpath(const struct resolve *r, const struct node *n, struct mount *m,
                       struct err *e)
{
    const char *path = n ? pathname_clean(r->arena, n->text) : ".";

    if (path[0] == '/' || strncmp(path, "..", 2) == 0)
        return resolve_refuse(n, e, "subpath '%s' must be below the volume", n->text);
    m->subpath = strcmp(path, ".") == 0 ? "" : path;
    return 0;
}

static int set_reach(const struct node *n, struct mount *m, struct err *e)
{
    unsigned reach = 0;

    while (n && reach < MOUNT_REACH_COUNT && strcmp(mount_reach_text[reach], n->text) != 0)
        reach++;
    if (reach == MOUNT_REACH_COUNT)
        return resolve_refuse(n, e, "'recursive' must be enabled, disabled, writable or readonly");
    if (n)
        m->reach = (enum mount_reach) reach;
    if (m->reach == MOUNT_REACH_SEALED && !m->read_only)
        return resolve_refuse(n, e, "'recursive: readonly' needs 'read_only: true'");
    return 0;
}

/* What is mounted later below the source comes in.  The other way nothing could come: no service
 * has the right to mount, so a shared bind is one that listens.  Where the host's mount listens or
 * tells, those below it that come along do so too, whether or not the word has an r. */
static bool follows(const char *propagation)
{
    return strstr(propagation, "slave") || strstr(propagation, "shared");
}

static int add_one(const struct reading *x, const struct node *v, struct err *e)
{
    const char *type = node_get_text(v, "type", "volume");
    const char *target = node_get_text(v, "target", "");
    struct mount *m = NULL;
    int code;

    if (target[0] != '/')
        return resolve_refuse(v, e, "a volume needs an absolute target");
    if (strcmp(type, "tmpfs") == 0) /* is the owner's alone */
        return strcmp(x->owner, x->r->unit->name) == 0 ? resolve_tmpfs(x->r, v, e) : 0;
    if (strcmp(type, "bind") == 0)
        code = add_bind(x, v, &m, e);
    else if (node_get_text(v, "source", "")[0] == '\0')
        code = add_anonymous(x, target, &m, e);
    else
        code = add_named(x, v, &m, e);
    if (code < 0)
        return code;
    m->follows = follows(node_get_text(node_get(v, "bind"), "propagation", ""));
    m->read_only |= x->read_only || node_is_true(node_get(v, "read_only"));
    code = set_subpath(x->r, node_get(node_get(v, "volume"), "subpath"), m, e);
    return code < 0 ? code : set_reach(node_get(node_get(v, "bind"), "recursive"), m, e);
}

static int add_list(const struct reading *x, const struct node *list, struct err *e)
{
    for (size_t i = 0; i < node_count(list); i++) {
        int code = add_one(x, list->items[i], e);

        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- whose ---- */

static int add_service(const struct reading *x, const struct node *service, struct err *e);

/* cycles_check has seen that this ends: each is a dependency too */
static int add_from(const struct reading *x, const struct node *n, struct err *e)
{
    const char *colon = strchr(n->text, ':');
    size_t len = colon ? (size_t) (colon - n->text) : strlen(n->text);
    struct reading from = *x;
    const struct node *service;

    if (strncmp(n->text, "container:", 10) == 0)
        return resolve_refuse(n, e, "volumes_from '%s': there are no containers beside services",
                              n->text);
    if (colon && strcmp(colon, ":ro") != 0 && strcmp(colon, ":rw") != 0)
        return resolve_refuse(n, e, "volumes_from '%s' must end with :ro or :rw", n->text);
    from.owner = arena_strndup(x->r->arena, n->text, len);
    from.read_only |= colon && strcmp(colon, ":ro") == 0;
    service = node_get(node_get(x->r->document, "services"), from.owner);
    if (!service)
        return resolve_refuse(n, e, "volumes_from: there is no service '%s'", from.owner);
    return add_service(&from, service, e);
}

static int add_service(const struct reading *x, const struct node *service, struct err *e)
{
    const struct node *from = node_get(service, "volumes_from");

    for (size_t i = 0; i < node_count(from); i++) {
        int code = add_from(x, from->items[i], e);

        if (code < 0)
            return code;
    }
    return add_list(x, node_get(service, "volumes"), e);
}

int resolve_volumes(struct resolve *r, struct err *e)
{
    struct reading x = { .r = r, .owner = r->unit->name, .may_create = true };
    int code = add_service(&x, r->service, e);

    x.may_create = false; /* files of programs: what is missing there is a mistake */
    return code < 0 ? code : add_list(&x, node_get(r->native, "binds"), e);
}
