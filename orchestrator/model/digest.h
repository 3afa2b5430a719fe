/* digest.h -- what tells a changed unit from an unchanged one.
 * Runs in: CLI.  Source: SHA-256 through OpenSSL's EVP. */
#ifndef IPAM_MODEL_DIGEST_H
#define IPAM_MODEL_DIGEST_H

#include "base/err.h"
#include "model/project.h"

/* Fills in the digest of every unit: all of its attributes and the content of its secrets. */
int digest_units(struct project *p, struct err *e);
/* The same for the secrets alone, whose part of the digest (DEFINITION-SECRETS+CONTENT) is set
 * anew; the rest stays, also where it can no longer be computed: copied files have other paths. */
int digest_secrets(struct project *p, struct unit *u, struct err *e);
/* What of a digest comes before the content of copied files: equal for a unit and for the same
 * unit as its files describe it now. */
size_t digest_definition(const char *digest);
/* A name of 64 hexadecimal digits made from a text. */
int digest_name(struct arena *a, const char *text, const char **out, struct err *e);

#endif
