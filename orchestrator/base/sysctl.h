/* sysctl.h -- which kernel parameters belong to namespaces, and so to one instance.
 * Runs in: all.  Owns: nothing.
 * Source: namespaces(7), Documentation/admin-guide/sysctl of Linux. */
#ifndef IPAM_BASE_SYSCTL_H
#define IPAM_BASE_SYSCTL_H

#include <stdbool.h>

/* "NAME=VALUE": net.*, fs.mqueue.* and System V IPC of kernel.*; a value of one line */
bool sysctl_is_namespaced(const char *setting);

#endif
