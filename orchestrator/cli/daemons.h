/* daemons.h -- the manager must run: find it, or start its two programs.
 * Runs in: CLI.  With systemd the packaged units are started; without it the programs are started
 * directly, the broker as root and the supervisor as user ipam-orch, and end by themselves when the
 * last project is gone.
 * Fails: ERR_DENIED when starting needs root, ERR_MISSING when the package is incomplete. */
#ifndef IPAM_CLI_DAEMONS_H
#define IPAM_CLI_DAEMONS_H

#include "cli/cmd.h"
#include "control/client.h"

/* 0 when the caller may change projects of a running manager, or start one; asked before any work
 * is done for `up`. */
int daemons_may_change(const struct cli *cli, struct err *e);
/* A connection to a manager whose broker is there too; says on stderr if it had to start them. */
int daemons_connect(const struct cli *cli, struct client **out, struct err *e);
/* A connection to a running supervisor; starts only what is missing beside it. */
int daemons_attach(const struct cli *cli, struct client **out, struct err *e);
/* The broker went away under an operation: starts it again if the caller is root; for others the
 * service manager or an administrator has to. */
int daemons_revive(struct err *e);
/* After the last project: waits until both have really gone. */
void daemons_wait_end(struct client *c);

#endif
