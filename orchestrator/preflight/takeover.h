/* takeover.h -- units of the distribution that have our ports: stopped and disabled, reversibly.
 * Runs in: CLI, as root, where systemd is process 1.  Which ones is remembered in
 * STATE/taken-over, one per line; none is listed that was not disabled here.
 * Fails: ERR_DENIED, ERR_MISSING (no systemd). */
#ifndef IPAM_PREFLIGHT_TAKEOVER_H
#define IPAM_PREFLIGHT_TAKEOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* told about every unit */
typedef void takeover_say(void *owner, const char *unit, const char *what);

int takeover_take(const uint16_t *ports, size_t n, takeover_say *say, void *owner, struct err *e);
int takeover_release(takeover_say *say, void *owner, struct err *e);

#endif
