/* guest_hostile -- tries to get out of its instance, or to take more than its share; a line per
 * try:
 *
 *   NAME ERRNO          denied
 *   NAME CONTAINED WHY  it went so far and no further
 *   NAME ESCAPED        it worked
 *
 *   guest_hostile [NAME...]      these tries; all without names
 *   guest_hostile --root         exit status 0 when it runs with the rights of root
 *
 * What lies outside is told by the environment: HOSTILE_PID (a process of the host), HOSTILE_SOCKET
 * and HOSTILE_ABSTRACT (unix sockets), HOSTILE_SHM (a System V segment), HOSTILE_HOST and
 * HOSTILE_OTHER (IPv4 ADDRESS:PORT where somebody listens), HOSTILE_SETUID (a setuid copy of this).
 * Exit status: 0 when no try escaped, 1 otherwise, 2 when one is not known.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    TRY_SECONDS = 60,
    CONNECT_SECONDS = 2,
    BOMB_PROCESSES = 2000,
    BOMB_FILES = 200000,
    BOMB_WATCHES = 100000,
    CHUNK = 1024 * 1024,
    BOMB_CHUNKS = 1024
};

/* A try gives what its system call gave: below 0 with errno when it was refused. */
enum { CONTAINED = 0x7fffffff };

static char why[128];

static long contained(const char *what, long n)
{
    (void) snprintf(why, sizeof why, "%s %ld %s", what, n, errno ? strerrorname_np(errno) : "-");
    return CONTAINED;
}

static const char *outside(const char *name)
{
    const char *value = getenv(name);

    if (value)
        return value;
    (void) fprintf(stderr, "guest_hostile: %s is not set\n", name);
    _exit(2);
}

/* ---- mounts, roots, namespaces ---- */

static long try_mount(const char *type)
{
    return mount("none", "/tmp", type, 0, NULL);
}

static long try_bind(const char *to)
{
    return mount("/proc", to, NULL, MS_BIND, NULL);
}

static long try_umount(const char *path)
{
    return umount2(path, MNT_DETACH);
}

