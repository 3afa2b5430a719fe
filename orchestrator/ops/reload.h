/* reload.h -- services read their configuration again, without a restart.
 * Runs in: CLI.  How a service does that is x-native.reload_signal; x-native.reload_test is a
 * command inside that says beforehand whether it would work.
 * Fails: ERR_CONFIG when a test did: nobody got a signal then; ERR_USAGE for a service that cannot.
 */
#ifndef IPAM_OPS_RELOAD_H
#define IPAM_OPS_RELOAD_H

#include <jansson.h>

#include "ops/procedure.h"

/* The tests of all of them come first.  `services` NULL: all that run and can.  *out is
 * [{"service","name","index","pid","signal","tested"}] of the instances, new reference. */
int reload_services(const struct procedure *p, const char *const *services, json_t **out,
                    struct err *e);

#endif
