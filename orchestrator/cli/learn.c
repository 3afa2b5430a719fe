#include "cli/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "cli/syscalls.h"

enum { PSEUDO_FILE_MAX = 1024 * 1024 };

/* ---- the control group ---- */

/* of the file system "cgroup2": its place is the fifth field, the type follows " - " */
static char *unified_root(void)
{
    auto_free char *mounts = NULL;
    char *rest;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/self/mountinfo", PSEUDO_FILE_MAX, &mounts) < 0)
        return NULL;
    rest = mounts;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *place = NULL;

        if (!strstr(line, " - cgroup2 "))
            continue;
        for (int i = 0; i < 5; i++)
            place = strsep(&line, " ");
        return place ? strdup(place) : NULL;
    }
    return NULL;
}

/* what the kernel calls the group: the number of its directory */
static int group_of(pid_t pid, uint64_t *out, struct err *e)
{
    auto_free char *file = paths_join("/proc/%d/cgroup", (int) pid);
    auto_free char *root = unified_root(), *text = NULL;
    const char *line;
    struct stat st;

    if (!root)
        return err_set(e, -ENOTSUP, "learning needs a cgroup2 tree, and none is mounted");
    if (fsio_read_pseudo(AT_FDCWD, file, PSEUDO_FILE_MAX, &text) < 0 ||
        !(line = strstr(text, "0::/")))
        return err_set(e, -ESRCH, "%s has no control group", file);
    auto_free char *dir = paths_join("%s%.*s", root, (int) strcspn(line + 3, "\n"), line + 3);
    if (stat(dir, &st) < 0)
        return err_set(e, -errno, "%s: %s", dir, strerror(errno));
    *out = st.st_ino;
    return 0;
}

/* ---- the program ---- */

static int bpf(int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof *attr);

    return r < 0 ? -errno : (int) r;
}

