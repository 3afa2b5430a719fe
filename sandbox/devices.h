/* devices.h -- device nodes of the host that a service has, and what it may do with them.
 * Runs in: broker.  Owns: nothing.  Fails: negative errno with the device named.
 * A node is made anew in the instance, with owner and mode of the host's: what a service does to it
 * does not change the host's.  A program in the kernel, attached to the control group in the
 * cgroup2 tree, allows the nodes that every instance has and these with their access, and nothing
 * else; rules of the specification allow more of what is done with a node that is there.  Source:
 * bpf(2), Documentation/admin-guide/cgroup-v2.rst, "Device controller". */
#ifndef IPAM_SANDBOX_DEVICES_H
#define IPAM_SANDBOX_DEVICES_H

#include <sys/types.h>

#include "base/err.h"
#include "sandbox/spec.h"

struct devices_node {
    char kind; /* 'c' or 'b' */
    unsigned major, minor;
    uid_t uid;
    gid_t gid;
    mode_t mode; /* permission bits */
};

int devices_find(const struct spec_device *d, struct devices_node *out, struct err *e);
/* `cgroup`: a directory of the cgroup2 tree, or negative where there is none: then a device is
 * refused unless it may be read and written, as nothing would keep the service from it. */
int devices_limit(const struct spec *s, int cgroup, struct err *e);

#endif
