#include "ops/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

#define MANAGER_USER "ipam-orch"

char *workdir_path(const char *project, const char *sub)
{
    return paths_join("%s/operations/%s%s%s", paths_state(), project, sub ? "/" : "",
                      sub ? sub : "");
}

static int beneath(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = { .flags = (uint64_t) (flags | O_CLOEXEC | O_NOFOLLOW),
                            .mode = flags & O_CREAT ? mode : 0,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    int fd = (int) syscall(SYS_openat2, dir, path, &how, sizeof how);

    return fd < 0 ? -errno : fd;
}

static int refused(int code, const char *what, struct err *e)
{
    err_set(e, code, "%s: %s", what, strerror(-code));
    if (code != -EACCES && code != -EPERM)
        return code;
    err_hint(e, "run it as root or as a member of the group " MANAGER_USER);
    return err_classify(e, ERR_DENIED);
}

/* what root makes belongs to the manager as well; others cannot give away what is theirs, and the
 * set-group-id bit of the parent has given it the group */
static int hand_over(int fd, mode_t mode)
{
    const struct passwd *pw = geteuid() == 0 ? getpwnam(MANAGER_USER) : NULL;

    if (pw && fchown(fd, pw->pw_uid, pw->pw_gid) < 0)
        return -errno;
    return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int make(int parent, const char *name, int *out)
{
    int fd = beneath(parent, name, O_RDONLY | O_DIRECTORY, 0);
    int r = 0;

    if (fd == -ENOENT) {
        r = mkdirat(parent, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
        fd = r < 0 ? r : beneath(parent, name, O_RDONLY | O_DIRECTORY, 0);
        if (fd >= 0 && (r = hand_over(fd, WORKDIR_MODE)) < 0) {
            close(fd);
            return r;
        }
    }
    if (fd < 0)
        return fd;
    *out = fd;
    return 0;
}

/* `path` piece by piece, each made if missing */
static int descend(int top, const char *path, int *out)
{
    auto_free char *pieces = strdup(path);
    auto_fd fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
    char *rest = NULL;
    int r = 0;

    if (!pieces)
        abort();
    if (fd < 0)
        return -errno;
    for (char *p = strtok_r(pieces, "/", &rest); r == 0 && p; p = strtok_r(NULL, "/", &rest)) {
        int next = -1;

        r = make(fd, p, &next);
        if (r == 0) {
            close(fd);
            fd = next;
        }
    }
    if (r == 0)
        *out = take_fd(&fd);
    return r;
}

int workdir_open(const char *project, const char *sub, int *fd, struct err *e)
{
    auto_free char *path = workdir_path(project, sub);
    auto_free char *top_path = paths_join("%s/operations", paths_state());
    auto_fd top = -1;
    int r = 0;

    /* with the packaged directories it is there; without, the first root makes it */
    if (geteuid() == 0)
        r = fsio_mkdir_p(paths_state(), 0755);
    if (r == 0) {
        auto_fd state = open(paths_state(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        r = state < 0 ? -errno : make(state, "operations", &top);
    }
    if (r < 0)
        return refused(r, top_path, e);
    r = descend(top, path + strlen(top_path) + 1, fd);
    return r < 0 ? refused(r, path, e) : 0;
}

int workdir_open_at(int dir, const char *path, int flags, int *fd, struct err *e)
{
    int opened = beneath(dir, path, flags, 0600);
    int r;

    if (opened < 0)
        return refused(opened, path, e);
    /* of a file that somebody else has made the owner decides, and he decided the same */
    r = flags & O_CREAT ? hand_over(opened, WORKDIR_FILE_MODE) : 0;
    if (r < 0 && r != -EPERM) {
        close(opened);
        return refused(r, path, e);
    }
    *fd = opened;
    return 0;
}

json_t *workdir_read_json(int dir, const char *path, size_t most)
{
    auto_free char *text = NULL;
    auto_fd fd = -1;

    if (workdir_open_at(dir, path, O_RDONLY | O_NONBLOCK, &fd, NULL) < 0 ||
        fsio_read_fd(fd, most, &text, NULL) < 0)
        return NULL;
    return json_loads(text, 0, NULL);
}
