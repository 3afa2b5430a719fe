/* suggest.h -- "did you mean": the candidate nearest to a mistyped word.  Pure.
 * Runs in: CLI. */
#ifndef IPAM_BASE_SUGGEST_H
#define IPAM_BASE_SUGGEST_H

/* NULL when nothing is near; `candidates` ends with NULL. */
const char *suggest(const char *word, const char *const *candidates);

#endif
