/* sysctl.h -- settings of the kernel with which servers warn at every start, or lose what they
 * should keep.
 * Runs in: CLI.  Source: the administration guides of Redis and MariaDB; sysctl(8). */
#ifndef IPAM_PREFLIGHT_SYSCTL_H
#define IPAM_PREFLIGHT_SYSCTL_H

#define SYSCTL_HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/enabled"

struct sysctl_setting {
    const char *name, *path;
    long least;      /* values below it warn */
    const char *why; /* and what is asked for */
};

const struct sysctl_setting *sysctl_find(const char *name); /* NULL: not one of ours */

#endif
