#include "model/instance.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"

const char *const state_text[STATE_COUNT] = {
    [STATE_DOWN] = "down",         [STATE_WAITING] = "waiting", [STATE_PREPARING] = "preparing",
    [STATE_STARTING] = "starting", [STATE_UP] = "up",           [STATE_SICK] = "sick",
    [STATE_STOPPING] = "stopping", [STATE_BACKOFF] = "backoff", [STATE_FAILED] = "failed",
    [STATE_DONE] = "done",
};
static_assert(ARRAY_LEN(state_text) == STATE_COUNT, "a state has no text");

int state_from_text(const char *word)
{
    for (int i = 0; i < STATE_COUNT; i++)
        if (strcmp(state_text[i], word) == 0)
            return i;
    return -1;
}

bool state_is_live(enum state s)
{
    switch (s) {
    case STATE_PREPARING:
    case STATE_STARTING:
    case STATE_UP:
    case STATE_SICK:
    case STATE_STOPPING: return true;
    case STATE_DOWN:
    case STATE_WAITING:
    case STATE_BACKOFF:
    case STATE_FAILED:
    case STATE_DONE:
    case STATE_COUNT: return false;
    }
    return false;
}

bool exit_is_of_exec(const struct exit_info *x)
{
    return strcmp(x->stage, "executing the program") == 0; /* sandbox/stages.c */
}

bool exit_is_clean(const struct exit_info *x)
{
    return x->stage[0] == '\0' && x->signal == 0 && x->code == 0;
}

/* who had no memory left: the service, or the whole machine */
static void describe_oom(const struct exit_info *x, char *out, size_t room)
{
    char limit[NUM_BYTES_TEXT];

    num_bytes_text(x->memory_limit, limit);
    if (x->memory_limit > 0)
        (void) snprintf(out, room, "out of memory (limit %s)", limit);
    else
        (void) snprintf(out, room, "out of memory (of the machine)");
}

void exit_describe(const struct exit_info *x, char *out, unsigned long room)
{
    char reason[80] = "", oom[120] = "";
    int offset = 0;

    if (x->oom) {
        describe_oom(x, reason, sizeof reason);
        (void) snprintf(oom, sizeof oom, " after a process of it was killed: %s", reason);
    }
    if (x->stage[0] != '\0' && x->error != 0) {
        (void) snprintf(out, room, "could not start: %s: %s", x->stage, strerror(x->error));
        return;
    }
    if (x->stage[0] != '\0') /* what runs before the program has ended badly */
        offset = snprintf(out, room, "could not start: %s: ", x->stage);
    if (offset < 0 || (size_t) offset >= room)
        return;
    out += offset;
    room -= (size_t) offset;
    if (x->oom && x->signal == SIGKILL)
        (void) snprintf(out, room, "killed: %s", reason);
    else if (x->signal != 0)
        (void) snprintf(out, room, "killed by signal %d (%s)%s", x->signal, strsignal(x->signal),
                        oom);
    else
        (void) snprintf(out, room, "exited with status %d%s", x->code, oom);
}
