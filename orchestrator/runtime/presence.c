#include "runtime/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

enum { TABLE_MAX = 4 * 1024 * 1024, CHILDREN_MAX = 64 * 1024, PORTS = 64 };

/* states of sockets as the kernel writes them (tcp_states.h) */
enum { ESTABLISHED = 1, LISTEN = 10 };

enum { HEX_ADDRESS = 32 };

struct row {
    char address[HEX_ADDRESS + 1], peer[HEX_ADDRESS + 1];
    unsigned port, state;
};

static bool read_row(const char *line, struct row *out)
{
    unsigned peer_port;

    return sscanf(line, " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%x %x", out->address, &out->port,
                  out->peer, &peer_port, &out->state) == 5;
}

static bool is_heard(const unsigned *ports, size_t n, unsigned port)
{
    for (size_t i = 0; i < n; i++)
        if (ports[i] == port)
            return true;
    return false;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end && end[1] != '\0' ? end + 1 : NULL;
}

int presence_count(const char *table)
{
    unsigned ports[PORTS];
    size_t n = 0;
    struct row r;
    int found = 0;

    for (const char *line = table; line; line = next_line(line))
        if (n < PORTS && read_row(line, &r) && r.state == LISTEN)
            ports[n++] = r.port;
    /* its own health checks and whoever else is inside have the same address at both ends */
    for (const char *line = table; line; line = next_line(line))
        found += read_row(line, &r) && r.state == ESTABLISHED && is_heard(ports, n, r.port) &&
                 strcmp(r.address, r.peer) != 0;
    return found;
}

int presence_inbound(int pid)
{
    static const char *const tables[] = { "tcp", "tcp6" };
    int found = 0;

    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        auto_free char *path = paths_join("/proc/%d/net/%s", pid, tables[i]);
        auto_free char *text = NULL;
        int r = fsio_read_pseudo(AT_FDCWD, path, TABLE_MAX, &text);

        if (r == -ENOENT && i > 0)
            continue; /* without IPv6 */
        if (r < 0)
            return r;
        found += presence_count(text);
    }
    return found;
}

size_t presence_children(int pid, int *pids, size_t max)
{
    auto_free char *path = paths_join("/proc/%d/task/%d/children", pid, pid);
    auto_free char *text = NULL;
    size_t n = 0;

    if (fsio_read_pseudo(AT_FDCWD, path, CHILDREN_MAX, &text) < 0)
        return 0;
    for (char *at = text, *end; n < max; at = end) {
        long one = strtol(at, &end, 10);

        if (end == at)
            break;
        pids[n++] = (int) one;
    }
    return n;
}

bool presence_is_running(int pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}
