/* certificate.h -- the certificate a project names in x-ipam-orch.certificate.
 * Runs in: CLI.  Without one a self-signed certificate is made, so that the first `up` works. */
#ifndef IPAM_CLI_CERTIFICATE_H
#define IPAM_CLI_CERTIFICATE_H

#include "base/err.h"
#include "cli/cmd.h"
#include "cli/operate.h"
#include "compose/load.h"

/* *created: path of the new certificate (malloc'd), NULL when there was one or none is asked for */
int certificate_ensure(const struct load_options *o, char **created, struct err *e);

/* the certificate of a project, and what can be known of the project */
struct certificate_of {
    struct certificate certificate; /* texts of `loaded` or of `running` */
    struct loaded loaded;
    struct project *running; /* as the manager has it; NULL: it does not run */
    struct operate operate;
};

/* What its files say, or what the manager knows where they cannot be read: a scheduled renewal may
 * not.  With a `verb` the project is locked, NULL: it is only looked at.  Fails: ERR_CONFIG when
 * the project names none.  To be closed also after a failure. */
int certificate_open(const struct cli *cli, const char *verb, struct certificate_of *out,
                     struct err *e);
void certificate_close(struct certificate_of *c, int result);

#endif
