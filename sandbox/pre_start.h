/* pre_start.h -- commands that run before the program of an instance, as the program, with its
 * output.
 * Runs in: init, before it drops its rights.
 * Owns: the string lists of the commands; the strings belong to the setup text.
 * Fails: -ETIME for one that was not over in time, -ECANCELED for one that ended badly. */
#ifndef IPAM_SANDBOX_PRE_START_H
#define IPAM_SANDBOX_PRE_START_H

#include "base/err.h"
#include "sandbox/program.h"

enum { PRE_START_MAX = 16 };

struct pre_start {
    struct hook *hooks; /* room for PRE_START_MAX once there is one */
    size_t n;
    int status; /* of the last that ended, as from wait(2) */
};

/* What has been taken into `p` becomes a command; who it is stays there for what comes next. */
int pre_start_take(struct pre_start *s, struct program *p, const struct setup_op *op);
/* One after the other; nothing of them stays.  `how` without std[]; all signals are blocked. */
int pre_start_run(struct pre_start *s, struct program_start how, int out, int err, struct err *e);
void pre_start_clear(struct pre_start *s);

#endif
