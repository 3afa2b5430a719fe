/* What the kernel says of the processes of services: rights, filters, namespaces, and the way of a
 * line to its log (R9.1). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "model/member.h"
#include "verify/rights.h"
#include "verify/verify_impl.h"

/* What a line may take from a service to its log. */
#define LOG_US (5 * USEC_PER_SEC)
enum { LOOK_AGAIN_MS = 20, TAIL_MAX = 64 * 1024, STATUS_MAX = 16 * 1024 };

/* -EACCES: only root may look */
static int same_namespace(int pid, const char *kind, bool *same)
{
    auto_free char *theirs = paths_join("/proc/%d/ns/%s", pid, kind);
    auto_free char *ours = paths_join("/proc/self/ns/%s", kind);
    struct stat a, b;

    if (stat(theirs, &a) < 0 || stat(ours, &b) < 0)
        return -errno;
    *same = a.st_ino == b.st_ino;
    return 0;
}

static int judge_namespaces(const struct unit *u, int pid, char *what, size_t room)
{
    const struct {
        const char *kind;
        bool shared;
    } all[] = { { "mnt", false },
                { "pid", u->pid_of[0] != '\0' },
                { "net", u->network_of[0] != '\0' },
                { "ipc", u->ipc_of[0] != '\0' },
                { "uts", u->host_uts },
                { "cgroup", u->host_cgroup } };

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool same = false;
        int r = same_namespace(pid, all[i].kind, &same);

        if (r < 0)
            return r;
        if (same && !all[i].shared)
            rights_complain(what, room, "it is in the host's %s namespace", all[i].kind);
    }
    return 0;
}

void verify_service_sandbox(struct verify *v)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(v->status, "services"), i, one) {
        const struct unit *u = project_unit(v->project, member_text(one, "service"));
        int pid = (int) json_integer_value(json_object_get(one, "pid"));
        auto_free char *path = paths_join("/proc/%d/status", pid), *status = NULL;
        const char *name = member_text(one, "name");
        char what[512];
        bool looked;

        if (!u || !verify_is_running(one))
            continue;
        if (fsio_read_pseudo(AT_FDCWD, path, STATUS_MAX, &status) < 0) {
            verify_say(v, VERIFY_SKIP, name, "process %d has ended meanwhile", pid);
            continue;
        }
        rights_judge(u, status, what, sizeof what);
        looked = judge_namespaces(u, pid, what, sizeof what) == 0;
        if (what[0]) {
            verify_say(v, VERIFY_FAIL, name, "process %d: %s", pid, what);
            verify_next(v, "ipam-orch harden --show %s", u->name);
        } else {
            verify_say(v, VERIFY_OK, name, "no new rights, a system call filter, user %s%s",
                       u->user, looked ? ", namespaces of its own" : "");
        }
    }
}

/* ---- the way of a line ---- */

/* the end of what its program writes to, -1 if that is no pipe or terminal */
static int output_of(int pid)
{
    for (int n = STDOUT_FILENO; n <= STDERR_FILENO; n++) {
        auto_free char *path = paths_join("/proc/%d/fd/%d", pid, n);
        auto_fd fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || isatty(fd)))
            return take_fd(&fd);
        if (fd < 0 && errno == EACCES)
            return -EACCES;
    }
    return -ENXIO;
}

static bool is_in_log(const char *path, const char *marker)
{
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *text = calloc(1, TAIL_MAX + 1);
    struct stat st;
    ssize_t n;

    if (!text)
        abort();
    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    n = pread(fd, text, TAIL_MAX, st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0);
    return n > 0 && memmem(text, (size_t) n, marker, strlen(marker));
}

/* A line of ours, as if the service had written it. */
static void follow_line(struct verify *v, const json_t *one)
{
    auto_free char *path =
        paths_join("%s/%s/%s.log", paths_log(), v->project->name, member_text(one, "name"));
    auto_free char *line = NULL;
    uint64_t began = clock_now_us();
    const char *name = member_text(one, "name");
    auto_fd fd = output_of((int) json_integer_value(json_object_get(one, "pid")));

    if (fd < 0) {
        verify_say(v, VERIFY_SKIP, name, "%s",
                   fd == -EACCES ? "only root can write a line into the output of a service"
                                 : "what it writes goes elsewhere");
        return;
    }
    if (asprintf(&line, "ipam-orch verify %llx\n", (unsigned long long) began) < 0)
        abort();
    if (write(fd, line, strlen(line)) != (ssize_t) strlen(line)) {
        verify_say(v, VERIFY_FAIL, name, "the pipe to its log takes nothing: %s", strerror(errno));
        return;
    }
    line[strlen(line) - 1] = '\0';
    while (!is_in_log(path, line) && clock_now_us() - began < LOG_US)
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
    if (is_in_log(path, line)) {
        verify_say(v, VERIFY_OK, name, "a line has reached %s", path);
    } else {
        verify_say(v, VERIFY_FAIL, name, "a line has not reached %s within %d s", path,
                   (int) (LOG_US / USEC_PER_SEC));
        verify_next(v, "tail %s/ipam-orchd.log", paths_log());
    }
}

void verify_service_log(struct verify *v)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(v->status, "services"), i, one) {
        const struct unit *u = project_unit(v->project, member_text(one, "service"));

        if (u && verify_is_running(one) && !u->log_silent && u->n_listen == 0)
            follow_line(v, one);
    }
}
