#include "base/sysctl.h"

#include <string.h>

#include "base/auto.h"

enum { SETTING_MAX = 256 };

/* parts of letters, digits, _ and -, none empty: as a path it leads nowhere else */
static bool is_name(const char *name, size_t len)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    for (size_t at = 0;;) {
        size_t part = strspn(name + at, chars);

        if (part == 0)
            return false;
        at += part;
        if (at == len)
            return true;
        if (name[at++] != '.')
            return false;
    }
}

bool sysctl_is_namespaced(const char *setting)
{
    static const char *const trees[] = { "net.", "fs.mqueue." };
    static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                       "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                       "kernel.shmmni", "kernel.shm_rmid_forced" };
    size_t len = strcspn(setting, "="), all = strlen(setting);

    if (len == all || all > SETTING_MAX || setting[len + 1] == '\0' || strchr(setting, '\n') ||
        !is_name(setting, len))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(trees); i++)
        if (strncmp(setting, trees[i], strlen(trees[i])) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(ipc); i++)
        if (strlen(ipc[i]) == len && strncmp(setting, ipc[i], len) == 0)
            return true;
    return false;
}
