/* secret_change.h -- another value for a secret: in .env.prod alone (set), or everywhere while the
 * project runs (rotate, see ops/rotate.h).
 * Runs in: CLI.  Fails: ERR_CONFIG for a value that is no good, ERR_UNSAFE where the file alone
 * would not do. */
#ifndef IPAM_CLI_SECRET_CHANGE_H
#define IPAM_CLI_SECRET_CHANGE_H

#include "cli/secret_list.h"

struct secret_change {
    bool given;         /* the value is typed or piped in */
    bool adopt;         /* it is that of .env.prod */
    bool drop_previous; /* only the value before it ends */
};

int secret_change_set(const struct cli *cli, struct secret_list *l, const char *name,
                      struct err *e);
int secret_change_rotate(const struct cli *cli, struct secret_list *l, const char *name,
                         const struct secret_change *how, struct err *e);

#endif
