/* One service as a unit: who runs what, with which files, addresses and limits. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

#define ENTRYPOINT_TARGET "/run/ipam-orch/entrypoint"
#define DEFAULT_PATH      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const *strings(struct arena *a, const struct node *list)
{
    const char **out = arena_array(a, (list ? list->n : 0) + 1, sizeof *out);

    for (size_t i = 0; list && i < list->n; i++)
        out[i] = list->items[i]->text;
    return out;
}

static int identity(struct resolve *r, struct err *e)
{
    const struct node *n = resolve_get(r, "user");
    char *name = arena_strdup(r->arena, n ? n->text : ""), *group = strchr(name, ':');
    uint64_t uid = 0, gid = 0;
    const struct passwd *pw;
    const struct group *gr;

    if (!n)
        return resolve_refuse(r->service, e,
                              "no user to run as; native mode never runs a service as "
                              "root (x-native: {user: NAME})");
    if (group)
        *group++ = '\0';
    pw = num_u64(name, UINT32_MAX - 1, &uid) == 0 ? getpwuid((uid_t) uid) : getpwnam(name);
    if (!pw && uid == 0)
        return resolve_refuse(n, e, "user '%s' does not exist on this host", name);
    r->unit->uid = pw ? pw->pw_uid : (uint32_t) uid;
    r->unit->gid = pw ? pw->pw_gid : (uint32_t) uid;
    r->unit->user = arena_strdup(r->arena, pw ? pw->pw_name : name);
    if (group && num_u64(group, UINT32_MAX - 1, &gid) < 0) {
        gr = getgrnam(group);
        if (!gr)
            return resolve_refuse(n, e, "group '%s' does not exist on this host", group);
        gid = gr->gr_gid;
    }
    if (group)
        r->unit->gid = (uint32_t) gid;
    if (r->unit->uid == 0 || r->unit->gid == 0)
        return resolve_refuse(n, e, "native mode does not run services as root");
    return 0;
}

/* the name a command has in an image, as the program it is on the host */
static const char *translate(const struct resolve *r, const char *program)
{
    return node_get_text(node_get(r->recipe, "aliases"), program, program);
}

static void command(struct resolve *r)
{
    const struct node *own = node_get(r->native, "command");
    const struct node *entrypoint = own ? NULL : node_get(r->service, "entrypoint");
    const struct node *args = own ? own : resolve_get(r, "command");
    const char *script = own || entrypoint ? NULL : node_get_text(r->recipe, "entrypoint", NULL);
    size_t room = (entrypoint ? entrypoint->n : 0) + (args ? args->n : 0) + 3, n = 0;
    const char **argv = arena_array(r->arena, room, sizeof *argv);
    size_t first;

    if (entrypoint && entrypoint->kind == NODE_LIST && entrypoint->n > 0 &&
        !node_get(r->service, "command"))
        args = NULL; /* an own entry point drops the image's command */
    if (script) {
        argv[n++] = "/bin/sh";
        argv[n++] = ENTRYPOINT_TARGET;
    }
    first = n;
    for (size_t i = 0; entrypoint && entrypoint->kind == NODE_LIST && i < entrypoint->n; i++)
        argv[n++] = entrypoint->items[i]->text;
    for (size_t i = 0; args && args->kind == NODE_LIST && i < args->n; i++)
        argv[n++] = args->items[i]->text;
    if (n > first)
        argv[first] = translate(r, argv[first]);
    r->unit->argv = argv;
}

