/* certificate.h -- the certificate that services of a project show, and where the next one is from.
 * Runs in: CLI (makes it), supervisor (keeps it), tests.  Owns: nothing; part of a project, whose
 * rules for strings hold. */
#ifndef IPAM_MODEL_CERTIFICATE_H
#define IPAM_MODEL_CERTIFICATE_H

/* x-ipam-orch.certificate */
struct certificate {
    const char *certificate, *key;               /* absolute paths */
    const char *certificate_secret, *key_secret; /* those made of the files, "" if none */
    const char *const *names;                    /* DNS names and addresses it is for */
    const char *directory, *email;               /* of an ACME server; "": Let's Encrypt, nobody */
    const char *webroot;  /* served below http://NAME/, for challenges; "" if none */
    const char *dns_hook; /* a program that answers dns-01 instead; "" if none */
};

#endif
