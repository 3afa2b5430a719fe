/* What a service may do beyond what all may, and what it is kept from. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/apparmor.h"
#include "base/auto.h"
#include "base/capability.h"
#include "base/device_rule.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/paths.h"
#include "compose/pathname.h"
#include "compose/resolve.h"

enum { PROFILE_FILE_MAX = 1024 * 1024 };

/* ---- capabilities ---- */

static int find_capability(const struct node *n, const char **out, struct err *e)
{
    int number = capability_number(n->text);

    if (number < 0)
        return resolve_refuse(n, e, "'%s' is no capability", n->text);
    *out = capability_name((unsigned) number);
    return 0;
}

static bool is_all(const struct node *n)
{
    return strcasecmp(n->text, "ALL") == 0;
}

/* `ALL` in cap_drop leaves what cap_add names, as with Docker: that is how the two are written */
static int capabilities(struct resolve *r, struct err *e)
{
    const struct node *add = node_get(r->service, "cap_add");
    const struct node *drop = node_get(r->service, "cap_drop");
    const char **out = arena_array(r->arena, node_count(add) + 1, sizeof *out);
    const char *dropped = NULL, *wrong = NULL;
    uint64_t mask = 0;
    size_t n = 0;
    int code;

    for (size_t i = 0; i < node_count(add); i++) {
        const struct node *word = add->items[i];

        if (is_all(word))
            return resolve_refuse(word, e, "native mode gives capabilities by name, never all");
        if ((code = find_capability(word, &out[n], e)) < 0)
            return code;
        if (capability_mask((const char *[]){ out[n], NULL }, &mask, &wrong) < 0)
            return resolve_refuse(word, e, "%s is root of the host; no service can have it",
                                  out[n]);
        n++;
    }
    for (size_t i = 0; i < node_count(drop); i++) {
        size_t kept = 0;

        if (is_all(drop->items[i]))
            continue;
        if ((code = find_capability(drop->items[i], &dropped, e)) < 0)
            return code;
        for (size_t k = 0; k < n; k++)
            if (strcmp(out[k], dropped) != 0)
                out[kept++] = out[k];
        n = kept;
    }
    out[n] = NULL;
    r->unit->capabilities = out;
    return 0;
}

/* ---- system calls ---- */

/* the profile that x-native or the recipe names */
static int shipped_profile(struct resolve *r, struct err *e)
{
    const struct node *n = resolve_get(r, "seccomp");
    const char *name = n ? n->text : "default";
    auto_free char *path = paths_join("%s/configs/seccomp/%s.json", paths_data(), name);

    r->unit->seccomp_profile = "";
    r->unit->seccomp = name;
    if (n && (strchr(name, '/') || access(path, R_OK) < 0))
        return resolve_refuse(n, e, "there is no system call profile '%s' in %s/configs/seccomp",
                              name, paths_data());
    return 0;
}

/* Read with the rights of the caller; blanks go, so that more profiles fit into a message. */
static int read_profile(struct resolve *r, const struct node *n, const char *value, struct err *e)
{
    const char *path =
        value[0] == '{' ? "the text" : pathname_resolve(r->arena, r->project->dir, value);
    auto_free char *content = NULL, *compact = NULL;
    size_t len = strlen(value);
    json_error_t why;
    json_t *json;
    int code = 0;

    if (value[0] != '{')
        code = fsio_read(AT_FDCWD, path, PROFILE_FILE_MAX, &content, &len);
    if (code < 0)
        return resolve_refuse(n, e, "system call profile %s: %s", path, strerror(-code));
    json = json_loadb(content ? content : value, len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        return resolve_refuse(n, e, "system call profile %s:%d: %s", path, why.line, why.text);
    compact = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!compact || strlen(compact) > LIMIT_SECCOMP_PROFILE)
        return resolve_refuse(n, e, "system call profile %s: more than %d bytes without blanks",
                              path, LIMIT_SECCOMP_PROFILE);
    r->unit->seccomp_profile = arena_strdup(r->arena, compact);
    return 0;
}

static int seccomp(struct resolve *r, const struct node *n, const char *value, struct err *e)
{
    r->unit->seccomp_profile = "";
    if (strcmp(value, "builtin") == 0 || strcmp(value, "unconfined") == 0) {
        if (value[0] == 'u')
            r->unit->seccomp = "unconfined";
        return 0;
    }
    return value[0] ? read_profile(r, n, value, e)
                    : resolve_refuse(n, e, "security_opt seccomp has no value");
}

/* Which profiles are loaded only root can see; the launch says so. */
static int apparmor(struct resolve *r, const struct node *n, const char *value, struct err *e)
{
    r->unit->apparmor = "";
    if (strcmp(value, "unconfined") == 0) /* no service has one by default */
        return 0;
    if (!apparmor_is_profile(value))
        return resolve_refuse(n, e, "security_opt '%s': '%s' is no name of a profile", n->text,
                              value);
    if (!apparmor_is_active())
        return resolve_refuse(n, e, "security_opt '%s': this host has no AppArmor", n->text);
    r->unit->apparmor = arena_strdup(r->arena, value);
    return 0;
}

