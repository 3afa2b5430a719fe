/* interface.h -- what a network interface of a service may be called, and its hardware address.
 * Runs in: all.  Pure.
 * Source: dev_valid_name of Linux, IEEE 802 (the group bit). */
#ifndef IPAM_BASE_INTERFACE_H
#define IPAM_BASE_INTERFACE_H

#include <stdbool.h>

bool interface_is_name(const char *text); /* not "lo" */
bool interface_is_mac(const char *text); /* "02:00:00:00:00:01", of one interface, not of a group */

#endif
