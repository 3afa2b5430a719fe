/* guest_forbidden -- tries what an instance must not be able to do; prints one line per try:
 * the name, and the errno name it was refused with, or ALLOWED.
 *
 *   guest_forbidden             every try of the tables
 *   guest_forbidden NAME...     these
 *
 * Exit status: 0 when every try failed, 1 otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

/* each gives what the system call gave: below 0 with errno when it was refused */

static long try_mount(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long try_umount(void)
{
    return umount2("/proc", MNT_DETACH);
}

static long try_remount_root(void)
{
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_new_mount_api(void)
{
    return syscall(SYS_fsopen, "tmpfs", 0);
}

static long try_user_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static long try_clone_namespace(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid;
}

static long try_setns(void)
{
    auto_fd fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -1 : setns(fd, 0);
}

static long try_become_root(void)
{
    return setresuid(0, 0, 0);
}

static long try_become_root_group(void)
{
    return setresgid(0, 0, 0);
}

static long try_device(void)
{
    return mknod("/tmp/disk", S_IFBLK | 0600, (8 << 8) | 0);
}

static long try_chroot(void)
{
    return chroot("/tmp");
}

static long try_host_name(void)
{
    return sethostname("other", 5);
}

static long try_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long try_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long try_trace_init(void)
{
    return ptrace(PTRACE_SEIZE, 1, NULL, NULL);
}

static long try_bpf(void)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
    };

    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}

static long try_perf(void)
{
    struct perf_event_attr attr = { .size = sizeof attr };

    return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0UL);
}

static long try_keyring(void)
{
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0, 0, 0);
}

static long try_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL);
}

static long try_kernel_log(void)
{
    return syscall(SYS_syslog, 3, NULL, 0);
}

/* masked by an empty file: what counts is that nothing comes out */
static long try_kernel_messages(void)
{
    auto_fd fd = open("/proc/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char byte;
    ssize_t n = fd < 0 ? -1 : read(fd, &byte, 1);

    errno = n == 0 ? ENOENT : errno;
    return n == 0 ? -1 : (long) n;
}

static long try_write_usr(void)
{
    return open("/usr/guest", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_write_root(void)
{
    return mkdir("/guest", 0700);
}

static long try_write_sysctl(void)
{
    return open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
}

static long try_read_init_memory(void)
{
    return open("/proc/1/mem", O_RDONLY | O_CLOEXEC);
}

static long try_read_memory(void)
{
    return open("/dev/mem", O_RDONLY | O_CLOEXEC);
}

static long try_gain_capability(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { .effective = 1, .permitted = 1 } };

    return syscall(SYS_capset, &head, data);
}

static long try_allow_new_privileges(void)
{
    (void) prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
    errno = EPERM;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0;
}

static long try_lower_oom_score(void)
{
    auto_fd fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -1 : write(fd, "-1000", 5);
}

static long try_map_users(void)
{
    auto_fd fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -1 : write(fd, "0 0 1", 5);
}

static long try_set_clock(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now);
}

static long try_adjust_clock(void)
{
    struct timex change = { .modes = ADJ_FREQUENCY };

    return adjtimex(&change);
}

static long try_real_time(void)
{
    const struct sched_param first = { .sched_priority = 1 };

    return sched_setscheduler(0, SCHED_FIFO, &first);
}

static long try_raise_priority(void)
{
    return setpriority(PRIO_PROCESS, 0, -20);
}

static long try_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max == RLIM_INFINITY)
        return 0;
    limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

/* the host's system bus: a path that is not in this root, a name that is in another namespace */
static long connect_to(const char *path, size_t len)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, len);
    return fd < 0 ? -1
                  : connect(fd, (struct sockaddr *) &address,
                            (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len));
}

static long try_host_socket(void)
{
    static const char path[] = "/run/dbus/system_bus_socket";

    return connect_to(path, sizeof path);
}

/* tests/root/isolation.bats listens on it in the namespace of the host */
static long try_abstract_socket(void)
{
    static const char name[] = "\0ipam-orch-guest";

    return connect_to(name, sizeof name - 1);
}

