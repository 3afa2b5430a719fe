/* pair.h -- a certificate with its chain, and the key that should go with it: what they are, and
 * what is wrong with them.
 * Runs in: CLI.  Owns: a pair owns its texts, pair_clear.  The clock is a parameter.
 * Source: RFC 5280, RFC 6125; OpenSSL's X509. */
#ifndef IPAM_OPS_PAIR_H
#define IPAM_OPS_PAIR_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { PAIR_FINGERPRINT = 65, PAIR_MAX = 256 * 1024 /* bytes of each file */ };

struct pair {
    bool readable; /* there is a certificate; else nothing below means anything */
    char *subject, *issuer, *serial;
    char **names;                       /* DNS names and addresses it is for, as in strv.h */
    char fingerprint[PAIR_FINGERPRINT]; /* SHA-256 of the certificate itself, hex */
    int64_t not_before, not_after;      /* seconds since 1970 */
    unsigned chain;                     /* certificates in the file */
    bool self_signed, chain_ok;         /* chain_ok: each one is signed by the next */
    char key_type[32];                  /* "EC 256", "RSA 2048" */
    bool strong;
    bool key_readable, key_matches;
    char **missing; /* of the wanted names, as in strv.h */
};

/* `key` and `names` may be NULL: unknown, and none wanted. */
void pair_look(const char *certificate, const char *key, const char *const *names,
               struct pair *out);
void pair_clear(struct pair *p);
/* -EINVAL, ERR_CONFIG, with the first thing for which it should not be served from now on. */
int pair_refuse(const struct pair *p, int64_t now, struct err *e);
/* Of its lifetime a third or less is left. */
bool pair_is_due(const struct pair *p, int64_t now);
/* Whole days that are left, negative when it has expired. */
int pair_days_left(const struct pair *p, int64_t now);
/* 0: nothing to say; 21, 7 or 1: as grave as if so many days or fewer were left, which for a short
 * lifetime is a third, a sixth or a twelfth of it; -1: it has expired. */
int pair_warning(const struct pair *p, int64_t now);
/* of one certificate, as above */
void pair_fingerprint(const X509 *x, char out[PAIR_FINGERPRINT]);
int64_t pair_seconds(const ASN1_TIME *t);
/* of this machine alone: "localhost", or an address */
bool pair_is_local_name(const char *name);

#endif
