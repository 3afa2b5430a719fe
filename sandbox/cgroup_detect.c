#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/cgroup_fs.h"

static const char *const controller_name[] = {
    [CGROUP_MEMORY] = "memory",   [CGROUP_CPU] = "cpu",       [CGROUP_CPUACCT] = "cpuacct",
    [CGROUP_PIDS] = "pids",       [CGROUP_CPUSET] = "cpuset", [CGROUP_BLKIO] = "blkio",
    [CGROUP_FREEZER] = "freezer", [CGROUP_UNIFIED] = "",
};
static_assert(ARRAY_LEN(controller_name) == CGROUP_CONTROLLERS, "a controller has no name");

static bool has_option(const char *options, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = options; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, name, len) == 0 && strchr(",\n", p[len]))
            return true;
    return false;
}

/* one line of mountinfo: ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPER; proc(5)
 */
static void take_line(const char *line, struct cgroup_places *out)
{
    char root[PATH_MAX], point[PATH_MAX], type[64], super[1024];
    const char *rest = strstr(line, " - ");

    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 ||
        sscanf(rest, " - %63s %*s %1023s", type, super) != 2)
        return;
    if (strcmp(type, "cgroup2") == 0 && out->root[CGROUP_UNIFIED][0] == '\0')
        memcpy(out->root[CGROUP_UNIFIED], point, sizeof point);
    if (strcmp(type, "cgroup") != 0)
        return;
    for (int c = 0; c < CGROUP_UNIFIED; c++)
        if (out->root[c][0] == '\0' && has_option(super, controller_name[c]))
            memcpy(out->root[c], point, sizeof point);
}

void cgroup_fs_places(struct cgroup_places *out)
{
    auto_file f = fopen("/proc/self/mountinfo", "re");
    auto_free char *line = NULL;
    size_t room = 0;

    memset(out, 0, sizeof *out);
    while (f && getline(&line, &room, f) > 0)
        take_line(line, out);
}

int cgroup_detect(const struct cgroup_ops **out, struct err *e)
{
    static struct cgroup_places places;

    cgroup_fs_places(&places);
    if (places.root[CGROUP_MEMORY][0] || places.root[CGROUP_PIDS][0] || places.root[CGROUP_CPU][0])
        *out = cgroup_v1_ops(&places);
    else if (places.root[CGROUP_UNIFIED][0]) {
        cgroup_v2_use(places.root[CGROUP_UNIFIED]);
        *out = &cgroup_v2_ops;
    } else
        return err_set(e, -ENOENT, "no control groups are mounted (see: findmnt -t cgroup2)");
    return 0;
}
