#include "sandbox/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

int filter_load(int fd, bool log)
{
    auto_free struct sock_filter *code = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    size_t size = (size_t) st.st_size, n = size / sizeof *code;
    if (n == 0 || n > BPF_MAXINSNS || size % sizeof *code != 0)
        return -EINVAL;
    code = malloc(size);
    if (!code)
        return -ENOMEM;
    if (pread(fd, code, size, 0) != (ssize_t) size)
        return -EIO;
    struct sock_fprog program = { .len = (unsigned short) n, .filter = code };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, log ? SECCOMP_FILTER_FLAG_LOG : 0,
                   &program) < 0
               ? -errno
               : 0;
}
