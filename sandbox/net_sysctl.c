#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/failpoint.h"
#include "sandbox/net.h"

/* Lines "VALUE PATH", in the order of the changes: what was there before. */
#define MEMORY "sysctl"

enum { VALUE_MAX = 64, MEMORY_MAX = 64 * 1024 };

static int remember(const char *path, const char *before)
{
    auto_free char *file = paths_join("%s/" MEMORY, paths_run());
    auto_free char *line = paths_join("%s %s\n", before, path);
    auto_fd fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fsio_write_all(fd, line, strlen(line));
}

/* sets a sysctl and remembers what it was; nothing to do if it is that already */
static int change(const char *path, const char *value)
{
    auto_free char *before = NULL;
    int r = fsio_read_pseudo(AT_FDCWD, path, VALUE_MAX, &before);

    if (r < 0)
        return r;
    before[strcspn(before, "\n")] = '\0';
    if (strcmp(before, value) == 0)
        return 0;
    r = remember(path, before);
    FAILPOINT(FORWARDING_REMEMBERED);
    return r < 0 ? r : fsio_write_pseudo(AT_FDCWD, path, value);
}

/* A host that forwards ignores router advertisements unless it is told 2 here: without that it
 * would lose its own IPv6 route minutes after the first `up`. */
static void keep_router_advertisements(void)
{
    static const char conf[] = "/proc/sys/net/ipv6/conf";
    auto_dir dir = opendir(conf);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        auto_free char *path = paths_join("%s/%s/accept_ra", conf, entry->d_name);
        auto_free char *now = NULL;

        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "all") != 0 &&
            strcmp(entry->d_name, "default") != 0 && strcmp(entry->d_name, "lo") != 0 &&
            fsio_read_pseudo(AT_FDCWD, path, VALUE_MAX, &now) == 0 && strcmp(now, "1\n") == 0)
            (void) change(path, "2");
    }
}

int net_forwarding_on(bool ipv4, bool ipv6, struct err *e)
{
    static const char v6[] = "/proc/sys/net/ipv6/conf/all/forwarding";
    int r = ipv4 ? change("/proc/sys/net/ipv4/ip_forward", "1") : 0;

    if (r == 0 && ipv6 && access(v6, W_OK) == 0) {
        auto_free char *now = NULL;

        if (fsio_read_pseudo(AT_FDCWD, v6, VALUE_MAX, &now) == 0 && now[0] == '0')
            keep_router_advertisements();
        r = change(v6, "1");
    }
    return r < 0 ? err_set(e, r, "switching IP forwarding on: %s", strerror(-r)) : 0;
}

void net_forwarding_restore(void)
{
    auto_free char *file = paths_join("%s/" MEMORY, paths_run());
    auto_free char *text = NULL;
    char *end;

    if (fsio_read(AT_FDCWD, file, MEMORY_MAX, &text, NULL) < 0)
        return;
    /* backwards: the same value may have been changed twice */
    for (end = strrchr(text, '\n'); end; end = strrchr(text, '\n')) {
        char *line, *path;

        *end = '\0';
        line = strrchr(text, '\n');
        line = line ? line + 1 : text;
        path = strchr(line, ' ');
        if (path) {
            *path++ = '\0';
            (void) fsio_write_pseudo(AT_FDCWD, path, line);
        }
    }
    (void) unlink(file);
}