static bool names_variable(const char *entry, const char *name)
{
    size_t len = strlen(name);

    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* later sources win: recipe, service, x-native */
static void environment(struct resolve *r)
{
    const struct node *maps[] = { node_get(r->recipe, "environment"),
                                  node_get(r->service, "environment"),
                                  node_get(r->native, "environment") };
    struct node *all = node_new(r->arena, NODE_MAP, r->service->at);
    const char **env;

    node_set(r->arena, all, "PATH", all->at, node_text(r->arena, DEFAULT_PATH, all->at));
    node_set(r->arena, all, "HOME", all->at, node_text(r->arena, r->unit->home, all->at));
    for (size_t m = 0; m < ARRAY_LEN(maps); m++)
        for (size_t i = 0; maps[m] && maps[m]->kind == NODE_MAP && i < maps[m]->n; i++)
            node_set(r->arena, all, maps[m]->entries[i].key, all->at, maps[m]->entries[i].value);
    if (r->unit->limits.memory > 0)
        node_set(r->arena, all, "IPAM_ORCH_MEMORY", all->at,
                 node_text(r->arena, arena_printf(r->arena, "%" PRIu64, r->unit->limits.memory),
                           all->at));
    env = arena_array(r->arena, all->n + 1, sizeof *env);
    for (size_t i = 0; i < all->n; i++)
        env[i] = arena_printf(r->arena, "%s=%s", all->entries[i].key,
                              scalar_print(r->arena, all->entries[i].value));
    r->unit->env = env;
    for (size_t i = 0; i < all->n; i++)
        if (names_variable(env[i], "HOME"))
            r->unit->home = scalar_print(r->arena, all->entries[i].value);
}

static struct mount *add_mount(struct resolve *r, enum mount_kind kind, const char *source,
                               const char *target)
{
    struct mount *m;

    /* the same target again replaces: the file's own mounts come after the recipe's */
    for (size_t i = 0; i < r->unit->n_mounts; i++)
        if (strcmp(r->unit->mounts[i].target, target) == 0) {
            r->unit->mounts[i] = (struct mount){ .kind = kind, .source = source, .target = target };
            return &r->unit->mounts[i];
        }
    m = &r->unit->mounts[r->unit->n_mounts++];
    *m = (struct mount){ .kind = kind, .source = source, .target = target };
    return m;
}

static int add_tmpfs(struct resolve *r, const struct node *list, struct err *e)
{
    for (size_t i = 0; list && i < list->n; i++) {
        const char *target = list->items[i]->text;

        if (strchr(target, ':'))
            return resolve_refuse(list->items[i], e, "options of tmpfs are not honoured yet: %s",
                                  target);
        if (strcmp(target, "/tmp") != 0) /* every sandbox has one */
            add_mount(r, MOUNT_TMPFS, "", target);
    }
    return 0;
}

static int add_volumes(struct resolve *r, const struct node *list, struct err *e)
{
    for (size_t i = 0; list && i < list->n; i++) {
        const struct node *v = list->items[i];
        const char *type = node_get_text(v, "type", "volume");
        const char *source = node_get_text(v, "source", "");
        const char *target = node_get_text(v, "target", "");
        struct mount *m;

        if (target[0] != '/')
            return resolve_refuse(v, e, "a volume needs an absolute target");
        if (strcmp(type, "tmpfs") == 0) {
            (void) add_mount(r, MOUNT_TMPFS, "", target);
            continue;
        }
        if (strcmp(type, "bind") == 0) {
            if (access(source, F_OK) < 0) {
                resolve_refuse(v, e, "%s: %s", source, strerror(errno));
                return err_hint(e, "create it, or correct the path");
            }
            m = add_mount(r, MOUNT_BIND, source, target);
        } else {
            const struct node *volumes = node_get(r->document, "volumes");
            const struct node *volume = node_get(volumes, source);

            m = add_mount(r, MOUNT_VOLUME, node_get_text(volume, "name", source), target);
        }
        m->read_only = node_is_true(node_get(v, "read_only"));
    }
    return 0;
}

static int mounts(struct resolve *r, struct err *e)
{
    const struct node *lists[] = { node_get(r->recipe, "tmpfs"), node_get(r->service, "tmpfs"),
                                   node_get(r->native, "tmpfs") };
    const struct node *volumes = node_get(r->service, "volumes");
    const struct node *binds = node_get(r->native, "binds");
    const char *script = node_get_text(r->recipe, "entrypoint", NULL);
    size_t room = (volumes ? volumes->n : 0) + (binds ? binds->n : 0) + 1;
    int code;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        room += lists[i] ? lists[i]->n : 0;
    r->unit->mounts = arena_array(r->arena, room, sizeof *r->unit->mounts);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if ((code = add_tmpfs(r, lists[i], e)) < 0)
            return code;
    if ((code = add_volumes(r, volumes, e)) < 0 || (code = add_volumes(r, binds, e)) < 0)
        return code;
    if (script && strcmp(r->unit->argv[1] ? r->unit->argv[1] : "", ENTRYPOINT_TARGET) == 0)
        add_mount(r, MOUNT_BIND,
                  arena_printf(r->arena, "%s/units/catalog/%s", paths_data(), script),
                  ENTRYPOINT_TARGET)
            ->read_only = true;
    return 0;
}

static int mode_of(const struct node *use, unsigned *mode, struct err *e)
{
    const struct node *n = node_get(use, "mode");
    char *end = NULL;
    unsigned long value = n ? strtoul(n->text, &end, 8) : 0400;

    if (n && (*end != '\0' || value > 0777))
        return resolve_refuse(n, e, "'mode' must be permission bits such as 0440");
    *mode = (unsigned) value;
    return 0;
}

static int secret_files(struct resolve *r, struct err *e)
{
    const struct node *uses = node_get(r->service, "secrets");

    r->unit->files = arena_array(r->arena, (uses ? uses->n : 0) + 1, sizeof *r->unit->files);
    for (size_t i = 0; uses && i < uses->n; i++) {
        const struct node *use = uses->items[i];
        struct secret_file *f = &r->unit->files[i];
        const char *target = node_get_text(use, "target", "");
        uint64_t uid = r->unit->uid, gid = r->unit->gid;
        int code;

        f->secret = node_get_text(use, "source", "");
        f->target = target[0] == '/' ? target : arena_printf(r->arena, "/run/secrets/%s", target);
        if (num_u64(node_get_text(use, "uid", "0"), UINT32_MAX, &uid) < 0 || uid == 0)
            uid = r->unit->uid;
        if (num_u64(node_get_text(use, "gid", "0"), UINT32_MAX, &gid) < 0 || gid == 0)
            gid = r->unit->gid;
        f->uid = (uint32_t) uid;
        f->gid = (uint32_t) gid;
        if ((code = mode_of(use, &f->mode, e)) < 0)
            return code;
        r->unit->n_files++;
    }
    return 0;
}

static void networks(struct resolve *r)
{
    const struct node *map = node_get(r->service, "networks");

    r->unit->networks = arena_array(r->arena, map->n + 1, sizeof *r->unit->networks);
    for (size_t i = 0; i < map->n; i++) {
        r->unit->networks[r->unit->n_networks++] =
            (struct attachment){ .network = map->entries[i].key,
                                 .aliases = strings(r->arena,
                                                    node_get(map->entries[i].value, "aliases")) };
    }
}

static int ports(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "ports");

    r->unit->ports = arena_array(r->arena, (list ? list->n : 0) + 1, sizeof *r->unit->ports);
    for (size_t i = 0; list && i < list->n; i++) {
        const struct node *n = list->items[i];
        struct port *p = &r->unit->ports[r->unit->n_ports];

        p->address = node_get_text(n, "host_ip", "");
        p->udp = strcmp(node_get_text(n, "protocol", "tcp"), "udp") == 0;
        if (num_port(node_get_text(n, "target", ""), &p->target) < 0)
            return resolve_refuse(n, e, "'target' must be a port");
        if (!node_get(n, "published"))
            return resolve_refuse(n, e,
                                  "native mode needs to know the port of the host: "
                                  "PUBLISHED:%u",
                                  p->target);
        if (num_port(node_get_text(n, "published", ""), &p->published) < 0)
            return resolve_refuse(n, e, "'published' must be a port");
        r->unit->n_ports++;
    }
    return 0;
}