static long try_copy_descriptor(void)
{
    long init = syscall(SYS_pidfd_open, 1, 0);

    return init < 0 ? -1 : syscall(SYS_pidfd_getfd, init, 0, 0);
}

static long try_escape_chroot(void)
{
    return chdir("../../../../../../..") < 0 ? -1 : access("home", F_OK);
}

/* a terminal of its own exists; another's input is typed with this */
static long try_type_into_terminal(void)
{
    auto_fd fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? -1 : ioctl(fd, TIOCSTI, "x");
}

static const struct {
    const char *name;
    long (*run)(void);
} tries[] = {
    { "mount", try_mount },
    { "umount", try_umount },
    { "remount-root", try_remount_root },
    { "fsopen", try_new_mount_api },
    { "user-namespace", try_user_namespace },
    { "clone-namespace", try_clone_namespace },
    { "setns", try_setns },
    { "become-root", try_become_root },
    { "become-root-group", try_become_root_group },
    { "device", try_device },
    { "chroot", try_chroot },
    { "host-name", try_host_name },
    { "raw-socket", try_raw_socket },
    { "packet-socket", try_packet_socket },
    { "trace-init", try_trace_init },
    { "bpf", try_bpf },
    { "perf", try_perf },
    { "keyring", try_keyring },
    { "io-uring", try_io_uring },
    { "kernel-log", try_kernel_log },
    { "kernel-messages", try_kernel_messages },
    { "write-usr", try_write_usr },
    { "write-root", try_write_root },
    { "write-sysctl", try_write_sysctl },
    { "read-init-memory", try_read_init_memory },
    { "read-memory", try_read_memory },
    { "gain-capability", try_gain_capability },
    { "allow-new-privileges", try_allow_new_privileges },
    { "lower-oom-score", try_lower_oom_score },
    { "map-users", try_map_users },
    { "set-clock", try_set_clock },
    { "adjust-clock", try_adjust_clock },
    { "real-time", try_real_time },
    { "raise-priority", try_raise_priority },
    { "raise-limit", try_raise_limit },
    { "host-socket", try_host_socket },
    { "abstract-socket", try_abstract_socket },
    { "copy-descriptor", try_copy_descriptor },
    { "escape-chroot", try_escape_chroot },
    { "type-into-terminal", try_type_into_terminal },
};

