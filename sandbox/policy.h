/* policy.h -- may this be done?  Says no, and names the rule and the request.
 * Runs in: broker.  Owns: nothing.  Fails: -EPERM for what is forbidden, -EINVAL for what has the
 * wrong form; the message begins with the name of the rule.
 * Only root's broker and the user `ipam-orch` get here, so a refusal means a supervisor that is
 * broken or taken over: rules do not trust its checks. */
#ifndef IPAM_SANDBOX_POLICY_H
#define IPAM_SANDBOX_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/spec.h"

enum { POLICY_ARGS_MAX = 1024, POLICY_PRE_START_MAX = 16, POLICY_LISTEN_MAX = 16 };

int policy_id(const char *id, struct err *e);
/* a project's, volume's or profile's name: [a-z0-9][a-zA-Z0-9_.-]*, at most 64 bytes */
int policy_name(const char *what, const char *name, struct err *e);
int policy_bridge(const char *name, struct err *e);
/* absolute, normal (no "..", "." or "//"), at most 4095 bytes */
int policy_path(const char *what, const char *path, struct err *e);
/* May this host path be seen by an instance?  Asked with the path as written and again with the
 * real path of what was opened. */
int policy_source(const char *project, const char *path, struct err *e);
/* Is it the directory of the control socket, which a recipe of ours may see and nobody may change?
 */
bool policy_is_manager(const char *path);
/* Is it in a release of the project, of which nothing is ever written by a service? */
bool policy_is_release(const char *project, const char *path);
int policy_hosts(const struct spec *s, struct err *e);
int policy_limits(const struct spec_limits *l, struct err *e);
int policy_signal(int signo, struct err *e);
/* "10.0.0.1/24" or "fd00::1/64" */
int policy_mtu(int mtu, bool ipv6, struct err *e); /* bytes, 0 = the usual */
/* addresses with prefix length of one network; one of them may be "" */
int policy_subnets(const char *ipv4, const char *ipv6, struct err *e);
/* n_fds: descriptors that came with the request */
int policy_spec(const struct spec *s, size_t n_fds, struct err *e);

#endif
