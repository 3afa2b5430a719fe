#include "cli/secret_input.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"

/* a line, byte by byte: what follows is not ours to take */
static int read_line(int fd, char out[PASSWORD_MAX + 1], struct err *e)
{
    size_t n = 0;
    char c = '\0';
    ssize_t got;

    while ((got = read(fd, &c, 1)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, -errno, "reading the value: %s", strerror(errno));
        if (c == '\n')
            break;
        if (n == PASSWORD_MAX) {
            err_set(e, -EINVAL, "the value has more than %d characters", PASSWORD_MAX);
            return err_classify(e, ERR_USAGE);
        }
        out[n++] = c;
    }
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    if (n > 0)
        return 0;
    err_set(e, -EINVAL, "no value was given");
    err_hint(e, "type it, or pipe it in");
    return err_classify(e, ERR_USAGE);
}

static int ask(const char *what, const char *again, char out[PASSWORD_MAX + 1], struct err *e)
{
    fprintf(stderr, "%s%s: ", what, again);
    (void) fflush(stderr);
    int r = read_line(STDIN_FILENO, out, e);
    fputc('\n', stderr);
    return r;
}

static int ask_twice(const char *what, char out[PASSWORD_MAX + 1], struct err *e)
{
    char second[PASSWORD_MAX + 1] = "";
    int r = ask(what, "", out, e);

    if (r == 0)
        r = ask(what, " again", second, e);
    if (r == 0 && strcmp(out, second) != 0) {
        err_set(e, -EINVAL, "these are two different values");
        r = err_classify(e, ERR_USAGE);
    }
    explicit_bzero(second, sizeof second);
    return r;
}

int secret_input_read(const char *what, char out[PASSWORD_MAX + 1], struct err *e)
{
    struct termios before, quiet;
    sigset_t all, mask;
    int r;

    out[0] = '\0';
    if (!isatty(STDIN_FILENO))
        return read_line(STDIN_FILENO, out, e);
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return err_set(e, -errno, "the terminal: %s", strerror(errno));
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t) ECHO;
    /* whoever interrupts gets a terminal back that echoes: ctrl-c is a character meanwhile */
    quiet.c_lflag &= ~(tcflag_t) ISIG;
    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, &mask);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
        r = err_set(e, -errno, "the terminal: %s", strerror(errno));
    else
        r = ask_twice(what, out, e);
    (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void) sigprocmask(SIG_SETMASK, &mask, NULL);
    if (r == 0 && strchr(out, '\003')) {
        err_set(e, -ECANCELED, "interrupted: nothing was changed");
        r = e->code;
    }
    return r;
}
