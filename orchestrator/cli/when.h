/* when.h -- moments as people write them: 2026-11-24T10:00:00Z, 2026-11-24 10:00, 10m (ago), or
 * seconds since 1970.  Runs in: CLI.  Units: microseconds since 1970. */
#ifndef IPAM_CLI_WHEN_H
#define IPAM_CLI_WHEN_H

#include <stdint.h>

#include "base/err.h"

/* A time without a zone is local.  Fails: -EINVAL (ERR_USAGE) */
int when_parse(const char *text, uint64_t now_us, uint64_t *out, struct err *e);

enum { WHEN_TEXT = 40 };
/* as log lines have it: sorts as text */
void when_format_utc(uint64_t us, char out[WHEN_TEXT]);
/* for people: local, with milliseconds */
void when_format(uint64_t us, char out[WHEN_TEXT]);

#endif
