/* capability.h -- names and numbers of Linux capabilities, and which of them a service may have.
 * Runs in: CLI, supervisor, broker, init.  Fails: -ENOENT for a name nobody knows, -EPERM for one
 * that no service can have.
 * Source: capabilities(7), linux/capability.h. */
#ifndef IPAM_BASE_CAPABILITY_H
#define IPAM_BASE_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* "NET_RAW", "cap_net_raw"; its number */
int capability_number(const char *name);
/* "NET_RAW"; NULL when there is no such number */
const char *capability_name(unsigned number);
/* The sets of bits a list ended by NULL stands for; with -EPERM or -ENOENT *wrong is the name.
 * Never granted are those that are root on a host whose root is not namespaced: loading modules,
 * raw I/O, mounts and everything else of SYS_ADMIN, other processes' memory, files by handle,
 * device nodes, tracing, the audit and security modules, the clock, reboot. */
int capability_mask(const char *const *names, uint64_t *out, const char **wrong);
/* Does it mean anything in a user namespace that owns nothing else: no network, mount or device? */
bool capability_of_users(int number);

#endif
