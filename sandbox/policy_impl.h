/* policy_impl.h -- what the files of policy share; included by them only. */
#ifndef IPAM_SANDBOX_POLICY_IMPL_H
#define IPAM_SANDBOX_POLICY_IMPL_H

#include "sandbox/policy.h"

enum { POLICY_HOSTNAME_MAX = 64, POLICY_HOSTS_MAX = 4096 };

/* -EINVAL: `what` has a wrong form */
int policy_refuse(struct err *e, const char *rule, const char *what, const char *value);
/* of these characters alone, 1 to `max` of them */
bool policy_made_of(const char *text, const char *chars, size_t max);

/* policy_network.c */
bool policy_is_address(const char *text, bool ipv6);
int policy_link(const struct spec_link *l, struct err *e);
int policy_listener(const struct spec *s, const struct spec_listener *l, struct err *e);
int policy_port(const struct spec *s, const struct spec_port *p, struct err *e);
int policy_dns(const struct spec *s, struct err *e);

#endif
