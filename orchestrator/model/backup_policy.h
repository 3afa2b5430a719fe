/* backup_policy.h -- how a project is backed up, and how long that is kept (x-ipam-orch.backup).
 * Runs in: CLI (makes it), supervisor (keeps it), tests.  Owns: nothing; texts belong to the
 * project.
 */
#ifndef IPAM_MODEL_BACKUP_POLICY_H
#define IPAM_MODEL_BACKUP_POLICY_H

struct backup_policy {
    const char *directory; /* absolute, "" = with what else operations keep */
    const char *compress;  /* none, gzip or zstd; "" = zstd */
    const char *encrypt;   /* the secret that is the passphrase, "" = not encrypted */
    const char *method;    /* dump or physical; "" = dump */
    /* what is kept: of so many days, so many at least, the newest of so many days, weeks, months;
     * 0 = this says nothing, and all 0 = everything is kept */
    unsigned keep_days, keep_last, keep_daily, keep_weekly, keep_monthly;
    const char *const *after; /* a command, run with the path of a new backup; NULL = none */
};

#endif
