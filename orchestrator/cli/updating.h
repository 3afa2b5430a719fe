/* updating.h -- what update, apply and rollback have in common: their options, the procedure, and
 * what is said at its end.
 * Runs in: CLI. */
#ifndef IPAM_CLI_UPDATING_H
#define IPAM_CLI_UPDATING_H

#include <argp.h>

#include "cli/next.h"
#include "cli/operate.h"
#include "cli/patience.h"

struct updating {
    const char *verb, *message; /* message NULL: none */
    char **services;            /* NULL = all */
    struct patience patience;
    uint64_t confirm_us, canaries;
    bool back, no_migrate, no_backup, no_verify;
};

enum { UPDATING_CONFIRM = 2048, UPDATING_NO_MIGRATE, UPDATING_NO_BACKUP, UPDATING_NO_VERIFY };

/* rows of an argp table */
#define UPDATING_OPTIONS                                                                           \
    { "message", 'm', "TEXT", 0, "why, for the history", 0 },                                      \
        { "confirm-within",                                                                        \
          UPDATING_CONFIRM,                                                                        \
          "TIME",                                                                                  \
          0,                                                                                       \
          "go back after so long unless ipam-orch confirm says that it is good",                   \
          0 },                                                                                     \
        { "no-migrate", UPDATING_NO_MIGRATE, NULL, 0, "leave the database as it is", 0 },          \
        { "no-backup", UPDATING_NO_BACKUP, NULL, 0, "make no backup before", 0 },                  \
        { "no-verify", UPDATING_NO_VERIFY, NULL, 0, "do not verify what serves then", 0 },         \
        PATIENCE_READY_OPTION

/* ARGP_ERR_UNKNOWN when the key is another one; ends the program with a wrong argument */
error_t updating_parse(struct updating *in, int key, char *arg, struct argp_state *state);
/* To the release of `n`; says what serves then. */
int updating_run(const struct cli *cli, struct operate *o, const struct next *n,
                 const struct updating *in, struct err *e);

#endif