static int load(uint64_t group, int map)
{
#define STEP(c, to, from, offset, value)                                                           \
    {                                                                                              \
        .code = (c), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (value)           \
    }
    /* counts[number of the call]++, when the process is in the group */
    const struct bpf_insn steps[] = {
        STEP(BPF_LDX | BPF_MEM | BPF_DW, 6, 1, 8, 0), /* second argument of sys_enter */
        STEP(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_cgroup_id),
        STEP(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, (int) (uint32_t) group),
        STEP(0, 0, 0, 0, (int) (uint32_t) (group >> 32)),
        STEP(BPF_JMP | BPF_JNE | BPF_X, 0, 1, 9, 0),
        STEP(BPF_STX | BPF_MEM | BPF_W, 10, 6, -4, 0),
        STEP(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
        STEP(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
        STEP(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map),
        STEP(0, 0, 0, 0, 0),
        STEP(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
        STEP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
        STEP(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
        STEP(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),
        STEP(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
        STEP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
#undef STEP
    union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
                            .insn_cnt = ARRAY_LEN(steps),
                            .insns = (uintptr_t) steps,
                            .license = (uintptr_t) "Apache-2.0" };

    return bpf(BPF_PROG_LOAD, &attr);
}

/* SIGINT ends it early, with what was counted */
static void wait_for(uint64_t duration_us)
{
    struct timespec left = { .tv_sec = (time_t) (duration_us / USEC_PER_SEC),
                             .tv_nsec = (long) (duration_us % USEC_PER_SEC) * 1000 };
    sigset_t set, before;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigprocmask(SIG_BLOCK, &set, &before);
    (void) sigtimedwait(&set, NULL, &left);
    (void) sigprocmask(SIG_SETMASK, &before, NULL);
}

static int count(uint64_t group, uint64_t duration_us, uint64_t counts[LEARN_CALLS_MAX])
{
    union bpf_attr make = { .map_type = BPF_MAP_TYPE_ARRAY,
                            .key_size = sizeof(uint32_t),
                            .value_size = sizeof *counts,
                            .max_entries = LEARN_CALLS_MAX };
    auto_fd map = bpf(BPF_MAP_CREATE, &make);
    auto_fd program = map < 0 ? map : load(group, map);
    union bpf_attr at = { .raw_tracepoint = { .name = (uintptr_t) "sys_enter",
                                              .prog_fd = (uint32_t) program } };
    auto_fd attached = program < 0 ? program : bpf(BPF_RAW_TRACEPOINT_OPEN, &at);

    if (attached < 0)
        return attached;
    wait_for(duration_us);
    for (uint32_t n = 0; n < LEARN_CALLS_MAX; n++) {
        union bpf_attr get = { .map_fd = (uint32_t) map,
                               .key = (uintptr_t) &n,
                               .value = (uintptr_t) &counts[n] };
        int r = bpf(BPF_MAP_LOOKUP_ELEM, &get);

        if (r < 0)
            return r;
    }
    return 0;
}

int learn_count(pid_t pid, uint64_t duration_us, uint64_t counts[LEARN_CALLS_MAX], struct err *e)
{
    uint64_t group = 0;
    int r = group_of(pid, &group, e);

    if (r < 0)
        return r;
    r = count(group, duration_us, counts);
    if (r == 0)
        return 0;
    err_set(e, r, "counting system calls: %s", strerror(-r));
    return r == -EPERM || r == -EACCES ? err_classify(e, ERR_DENIED) : r;
}

/* ---- the profile ---- */

/* what programs do when they begin and end, shells and the commands of health checks too: nobody
 * watched them do it */
static const char *const usual[] = {
    "access",
    "arch_prctl",
    "brk",
    "capget",
    "chdir",
    "clock_gettime",
    "clock_nanosleep",
    "clone",
    "close",
    "close_range",
    "connect",
    "dup",
    "dup2",
    "dup3",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fcntl",
    "fork",
    "fstat",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "gettid",
    "getuid",
    "ioctl",
    "kill",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "prlimit64",
    "pselect6",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "set_tid_address",
    "setpgid",
    "setsid",
    "sigaltstack",
    "socket",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "tgkill",
    "umask",
    "uname",
    "vfork",
    "wait4",
    "waitid",
    "write",
    "writev",
};

static bool is_needed(const char *name, const json_t *seen)
{
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (strcmp(usual[i], name) == 0)
            return true;
    return json_object_get(seen, name) != NULL;
}

/* an entry without the names that nobody needs; NULL when none is left */
static json_t *narrow(const json_t *rule, const json_t *seen)
{
    const char *action = json_string_value(json_object_get(rule, "action"));
    json_t *out = json_deep_copy(rule), *names = json_array();
    const json_t *all = json_object_get(rule, "names");

    const char *single = json_string_value(json_object_get(rule, "name"));

    if (!action || strcmp(action, "SCMP_ACT_ALLOW") != 0 || (single && is_needed(single, seen))) {
        json_decref(names);
        return out;
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *name = json_string_value(json_array_get(all, i));

        if (name && is_needed(name, seen))
            (void) json_array_append_new(names, json_string(name));
    }
    if (json_array_size(names) == 0) {
        json_decref(names);
        json_decref(out);
        return NULL;
    }
    (void) json_object_set_new(out, "names", names);
    return out;
}

json_t *learn_profile(const json_t *profile, const uint64_t counts[LEARN_CALLS_MAX])
{
    const json_t *rules = json_object_get(profile, "syscalls");
    json_t *out = json_deep_copy(profile), *kept = json_array(), *seen = json_object();

    for (int n = 0; n < LEARN_CALLS_MAX; n++) {
        auto_free char *name = counts[n] ? syscalls_name(n) : NULL;

        if (name)
            (void) json_object_set_new(seen, name, json_true());
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        json_t *rule = narrow(json_array_get(rules, i), seen);

        if (rule)
            (void) json_array_append_new(kept, rule);
    }
    (void) json_object_set_new(out, "syscalls", kept);
    (void) json_object_set_new(out, "comment", json_string("learned by ipam-orch harden --learn"));
    json_decref(seen);
    return out;
}
