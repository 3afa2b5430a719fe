/* paths.h -- where things live; the only place that knows directory names.
 * Runs in: every program.  Owns: returned strings are static and live as long as the program.
 * Each directory can be moved with an environment variable (IPAM_ORCH_RUN_DIR, ..._STATE_DIR,
 * ..._LOG_DIR, ..._CONF_DIR, ..._LIB_DIR, ..._DATA_DIR): tests and packagers use it.  A program
 * that runs from a build tree finds its siblings and the source tree's units/ and configs/ by
 * itself. */
#ifndef IPAM_BASE_PATHS_H
#define IPAM_BASE_PATHS_H

const char *paths_run(void);   /* /run/ipam-orch: sockets, instance records; tmpfs */
const char *paths_state(void); /* /var/lib/ipam-orch: volumes, desired and actual state */
const char *paths_log(void);   /* /var/log/ipam-orch: PROJECT/SERVICE.log, daemon logs */
const char *paths_lib(void);   /* /usr/lib/ipam-orch: the programs other than ipam-orch */
const char *paths_conf(void);  /* /etc/ipam-orch: policy.conf, external secrets and configs */
const char *paths_data(void);  /* /usr/share/ipam-orch: units/catalog, configs, examples */

/* The command line that belongs to the running program: beside it, or where both are installed. */
const char *paths_command(void);

/* printf into a malloc'd path; ends the program when out of memory */
char *paths_join(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A short stable name for this installation, "" for the default directories: cgroups, bridges and
 * tables of two installations (a test beside the real one) never collide. */
const char *paths_tag(void);

#endif