static long try_remount(const char *path)
{
    return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_fsopen(const char *type)
{
    return syscall(SYS_fsopen, type, 0);
}

static long try_open_tree(const char *path)
{
    return syscall(SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */);
}

static long try_mount_setattr(const char *path)
{
    struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

    return mount_setattr(AT_FDCWD, path, 0, &attr, sizeof attr);
}

static long try_pivot(const char *path)
{
    return syscall(SYS_pivot_root, path, path);
}

static long try_chroot(const char *path)
{
    return chroot(path);
}

static long try_climb(const char *path)
{
    char up[256] = "";

    for (int i = 0; i < 40; i++)
        (void) strncat(up, "../", sizeof up - strlen(up) - 1);
    (void) strncat(up, path, sizeof up - strlen(up) - 1);
    return open(up, O_RDONLY | O_CLOEXEC);
}

static const struct {
    const char *name;
    int flag;
} namespaces[] = { { "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },       { "net", CLONE_NEWNET },
                   { "pid", CLONE_NEWPID },   { "uts", CLONE_NEWUTS },      { "ipc", CLONE_NEWIPC },
                   { "time", 0x80 },          { "cgroup", CLONE_NEWCGROUP } };

static int namespace_flag(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
        if (strcmp(namespaces[i].name, name) == 0)
            return namespaces[i].flag;
    abort();
}

static long try_unshare(const char *name)
{
    return unshare(namespace_flag(name));
}

static long try_clone(const char *name)
{
    long pid = syscall(SYS_clone, namespace_flag(name) | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid;
}

static long try_clone3(const char *name)
{
    uint64_t args[11] = { (uint64_t) namespace_flag(name), 0, 0, 0, SIGCHLD };
    long pid = syscall(SYS_clone3, args, sizeof args);

    if (pid == 0)
        _exit(0);
    return pid;
}

static long try_setns(const char *path)
{
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -1 : setns(fd, 0);
}

static long try_setns_pidfd(const char *unused)
{
    auto_fd fd = (int) syscall(SYS_pidfd_open, getppid(), 0);

    (void) unused;
    return fd < 0 ? -1 : setns(fd, CLONE_NEWNS | CLONE_NEWNET);
}

/* ---- other processes ---- */

static pid_t host_pid(void)
{
    return (pid_t) strtol(outside("HOSTILE_PID"), NULL, 10);
}

static long try_kill_host(const char *unused)
{
    (void) unused;
    return kill(host_pid(), 0);
}

static long try_trace_host(const char *unused)
{
    (void) unused;
    return ptrace(PTRACE_SEIZE, host_pid(), NULL, NULL);
}

static long try_trace_init(const char *unused)
{
    (void) unused;
    return ptrace(PTRACE_SEIZE, 1, NULL, NULL);
}

static long try_host_proc(const char *file)
{
    char path[64];

    (void) snprintf(path, sizeof path, "/proc/%d/%s", (int) host_pid(), file);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long try_read_memory_of(const char *who)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *) try_read_memory_of, 1 };

    return process_vm_readv((pid_t) strtol(who, NULL, 10), &here, 1, &there, 1, 0);
}

static long try_take_fd_of_init(const char *unused)
{
    auto_fd fd = (int) syscall(SYS_pidfd_open, 1, 0);

    (void) unused;
    return fd < 0 ? -1 : syscall(SYS_pidfd_getfd, fd, 0, 0);
}

/* a process that runs another program */
static long try_list_others(const char *unused)
{
    DIR *dir = opendir("/proc");
    long found = -1;

    (void) unused;
    for (struct dirent *d; dir && found < 0 && (d = readdir(dir));) {
        char path[300], name[64] = "", own[64] = "";

        (void) snprintf(path, sizeof path, "/proc/%s/comm", d->d_name);
        auto_fd fd = d->d_name[0] >= '1' && d->d_name[0] <= '9' ? open(path, O_RDONLY) : -1;
        if (fd >= 0 && read(fd, name, sizeof name - 1) > 0 && prctl(PR_GET_NAME, own) == 0 &&
            (strncmp(name, own, strlen(own)) != 0 || name[strlen(own)] != '\n'))
            found = strtol(d->d_name, NULL, 10);
    }
    if (dir)
        (void) closedir(dir);
    errno = ESRCH;
    return found;
}

static long try_priority(const char *unused)
{
    (void) unused;
    return setpriority(PRIO_PROCESS, 0, -20);
}

static long try_realtime(const char *unused)
{
    struct sched_param p = { .sched_priority = 50 };

    (void) unused;
    return sched_setscheduler(0, SCHED_FIFO, &p);
}

/* ---- rights ---- */

static long try_become_root(const char *unused)
{
    (void) unused;
    return setresuid(0, 0, 0);
}

static long try_become_root_group(const char *unused)
{
    (void) unused;
    return setresgid(0, 0, 0);
}

static long try_groups(const char *unused)
{
    (void) unused;
    return setgroups(1, (const gid_t[]){ 0 });
}

static long try_capability(const char *unused)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { .effective = 1, .permitted = 1 } };

    (void) unused;
    return syscall(SYS_capset, &head, data);
}

static long try_allow_new_privileges(const char *unused)
{
    (void) unused;
    return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static long try_setuid_program(const char *unused)
{
    const char *program = outside("HOSTILE_SETUID");
    int status = 0;
    pid_t pid = fork();

    (void) unused;
    if (pid == 0) {
        (void) execl(program, program, "--root", NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? 0
               : contained("setuid program ended with", WEXITSTATUS(status));
}

static long try_make_setuid(const char *path)
{
    auto_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);

    /* the bit alone is harmless: it must not be root's */
    return fd < 0 ? -1 : fchown(fd, 0, 0) < 0 ? -1 : fchmod(fd, 04755);
}

/* ---- kernel interfaces ---- */

static long try_bpf(const char *unused)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
    };

    (void) unused;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}

