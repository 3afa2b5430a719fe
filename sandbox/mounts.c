#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"
#include "sandbox/creds.h"
#include "sandbox/place.h"

/* Contents of SETUP_FILE live here until they are bound to their targets; hidden afterwards. */
#define FILES_DIR ".files"

enum { SAFE = MS_NOSUID | MS_NODEV, ID_TEXT_MAX = 1 << 30 };

static unsigned octal(const char *text)
{
    return (unsigned) strtoul(text, NULL, 8) & 07777;
}

static int tree_of(const struct mounts *m, const char *index)
{
    uint64_t i = 0;

    if (num_u64(index, ID_TEXT_MAX, &i) < 0 || i >= m->n_trees)
        return -EBADF;
    return m->trees[i];
}

static int mount_at(int fd, const char *type, unsigned long flags, const char *options)
{
    return mount(type, place_name(fd).text, type, flags, options) < 0 ? -errno : 0;
}

/* Turns an attached mount read-only, by the words of SETUP_BIND.  Kernels before 5.12 cannot do
 * that for the mounts below; there "ro" is "ro-top". */
static int make_read_only(int mounted, const char *how, unsigned long keep)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    unsigned below = strcmp(how, "ro-top") == 0 ? 0 : AT_RECURSIVE;

    if (mount_setattr(mounted, "", AT_EMPTY_PATH | below, &attr, sizeof attr) == 0)
        return 0;
    if (errno != ENOSYS || strcmp(how, "ro-all") == 0)
        return -errno;
    return mount(NULL, place_name(mounted).text, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | keep,
                 NULL) < 0
               ? -errno
               : 0;
}

static int create_root(struct mounts *m, const char *where)
{
    auto_fd fd = -1;

    /* nothing done here may reach the host, nor the other way round */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", where, "tmpfs", SAFE, "mode=755,size=16m") < 0)
        return -errno;
    fd = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    m->root = take_fd(&fd);
    return 0;
}

static int make_dir(const struct mounts *m, const char *target, const char *mode)
{
    auto_fd fd = place_open(m->root, target, PLACE_DIR);
    auto_fd opened = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fd;
    return opened < 0 || fchmod(opened, octal(mode)) < 0 ? -errno : 0;
}

static int make_link(const struct mounts *m, const char *target, const char *to)
{
    const char *name = NULL;
    auto_fd parent = place_parent(m->root, target, &name);

    if (parent < 0)
        return parent;
    return symlinkat(to, parent, name) < 0 ? -errno : 0;
}

static int write_text(const struct mounts *m, const char *target, const char *mode,
                      const char *text)
{
    const char *name = NULL;
    auto_fd parent = place_parent(m->root, target, &name);
    size_t len = strlen(text);

    if (parent < 0)
        return parent;
    auto_fd fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (len > 0 && write(fd, text, len) != (ssize_t) len)
        return -ENOSPC;
    return fchmod(fd, octal(mode)) < 0 ? -errno : 0;
}

static int bind_tree(const struct mounts *m, int tree, const char *target, const char *how,
                     bool slave)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
    struct stat st;
    int r = 0;

    if (tree < 0 || fstat(tree, &st) < 0)
        return tree < 0 ? tree : -errno;
    auto_fd at = place_open(m->root, target, S_ISDIR(st.st_mode) ? PLACE_DIR : PLACE_FILE);
    if (at < 0)
        return at;
    if (move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return -errno;
    /* before anything is mounted below it: a shared tree would carry that to the host */
    if (mount(NULL, place_name(tree).text, NULL, MS_REC | (slave ? MS_SLAVE : MS_PRIVATE), NULL) <
        0)
        return -errno;
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
        r = mount(NULL, place_name(tree).text, NULL, MS_REMOUNT | MS_BIND | SAFE, NULL);
    if (r < 0)
        return -errno;
    return strcmp(how, "rw") == 0 ? 0 : make_read_only(tree, how, SAFE);
}

static int mount_tmpfs(const struct mounts *m, const char *target, const char *options, bool exec)
{
    auto_fd at = place_open(m->root, target, PLACE_DIR);

    return at < 0 ? at : mount_at(at, "tmpfs", SAFE | (exec ? 0 : MS_NOEXEC), options);
}

