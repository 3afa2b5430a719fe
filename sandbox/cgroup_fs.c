#include "sandbox/cgroup_fs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "sandbox/failpoint.h"

enum { FILE_MAX = 1024 * 1024, KILL_PASSES = 8, MOVE_PASSES = 32, TEXT_MAX = 32 };

const struct spec_limits cgroup_fs_unlimited = { .cpuset = "" };

void cgroup_fs_base(const char *root, char out[PATH_MAX])
{
    const char *tag = paths_tag();

    if (snprintf(out, PATH_MAX, "%s/ipam-orch%s%s", root, tag[0] ? "-" : "", tag) >= PATH_MAX)
        out[0] = '\0';
}

int cgroup_fs_mkdir(const char *base, const char *id)
{
    auto_free char *path = paths_join("%s/%s", base, id);
    int r = mkdir(path, 0755) < 0 ? -errno : 0;

    if (r == -ENOENT && id[0] && (r = cgroup_fs_mkdir(base, "")) == 0)
        r = mkdir(path, 0755) < 0 ? -errno : 0;
    if (r < 0 && r != -EEXIST)
        return r;
    FAILPOINT(GROUP_MADE);
    return 0;
}

int cgroup_fs_open(const char *base, const char *id)
{
    auto_free char *path = paths_join("%s/%s", base, id);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int cgroup_fs_rmdir(const char *base, const char *id)
{
    auto_free char *path = paths_join("%s/%s", base, id);

    if (rmdir(path) < 0 && errno != ENOENT)
        return -errno;
    (void) rmdir(base); /* refused while another instance is there */
    return 0;
}

int cgroup_fs_write(const char *base, const char *id, const char *file, const char *value,
                    struct err *e)
{
    auto_free char *path = paths_join("%s/%s/%s", base, id, file);
    int r = fsio_write_pseudo(AT_FDCWD, path, value);

    return r < 0 ? err_set(e, r, "writing %s to %s: %s", value, path, strerror(-r)) : 0;
}

int cgroup_fs_write_u64(const char *base, const char *id, const char *file, uint64_t value,
                        struct err *e)
{
    char text[TEXT_MAX];

    (void) snprintf(text, sizeof text, "%" PRIu64, value);
    return cgroup_fs_write(base, id, file, text, e);
}

int cgroup_fs_write_limit(const char *base, const char *id, const char *file, uint64_t value,
                          const char *none, struct err *e)
{
    return value ? cgroup_fs_write_u64(base, id, file, value, e)
                 : cgroup_fs_write(base, id, file, none, e);
}

uint64_t cgroup_fs_read(const char *base, const char *id, const char *file, const char *key)
{
    auto_free char *path = paths_join("%s/%s/%s", base, id, file);
    auto_free char *text = NULL;
    const char *at;

    if (fsio_read_pseudo(AT_FDCWD, path, FILE_MAX, &text) < 0)
        return 0;
    at = text;
    while (key && at) {
        size_t len = strlen(key);

        if (strncmp(at, key, len) == 0 && at[len] == ' ') {
            at += len + 1;
            break;
        }
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

int cgroup_fs_sum(const char *base, const char *id, const char *file, const char *mark,
                  uint64_t *out)
{
    auto_free char *path = paths_join("%s/%s/%s", base, id, file);
    auto_free char *text = NULL;
    uint64_t sum = 0;
    int r = fsio_read_pseudo(AT_FDCWD, path, FILE_MAX, &text);
    const char *at = r < 0 ? NULL : strstr(text, mark);

    if (!at)
        return r < 0 ? r : -ENODATA;
    for (; at; at = strstr(at + 1, mark))
        sum += strtoull(at + strlen(mark), NULL, 10);
    *out = sum;
    return 0;
}

/* "some avg10=1.23 avg60=..."; a kernel that was started without refuses the read */
static int read_pressure(const char *base, const char *id, const char *file)
{
    auto_free char *path = paths_join("%s/%s/%s", base, id, file);
    auto_free char *text = NULL;
    unsigned whole = 0, hundredths = 0;

    if (fsio_read_pseudo(AT_FDCWD, path, FILE_MAX, &text) < 0 ||
        sscanf(text, "some avg10=%3u.%2u", &whole, &hundredths) != 2)
        return -1;
    return (int) (whole * 100 + hundredths);
}

void cgroup_fs_pressure(const char *base, const char *id, int out[PRESSURE_COUNT])
{
    static const char *const files[] = { [PRESSURE_CPU] = "cpu.pressure",
                                         [PRESSURE_MEMORY] = "memory.pressure",
                                         [PRESSURE_IO] = "io.pressure" };
    static_assert(ARRAY_LEN(files) == PRESSURE_COUNT, "a pressure has no file");

    for (int i = 0; i < PRESSURE_COUNT; i++)
        out[i] = read_pressure(base, id, files[i]);
}

int cgroup_fs_kill_each(const char *base, const char *id)
{
    auto_free char *path = paths_join("%s/%s/cgroup.procs", base, id);

    for (int pass = 0; pass < KILL_PASSES; pass++) {
        auto_free char *text = NULL;
        int r = fsio_read_pseudo(AT_FDCWD, path, FILE_MAX, &text);

        if (r < 0 || text[0] == '\0')
            return r == -ENOENT ? 0 : r;
        for (char *line = text, *next; *line; line = next + 1) {
            next = strchr(line, '\n');
            if (!next)
                break;
            long pid = strtol(line, NULL, 10);
            if (pid > 1)
                (void) kill((pid_t) pid, SIGKILL);
        }
    }
    return 0;
}

/* one pass: whether all of `from` is in `to` afterwards */
static int move_pass(const char *from, const char *to, const char *id, bool *complete,
                     struct err *e)
{
    auto_free char *source = paths_join("%s/%s/cgroup.procs", from, id);
    auto_free char *target = paths_join("%s/%s/cgroup.procs", to, id);
    auto_free char *text = NULL, *moved = NULL;
    int r = fsio_read_pseudo(AT_FDCWD, source, FILE_MAX, &text);

    if (r < 0)
        return err_set(e, r, "%s: %s", source, strerror(-r));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        r = cgroup_fs_write_u64(to, id, "cgroup.procs", strtoull(line, NULL, 10), e);
        if (r < 0 && r != -ESRCH)
            return r;
    }
    r = fsio_read_pseudo(AT_FDCWD, target, FILE_MAX, &moved);
    *complete = r == 0 && strcmp(text, moved) == 0;
    return r < 0 ? err_set(e, r, "%s: %s", target, strerror(-r)) : 0;
}

int cgroup_fs_move(const char *from, const char *to, const char *id, struct err *e)
{
    bool complete = false;

    for (int pass = 0; pass < MOVE_PASSES; pass++) {
        int r = move_pass(from, to, id, &complete, e);

        if (r < 0 || complete)
            return r;
    }
    return err_set(e, -EAGAIN, "'%s' starts processes faster than they can be moved", id);
}

void cgroup_fs_each(const char *base, cgroup_found *found, void *userdata)
{
    auto_dir dir = opendir(base);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            found(entry->d_name, userdata);
}

void cgroup_fs_quota(const struct spec_limits *l, uint64_t *quota_us, uint64_t *period_us)
{
    *period_us = l->cpu_period_us ? l->cpu_period_us : 100000;
    *quota_us = l->cpu_quota_us ? l->cpu_quota_us : l->milli_cpus * *period_us / 1000;
}

uint64_t cgroup_fs_weight(uint64_t shares)
{
    uint64_t least = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;

    /* runc's conversion, which systemd and Kubernetes share: both ranges laid on one another */
    return 1 + (least - 2) * 9999 / 262142;
}
