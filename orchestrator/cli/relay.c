#include "cli/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

enum { HANG_UP_MS = 1000 };

static void close_all(int *fds)
{
    for (int i = 0; i < RELAY_STREAMS; i++)
        if (fds[i] >= 0)
            close(take_fd(&fds[i]));
}

static void copy_size(const struct relay *r)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        (void) ioctl(r->ours[0], TIOCSWINSZ, &size);
}

static int open_terminal(struct relay *r)
{
    auto_fd ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    char name[64];

    if (ours < 0 || grantpt(ours) < 0 || unlockpt(ours) < 0)
        return -errno;
    if (ptsname_r(ours, name, sizeof name) != 0)
        return -errno;
    for (int i = 0; i < RELAY_STREAMS; i++)
        if ((r->theirs[i] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
            return -errno;
    r->ours[0] = take_fd(&ours);
    r->ours[1] = fcntl(r->ours[0], F_DUPFD_CLOEXEC, 0);
    copy_size(r);
    return r->ours[1] < 0 ? -errno : 0;
}

static int open_pipes(struct relay *r)
{
    for (int i = 0; i < RELAY_STREAMS; i++) {
        int fd[2], our_end = i == 0 ? 1 : 0;

        if (pipe2(fd, O_CLOEXEC) < 0)
            return -errno;
        r->ours[i] = fd[our_end];
        r->theirs[i] = fd[1 - our_end];
        if (fcntl(r->ours[i], F_SETFL, O_NONBLOCK) < 0)
            return -errno;
    }
    return 0;
}

static int open_signals(void)
{
    static const int wanted[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    sigset_t set;

    (void) sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        (void) sigaddset(&set, wanted[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int relay_open(struct relay *r, bool terminal, struct err *e)
{
    int code;

    *r = RELAY_CLOSED;
    r->signals = open_signals();
    code = r->signals < 0 ? r->signals : terminal ? open_terminal(r) : open_pipes(r);
    if (code == 0 && terminal && tcgetattr(STDIN_FILENO, &r->before) < 0)
        code = -errno;
    return code < 0 ? err_set(e, code, "preparing %s: %s", terminal ? "a terminal" : "pipes",
                              strerror(-code))
                    : 0;
}

int relay_open_nothing(struct relay *r, struct err *e)
{
    *r = RELAY_CLOSED;
    r->in_ended = true;
    r->signals = open_signals();
    for (int i = 0; i < RELAY_STREAMS && r->signals >= 0; i++)
        if ((r->theirs[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
            return err_set(e, -errno, "/dev/null: %s", strerror(errno));
    return r->signals < 0 ? err_set(e, r->signals, "signals: %s", strerror(-r->signals)) : 0;
}

static void make_raw(struct relay *r)
{
    struct termios raw = r->before;

    cfmakeraw(&raw);
    r->terminal = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

int relay_open_input(struct relay *r, int input, bool terminal, bool typed, struct err *e)
{
    bool raw = terminal && typed && isatty(STDIN_FILENO);

    *r = RELAY_CLOSED;
    r->keeps = true;
    r->in_ended = !typed || input < 0;
    r->ours[0] = input;
    r->signals = open_signals();
    if (r->signals < 0)
        return err_set(e, r->signals, "signals: %s", strerror(-r->signals));
    if (input >= 0 && fcntl(input, F_SETFL, fcntl(input, F_GETFL) | O_NONBLOCK) < 0)
        return err_set(e, -errno, "the service's input: %s", strerror(errno));
    if (raw && tcgetattr(STDIN_FILENO, &r->before) < 0)
        return err_set(e, -errno, "the terminal: %s", strerror(errno));
    if (terminal)
        copy_size(r);
    if (raw)
        make_raw(r);
    return 0;
}

void relay_begin(struct relay *r)
{
    close_all(r->theirs);
    if (r->ours[2] >= 0 || r->ours[0] < 0)
        return; /* pipes, or nothing */
    make_raw(r);
}

/* letters stay, what a terminal would obey does not */
static void tame(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char) text[i] < ' ' && text[i] != '\n' && text[i] != '\t')
            text[i] = '?';
}

/* one read's worth of the command's output; 0 when there is no more, now or ever */
static int carry_out(struct relay *r, int which)
{
    char block[RELAY_ROOM];
    ssize_t n = read(r->ours[which], block, sizeof block);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) { /* EIO: the last one with the terminal open has gone */
        close(take_fd(&r->ours[which]));
        return 0;
    }
    if (which == STDERR_FILENO && r->tame)
        tame(block, (size_t) n);
    return fsio_write_all(r->local[which], block, (size_t) n) < 0 ? -EPIPE : 1;
}

static void read_in(struct relay *r)
{
    char typed[RELAY_ROOM - DETACH_KEYS_MAX];
    ssize_t n = read(r->local[0], typed, sizeof typed);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    r->in_sent = r->in_used = 0;
    if (n > 0)
        r->detached = detach_keys_take(&r->keys, typed, (size_t) n, r->in, &r->in_used);
    r->in_ended = n <= 0;
}

static void carry_in(struct relay *r)
{
    ssize_t n = write(r->ours[0], r->in + r->in_sent, r->in_used - r->in_sent);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    r->in_sent += n > 0 ? (size_t) n : 0;
    if (n < 0) /* nobody reads it: what else comes is not taken from the caller */
        r->in_ended = true;
    if (n < 0 || r->in_sent == r->in_used)
        r->in_used = r->in_sent = 0;
}

static int take_signal(const struct relay *r)
{
    struct signalfd_siginfo info;

    if (read(r->signals, &info, sizeof info) != sizeof info)
        return 0;
    if (info.ssi_signo != SIGWINCH)
        return (int) info.ssi_signo;
    copy_size(r);
    return 0;
}

int relay_run(struct relay *r, int other)
{
    enum { OTHER, SIGNALS, IN_FROM, IN_TO, OUT, ERRORS, ALL };

    for (;;) {
        bool full = r->in_used > 0;
        struct pollfd p[ALL] = {
            [OTHER] = { .fd = other, .events = POLLIN },
            [SIGNALS] = { .fd = r->signals, .events = POLLIN },
            [IN_FROM] = { .fd = full || r->in_ended ? -1 : r->local[0], .events = POLLIN },
            [IN_TO] = { .fd = full ? r->ours[0] : -1, .events = POLLOUT },
            [OUT] = { .fd = r->ours[1], .events = POLLIN },
            [ERRORS] = { .fd = r->ours[2], .events = POLLIN },
        };
        int code = 0;

        if (poll(p, ALL, -1) < 0 && errno != EINTR)
            return -errno;
        if (p[SIGNALS].revents && (code = take_signal(r)) > 0)
            return code;
        if (p[IN_FROM].revents)
            read_in(r);
        if (r->detached)
            return -ECANCELED;
        if (p[IN_TO].revents)
            carry_in(r);
        if (r->in_ended && r->in_used == 0 && r->ours[0] >= 0 && !r->keeps)
            close(take_fd(&r->ours[0])); /* the command reads its end */
        for (int i = 1; i < RELAY_STREAMS && code >= 0; i++)
            if (p[OUT + i - 1].revents)
                code = carry_out(r, i);
        if (code < 0)
            return code;
        if (p[OTHER].revents)
            return 0;
    }
}

void relay_drain(struct relay *r)
{
    struct pollfd p = { .fd = r->ours[1], .events = POLLIN };

    /* what is written to a terminal takes its way through a queue of the kernel, and the end of the
     * command hangs the terminal up behind it; a time limit for one that somebody else keeps open
     */
    while (r->terminal && r->ours[1] >= 0 && poll(&p, 1, HANG_UP_MS) > 0)
        if (carry_out(r, 1) < 0)
            break;
    for (int i = 1; i < RELAY_STREAMS; i++)
        while (r->ours[i] >= 0 && carry_out(r, i) > 0)
            ;
}

void relay_close(struct relay *r)
{
    if (r->terminal)
        (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &r->before);
    r->terminal = false;
    close_all(r->theirs);
    close_all(r->ours);
    if (r->signals >= 0)
        close(take_fd(&r->signals));
}
