/* alert_test.h -- an alert that means nothing, for one receiver, and whether it took it.
 * Runs in: CLI.  Blocks until it is delivered, refused, or nothing was heard for a time.  Owns:
 * nothing. Fails: -ETIMEDOUT, -EPROTO with the receiver; ERR_USAGE for a receiver there is not.
 * Alertmanager tells how often it sent to each kind of receiver, not of each alert: another one
 * that is sent in the same seconds counts as well. */
#ifndef IPAM_CLI_ALERT_TEST_H
#define IPAM_CLI_ALERT_TEST_H

#include <stdint.h>

#include "base/err.h"

/* `url`: of Alertmanager; *took_us is set on success only */
int alert_test(const char *url, const char *project, const char *receiver, uint64_t patience_us,
               uint64_t *took_us, struct err *e);

#endif
