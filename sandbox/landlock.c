#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

/* the first version refuses every rename between directories */
enum { MOUNTS_BYTES_MAX = 1024 * 1024, LEAST_VERSION = 2 };

/* of later kernels than the headers of Debian 12 */
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14) /* 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define SCOPE_ABSTRACT   (UINT64_C(1) << 0)  /* 6 */

/* struct landlock_ruleset_attr as of version 6; older kernels take less of it */
struct ruleset {
    uint64_t fs, net, scoped;
};

static const uint64_t reading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t never = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
static const uint64_t on_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                 LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV;

static int version(void)
{
    long v =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t) 0, LANDLOCK_CREATE_RULESET_VERSION);

    return v < 0 ? -errno : (int) v;
}

static uint64_t handled(int abi)
{
    uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

    return all | LANDLOCK_ACCESS_FS_REFER | (abi >= 3 ? ACCESS_TRUNCATE : 0) |
           (abi >= 5 ? ACCESS_IOCTL_DEV : 0);
}

static int make(int abi, bool host_network)
{
    const struct ruleset r = { .fs = handled(abi), .scoped = host_network ? SCOPE_ABSTRACT : 0 };
    size_t size = abi >= 6 ? sizeof r : sizeof r.fs;
    int fd = (int) syscall(SYS_landlock_create_ruleset, &r, size, 0);

    return fd < 0 ? -errno : fd;
}

static int allow(int ruleset, const char *path, uint64_t access)
{
    auto_fd at = open(path, O_PATH | O_CLOEXEC);
    struct stat st;

    if (at < 0 || fstat(at, &st) < 0)
        return errno == EACCES || errno == ENOENT ? 0 : -errno; /* covered by another mount */
    const struct landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(st.st_mode) ? access : access & on_files, .parent_fd = at
    };
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
               ? -errno
               : 0;
}

/* \040 and its like, in place */
static void unescape(char *path)
{
    char *to = path;
    unsigned byte = 0;

    for (const char *from = path; *from;) {
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
            *to++ = (char) byte;
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* "36 35 98:0 / /mnt rw,nosuid ...": the fifth field is the place, the sixth its options */
static int allow_mount(int ruleset, char *line, uint64_t writing)
{
    char *field = NULL, *place = NULL;

    for (int i = 0; i < 6; i++) {
        field = strsep(&line, " ");
        if (!field)
            return 0;
        if (i == 4)
            place = field;
    }
    unescape(place);
    /* devices are written to also where nothing can be made */
    if (strcmp(place, "/dev") == 0)
        return allow(ruleset, place,
                     reading | (writing & (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_IOCTL_DEV)));
    return strncmp(field, "rw", 2) == 0 ? allow(ruleset, place, writing) : 0;
}

bool landlock_is_there(void)
{
    return version() >= LEAST_VERSION;
}

int landlock_prepare(bool host_network)
{
    int abi = version(), r;
    auto_free char *mounts = NULL;

    if (abi < 0)
        return abi == -EOPNOTSUPP ? -ENOSYS : abi;
    if (abi < LEAST_VERSION)
        return -ENOSYS;
    r = fsio_read_pseudo(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_BYTES_MAX, &mounts);
    if (r < 0)
        return r;
    auto_fd ruleset = make(abi, host_network);
    if (ruleset < 0)
        return ruleset;
    r = allow(ruleset, "/", reading);
    char *rest = mounts;
    for (char *line = strsep(&rest, "\n"); line && r == 0; line = strsep(&rest, "\n"))
        r = allow_mount(ruleset, line, handled(abi) & ~never);
    return r < 0 ? r : take_fd(&ruleset);
}

int landlock_enter(int ruleset)
{
    if (ruleset == -ENOSYS)
        return 0;
    return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
