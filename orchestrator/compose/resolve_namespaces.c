/* Namespaces that a service shares, other than its network. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "compose/resolve.h"

static bool is_host(const struct node *n)
{
    return n && strcmp(n->text, "host") == 0;
}

/* Its name is the host's, so it has none to choose. */
static int uts(struct resolve *r, struct err *e)
{
    static const char *const names[] = { "hostname", "domainname" };
    struct utsname host;

    r->unit->host_uts = is_host(node_get(r->service, "uts"));
    if (!r->unit->host_uts)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (node_get(r->service, names[i]))
            return resolve_refuse(node_get(r->service, names[i]), e,
                                  "'%s' and 'uts: host' exclude each other: the name is the host's",
                                  names[i]);
    if (uname(&host) == 0)
        r->unit->hostname = arena_strdup(r->arena, host.nodename);
    return 0;
}

/* Sysctls are those of a namespace, and the size of /dev/shm belongs to whoever has it. */
static int refuse_settings(const struct resolve *r, const char *whose, struct err *e)
{
    const struct node *sysctls = node_get(r->service, "sysctls");
    const struct node *size = node_get(r->service, "shm_size");

    if (size)
        return resolve_refuse(size, e, "'shm_size': it has the /dev/shm of %s", whose);
    for (size_t i = 0; i < node_count(sysctls); i++)
        if (strncmp(sysctls->entries[i].key, "net.", 4) != 0)
            return resolve_refuse(sysctls->entries[i].value, e,
                                  "sysctl '%s': it has the IPC namespace of %s",
                                  sysctls->entries[i].key, whose);
    return 0;
}

static const struct node *service_named(const struct resolve *r, const char *name)
{
    return node_get(node_get(r->document, "services"), name);
}

/* "service:NAME" of a key: NAME must have users of the host as well */
static int with_service(const struct resolve *r, const struct node *n, const char **out,
                        struct err *e)
{
    const char *name = n->text + strlen("service:");
    const char *users = node_get_text(service_named(r, name), "userns_mode", "");

    if (strcmp(users, "auto") == 0 || strcmp(users, "private") == 0)
        return resolve_refuse(n, e, "'%s' has a user namespace of its own and shares nothing",
                              name);
    *out = name;
    return 0;
}

static int ipc(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "ipc");
    const char *text = n ? n->text : "", *name;
    int code;

    r->unit->ipc_of = "";
    if (text[0] == '\0' || strcmp(text, "private") == 0 || strcmp(text, "shareable") == 0)
        return 0;
    if (strcmp(text, "none") == 0) {
        r->unit->no_shm = true;
        if (node_get(r->service, "shm_size"))
            return resolve_refuse(n, e, "'ipc: none' leaves no /dev/shm for 'shm_size'");
        return 0;
    }
    if (strcmp(text, "host") == 0) {
        r->unit->ipc_of = PROJECT_HOST;
        return refuse_settings(r, "the host", e);
    }
    if (strncmp(text, "service:", 8) != 0)
        return resolve_refuse(
            n, e, "'%s' is none of private, shareable, none, host and service:NAME", text);
    name = text + 8;
    if (strcmp(node_get_text(service_named(r, name), "ipc", ""), "shareable") != 0)
        return resolve_refuse(n, e, "'%s' does not share its IPC namespace (ipc: shareable there)",
                              name);
    code = with_service(r, n, &r->unit->ipc_of, e);
    return code < 0 ? code : refuse_settings(r, arena_printf(r->arena, "'%s'", name), e);
}

static int pid(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "pid");
    const char *text = n && n->kind == NODE_TEXT ? n->text : "", *with;

    r->unit->pid_of = "";
    r->unit->proc_all = strcmp(node_get_text(r->native, "proc", ""), "all") == 0;
    if (text[0] == '\0')
        return 0;
    if (strcmp(text, "host") == 0) {
        r->unit->pid_of = PROJECT_HOST;
        return 0;
    }
    if (strncmp(text, "service:", 8) != 0)
        return resolve_refuse(n, e, "'%s' is neither host nor service:NAME", text);
    with = text + 8;
    if (node_get_text(service_named(r, with), "pid", "")[0] != '\0')
        return resolve_refuse(n, e, "'%s' has no PID namespace of its own", with);
    return with_service(r, n, &r->unit->pid_of, e);
}

/* What is shared knows the ids of the host alone. */
static int check_users(const struct resolve *r, struct err *e)
{
    const struct {
        bool shared;
        const char *key;
    } of[] = { { r->unit->host_uts, "uts" },
               { r->unit->host_cgroup, "cgroup" },
               { r->unit->ipc_of[0] != '\0', "ipc" },
               { r->unit->pid_of[0] != '\0', "pid" } };

    for (size_t i = 0; r->unit->own_users && i < ARRAY_LEN(of); i++) {
        const struct node *n = node_get(r->service, of[i].key);

        if (of[i].shared)
            return resolve_refuse(n, e,
                                  "'%s: %s' and a user namespace of its own exclude each other"
                                  " (userns_mode: %s)",
                                  of[i].key, n->text, node_get_text(r->service, "userns_mode", ""));
    }
    return 0;
}

int resolve_namespaces(struct resolve *r, struct err *e)
{
    int code = uts(r, e);

    r->unit->host_cgroup = is_host(node_get(r->service, "cgroup"));
    if (code == 0)
        code = ipc(r, e);
    if (code == 0)
        code = pid(r, e);
    return code < 0 ? code : check_users(r, e);
}
