/* pattern.h -- POSIX extended regular expressions over lines that others write, at a cost in
 * proportion to the line.
 * Runs in: CLI (checks), supervisor (matches).  Owns: nothing.
 * Fails: -EINVAL with what is wrong with the expression.  Back-references, which are no part of
 * extended expressions but of glibc's, would need time without a bound, and counts multiply the
 * memory of an expression; both have limits here (limits.h).
 * Source: regex(3), regex(7). */
#ifndef IPAM_BASE_PATTERN_H
#define IPAM_BASE_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* *out is to be freed with regfree(3); `out` may be NULL, which only checks. */
int pattern_compile(const char *text, regex_t *out, struct err *e);
/* of a long line the first LIMIT_PATTERN_LINE bytes count */
bool pattern_matches(const regex_t *re, const char *line, size_t len);

#endif
