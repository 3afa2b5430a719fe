/* cert.h -- the certificate of a project and its key, replaced while it is served: files, secrets
 * of the running services, reload, proof by a handshake; and all of it back when one of these
 * fails. Runs in: CLI, with the lock of the project. Owns: nothing.  A record of where the pair is
 * from is kept in the work directory. Fails: as the step that failed; the old pair is then in place
 * and served again. */
#ifndef IPAM_OPS_CERT_H
#define IPAM_OPS_CERT_H

#include <jansson.h>

#include "ops/pair.h"
#include "ops/procedure.h"

struct cert_new {
    const char *certificate, *key; /* PEM */
    const char *const *names;      /* those it has to be for, NULL: whatever it is for */
};

/* Serves another pair from now on; no service is restarted.  `record` (stolen) is kept: "source"
 * and what a renewal needs to know. */
int cert_replace(const struct procedure *p, const struct certificate *c, const struct cert_new *n,
                 json_t *record, struct err *e);
/* Of one that was interrupted: the old pair, or the new one if it had been proven. */
int cert_undo(struct procedure *p, const json_t *intent, struct err *e);

/* {"source":"acme|self-signed|import","fingerprint":..,..} of the pair in place; an empty object
 * when nobody knows.  New reference. */
json_t *cert_record(const struct procedure *p);
int cert_keep_record(const struct procedure *p, json_t *record, struct err *e); /* stolen */

/* Files alone, for a project that does not run. */
int cert_put(const struct certificate *c, const char *certificate, const char *key, struct err *e);

/* The file at `path`, NULL if it cannot be read; malloc'd. */
char *cert_read(const char *path);

/* calls `each` for every published TLS port of a running service that has the certificate */
struct cert_port {
    const char *service, *name, *address;
    uint16_t port, target; /* of the host; of the service */
};
typedef void cert_port_seen(void *owner, const struct cert_port *port);
/* those of one instance, as `status` of control/proto.h has it */
void cert_instance_ports(const json_t *instance, cert_port_seen *each, void *owner);
int cert_ports(const struct procedure *p, const struct project *project,
               const struct certificate *c, cert_port_seen *each, void *owner, struct err *e);

#endif