/* The mask of container runtimes: what tells about or controls the whole machine. */
static int mask_proc(const struct mounts *m)
{
    static const char *const read_only[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };
    static const char *const masked[] = { "acpi", "asound",     "interrupts",    "kcore",
                                          "keys", "kmsg",       "latency_stats", "sched_debug",
                                          "scsi", "timer_list", "timer_stats" };
    auto_fd null = place_open(m->root, "/dev/null", PLACE_EXISTING);
    char path[64];

    if (null < 0)
        return null;
    for (size_t i = 0; i < ARRAY_LEN(masked) + ARRAY_LEN(read_only); i++) {
        bool mask = i < ARRAY_LEN(masked);
        struct stat st;
        int r;

        (void) snprintf(path, sizeof path, "/proc/%s",
                        mask ? masked[i] : read_only[i - ARRAY_LEN(masked)]);
        auto_fd at = place_open(m->root, path, PLACE_EXISTING);
        if (at == -ENOENT)
            continue;
        if (at < 0 || fstat(at, &st) < 0)
            return at < 0 ? at : -errno;
        if (mask && S_ISDIR(st.st_mode))
            r = mount_at(at, "tmpfs", SAFE | MS_NOEXEC | MS_RDONLY, "size=4k,mode=555");
        else
            r = mount(place_name(mask ? null : at).text, place_name(at).text, NULL, MS_BIND, NULL);
        if (r < 0)
            return -errno;
        auto_fd top = mask ? -1 : place_open(m->root, path, PLACE_EXISTING);
        if (!mask && (r = make_read_only(top, "ro", SAFE | MS_NOEXEC)) < 0)
            return r;
    }
    return 0;
}

static int mount_proc(const struct mounts *m, bool all)
{
    auto_fd at = place_open(m->root, "/proc", PLACE_DIR);
    char options[64];
    int r;

    /* without a group it were that of root, which a program may be in */
    (void) snprintf(options, sizeof options, "hidepid=%d,gid=%d", all ? 0 : 2, CREDS_WATCHERS_GID);
    r = at < 0 ? at : mount_at(at, "proc", SAFE | MS_NOEXEC, options);
    return r < 0 ? r : mask_proc(m);
}

static int make_devices(int dev)
{
    static const struct {
        const char *name;
        unsigned minor, major;
    } nodes[] = { { "null", 3, 1 },   { "zero", 5, 1 },    { "full", 7, 1 },
                  { "random", 8, 1 }, { "urandom", 9, 1 }, { "tty", 0, 5 } };
    static const char *const links[][2] = { { "fd", "/proc/self/fd" },
                                            { "stdin", "/proc/self/fd/0" },
                                            { "stdout", "/proc/self/fd/1" },
                                            { "stderr", "/proc/self/fd/2" },
                                            { "ptmx", "pts/ptmx" } };

    for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
        if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) <
            0)
            return -errno;
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        if (symlinkat(links[i][1], dev, links[i][0]) < 0)
            return -errno;
    return 0;
}