static long try_perf(const char *unused)
{
    struct perf_event_attr attr = { .size = sizeof attr, .type = PERF_TYPE_SOFTWARE };

    (void) unused;
    return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0UL);
}

static long try_keyring(const char *unused)
{
    (void) unused;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1, 0, 0);
}

static long try_add_key(const char *unused)
{
    (void) unused;
    return syscall(SYS_add_key, "user", "hostile", "x", 1UL, KEY_SPEC_PROCESS_KEYRING);
}

static long try_request_key(const char *unused)
{
    (void) unused;
    return syscall(SYS_request_key, "user", "hostile", NULL, KEY_SPEC_SESSION_KEYRING);
}

static long try_io_uring(const char *unused)
{
    char params[256] = { 0 };

    (void) unused;
    return syscall(SYS_io_uring_setup, 1, params);
}

static long try_userfaultfd(const char *unused)
{
    (void) unused;
    return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static long try_kexec(const char *unused)
{
    (void) unused;
    return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long try_kexec_file(const char *unused)
{
    (void) unused;
    return syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 4 /* KEXEC_FILE_UNLOAD is 1 */);
}

static long try_init_module(const char *unused)
{
    (void) unused;
    return syscall(SYS_init_module, "", 0, "");
}

static long try_delete_module(const char *unused)
{
    (void) unused;
    return syscall(SYS_delete_module, "hostile", O_NONBLOCK);
}

static long try_reboot(const char *unused)
{
    (void) unused;
    return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF,
                   NULL);
}

static long try_kernel_log(const char *unused)
{
    char text[64];

    (void) unused;
    return syscall(SYS_syslog, 3, text, sizeof text);
}

static long try_set_clock(const char *unused)
{
    struct timespec now;

    (void) unused;
    return clock_gettime(CLOCK_REALTIME, &now) < 0 ? -1 : clock_settime(CLOCK_REALTIME, &now);
}

static long try_adjust_clock(const char *unused)
{
    struct timex t = { .modes = ADJ_STATUS };

    (void) unused;
    return adjtimex(&t);
}

static long try_swap(const char *path)
{
    return swapon(path, 0);
}

static long try_account(const char *path)
{
    return acct(path);
}

static long try_quota(const char *unused)
{
    (void) unused;
    return syscall(SYS_quotactl, 0x80000100 /* Q_SYNC of user quota */, NULL, 0, NULL);
}

static long try_host_name(const char *name)
{
    return sethostname(name, strlen(name));
}

static long try_port_access(const char *unused)
{
    (void) unused;
    return syscall(SYS_iopl, 3);
}

static long try_old_layout(const char *unused)
{
    (void) unused;
    return personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC);
}

static long try_file_handle(const char *unused)
{
    /* the root of most file systems; what opened Docker's hosts in 2014 */
    struct {
        struct file_handle head;
        unsigned char body[8];
    } h = { { .handle_bytes = 8, .handle_type = 1 }, { 2 } };
    auto_fd at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void) unused;
    return at < 0 ? -1 : open_by_handle_at(at, &h.head, O_RDONLY);
}

static long try_fanotify(const char *unused)
{
    (void) unused;
    return syscall(SYS_fanotify_init, 0, O_RDONLY);
}

static long try_move_pages(const char *who)
{
    return syscall(SYS_migrate_pages, strtol(who, NULL, 10), 8UL, (unsigned long[]){ 1 },
                   (unsigned long[]){ 1 });
}

/* ---- files ---- */

static long try_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long try_write(const char *path)
{
    return open(path, O_WRONLY | O_CLOEXEC);
}

static long try_create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

/* a masked file may be opened: there is nothing in it */
static long try_content(const char *path)
{
    char byte[16];
    auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return -1;
    errno = 0;
    long n = read(fd, byte, sizeof byte);
    return n == 0 ? contained("bytes", 0) : n;
}

