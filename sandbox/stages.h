/* stages.h -- the steps of setting up an instance, in the order they happen.
 * Runs in: init (reports), broker (prints).  A failed launch names one of these. */
#ifndef IPAM_SANDBOX_STAGES_H
#define IPAM_SANDBOX_STAGES_H

enum stage {
    STAGE_NONE, /* set-up was complete */
    STAGE_RECEIVE,
    STAGE_GROUP,
    STAGE_NAMESPACE,
    STAGE_HOSTNAME,
    STAGE_ROOT,
    STAGE_MOUNTS,
    STAGE_FILES,
    STAGE_PIVOT,
    STAGE_SYSCTL,
    STAGE_FORK,
    STAGE_STREAMS,
    STAGE_RLIMITS,
    STAGE_APPARMOR,
    STAGE_LANDLOCK,
    STAGE_IDS,
    STAGE_WORKDIR,
    STAGE_SECCOMP,
    STAGE_EXEC,
    STAGE_INIT,
    STAGE_PRE_START, /* after STAGE_FORK; the number of a stage is that of older inits too */
    STAGE_COUNT
};

/* "" for STAGE_NONE; a stage from a newer init is "an unknown stage". */
const char *stages_text(unsigned stage);

#endif