static int mount_dev(const struct mounts *m)
{
    auto_fd under = place_open(m->root, "/dev", PLACE_DIR);
    int r =
        under < 0 ? under : mount_at(under, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");

    if (r < 0)
        return r;
    auto_fd dev = place_open(m->root, "/dev", PLACE_EXISTING);
    auto_fd pts = place_open(m->root, "/dev/pts", PLACE_DIR);
    if (dev < 0 || pts < 0)
        return dev < 0 ? dev : pts;
    r = make_devices(dev);
    return r < 0 ? r
                 : mount_at(pts, "devpts", MS_NOSUID | MS_NOEXEC,
                            "newinstance,ptmxmode=0666,mode=0620");
}

static int make_node(const struct mounts *m, const struct setup_op *op)
{
    unsigned major = 0, minor = 0, uid = 0, gid = 0, mode = 0;
    const char *name = NULL;
    char kind = '\0';

    if (sscanf(op->arg[1], "%c%u:%u", &kind, &major, &minor) != 3 ||
        sscanf(op->arg[2], "%u", &uid) != 1 || sscanf(op->arg[3], "%u", &gid) != 1 ||
        sscanf(op->arg[4], "%o", &mode) != 1)
        return -EINVAL;
    auto_fd dir = place_parent(m->root, op->arg[0], &name);
    if (dir < 0)
        return dir;
    if (mknodat(dir, name, (kind == 'b' ? S_IFBLK : S_IFCHR) | mode, makedev(major, minor)) < 0 ||
        fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int seal_dev(const struct mounts *m)
{
    auto_fd dev = place_open(m->root, "/dev", PLACE_EXISTING);

    if (dev < 0)
        return dev;
    return mount(NULL, place_name(dev).text, NULL,
                 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) < 0
               ? -errno
               : 0;
}

/* op: tree, target, uid, gid, mode.  The file is bound to its target, so that a target in a
 * read-only tree or in a volume leaves no trace there beyond an empty mount point. */
static int place_file(struct mounts *m, const struct setup_op *op)
{
    uint64_t uid = 0, gid = 0;
    int content = tree_of(m, op->arg[0]), r;
    char name[16];

    if (content < 0 || num_u64(op->arg[2], UINT32_MAX - 1, &uid) < 0 ||
        num_u64(op->arg[3], UINT32_MAX - 1, &gid) < 0)
        return -EINVAL;
    if (m->n_files == 0 && (r = mount_tmpfs(m, "/" FILES_DIR, "mode=700,size=64m", false)) < 0)
        return r;
    auto_fd dir = place_open(m->root, "/" FILES_DIR, PLACE_EXISTING);
    if (dir < 0)
        return dir;
    (void) snprintf(name, sizeof name, "%u", m->n_files++);
    auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = fsio_copy(content, fd);
    if (r < 0)
        return r;
    if (fchown(fd, (uid_t) uid, (gid_t) gid) < 0 || fchmod(fd, octal(op->arg[4])) < 0)
        return -errno;
    auto_fd tree = open_tree(dir, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return tree < 0 ? -errno : bind_tree(m, tree, op->arg[1], "ro", false);
}

static int hide_files(const struct mounts *m)
{
    auto_fd dir = place_open(m->root, "/" FILES_DIR, PLACE_EXISTING);

    if (dir < 0)
        return dir;
    if (umount2(place_name(dir).text, MNT_DETACH) < 0)
        return -errno;
    return unlinkat(m->root, FILES_DIR, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* pivot_root(".", ".") stacks the old root on the new one; see pivot_root(2), NOTES */
static int pivot(struct mounts *m)
{
    int r = m->n_files > 0 ? hide_files(m) : 0;

    if (r < 0)
        return r;
    if (fchdir(m->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -errno;
    close(take_fd(&m->root));
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL) < 0 ? -errno : 0;
}

/* What a service may have left there is not followed: the last part of the path is made anew. */
static int bind_notify(const struct mounts *m, const struct setup_op *op)
{
    uint64_t uid = 0, gid = 0;
    int socket = tree_of(m, op->arg[0]);
    const char *name = NULL;
    auto_fd dir = socket < 0 ? socket : place_parent(m->root, op->arg[1], &name);
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    if (dir < 0)
        return dir;
    if (num_u64(op->arg[2], UINT32_MAX - 1, &uid) < 0 ||
        num_u64(op->arg[3], UINT32_MAX - 1, &gid) < 0)
        return -EINVAL;
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return -errno;
    (void) snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", place_name(dir).text, name);
    if (bind(socket, (const struct sockaddr *) &at, sizeof at) < 0 ||
        fchmodat(dir, name, 0600, 0) < 0 ||
        fchownat(dir, name, (uid_t) uid, (gid_t) gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int apply(struct mounts *m, const struct setup_op *op)
{
    const char *const *arg = op->arg;

    /* the codes of mounts only: init handles the others */
    switch ((int) op->code) {
    case SETUP_ROOT: return create_root(m, arg[0]);
    case SETUP_DIR: return make_dir(m, arg[0], arg[1]);
    case SETUP_LINK: return make_link(m, arg[0], arg[1]);
    case SETUP_TEXT: return write_text(m, arg[0], arg[1], arg[2]);
    case SETUP_BIND:
        return bind_tree(m, tree_of(m, arg[0]), arg[1], arg[2], strcmp(arg[3], "slave") == 0);
    case SETUP_TMPFS: return mount_tmpfs(m, arg[0], arg[1], strcmp(arg[2], "exec") == 0);
    case SETUP_PROC: return mount_proc(m, strcmp(arg[0], "all") == 0);
    case SETUP_DEV: return mount_dev(m);
    case SETUP_SHM: return mount_tmpfs(m, "/dev/shm", "mode=1777,size=64m,nr_inodes=65536", false);
    case SETUP_NODE: return make_node(m, op);
    case SETUP_DEV_DONE: return seal_dev(m);
    case SETUP_FILE: return place_file(m, op);
    case SETUP_NOTIFY: return bind_notify(m, op);
    case SETUP_PIVOT: return pivot(m);
    default: return -EINVAL;
    }
}

int mounts_apply(struct mounts *m, const struct setup_op *op, struct err *e)
{
    int r = apply(m, op);
    const char *what = op->code == SETUP_BIND || op->code == SETUP_FILE || op->code == SETUP_NOTIFY
                           ? op->arg[1]
                           : op->arg[0];

    return r < 0 ? err_set(e, r, "%s: %s", what ? what : "/", strerror(-r)) : 0;
}
