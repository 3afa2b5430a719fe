/* x509.h -- a self-signed server certificate, for trying things out.
 * Runs in: ipam-worker, started by the CLI.
 * P-256, SHA-256, X.509 v3 with the names as subjectAltName; key file 0600, certificate 0644.
 * Fails: -EEXIST when a file is there already; OpenSSL's own reason otherwise. */
#ifndef IPAM_UNITS_X509_H
#define IPAM_UNITS_X509_H

#include "base/err.h"

int x509_self_sign(const char *const *names, int days, const char *certificate, const char *key,
                   struct err *e);

#endif
