/* authz.h -- who is on the other end of a control connection and what they may do.
 * Runs in: supervisor. */
#ifndef IPAM_CONTROL_AUTHZ_H
#define IPAM_CONTROL_AUTHZ_H

#include <sys/socket.h>

enum role { ROLE_VIEWER, ROLE_OPERATOR };

extern const char *const role_text[];

enum role authz_role(const struct ucred *peer);

#endif
