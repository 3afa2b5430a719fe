/* x509.h -- keys, requests and certificates that are made here: P-256, as PEM text.
 * Runs in: CLI.  Owns: results are malloc'd; a key is the caller's to wipe (x509_wipe).
 * Source: RFC 5280, RFC 2986; OpenSSL's EVP and X509. */
#ifndef IPAM_OPS_X509_H
#define IPAM_OPS_X509_H

#include "base/err.h"

/* Signed by itself, for DNS names or addresses (NULL-terminated, at least one), valid from an hour
 * ago for `days`. */
int x509_self_sign(const char *const *names, int days, char **certificate, char **key,
                   struct err *e);
/* A request for a certificate of these names, for a new key. */
int x509_request(const char *const *names, char **request, char **key, struct err *e);
void x509_wipe(char *key); /* and frees it; accepts NULL */

#endif
