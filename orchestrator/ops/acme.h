/* acme.h -- a certificate from an ACME server (RFC 8555), Let's Encrypt if no other is named.
 * uacme(1) speaks the protocol, as the manager's user and never as root; the key of the certificate
 * does not reach it.  http-01 is answered through a directory that the project serves.
 * Runs in: CLI, as root or as user ipam-orch.  The account of each server is kept in the work
 * directory, cert/acme/SERVER.
 * Fails: ERR_MISSING without uacme, ERR_DENIED for other callers; what the server says is told in
 * our words, with what to do. */
#ifndef IPAM_OPS_ACME_H
#define IPAM_OPS_ACME_H

#include <stdbool.h>

#include "ops/procedure.h"

#define ACME_PRODUCTION "https://acme-v02.api.letsencrypt.org/directory"
#define ACME_STAGING    "https://acme-staging-v02.api.letsencrypt.org/directory"

struct acme {
    const char *directory;            /* URL */
    const char *email;                /* "" = none */
    const char *webroot, *dns_hook;   /* dns_hook "" = http-01 */
    const char *eab_key_id, *eab_key; /* of an external account, NULL = none; for a new account */
    bool new_account;                 /* instead of the one that is kept */
};

/* A certificate with its chain for these names, and its new key: malloc'd, x509_wipe. */
int acme_issue(const struct procedure *p, const struct acme *a, const char *const *names,
               char **certificate, char **key, struct err *e);
/* What uacme wrote when it failed, in other words.  `directory` is the server's. */
int acme_explain(const char *output, const char *directory, struct err *e);

#endif