static int dependencies(struct resolve *r, struct err *e)
{
    const struct node *map = node_get(r->service, "depends_on");

    r->unit->deps = arena_array(r->arena, (map ? map->n : 0) + 1, sizeof *r->unit->deps);
    for (size_t i = 0; map && i < map->n; i++) {
        const struct node *n = map->entries[i].value;
        const char *condition = node_get_text(n, "condition", "");
        struct dep *d = &r->unit->deps[r->unit->n_deps++];
        int k = 0;

        while (k < DEP_CONDITION_COUNT && strcmp(dep_condition_text[k], condition) != 0)
            k++;
        if (k == DEP_CONDITION_COUNT)
            return resolve_refuse(node_get(n, "condition"), e, "unknown condition '%s'", condition);
        *d = (struct dep){ .unit = map->entries[i].key,
                           .condition = (enum dep_condition) k,
                           .restart = node_is_true(node_get(n, "restart")),
                           .required = node_is_true(node_get(n, "required")) };
    }
    return 0;
}

static const struct node *either(const struct node *a, const char *key, const struct node *b,
                                 const char *other)
{
    const struct node *n = node_get(a, key);

    return n ? n : node_get(b, other);
}

static int limits(struct resolve *r, struct err *e)
{
    const struct node *l =
        node_get(node_get(node_get(r->service, "deploy"), "resources"), "limits");
    /* said in one place or in the other, or twice the same */
    const struct node *memory = either(l, "memory", r->service, "mem_limit");
    const struct node *cpus = either(l, "cpus", r->service, "cpus");
    const struct node *pids = either(l, "pids", r->service, "pids_limit");
    const struct node *nofile = node_get(r->recipe, "nofile");
    struct limits *out = &r->unit->limits;

    if (pids && pids->kind == NODE_INT && pids->integer < 0) /* -1: as many as there can be */
        pids = NULL;
    if (memory && num_bytes(memory->text, &out->memory) < 0)
        return resolve_refuse(memory, e, "'memory' must be a size such as 512M");
    if (cpus && num_milli_cpus(cpus->text, &out->milli_cpus) < 0)
        return resolve_refuse(cpus, e, "'cpus' must be a number such as 0.5");
    if (pids && num_u64(pids->text, UINT32_MAX, &out->pids) < 0)
        return resolve_refuse(pids, e, "'pids' must be a number");
    if (nofile && num_u64(nofile->text, UINT32_MAX, &out->nofile) < 0)
        return resolve_refuse(nofile, e, "'nofile' must be a number");
    return 0;
}

