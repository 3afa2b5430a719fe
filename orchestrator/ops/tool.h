/* tool.h -- a program with streams of ours, and what it said when it failed: inside a service
 * (inside.h), or here.
 * Runs in: CLI.  Owns: what the program wrote on stderr, until its end.
 * Fails: negative errno; -ECHILD with its last words when the program failed. */
#ifndef IPAM_OPS_TOOL_H
#define IPAM_OPS_TOOL_H

#include <sys/types.h>

#include "ops/inside.h"

struct tool {
    const char *service;          /* NULL: here, as the caller */
    const struct project *beside; /* in a sandbox of this definition instead (once.h) */
    const char *const *argv;      /* NULL-terminated */
    const char *const *env;       /* "K=V" beside what there is anyway; may be NULL */
    const char *name;             /* for messages; NULL: argv[0] */
    int in, out;                  /* -1: /dev/null; may be closed once it is started */
    bool unprivileged;            /* here: as user ipam-orch when the caller is root */
};

struct tool_run {
    struct inside_run inside;
    pid_t pid;
    char service[64], name[64];
    int errors;
};

#define TOOL_NONE ((struct tool_run){ .errors = -1 })

int tool_start(const struct procedure *p, const struct tool *t, struct tool_run *run,
               struct err *e);
/* Waits for its end, inside at most `timeout_us` (0 = for ever).  An exit status up to `tolerated`
 * is no failure. */
int tool_end(struct tool_run *run, uint64_t timeout_us, int tolerated, struct err *e);
/* Kills it, if it still runs; may be called after tool_end and for what never started. */
void tool_stop(struct tool_run *run);

#endif
