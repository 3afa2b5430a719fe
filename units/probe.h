/* probe.h -- the seam of protocol probes: each kind asks one question of one server.
 * Runs in: ipam-worker, inside the network namespace of the service, without privileges; plain
 * blocking calls with time-outs, and the broker kills what is late.
 * Fails: 0 = the service is fine, otherwise a negative errno with what the server said in `e`;
 * messages never hold the password. */
#ifndef IPAM_UNITS_PROBE_H
#define IPAM_UNITS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct probe_request {
    const char *kind;
    const char *url; /* http */
    bool insecure;   /* http, tls: any certificate will do */
    const char *host;
    int port;
    const char *user, *password, *database;
    const char *server_name; /* tls: whose certificate it must be, "" = host */
    const char *ca;          /* tls: certificates as PEM, "" = those the host trusts */
    int days;                /* tls: that it must be valid for */
    uint64_t timeout_us;
};

struct probe_ops {
    const char *name;
    int (*run)(const struct probe_request *r, struct err *e);
};

extern const struct probe_ops probe_http, probe_tcp, probe_mysql, probe_redis, probe_tls;

/* a connection to host and port that blocks for the time-out at most; the caller closes it */
int probe_connect(const struct probe_request *r, int *out, struct err *e);

/* whole seconds, at least one, for libraries that count so */
unsigned probe_seconds(const struct probe_request *r);

#endif
