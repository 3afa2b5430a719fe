/* apparmor.h -- is AppArmor there, and what may be called a profile?
 * Runs in: command line and broker.  Owns: nothing.  Fails: no.
 * Source: Documentation/admin-guide/LSM/apparmor.rst, apparmor.d(5). */
#ifndef IPAM_BASE_APPARMOR_H
#define IPAM_BASE_APPARMOR_H

#include <stdbool.h>

bool apparmor_is_active(void);
/* A name that can mean one loaded profile: neither a stack, nor a namespace, nor `unconfined`. */
bool apparmor_is_profile(const char *name);

#endif
