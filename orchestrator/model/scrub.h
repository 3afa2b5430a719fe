/* scrub.h -- secret values in text that is kept or handed on: stars in their place.
 * Runs in: supervisor (failure capsules), CLI (reports).  Owns: copies of the values.
 * Secret is what the project calls a secret, the value of a variable whose name says so (PASSWORD,
 * SECRET, TOKEN, KEY, ...), and what stands between name and host of an address
 * (scheme://name:THIS@host).  Values of fewer than SCRUB_MIN bytes are not looked for: they stand
 * in too many places by chance. */
#ifndef IPAM_MODEL_SCRUB_H
#define IPAM_MODEL_SCRUB_H

#include "model/project.h"

enum { SCRUB_MIN = 4 };

struct scrub;

struct scrub *scrub_new(void);
void scrub_free(struct scrub *s); /* accepts NULL */
void scrub_free_(struct scrub **s);
#define auto_scrub __attribute__((cleanup(scrub_free_))) struct scrub *

/* One value, also as it stands in JSON, and each of its lines. */
void scrub_add(struct scrub *s, const char *value, size_t len);
/* The value of a variable, if its name says that it is secret; and what is secret in an address. */
void scrub_add_variable(struct scrub *s, const char *name, const char *value);
void scrub_add_project(struct scrub *s, const struct project *p);
/* `text` without them; *out_len may be NULL.  malloc'd and NUL-terminated. */
char *scrub_text(const struct scrub *s, const char *text, size_t len, size_t *out_len);

#endif
