#include "base/paths.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

#ifndef PATHS_PREFIX
#define PATHS_PREFIX "/usr"
#endif

static const char *from_env(const char *variable, const char *fallback)
{
    const char *value = secure_getenv(variable);

    return value && value[0] == '/' ? value : fallback;
}

const char *paths_run(void)
{
    return from_env("IPAM_ORCH_RUN_DIR", "/run/ipam-orch");
}

const char *paths_state(void)
{
    return from_env("IPAM_ORCH_STATE_DIR", "/var/lib/ipam-orch");
}

const char *paths_log(void)
{
    return from_env("IPAM_ORCH_LOG_DIR", "/var/log/ipam-orch");
}

const char *paths_conf(void)
{
    return from_env("IPAM_ORCH_CONF_DIR", "/etc/ipam-orch");
}

/* the directory of the running program, "" if unknown */
static const char *own_dir(void)
{
    static char dir[PATH_MAX];

    if (dir[0] == '\0') {
        ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
        char *slash;

        dir[n > 0 ? n : 0] = '\0';
        slash = strrchr(dir, '/');
        if (slash)
            *slash = '\0';
    }
    return dir;
}

const char *paths_lib(void)
{
    static char sibling[PATH_MAX + sizeof "/ipam-sandboxd"];

    (void) snprintf(sibling, sizeof sibling, "%s/ipam-sandboxd", own_dir());
    return from_env("IPAM_ORCH_LIB_DIR",
                    access(sibling, X_OK) == 0 ? own_dir() : PATHS_PREFIX "/lib/ipam-orch");
}

const char *paths_data(void)
{
    static char tree[PATH_MAX];
    const char *slash = strrchr(own_dir(), '/');
    int up = slash ? (int) (slash - own_dir()) : 0;

    (void) snprintf(tree, sizeof tree, "%.*s/units/catalog", up, own_dir());
    if (access(tree, R_OK) < 0)
        return from_env("IPAM_ORCH_DATA_DIR", PATHS_PREFIX "/share/ipam-orch");
    tree[up] = '\0';
    return from_env("IPAM_ORCH_DATA_DIR", tree);
}

const char *paths_command(void)
{
    static const char *const places[] = { "", "/../../bin" };
    static char found[PATH_MAX + sizeof "/../../bin/ipam-orch"];

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        (void) snprintf(found, sizeof found, "%s%s/ipam-orch", own_dir(), places[i]);
        if (access(found, X_OK) == 0)
            return found;
    }
    return PATHS_PREFIX "/bin/ipam-orch";
}

char *paths_join(const char *fmt, ...)
{
    char *path = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&path, fmt, ap) < 0)
        abort();
    va_end(ap);
    return path;
}

const char *paths_tag(void)
{
    static char tag[9];
    const char *run = paths_run();
    uint32_t hash = 2166136261u; /* FNV-1a: names only, nothing depends on its strength */

    if (strcmp(run, "/run/ipam-orch") == 0)
        return "";
    for (const char *p = run; *p; p++)
        hash = (hash ^ (unsigned char) *p) * 16777619u;
    (void) snprintf(tag, sizeof tag, "%08x", hash);
    return tag;
}
