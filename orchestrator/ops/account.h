/* account.h -- accounts of the servers of a project whose password is one of its secrets: of the
 * application and of the administrator in MariaDB, users of Redis.
 * Runs in: CLI, through commands inside the running server (inside.h): passwords go in through a
 * pipe or a memory file and are in no argument list and no environment; what is stored is sent as
 * the server stores it, hashed.
 * Fails: negative errno; -EHOSTDOWN where the server does not run.
 * Source: MariaDB ALTER USER (two ways of authentication joined by OR), Redis ACL SETUSER. */
#ifndef IPAM_OPS_ACCOUNT_H
#define IPAM_OPS_ACCOUNT_H

#include <stdbool.h>

#include "ops/procedure.h"

enum account_kind { ACCOUNT_NONE, ACCOUNT_MARIADB, ACCOUNT_REDIS };

struct account {
    enum account_kind kind;
    const char *service, *user; /* of the project; user of Redis: the one that logs in */
};

/* Borrows from the project; kind ACCOUNT_NONE when the secret opens no account. */
struct account account_of(const struct project *p, const char *secret);

/* Does the server let that password in? */
int account_accepts(const struct procedure *p, const struct account *a, const char *password,
                    bool *accepted, struct err *e);
/* From now on `password` is accepted, and `also` if not NULL, and `gone` (NULL: not known) is not.
 * Says nothing about connections that are open. */
int account_set(const struct procedure *p, const struct account *a, const char *password,
                const char *also, const char *gone, struct err *e);

#endif
