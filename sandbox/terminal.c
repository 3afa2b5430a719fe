#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/place.h"

/* more than a terminal of Linux holds: 64 KiB on their way and 4 KiB that can be read */
enum { HELD = 128 * 1024 };

int terminal_open(struct terminal *t, int root)
{
    const struct winsize size = { .ws_row = TERMINAL_ROWS, .ws_col = TERMINAL_COLUMNS };
    auto_fd ptmx = place_open(root, "/dev/pts/ptmx", PLACE_EXISTING);
    auto_fd console = place_open(root, "/dev/console", PLACE_FILE);
    int locked = 0;

    if (ptmx < 0 || console < 0)
        return ptmx < 0 ? ptmx : console;
    auto_fd master = open(place_name(ptmx).text, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
        return -errno;
    auto_fd slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || ioctl(master, TIOCSWINSZ, &size) < 0 ||
        mount(place_name(slave).text, place_name(console).text, NULL, MS_BIND, NULL) < 0)
        return -errno;
    t->block = malloc(TERMINAL_ROOM);
    if (!t->block)
        return -ENOMEM;
    t->master = take_fd(&master);
    t->slave = take_fd(&slave);
    return 0;
}

int terminal_begin(struct terminal *t, int log, uid_t uid, gid_t gid)
{
    sigset_t all;

    (void) sigfillset(&all);
    t->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (t->signals < 0 || fcntl(log, F_SETFL, O_WRONLY | O_NONBLOCK) < 0 ||
        fchown(t->slave, uid, gid) < 0)
        return -errno;
    t->log = log;
    return 0;
}

static bool take(struct terminal *t)
{
    ssize_t n = read(t->master, t->block, TERMINAL_ROOM);

    t->sent = 0;
    t->used = n > 0 ? (size_t) n : 0;
    return n > 0;
}

static void give(struct terminal *t)
{
    ssize_t n = write(t->log, t->block + t->sent, t->used - t->sent);

    t->sent += n > 0 ? (size_t) n : 0;
    if (t->sent == t->used)
        t->sent = t->used = 0;
}

int terminal_wait(struct terminal *t)
{
    enum { SIGNALS, MASTER, LOG, ALL };
    struct signalfd_siginfo info;

    for (;;) {
        struct pollfd p[ALL] = {
            [SIGNALS] = { .fd = t->signals, .events = POLLIN },
            [MASTER] = { .fd = t->used > 0 ? -1 : t->master, .events = POLLIN },
            [LOG] = { .fd = t->used > 0 ? t->log : -1, .events = POLLOUT },
        };

        if (poll(p, ALL, -1) < 0)
            continue;
        if (p[LOG].revents || (p[MASTER].revents && take(t)))
            give(t);
        if (p[SIGNALS].revents && read(t->signals, &info, sizeof info) == sizeof info)
            return (int) info.ssi_signo;
    }
}

void terminal_drain(struct terminal *t)
{
    /* the bound is for processes that go on writing: they end with init */
    for (size_t taken = 0; t->used > 0 || (taken < HELD && take(t));) {
        struct pollfd p = { .fd = t->log, .events = POLLOUT };

        taken += t->sent == 0 ? t->used : 0;
        if (poll(&p, 1, -1) > 0)
            give(t);
    }
}
