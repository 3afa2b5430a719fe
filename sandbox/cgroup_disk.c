#include "sandbox/cgroup_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/cgroup_fs.h"

enum { NUMBER_TEXT = 32, LINE_TEXT = 160, SCHEDULER_TEXT = 4096 };

struct rate {
    const char *file, *key; /* key: before the number, "" on version 1 */
    size_t offset;          /* in struct spec_disk */
};

struct cgroup_disk_files {
    const char *weight, *weight_device;
    struct rate rates[4];
};

const struct cgroup_disk_files cgroup_disk_v1 = {
    .weight = "blkio.bfq.weight",
    .weight_device = "blkio.bfq.weight_device",
    .rates = { { "blkio.throttle.read_bps_device", "", offsetof(struct spec_disk, read_bps) },
               { "blkio.throttle.write_bps_device", "", offsetof(struct spec_disk, write_bps) },
               { "blkio.throttle.read_iops_device", "", offsetof(struct spec_disk, read_iops) },
               { "blkio.throttle.write_iops_device", "", offsetof(struct spec_disk, write_iops) } },
};

/* what a line of io.max does not name stays as it is */
const struct cgroup_disk_files cgroup_disk_v2 = {
    .weight = "io.bfq.weight",
    .weight_device = "io.bfq.weight",
    .rates = { { "io.max", "rbps=", offsetof(struct spec_disk, read_bps) },
               { "io.max", "wbps=", offsetof(struct spec_disk, write_bps) },
               { "io.max", "riops=", offsetof(struct spec_disk, read_iops) },
               { "io.max", "wiops=", offsetof(struct spec_disk, write_iops) } },
};

/* "8:0" */
static int number_of(const char *path, char out[NUMBER_TEXT], struct err *e)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_set(e, -errno, "blkio_config: %s: %s", path, strerror(errno));
    if (!S_ISBLK(st.st_mode))
        return err_set(e, -ENOTBLK, "blkio_config: %s is no block device", path);
    (void) snprintf(out, NUMBER_TEXT, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
    return 0;
}

/* the chosen one of several stands in brackets */
static bool has_bfq(const char *device)
{
    auto_free char *path = paths_join("%s/queue/scheduler", device);
    auto_free char *text = NULL;

    return fsio_read_pseudo(AT_FDCWD, path, SCHEDULER_TEXT, &text) == 0 && strstr(text, "[bfq]");
}

static bool any_has_bfq(void)
{
    auto_dir dir = opendir("/sys/block");
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        auto_free char *device = paths_join("/sys/block/%s", entry->d_name);

        if (entry->d_name[0] != '.' && has_bfq(device))
            return true;
    }
    return false;
}

/* where the group and what is to be written into it are */
struct group {
    const struct cgroup_disk_files *files;
    const char *base, *id;
};

static int write_line(const struct group *g, const char *file, const char *line, const char *what,
                      struct err *e)
{
    int r = cgroup_fs_write(g->base, g->id, file, line, NULL);

    if (r == -ENOENT)
        return err_set(e, -EOPNOTSUPP, "blkio_config: this kernel has no %s for control groups",
                       file);
    if (r == -ENODEV)
        return err_set(e, r, "blkio_config: %s is a part of a disk; name the disk", what);
    return r < 0 ? err_set(e, r, "blkio_config: %s: writing '%s' to %s: %s", what, line, file,
                           strerror(-r))
                 : 0;
}

static int limit_weight(const struct group *g, uint64_t weight, struct err *e)
{
    char line[LINE_TEXT];

    if (!any_has_bfq())
        return err_set(e, -EOPNOTSUPP,
                       "blkio_config: no disk of this host has the scheduler bfq, and no other "
                       "honours a weight (see: /sys/block/*/queue/scheduler)");
    (void) snprintf(line, sizeof line, "%" PRIu64, weight);
    return write_line(g, g->files->weight, line, "weight", e);
}

static int limit_weight_of(const struct group *g, const struct spec_disk *d, const char *number,
                           struct err *e)
{
    auto_free char *device = paths_join("/sys/dev/block/%s", number);
    char line[LINE_TEXT];

    if (!has_bfq(device))
        return err_set(e, -EOPNOTSUPP,
                       "blkio_config: %s has not the scheduler bfq, and no other honours a weight "
                       "(see: %s/queue/scheduler)",
                       d->path, device);
    (void) snprintf(line, sizeof line, "%s %" PRIu64, number, d->weight);
    return write_line(g, g->files->weight_device, line, d->path, e);
}

static int limit_rates(const struct group *g, const struct spec_disk *d, const char *number,
                       struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(g->files->rates); i++) {
        const struct rate *rate = &g->files->rates[i];
        uint64_t value = *(const uint64_t *) (const void *) ((const char *) d + rate->offset);
        char line[LINE_TEXT];
        int r;

        if (value == 0)
            continue;
        (void) snprintf(line, sizeof line, "%s %s%" PRIu64, number, rate->key, value);
        r = write_line(g, rate->file, line, d->path, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int cgroup_disk_limit(const struct cgroup_disk_files *files, const char *base, const struct spec *s,
                      struct err *e)
{
    const struct group g = { .files = files, .base = base, .id = s->id };
    int r = 0;

    if (s->n_disks == 0 && s->disk_weight == 0)
        return 0;
    if (base[0] == '\0')
        return err_set(e, -EOPNOTSUPP, "blkio_config: this host has no blkio controller");
    if (s->disk_weight)
        r = limit_weight(&g, s->disk_weight, e);
    for (size_t i = 0; i < s->n_disks && r == 0; i++) {
        const struct spec_disk *d = &s->disks[i];
        char number[NUMBER_TEXT];

        r = number_of(d->path, number, e);
        if (r == 0 && d->weight)
            r = limit_weight_of(&g, d, number, e);
        if (r == 0)
            r = limit_rates(&g, d, number, e);
    }
    return r;
}