static long try_device(const char *kind)
{
    bool block = strcmp(kind, "block") == 0;

    return mknod("/tmp/device", (block ? S_IFBLK : S_IFCHR) | 0600U,
                 block ? makedev(8, 0) : makedev(1, 1));
}

static long try_descriptors(const char *unused)
{
    struct stat st;
    long found = 0;

    (void) unused;
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            found += fd > 2 || (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode));
    errno = 0;
    return found > 0 ? found : contained("descriptors", 0);
}

static long try_working_directory(const char *unused)
{
    char path[4096];

    (void) unused;
    /* "(unreachable)" is a directory outside of the root */
    if (!getcwd(path, sizeof path) || path[0] != '/')
        return 0;
    errno = 0;
    return contained("path length", (long) strlen(path));
}

/* ---- terminals ---- */

static long try_type_into(const char *path)
{
    auto_fd fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? -1 : ioctl(fd, TIOCSTI, "x");
}

static long try_type_into_stdin(const char *unused)
{
    (void) unused;
    return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

/* ---- sockets ---- */

static long try_raw_socket(const char *unused)
{
    (void) unused;
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long try_raw6_socket(const char *unused)
{
    (void) unused;
    return socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

static long try_packet_socket(const char *unused)
{
    (void) unused;
    return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long try_family(const char *number)
{
    int family = (int) strtol(number, NULL, 10);
    long fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fd = socket(family, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return fd < 0 ? socket(family, SOCK_RAW | SOCK_CLOEXEC, 2) : fd;
}

static long try_netlink(const char *protocol)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int) strtol(protocol, NULL, 10));
}

/* takes the loopback down; what the kernel says to it is the result */
static long try_change_link(const char *unused)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
    } ask = { { .nlmsg_len = sizeof ask,
                .nlmsg_type = RTM_NEWLINK,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
              { .ifi_index = 1, .ifi_change = 1 } };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer = { 0 };
    auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    (void) unused;
    if (fd < 0 || send(fd, &ask, sizeof ask, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
        return -1;
    errno = -answer.error.error;
    return errno ? -1 : 0;
}

static long try_connect(const char *variable)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct timeval patience = { .tv_sec = CONNECT_SECONDS };
    auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char address[64];
    char *colon;

    (void) snprintf(address, sizeof address, "%s", outside(variable));
    colon = strchr(address, ':');
    if (fd < 0 || !colon)
        return -1;
    *colon = '\0';
    to.sin_port = htons((uint16_t) strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        _exit(2);
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return connect(fd, (const struct sockaddr *) &to, sizeof to);
}

static long try_connect_unix(const char *variable)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const char *path = outside(variable);
    size_t len = strnlen(path, sizeof to.sun_path - 1);
    int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
    long r = -1;

    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(types) && r < 0; i++) {
        auto_fd fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);

        r = fd < 0 ? -1
                   : connect(fd, (const struct sockaddr *) &to,
                             (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len));
    }
    return r;
}

static long try_shared_memory(const char *unused)
{
    (void) unused;
    return shmat((int) strtol(outside("HOSTILE_SHM"), NULL, 10), NULL, SHM_RDONLY) == (void *) -1
               ? -1
               : 0;
}

/* ---- more than its share ---- */

/* the children end when their pipe does */
static long try_fork_bomb(const char *unused)
{
    pid_t pid = 0;
    long n = 0;
    int fd[2];
    char byte;

    (void) unused;
    if (pipe2(fd, O_CLOEXEC) < 0)
        return -1;
    for (; n < BOMB_PROCESSES && (pid = fork()) >= 0; n++)
        if (pid == 0) {
            close(fd[1]);
            _exit((int) read(fd[0], &byte, 1));
        }
    int saved = errno;
    close(fd[1]);
    while (wait(NULL) > 0)
        ;
    errno = saved;
    return n < BOMB_PROCESSES ? contained("processes", n) : n;
}

static long try_memory_bomb(const char *unused)
{
    (void) unused;
    for (long n = 0; n < BOMB_CHUNKS; n++) {
        char *more = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (more == MAP_FAILED)
            return contained("MiB", n);
        memset(more, 'x', CHUNK);
    }
    return 0;
}

