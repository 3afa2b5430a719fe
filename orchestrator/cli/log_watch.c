#include "cli/log_watch.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"

static int denied(const char *dir, struct err *e)
{
    struct stat st;
    const struct group *readers = stat(paths_log(), &st) == 0 ? getgrgid(st.st_gid) : NULL;

    err_set(e, -EACCES, "permission denied: logs are read by root and their group, in %s", dir);
    if (readers)
        err_hint(e, "sudo ipam-orch ..., or usermod -aG %s USER and a new login", readers->gr_name);
    return err_classify(e, ERR_DENIED);
}

int log_watch_allowed(const char *project, struct err *e)
{
    auto_free char *dir = paths_join("%s/%s", paths_log(), project);

    return access(dir, R_OK | X_OK) < 0 && errno == EACCES ? denied(dir, e) : 0;
}

int log_watch_failed(const char *project, struct err *e)
{
    int code = errno;
    auto_free char *dir = paths_join("%s/%s", paths_log(), project);

    if (code == EACCES)
        return denied(dir, e);
    return err_set(e, code ? -code : -EIO, "watching %s: %s", dir, strerror(code ? code : EIO));
}

int log_watch_open(const char *project, int *fd, struct err *e)
{
    auto_free char *dir = paths_join("%s/%s", paths_log(), project);
    auto_fd watch = inotify_init1(IN_CLOEXEC);

    if (watch < 0 || inotify_add_watch(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
        return log_watch_failed(project, e);
    *fd = take_fd(&watch);
    return 0;
}
