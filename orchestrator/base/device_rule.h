/* device_rule.h -- rules of device control groups: "c 10:229 rw", "b 8:* r", "a *:* rwm".
 * Runs in: command line and broker.  Owns: nothing.  Fails: -EINVAL for what is no such rule.
 * Source: Documentation/admin-guide/cgroup-v1/devices.rst. */
#ifndef IPAM_BASE_DEVICE_RULE_H
#define IPAM_BASE_DEVICE_RULE_H

#include <stdbool.h>

enum { DEVICE_RULE_ANY = -1 };
enum { DEVICE_RULE_READ = 1, DEVICE_RULE_WRITE = 2, DEVICE_RULE_MAKE = 4 };

struct device_rule {
    char kind;        /* 'c', 'b', or 'a' for both */
    int major, minor; /* or DEVICE_RULE_ANY */
    unsigned access;
};

/* `separator` stands between kind, numbers and access: a blank in compose files. */
int device_rule_parse(const char *text, char separator, struct device_rule *out);
/* Is everything that `wish` allows allowed by `most` too? */
bool device_rule_covers(const struct device_rule *most, const struct device_rule *wish);

#endif
