/* secret_export.h -- secrets in an encrypted file, to be kept elsewhere.
 * Runs in: CLI.  Form: that of `openssl enc -aes-256-cbc -pbkdf2 -iter 600000`, so that it can be
 * read without us; inside are lines NAME=value, the last one is the SHA-256 of those before. */
#ifndef IPAM_CLI_SECRET_EXPORT_H
#define IPAM_CLI_SECRET_EXPORT_H

#include "cli/secret_list.h"

#define SECRET_EXPORT_DECRYPT "openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -in"

/* *out is malloc'd */
int secret_export(const struct secret_list *l, const char *passphrase, unsigned char **out,
                  size_t *len, struct err *e);

#endif
