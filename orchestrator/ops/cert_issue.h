/* cert_issue.h -- where the next certificate of a project is from: an ACME server, this host, a
 * file of the operator's; and when it is time for one. Runs in: CLI, with the lock of the project.
 * Fails: as acme.h and cert.h, and the old certificate is served as before. */
#ifndef IPAM_OPS_CERT_ISSUE_H
#define IPAM_OPS_CERT_ISSUE_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/procedure.h"

/* what the caller says instead of the project's settings; NULL = nothing */
struct cert_wish {
    const char *directory, *email, *dns_hook;
    const char *const *domains;
    const char *eab_key_id, *eab_key;
    bool new_account;
    bool force; /* before it is time; or a test certificate in place of a real one */
};

int cert_issue(const struct procedure *p, const struct certificate *c, const struct cert_wish *w,
               struct err *e);
/* For trying things out: all names of the project, a year.  ERR_UNSAFE in place of one that is not
 * self-signed, unless forced. */
int cert_self_sign(const struct procedure *p, const struct certificate *c,
                   const struct cert_wish *w, struct err *e);
/* an operator's own, which is checked first */
int cert_import(const struct procedure *p, const struct certificate *c, const char *certificate,
                const char *key, struct err *e);

enum cert_renewal {
    CERT_RENEWED,
    CERT_NOT_DUE,
    CERT_NOT_OURS /* imported, or of nobody knows where: it can only be replaced by hand */
};
/* When a third of its lifetime is left, or forced: from where the last one was.  A self-signed one
 * is replaced at once where the project names an ACME account (e-mail or directory).  What is not
 * renewed and expires soon is told in the journal, once for 21, 7 and 1 days. */
int cert_renew(const struct procedure *p, const struct certificate *c, const struct cert_wish *w,
               enum cert_renewal *out, struct err *e);

#endif
