/* certificate.h -- the certificate a project names in x-ipam-orch.certificate.
 * Runs in: CLI.  Without one a self-signed certificate is made, so that the first `up` works. */
#ifndef IPAM_CLI_CERTIFICATE_H
#define IPAM_CLI_CERTIFICATE_H

#include "base/err.h"
#include "compose/load.h"

/* *created: path of the new certificate (malloc'd), NULL when there was one or none is asked for */
int certificate_ensure(const struct load_options *o, char **created, struct err *e);

#endif
