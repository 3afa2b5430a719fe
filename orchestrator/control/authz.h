/* authz.h -- who is on the other end of a control connection and what they may do.
 * Runs in: supervisor. */
#ifndef IPAM_CONTROL_AUTHZ_H
#define IPAM_CONTROL_AUTHZ_H

#include <sys/socket.h>

enum role { ROLE_VIEWER, ROLE_OPERATOR };

extern const char *const role_text[];

/* "root (pid 12)", or "uid 1000 (pid 12)" */
void authz_name(const struct ucred *peer, char *out, size_t room);
enum role authz_role(const struct ucred *peer);

#endif
