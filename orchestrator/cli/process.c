#include "cli/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"

enum { FILE_MAX = 64 * 1024, PATH_ROOM = 64 };

/* the arguments, one after the other; empty for a kernel thread or a zombie */
static void read_command(int proc, pid_t pid, const char *name, struct process *out)
{
    char path[PATH_ROOM];
    ssize_t n = -1;

    (void) snprintf(path, sizeof path, "%d/cmdline", (int) pid);
    auto_fd fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        n = read(fd, out->command, sizeof out->command - 1);
    while (n > 0 && out->command[n - 1] == '\0')
        n--;
    if (n <= 0)
        n = snprintf(out->command, sizeof out->command, "[%.64s]", name);
    out->command[n] = '\0';
    for (ssize_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) out->command[i];

        if (c == '\0')
            out->command[i] = ' ';
        else if (c < ' ' || c > '~')
            out->command[i] = '?';
    }
}

static int read_one(int proc, pid_t pid, struct process *out)
{
    auto_free char *stat = NULL;
    auto_free char *status = NULL;
    char path[PATH_ROOM];
    uint64_t user = 0, system = 0;
    int parent = 0;
    const char *uid;
    int r;

    (void) snprintf(path, sizeof path, "%d/stat", (int) pid);
    if ((r = fsio_read_pseudo(proc, path, FILE_MAX, &stat)) < 0)
        return r;
    (void) snprintf(path, sizeof path, "%d/status", (int) pid);
    if ((r = fsio_read_pseudo(proc, path, FILE_MAX, &status)) < 0)
        return r;
    /* the name is in parentheses and may hold any: the last one ends it */
    char *name = strchr(stat, '('), *end = strrchr(stat, ')');
    if (!name || !end || end < name ||
        sscanf(end + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &parent,
               &user, &system) != 3)
        return -EINVAL;
    *end = '\0';
    uid = strstr(status, "\nUid:");
    *out = (struct process){ .pid = pid,
                             .parent = parent,
                             .uid = uid ? (uid_t) strtoul(uid + strlen("\nUid:"), NULL, 10) : 0,
                             .cpu_ticks = user + system };
    read_command(proc, pid, name + 1, out);
    return 0;
}

static int by_pid(const void *a, const void *b)
{
    const struct process *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

int process_list_read(const char *proc, struct process_list *out, struct err *e)
{
    auto_dir dir = opendir(proc);
    struct process_list l = { 0 };
    const struct dirent *entry;
    uint64_t pid = 0;

    if (!dir)
        return err_set(e, -errno, "reading %s: %s", proc, strerror(errno));
    while ((entry = readdir(dir))) {
        if (num_u64(entry->d_name, INT32_MAX, &pid) < 0)
            continue;
        l.items = reallocarray(l.items, l.n + 1, sizeof *l.items);
        if (!l.items)
            abort();
        if (read_one(dirfd(dir), (pid_t) pid, &l.items[l.n]) == 0)
            l.n++;
    }
    if (l.n > 0)
        qsort(l.items, l.n, sizeof *l.items, by_pid);
    *out = l;
    return 0;
}

void process_list_clear(struct process_list *l)
{
    free(l->items);
    *l = (struct process_list){ 0 };
}

const struct process *process_find(const struct process_list *l, pid_t pid)
{
    const struct process key = { .pid = pid };

    return l->n ? bsearch(&key, l->items, l->n, sizeof *l->items, by_pid) : NULL;
}

bool process_is_below(const struct process_list *l, const struct process *p, pid_t ancestor)
{
    /* what is read while it changes may lead in a circle */
    for (size_t steps = 0; p && steps < l->n; steps++) {
        if (p->parent == ancestor)
            return true;
        p = process_find(l, p->parent);
    }
    return false;
}