static int stopping(struct resolve *r, struct err *e)
{
    const struct node *n = resolve_get(r, "stop_signal");
    const struct node *holder = node_get(r->service, "stop_grace_period") ? r->service : r->recipe;
    const char *name = n ? n->text : "SIGTERM";
    uint64_t number = 0;

    if (num_u64(name, 64, &number) < 0) {
        const char *brief = strncmp(name, "SIG", 3) == 0 ? name + 3 : name;
        for (int s = 1; s < 32; s++)
            if (sigabbrev_np(s) && strcmp(sigabbrev_np(s), brief) == 0)
                number = (uint64_t) s;
    }
    if (number == 0)
        return resolve_refuse(n, e, "unknown signal '%s'", name);
    r->unit->stop_signal = (int) number;
    return resolve_duration(holder, "stop_grace_period", 10 * USEC_PER_SEC, &r->unit->stop_grace_us,
                            e);
}

static int restart(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "restart");
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
    r->unit->restart =
        (struct restart_spec){ .policy = (enum restart_policy) k, .max_attempts = (unsigned) max };
    return 0;
}

/* what is always so in native mode may be written; its contrary may not */
static int hardening(const struct resolve *r, struct err *e)
{
    const struct node *opts = node_get(r->service, "security_opt");

    for (size_t i = 0; opts && i < opts->n; i++)
        if (strncmp(opts->items[i]->text, "no-new-privileges", 17) != 0 ||
            strstr(opts->items[i]->text, "false"))
            return resolve_refuse(opts->items[i], e, "security_opt '%s' is not honoured yet",
                                  opts->items[i]->text);
    return 0;
}

static void find_missing(struct resolve *r)
{
    const struct node *packages = resolve_get(r, "packages");
    const struct node *programs = resolve_get(r, "programs");
    bool dpkg = access("/var/lib/dpkg/info", F_OK) == 0, missing = false;

    for (size_t i = 0; programs && i < programs->n; i++)
        missing |= access(programs->items[i]->text, X_OK) < 0;
    for (size_t i = 0; packages && i < packages->n; i++) {
        const char *name = packages->items[i]->text;
        auto_free char *list = paths_join("/var/lib/dpkg/info/%s.list", name);
        auto_free char *native = paths_join("/var/lib/dpkg/info/%s:amd64.list", name);
        bool here = !dpkg || access(list, F_OK) == 0 || access(native, F_OK) == 0;

        /* programs tell more than package names: there may be another package with them */
        if ((programs ? missing : !here) && !strv_has(r->missing, name))
            strv_append(&r->missing, name);
    }
}

int resolve_unit(struct resolve *r, struct err *e)
{
    struct unit *u = r->unit;
    int code;

    u->image = node_get_text(r->service, "image", "");
    u->recipe = node_get_text(r->recipe, "name", "x-native");
    u->hostname = node_get_text(r->service, "hostname", u->name);
    u->home = node_get_text(r->recipe, "home", "/");
    u->seccomp = node_get_text(r->recipe, "seccomp", "default");
    u->workdir = resolve_get(r, "working_dir") ? resolve_get(r, "working_dir")->text : "/";
    u->etc = strings(r->arena, resolve_get(r, "etc"));
    find_missing(r);
    if (r->missing)
        return 0; /* users come with packages: first tell all that is missing */
    command(r);
    if (!u->argv[0])
        return resolve_refuse(r->service, e, "there is no program to run");
    if ((code = limits(r, e)) < 0)
        return code;
    environment(r); /* tells the entry point its memory limit */
    networks(r);
    if ((code = identity(r, e)) < 0 || (code = mounts(r, e)) < 0 ||
        (code = secret_files(r, e)) < 0 || (code = ports(r, e)) < 0 ||
        (code = dependencies(r, e)) < 0 || (code = stopping(r, e)) < 0 ||
        (code = restart(r, e)) < 0 || (code = hardening(r, e)) < 0)
        return code;
    return resolve_health(r, e);
}