/* what is refused whatever the arguments */
static const struct {
    const char *name;
    long number, arg[4];
} calls[] = {
    { "pivot-root", SYS_pivot_root, { 0 } },
    { "open-tree", SYS_open_tree, { AT_FDCWD, (long) "/", 1 /* OPEN_TREE_CLONE */ } },
    { "move-mount", SYS_move_mount, { AT_FDCWD, (long) "/tmp", AT_FDCWD, (long) "/run" } },
    { "mount-setattr", SYS_mount_setattr, { AT_FDCWD, (long) "/", 0, 0 } },
    { "new-mounts", SYS_unshare, { CLONE_NEWNS } },
    { "new-pids", SYS_unshare, { CLONE_NEWPID } },
    { "new-network", SYS_unshare, { CLONE_NEWNET } },
    { "new-cgroup", SYS_unshare, { CLONE_NEWCGROUP } },
    { "new-names", SYS_unshare, { CLONE_NEWUTS } },
    { "read-other-memory", SYS_process_vm_readv, { 1 } },
    { "write-other-memory", SYS_process_vm_writev, { 1 } },
    { "compare-processes", SYS_kcmp, { 1, 1 } },
    { "userfaultfd", SYS_userfaultfd, { 0 } },
    { "kexec", SYS_kexec_load, { 0 } },
    { "kexec-file", SYS_kexec_file_load, { -1, -1 } },
    { "load-module", SYS_init_module, { 0 } },
    { "load-module-file", SYS_finit_module, { -1 } },
    { "unload-module", SYS_delete_module, { (long) "none" } },
    { "swap-on", SYS_swapon, { (long) "/tmp" } },
    { "swap-off", SYS_swapoff, { (long) "/tmp" } },
    { "reboot", SYS_reboot, { 0 } },
    { "accounting", SYS_acct, { 0 } },
    { "quota", SYS_quotactl, { 0 } },
    { "add-key", SYS_add_key, { (long) "user", (long) "k", (long) "v", 1 } },
    { "request-key", SYS_request_key, { (long) "user", (long) "k" } },
    { "open-by-handle", SYS_open_by_handle_at, { AT_FDCWD } },
    { "fanotify", SYS_fanotify_init, { 0 } },
    { "hang-up", SYS_vhangup, { 0 } },
    { "domain-name", SYS_setdomainname, { (long) "x", 1 } },
    { "move-pages", SYS_move_pages, { 1 } },
#ifdef __x86_64__
    { "io-privilege", SYS_iopl, { 3 } },
    { "io-ports", SYS_ioperm, { 0, 1, 1 } },
    { "local-descriptors", SYS_modify_ldt, { 1 } },
#endif
    { "vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM } },
    { "kernel-crypto", SYS_socket, { AF_ALG, SOCK_SEQPACKET } },
};

/* what is not there, or not to be opened so */
static const struct {
    const char *path;
    int flags;
} files[] = {
    { "/etc/shadow", O_RDONLY },
    { "/root", O_RDONLY },
    { "/home", O_RDONLY },
    { "/proc/kcore", O_RDONLY },
    { "/dev/kmsg", O_RDWR },
    { "/dev/sda", O_RDONLY },
    { "/dev/vda", O_RDONLY },
    { "/dev/kvm", O_RDWR },
    { "/dev/fuse", O_RDWR },
    { "/proc/sysrq-trigger", O_WRONLY },
    { "/proc/sys/vm/drop_caches", O_WRONLY },
    { "/proc/sys/kernel/modprobe", O_WRONLY },
    { "/proc/irq/default_smp_affinity", O_WRONLY },
    { "/proc/1/environ", O_RDONLY },
    { "/proc/1/root", O_RDONLY },
    { "/proc/1/cwd", O_RDONLY },
    { "/sys/kernel/uevent_helper", O_WRONLY },
    { "/sys/fs/cgroup/memory/release_agent", O_WRONLY },
    { "/sys/power/state", O_WRONLY },
    { "/etc/passwd", O_WRONLY },
    { "/usr/bin/sh", O_WRONLY },
};

/* Arguments that nobody could use come back from what was let through. */
static bool is_refusal(int error)
{
    static const int refusals[] = {
        EPERM, EACCES, ENOSYS, EROFS, ENOENT, ECONNREFUSED, EAFNOSUPPORT
    };

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (error == refusals[i])
            return true;
    return false;
}

/* one of three tables, numbered through */
static const char *name_of(size_t n)
{
    if (n < ARRAY_LEN(tries))
        return tries[n].name;
    n -= ARRAY_LEN(tries);
    return n < ARRAY_LEN(calls) ? calls[n].name : files[n - ARRAY_LEN(calls)].path;
}

static long run(size_t n)
{
    if (n < ARRAY_LEN(tries))
        return tries[n].run();
    n -= ARRAY_LEN(tries);
    if (n < ARRAY_LEN(calls))
        return syscall(calls[n].number, calls[n].arg[0], calls[n].arg[1], calls[n].arg[2],
                       calls[n].arg[3]);
    n -= ARRAY_LEN(calls);
    return open(files[n].path, files[n].flags | O_CLOEXEC);
}

/* in a child of its own: what one try changes must not help or hinder the next */
static bool is_refused(size_t n)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        bool refused;

        errno = 0;
        refused = run(n) < 0 && is_refusal(errno);
        (void) printf("%s %s%s\n", name_of(n), refused ? "" : "ALLOWED ",
                      errno ? strerrorname_np(errno) : "");
        (void) fflush(stdout);
        _exit(refused ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    bool all_refused = true;

    for (size_t i = 0; i < ARRAY_LEN(tries) + ARRAY_LEN(calls) + ARRAY_LEN(files); i++)
        if (is_wanted(name_of(i), argc, argv))
            all_refused = is_refused(i) && all_refused;
    return all_refused ? 0 : 1;
}
