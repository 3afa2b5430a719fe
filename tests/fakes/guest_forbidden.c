/* guest_forbidden -- tries what an instance must not be able to do; prints one line per try:
 * the name, and the errno name it failed with or ALLOWED.
 *
 *   guest_forbidden             every try of the table
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
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
    return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
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
    { "write-usr", try_write_usr },
    { "write-root", try_write_root },
    { "write-sysctl", try_write_sysctl },
    { "read-init-memory", try_read_init_memory },
    { "read-memory", try_read_memory },
    { "gain-capability", try_gain_capability },
    { "allow-new-privileges", try_allow_new_privileges },
};

/* in a child of its own: what one try changes must not help or hinder the next */
static bool is_refused(size_t n)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        bool refused;

        errno = 0;
        refused = tries[n].run() < 0;
        (void) printf("%s %s\n", tries[n].name, refused ? strerrorname_np(errno) : "ALLOWED");
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

    for (size_t i = 0; i < ARRAY_LEN(tries); i++)
        if (is_wanted(tries[i].name, argc, argv))
            all_refused = is_refused(i) && all_refused;
    return all_refused ? 0 : 1;
}