static int label(const struct node *n, const char *value, struct err *e)
{
    if (strcmp(value, "disable") == 0) /* no service has one by default */
        return 0;
    if (access("/sys/fs/selinux/enforce", F_OK) < 0)
        return resolve_refuse(n, e, "security_opt '%s': this host has no SELinux", n->text);
    return resolve_refuse(n, e, "security_opt '%s': labels of SELinux are not set", n->text);
}

static int security_opt(struct resolve *r, const struct node *n, struct err *e)
{
    size_t len = strcspn(n->text, "=:");
    const char *value = n->text[len] ? n->text + len + 1 : "";
    auto_free char *key = strndup(n->text, len);

    if (!key)
        abort();
    if (strcmp(key, "no-new-privileges") == 0)
        return value[0] == '\0' || strcmp(value, "true") == 0
                   ? 0
                   : resolve_refuse(n, e,
                                    "security_opt '%s': no service of native mode can gain"
                                    " privileges",
                                    n->text);
    if (strcmp(key, "seccomp") == 0)
        return seccomp(r, n, value, e);
    if (strcmp(key, "apparmor") == 0)
        return apparmor(r, n, value, e);
    if (strcmp(key, "label") == 0)
        return label(n, value, e);
    return resolve_refuse(n, e, "security_opt '%s' is not honoured", n->text);
}

/* ---- devices ---- */

static int device(const struct node *n, struct device *out, struct err *e)
{
    const char *source = node_get_text(n, "source", "");
    const char *target = node_get_text(n, "target", "");
    const char *access = node_get_text(n, "permissions", "");
    struct stat st;

    *out = (struct device){ .source = source,
                            .target = target[0] ? target : source,
                            .access = access[0] ? access : "rwm" };
    if (strncmp(source, "/dev/", 5) != 0 || strncmp(out->target, "/dev/", 5) != 0)
        return resolve_refuse(n, e, "device '%s': devices are nodes below /dev, here and there",
                              source);
    if (stat(source, &st) < 0)
        return resolve_refuse(n, e, "device '%s': %s", source, strerror(errno));
    if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
        return resolve_refuse(n, e, "'%s' is no device", source);
    if (out->access[strspn(out->access, "rwm")] != '\0' || strlen(out->access) > 3)
        return resolve_refuse(n, e, "device '%s': '%s' is not made of r, w and m", source,
                              out->access);
    return 0;
}

static int devices(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "devices");
    int code = 0;

    r->unit->devices = arena_array(r->arena, node_count(list) + 1, sizeof *r->unit->devices);
    for (size_t i = 0; i < node_count(list) && code == 0; i++)
        code = device(list->items[i], &r->unit->devices[r->unit->n_devices++], e);
    return code;
}

/* ---- users ---- */

static int check_kernel(const struct node *n, struct err *e)
{
    auto_free char *most = NULL;
    int code = fsio_read_pseudo(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64, &most);

    if (code == -ENOENT)
        return resolve_refuse(n, e, "userns_mode '%s': this kernel has no user namespaces",
                              n->text);
    if (code < 0 || strtoull(most, NULL, 10) > 0)
        return 0;
    return resolve_refuse(n, e,
                          "userns_mode '%s': this host allows no user namespaces: sysctl"
                          " user.max_user_namespaces is 0",
                          n->text);
}

static int users(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "userns_mode");
    const struct node *add = node_get(r->service, "cap_add");
    bool host = strcmp(node_get_text(r->service, "network_mode", ""), "host") == 0;

    r->unit->own_users = n && (strcmp(n->text, "auto") == 0 || strcmp(n->text, "private") == 0);
    if (!r->unit->own_users)
        return 0;
    for (size_t i = 0; i < node_count(add); i++) {
        int number = capability_number(add->items[i]->text);

        if (!capability_of_users(number) ||
            (host && number == capability_number("NET_BIND_SERVICE")))
            return resolve_refuse(add->items[i], e,
                                  "%s is worth nothing in a user namespace of its own: network,"
                                  " mounts and devices stay the host's; without userns_mode: %s",
                                  add->items[i]->text, n->text);
    }
    return check_kernel(n, e);
}

static int device_rules(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "device_cgroup_rules");
    const char **out = arena_array(r->arena, node_count(list) + 1, sizeof *out);
    struct device_rule rule;

    for (size_t i = 0; i < node_count(list); i++) {
        out[i] = list->items[i]->text;
        if (device_rule_parse(out[i], ' ', &rule) < 0)
            return resolve_refuse(list->items[i], e,
                                  "device rule '%s' is not KIND MAJOR:MINOR ACCESS, such as"
                                  " 'c 10:229 rw' or 'b 8:* r'",
                                  out[i]);
    }
    if (node_count(list) > 0 && r->unit->n_devices == 0)
        return resolve_refuse(list, e,
                              "'device_cgroup_rules' without 'devices' allows nothing: nodes are"
                              " in /dev alone, and no service can make one");
    r->unit->device_rules = out;
    return 0;
}

int resolve_rights(struct resolve *r, struct err *e)
{
    const struct node *options = node_get(r->service, "security_opt");

    r->unit->apparmor = "";
    int code = shipped_profile(r, e);

    if (code == 0)
        code = capabilities(r, e);
    if (code == 0)
        code = devices(r, e);
    if (code == 0)
        code = users(r, e);
    if (code == 0)
        code = device_rules(r, e);
    for (size_t i = 0; i < node_count(options) && code == 0; i++)
        code = security_opt(r, options->items[i], e);
    return code;
}