/* without a name: its end frees it */
static long try_fill(const char *dir)
{
    static char chunk[CHUNK];
    auto_fd fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    long n = 0;

    if (fd < 0)
        return -1;
    while (n < BOMB_CHUNKS && write(fd, chunk, sizeof chunk) > 0)
        n++;
    return n < BOMB_CHUNKS ? contained("MiB", n) : n;
}

static long try_many_files(const char *dir)
{
    char path[64];
    long n = 0, made = 0;

    for (; n < BOMB_FILES; n++) {
        (void) snprintf(path, sizeof path, "%s/f%ld", dir, n);
        if (mknod(path, S_IFREG | 0600, 0) < 0)
            break;
    }
    int saved = errno;
    for (made = n; n-- > 0;) {
        (void) snprintf(path, sizeof path, "%s/f%ld", dir, n);
        (void) unlink(path);
    }
    errno = saved;
    return made < BOMB_FILES ? contained("files", made) : made;
}

static long try_inotify(const char *unused)
{
    long n = 0;

    (void) unused;
    while (n < BOMB_WATCHES && inotify_init1(IN_CLOEXEC) >= 0)
        n++;
    return n < BOMB_WATCHES ? contained("instances", n) : n;
}

static long try_many_descriptors(const char *unused)
{
    long n = 0;

    (void) unused;
    while (n < BOMB_WATCHES && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        n++;
    return n < BOMB_WATCHES ? contained("descriptors", n) : n;
}

static long try_lock_memory(const char *unused)
{
    void *more =
        mmap(NULL, (size_t) CHUNK * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void) unused;
    return more == MAP_FAILED ? -1 : syscall(SYS_mlock, more, (size_t) CHUNK * 64);
}

static long try_raise_limit(const char *unused)
{
    struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

    (void) unused;
    return setrlimit(RLIMIT_MEMLOCK, &l);
}

#define DOOR(name) "/sys/fs/cgroup/" name

static const struct attempt {
    const char *name;
    long (*run)(const char *argument);
    const char *argument;
} attempts[] = {
    { "mount-tmpfs", try_mount, "tmpfs" },
    { "mount-proc", try_mount, "proc" },
    { "mount-cgroup2", try_mount, "cgroup2" },
    { "mount-overlay", try_mount, "overlay" },
    { "mount-bind", try_bind, "/tmp" },
    { "umount-proc-sys", try_umount, "/proc/sys" },
    { "umount-dev", try_umount, "/dev" },
    { "remount-root", try_remount, "/" },
    { "remount-usr", try_remount, "/usr" },
    { "fsopen", try_fsopen, "tmpfs" },
    { "open-tree", try_open_tree, "/" },
    { "mount-setattr", try_mount_setattr, "/usr" },
    { "pivot-root", try_pivot, "/tmp" },
    { "chroot", try_chroot, "/tmp" },
    { "climb-out", try_climb, "etc/shadow" },
    { "unshare-user", try_unshare, "user" },
    { "unshare-mnt", try_unshare, "mnt" },
    { "unshare-net", try_unshare, "net" },
    { "unshare-pid", try_unshare, "pid" },
    { "unshare-uts", try_unshare, "uts" },
    { "unshare-ipc", try_unshare, "ipc" },
    { "unshare-cgroup", try_unshare, "cgroup" },
    { "clone-user", try_clone, "user" },
    { "clone-net", try_clone, "net" },
    { "clone3-user", try_clone3, "user" },
    { "setns-net", try_setns, "/proc/1/ns/net" },
    { "setns-own-mnt", try_setns, "/proc/self/ns/mnt" },
    { "setns-pidfd", try_setns_pidfd, NULL },
    { "kill-host", try_kill_host, NULL },
    { "trace-host", try_trace_host, NULL },
    { "trace-init", try_trace_init, NULL },
    { "host-memory", try_host_proc, "mem" },
    { "host-root", try_host_proc, "root/etc/shadow" },
    { "host-environment", try_host_proc, "environ" },
    { "host-descriptor", try_host_proc, "fd/0" },
    { "see-init", try_read, "/proc/1" },
    { "list-others", try_list_others, NULL },
    { "init-command-line", try_content, "/proc/1/cmdline" },
    { "init-environment", try_content, "/proc/1/environ" },
    { "init-status", try_content, "/proc/1/status" },
    { "init-memory", try_read, "/proc/1/mem" },
    { "init-root", try_read, "/proc/1/root/etc/passwd" },
    { "init-descriptors", try_read, "/proc/1/fd" },
    { "init-read-memory", try_read_memory_of, "1" },
    { "init-take-descriptor", try_take_fd_of_init, NULL },
    { "priority", try_priority, NULL },
    { "realtime", try_realtime, NULL },
    { "become-root", try_become_root, NULL },
    { "become-root-group", try_become_root_group, NULL },
    { "groups", try_groups, NULL },
    { "capability", try_capability, NULL },
    { "allow-new-privileges", try_allow_new_privileges, NULL },
    { "setuid-program", try_setuid_program, NULL },
    { "setuid-file", try_make_setuid, "/tmp/setuid" },
    { "bpf", try_bpf, NULL },
    { "perf", try_perf, NULL },
    { "keyring", try_keyring, NULL },
    { "add-key", try_add_key, NULL },
    { "request-key", try_request_key, NULL },
    { "io-uring", try_io_uring, NULL },
    { "userfaultfd", try_userfaultfd, NULL },
    { "kexec", try_kexec, NULL },
    { "kexec-file", try_kexec_file, NULL },
    { "load-module", try_init_module, NULL },
    { "unload-module", try_delete_module, NULL },
    { "reboot", try_reboot, NULL },
    { "kernel-log", try_kernel_log, NULL },
    { "set-clock", try_set_clock, NULL },
    { "adjust-clock", try_adjust_clock, NULL },
    { "swap", try_swap, "/tmp/swap" },
    { "accounting", try_account, NULL },
    { "quota", try_quota, NULL },
    { "host-name", try_host_name, "hostile" },
    { "port-access", try_port_access, NULL },
    { "personality", try_old_layout, NULL },
    { "file-handle", try_file_handle, NULL },
    { "fanotify", try_fanotify, NULL },
    { "move-pages", try_move_pages, "1" },
    { "write-core-pattern", try_write, "/proc/sys/kernel/core_pattern" },
    { "write-modprobe", try_write, "/proc/sys/kernel/modprobe" },
    { "write-ip-forward", try_write, "/proc/sys/net/ipv4/ip_forward" },
    { "write-low-ports", try_write, "/proc/sys/net/ipv4/ip_unprivileged_port_start" },
    { "write-sysrq", try_write, "/proc/sysrq-trigger" },
    { "write-irq", try_write, "/proc/irq/default_smp_affinity" },
    { "write-uevent-helper", try_write, "/sys/kernel/uevent_helper" },
    { "write-power", try_write, "/sys/power/state" },
    { "write-oom-score-of-init", try_write, "/proc/1/oom_score_adj" },
    { "write-release-agent", try_write, DOOR("memory/release_agent") },
    { "write-cgroup", try_write, DOOR("cgroup.procs") },
    { "read-kcore", try_content, "/proc/kcore" },
    { "read-kmsg", try_content, "/proc/kmsg" },
    { "read-keys", try_content, "/proc/keys" },
    { "read-timers", try_content, "/proc/timer_list" },
    { "read-mem", try_read, "/dev/mem" },
    { "read-port", try_read, "/dev/port" },
    { "read-kvm", try_read, "/dev/kvm" },
    { "read-fuse", try_read, "/dev/fuse" },
    { "read-tun", try_read, "/dev/net/tun" },
    { "read-disk", try_read, "/dev/sda" },
    { "read-shadow", try_read, "/etc/shadow" },
    { "read-root-home", try_read, "/root" },
    { "create-in-usr", try_create, "/usr/hostile" },
    { "create-in-root", try_create, "/hostile" },
    { "create-in-dev", try_create, "/dev/hostile" },
    { "create-in-etc", try_create, "/etc/hostile" },
    { "overwrite-passwd", try_write, "/etc/passwd" },
    { "overwrite-program", try_write, "/usr/bin/env" },
    { "block-device", try_device, "block" },
    { "character-device", try_device, "character" },
    { "leaked-descriptors", try_descriptors, NULL },
    { "working-directory", try_working_directory, NULL },
    { "type-into-terminal", try_type_into, "/dev/tty" },
    { "type-into-console", try_type_into, "/dev/console" },
    { "type-into-stdin", try_type_into_stdin, NULL },
    { "raw-socket", try_raw_socket, NULL },
    { "raw6-socket", try_raw6_socket, NULL },
    { "packet-socket", try_packet_socket, NULL },
    { "socket-crypto", try_family, "38" },
    { "socket-vsock", try_family, "40" },
    { "socket-xdp", try_family, "44" },
    { "socket-key", try_family, "15" },
    { "netlink-netfilter", try_netlink, "12" },
    { "netlink-audit", try_netlink, "9" },
    { "netlink-uevent", try_netlink, "15" },
    { "netlink-change-link", try_change_link, NULL },
    { "connect-host", try_connect, "HOSTILE_HOST" },
    { "connect-other-project", try_connect, "HOSTILE_OTHER" },
    { "connect-unix", try_connect_unix, "HOSTILE_SOCKET" },
    { "connect-abstract", try_connect_unix, "HOSTILE_ABSTRACT" },
    { "shared-memory", try_shared_memory, NULL },
    { "lock-memory", try_lock_memory, NULL },
    { "raise-limit", try_raise_limit, NULL },
    { "fill-shm", try_fill, "/dev/shm" },
    { "fill-tmp", try_fill, "/tmp" },
    { "fill-run", try_fill, "/run" },
    { "files-in-tmp", try_many_files, "/tmp" },
    { "files-in-shm", try_many_files, "/dev/shm" },
    { "inotify", try_inotify, NULL },
    { "many-descriptors", try_many_descriptors, NULL },
    { "fork-bomb", try_fork_bomb, NULL },
    { "memory-bomb", try_memory_bomb, NULL },
};

static _Noreturn void run_one(const struct attempt *a)
{
    long r;

    (void) alarm(TRY_SECONDS);
    errno = 0;
    r = a->run(a->argument);
    if (r == CONTAINED)
        (void) printf("%s CONTAINED %s\n", a->name, why);
    else
        (void) printf("%s %s\n", a->name, r < 0 ? strerrorname_np(errno) : "ESCAPED");
    (void) fflush(stdout);
    _exit(r == CONTAINED || r < 0 ? 0 : 1);
}

/* in a child of its own: what one try changes must not help or hinder the next */
static bool is_held(const struct attempt *a)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        run_one(a);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    if (WIFSIGNALED(status)) {
        bool killed = WTERMSIG(status) == SIGKILL;

        (void) printf("%s %s signal %d\n", a->name, killed ? "CONTAINED" : "ESCAPED",
                      WTERMSIG(status));
        return killed;
    }
    return WEXITSTATUS(status) == 0;
}

static const struct attempt *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
        if (strcmp(attempts[i].name, name) == 0)
            return &attempts[i];
    return NULL;
}

int main(int argc, char **argv)
{
    bool all_held = true;

    if (argc == 2 && strcmp(argv[1], "--root") == 0)
        return geteuid() == 0 ? 0 : 3;
    (void) setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        if (!find(argv[i]))
            return 2;
        all_held = is_held(find(argv[i])) && all_held;
    }
    for (size_t i = 0; argc == 1 && i < ARRAY_LEN(attempts); i++)
        all_held = is_held(&attempts[i]) && all_held;
    return all_held ? 0 : 1;
}
