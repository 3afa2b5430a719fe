/* One service as a unit: who runs what, after whom, and how it ends. */
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "base/sysctl.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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

static int groups(struct resolve *r, struct err *e)
{
    const struct node *list = resolve_get(r, "group_add");

    r->unit->groups = arena_array(r->arena, node_count(list) + 1, sizeof *r->unit->groups);
    for (size_t i = 0; i < node_count(list); i++) {
        const struct node *n = list->items[i];
        uint64_t gid = 0;
        bool number = num_u64(n->text, UINT32_MAX - 1, &gid) == 0;
        const struct group *gr = number ? getgrgid((gid_t) gid) : getgrnam(n->text);

        if (!gr && !number)
            return resolve_refuse(n, e, "group '%s' does not exist on this host", n->text);
        if ((gr ? gr->gr_gid : gid) == 0)
            return resolve_refuse(n, e, "native mode gives no service the group of root");
        r->unit->groups[r->unit->n_groups++] =
            (struct extra_group){ .name = gr ? arena_strdup(r->arena, gr->gr_name) : "",
                                  .gid = gr ? gr->gr_gid : (uint32_t) gid };
    }
    return 0;
}

static int sysctls(struct resolve *r, struct err *e)
{
    const struct node *map = node_get(r->service, "sysctls");
    const char **out = arena_array(r->arena, node_count(map) + 1, sizeof *out);

    for (size_t i = 0; i < node_count(map); i++) {
        const struct entry *entry = &map->entries[i];

        out[i] = arena_printf(r->arena, "%s=%s", entry->key, scalar_print(r->arena, entry->value));
        if (!sysctl_is_namespaced(out[i]))
            return resolve_refuse(entry->value, e,
                                  "sysctl '%s' is not of the service alone; net.*, fs.mqueue.*, "
                                  "kernel.shm*, kernel.msg* and kernel.sem are",
                                  entry->key);
    }
    r->unit->sysctls = out;
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
    const struct node *of_recipe = own || entrypoint ? NULL : node_get(r->recipe, "entrypoint");
    bool script = of_recipe && node_is_scalar(of_recipe);
    const struct node *words = script ? NULL : of_recipe;
    size_t room = node_count(entrypoint) + node_count(words) + node_count(args) + 3, n = 0;
    const char **argv = arena_array(r->arena, room, sizeof *argv);
    size_t first;

    if (entrypoint && entrypoint->kind == NODE_LIST && entrypoint->n > 0 &&
        !node_get(r->service, "command"))
        args = NULL; /* an own entry point drops the image's command */
    if (script) {
        argv[n++] = "/bin/sh";
        argv[n++] = RESOLVE_ENTRYPOINT;
    }
    for (size_t i = 0; i < node_count(words); i++)
        argv[n++] = words->items[i]->text;
    first = n;
    for (size_t i = 0; entrypoint && entrypoint->kind == NODE_LIST && i < entrypoint->n; i++)
        argv[n++] = entrypoint->items[i]->text;
    r->unit->n_entry = n;
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

bool resolve_is_program(const char *name)
{
    auto_free char *dirs = strdup(DEFAULT_PATH);
    char *rest = dirs;

    if (strchr(name, '/'))
        return access(name, X_OK) == 0;
    for (const char *dir; (dir = strsep(&rest, ":"));) {
        auto_free char *path = paths_join("%s/%s", dir, name);

        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* its list of files is NAME.list, or NAME:ARCHITECTURE.list for what exists for several at once */
static bool is_installed(const char *package)
{
    auto_free char *list = paths_join("/var/lib/dpkg/info/%s.list", package);
    auto_free char *pattern = paths_join("/var/lib/dpkg/info/%s:*.list", package);
    glob_t found = { 0 };
    bool here = access(list, F_OK) == 0 || glob(pattern, 0, NULL, &found) == 0;

    globfree(&found);
    return here;
}

/* programs tell more than package names: there may be another package with them */
static int find_missing(struct resolve *r, struct err *e)
{
    const struct node *packages = resolve_get(r, "packages");
    const struct node *programs = resolve_get(r, "programs"), *absent = NULL;
    bool dpkg = access("/var/lib/dpkg/info", F_OK) == 0;

    for (size_t i = 0; i < node_count(programs); i++)
        if (!resolve_is_program(programs->items[i]->text))
            absent = programs->items[i];
    for (size_t i = 0; i < node_count(packages); i++) {
        const char *name = packages->items[i]->text;
        bool wanted = programs ? absent != NULL : dpkg && !is_installed(name);

        if (wanted && !strv_has(r->missing, name))
            strv_append(&r->missing, name);
    }
    if (!absent || node_count(packages) > 0)
        return 0;
    resolve_refuse(absent, e, "program '%s' is not on this host", absent->text);
    return err_classify(e, ERR_MISSING);
}

int resolve_unit(struct resolve *r, struct err *e)
{
    struct unit *u = r->unit;
    int code;

    u->image = node_get_text(r->service, "image", "");
    u->recipe = node_get_text(r->recipe, "name", "x-native");
    u->hostname = node_get_text(r->service, "hostname", u->name);
    u->domainname = node_get_text(r->service, "domainname", "");
    u->home = node_get_text(r->recipe, "home", "/");
    u->workdir = resolve_get(r, "working_dir") ? resolve_get(r, "working_dir")->text : "/";
    u->stdin_open = node_is_true(node_get(r->service, "stdin_open"));
    u->tty = node_is_true(node_get(r->service, "tty"));
    u->etc = resolve_strings(r->arena, resolve_get(r, "etc"));
    code = find_missing(r, e);
    if (code < 0 || r->missing)
        return code; /* users come with packages: first tell all that is missing */
    command(r);
    if (!u->argv[0])
        return resolve_refuse(r->service, e, "there is no program to run");
    if ((code = resolve_disks(r, e)) < 0)
        return code;
    if ((code = resolve_limits(r, e)) < 0)
        return code;
    environment(r); /* tells the entry point its memory limit */
    if ((code = identity(r, e)) < 0 || (code = groups(r, e)) < 0 || (code = sysctls(r, e)) < 0 ||
        (code = resolve_network(r, e)) < 0 || (code = resolve_files(r, e)) < 0 ||
        (code = dependencies(r, e)) < 0 || (code = resolve_lifecycle(r, e)) < 0 ||
        (code = resolve_logging(r, e)) < 0 || (code = resolve_rights(r, e)) < 0 ||
        (code = resolve_namespaces(r, e)) < 0)
        return code;
    return resolve_health(r, e);
}
