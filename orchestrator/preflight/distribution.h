/* distribution.h -- the host's distribution: which package a file is of, and how to install more.
 * Runs in: CLI.  Owns: nothing; returned texts are malloc'd.
 * Source: os-release(5), dpkg-query(1), rpm(8), apk(8). */
#ifndef IPAM_PREFLIGHT_DISTRIBUTION_H
#define IPAM_PREFLIGHT_DISTRIBUTION_H

/* "Debian GNU/Linux 12 (bookworm)"; "this system" where nothing tells */
char *distribution_name(void);
/* The command that installs `what`: names of Debian's packages, or full paths of programs, with
 * blanks between.  Where package names differ from Debian's, paths are what works. */
char *distribution_install(const char *packages, const char *programs);
/* "redis-server 5:7.0.15-1" for a file that belongs to one; NULL: to none, or nobody knows */
char *distribution_owner(const char *path);
/* the installed version of a package of Debian's; NULL: not installed, or no Debian */
char *distribution_version(const char *package);
/* What it takes to have Docker here, from a step on, numbered; malloc'd. */
enum distribution_docker { DOCKER_INSTALL, DOCKER_START, DOCKER_PLUGIN };
char *distribution_docker(enum distribution_docker from);

#endif
