#include "base/moment.h"

#ifdef IPAM_FAILPOINTS

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

enum { LINE_MAX_ = 256, SEEN_MAX = 16 * 1024 * 1024, SEEN_MODE = 0666 };

/* "WHAT WHICH\n" */
static void describe(char line[LINE_MAX_], const char *what, const char *which)
{
    const char *name = strrchr(which, '/') ? strrchr(which, '/') + 1 : which;
    size_t n = (size_t) snprintf(line, LINE_MAX_ / 2, "%s ", what);

    for (; *name && n < LINE_MAX_ - 2; name++) {
        bool digit = isdigit((unsigned char) *name);

        if (!digit || line[n - 1] != '#')
            line[n++] = *name;
        if (digit)
            line[n - 1] = '#';
    }
    line[n] = '\n';
    line[n + 1] = '\0';
}

static unsigned count_lines(const char *text, const char *line)
{
    size_t len = strlen(line);
    unsigned n = 0;

    for (; *text; text += strcspn(text, "\n") + 1)
        n += strncmp(text, line, len) == 0;
    return n;
}

void moment_reach(const char *what, const char *which)
{
    const char *dir = getenv("IPAM_ORCH_MOMENTS");
    auto_free char *seen = NULL, *end = NULL, *wanted = NULL, *all = NULL;
    char line[LINE_MAX_], *rest = NULL;
    auto_fd fd = -1;
    int before = errno;
    unsigned long nth;

    if (!dir)
        return;
    describe(line, what, which);
    seen = paths_join("%s/%s.seen", dir, program_invocation_short_name);
    end = paths_join("%s/%s.end", dir, program_invocation_short_name);
    fd = open(seen, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, SEEN_MODE);
    if (fd >= 0)
        (void) !write(fd, line, strlen(line));
    if (fsio_read(AT_FDCWD, end, LINE_MAX_, &wanted, NULL) == 0) {
        nth = strtoul(wanted, &rest, 10);
        if (*rest == ' ' && strcmp(rest + 1, line) == 0 &&
            fsio_read(AT_FDCWD, seen, SEEN_MAX, &all, NULL) == 0 && count_lines(all, line) == nth) {
            (void) unlink(end);
            (void) kill(getpid(), SIGKILL);
        }
    }
    errno = before;
}

#else

/* ISO C wants a declaration in every file */
typedef int moment_none;

#endif
