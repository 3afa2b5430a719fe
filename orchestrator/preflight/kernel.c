/* What the sandbox needs of the kernel.  Versions say little, distributions carry features back:
 * each is looked for where it shows. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "preflight/distribution.h"
#include "preflight/preflight.h"

enum { PSEUDO_MAX = 64 * 1024, OLDEST_MAJOR = 5, OLDEST_MINOR = 10 };

static struct finding *add(struct findings *out, bool good, enum finding_status otherwise,
                           const char *id, const char *measured)
{
    struct finding *f = findings_add(out, good ? FINDING_OK : otherwise, "%s", id);

    finding_measured(f, "%s", measured);
    return f;
}

static void check_version(struct findings *out)
{
    unsigned major = 0, minor = 0;
    struct finding *f;
    struct utsname u;
    bool enough;

    if (uname(&u) < 0)
        return;
    enough = sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
             (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR));
    f = add(out, enough, FINDING_FAIL, "kernel.version", u.release);
    finding_required(f, "%d.%d or newer", OLDEST_MAJOR, OLDEST_MINOR);
    if (!enough)
        finding_remedy(f, "install a newer kernel of the distribution, or a newer release of it");
}

static void check_namespaces(struct findings *out)
{
    static const char *const needed[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };
    char missing[64] = "";

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        char path[64];

        (void) snprintf(path, sizeof path, "/proc/self/ns/%s", needed[i]);
        if (access(path, F_OK) < 0)
            (void) snprintf(missing + strlen(missing), sizeof missing - strlen(missing), " %s",
                            needed[i]);
    }
    struct finding *f =
        findings_add(out, missing[0] ? FINDING_FAIL : FINDING_OK, "kernel.namespaces");
    finding_measured(f, missing[0] ? "missing:%s" : "all%s", missing);
    finding_required(f, "cgroup, ipc, mnt, net, pid, user, uts");
    if (missing[0])
        finding_remedy(f, "use a kernel that is built with CONFIG_NAMESPACES and its parts");
}

static void check_seccomp(struct findings *out)
{
    auto_free char *actions = NULL;
    bool good =
        fsio_read_pseudo(AT_FDCWD, "/proc/sys/kernel/seccomp/actions_avail", 1024, &actions) == 0 &&
        strstr(actions, "errno") && strstr(actions, "kill_process");
    struct finding *f;

    if (actions)
        actions[strcspn(actions, "\n")] = '\0';
    f = add(out, good, FINDING_FAIL, "kernel.seccomp", good ? actions : "no filters");
    finding_required(f, "errno, kill_process");
    if (!good)
        finding_remedy(f, "use a kernel that is built with CONFIG_SECCOMP_FILTER");
}

static void check_landlock(struct findings *out)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct finding *f =
        findings_add(out, version > 0 ? FINDING_OK : FINDING_WARN, "kernel.landlock");

    if (version > 0)
        finding_measured(f, "version %ld", version);
    else
        finding_measured(f, "not there");
    finding_required(f, "an additional layer, where there is one");
    if (version <= 0)
        finding_remedy(f, "add landlock to the lsm= list of the kernel's command line");
}

/* networks are made with it */
static void check_nft(struct findings *out)
{
    static const char *const places[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft" };
    const char *found = NULL;
    struct finding *f;

    for (size_t i = 0; i < ARRAY_LEN(places) && !found; i++)
        found = access(places[i], X_OK) == 0 ? places[i] : NULL;
    f = add(out, found, FINDING_FAIL, "kernel.nft", found ? found : "not installed");
    finding_required(f, "the program nft: rules of networks and published ports");
    if (!found) {
        auto_free char *install = distribution_install("nftables", "nftables");
        finding_remedy(f, "%s", install);
    }
}

void preflight_kernel(const struct preflight *in, struct findings *out)
{
    check_version(out);
    if (in->compose)
        return;
    check_namespaces(out);
    check_seccomp(out);
    check_landlock(out);
    check_nft(out);
}

/* ---- control groups ---- */

/* 0, or -ENOENT: whether a mount of this type has all of the words in its options */
static bool is_mounted(const char *mounts, const char *type, const char *option)
{
    auto_free char *copy = strdup(mounts);
    char *rest = copy;

    for (char *line; (line = strsep(&rest, "\n"));) {
        char kind[32], options[512];

        if (sscanf(line, "%*s %*s %31s %511s", kind, options) == 2 && strcmp(kind, type) == 0 &&
            (!option || strstr(options, option)))
            return true;
    }
    return false;
}

void preflight_cgroup(const struct preflight *in, struct findings *out)
{
    static const char *const needed[] = { "memory", "cpu", "pids" };
    auto_free char *mounts = NULL, *controllers = NULL;
    char missing[64] = "";
    const char *layout;
    struct finding *f;
    bool v2, v1 = false;

    if (in->compose || fsio_read_pseudo(AT_FDCWD, "/proc/mounts", PSEUDO_MAX, &mounts) < 0)
        return;
    v2 = is_mounted(mounts, "cgroup2", NULL);
    if (fsio_read_pseudo(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", 1024, &controllers) < 0)
        controllers = strdup("");
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        bool here = is_mounted(mounts, "cgroup", needed[i]);

        v1 |= here;
        if (!here && !(controllers && strstr(controllers, needed[i])))
            (void) snprintf(missing + strlen(missing), sizeof missing - strlen(missing), " %s",
                            needed[i]);
    }
    layout = !v1 ? "v2" : v2 ? "hybrid" : "v1";
    f = findings_add(out, missing[0] || (!v1 && !v2) ? FINDING_FAIL : FINDING_OK,
                     "cgroup.controllers");
    finding_measured(f, missing[0] ? "%s, missing:%s" : "%s%s", layout, missing);
    finding_required(f, "memory, cpu, pids");
    if (missing[0])
        finding_remedy(f,
                       "mount the control groups, or enable the controllers (cgroup_enable=memory "
                       "on the kernel's command line)");
}
