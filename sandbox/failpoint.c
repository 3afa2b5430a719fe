#include "sandbox/failpoint.h"

#ifdef IPAM_FAILPOINTS

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define FAILPOINT_TEXT_(id, text) text,
static const char *const failpoint_text[] = { FAILPOINTS(FAILPOINT_TEXT_) };
#undef FAILPOINT_TEXT_

/* stderr is a file opened to append, where pwrite(2) appends: it is all that an init may still do
 * which has dropped its rights */
static void say(const char *what, const char *name, uint64_t at_us)
{
    char line[128];
    int n = snprintf(line, sizeof line, "%s %s %" PRIu64 "\n", what, name, at_us);

    (void) !pwrite(STDERR_FILENO, line, (size_t) n, 0);
}

void failpoint_reach(enum failpoint f)
{
    const char *wanted = getenv("IPAM_ORCH_FAILPOINT");

    if (getenv("IPAM_ORCH_STEPS"))
        say("step", failpoint_text[f], clock_now_us());
    if (!wanted || strcmp(wanted, failpoint_text[f]) != 0)
        return;
    say("failpoint", wanted, clock_now_us());
    (void) kill(getpid(), SIGKILL);
    _exit(1); /* pid 1 of a namespace cannot kill itself */
}

#else

/* ISO C wants a declaration in every file */
typedef int failpoint_none;

#endif
