#include "sandbox/stages.h"

#include <assert.h>

#include "base/auto.h"

static const char *const stage_text[] = {
    [STAGE_NONE] = "",
    [STAGE_RECEIVE] = "receiving the set-up",
    [STAGE_GROUP] = "entering the control group",
    [STAGE_NAMESPACE] = "entering the namespaces",
    [STAGE_HOSTNAME] = "setting the host name",
    [STAGE_ROOT] = "creating the root file system",
    [STAGE_MOUNTS] = "building the mount tree",
    [STAGE_FILES] = "writing files",
    [STAGE_PIVOT] = "changing to the new root",
    [STAGE_SYSCTL] = "setting kernel parameters",
    [STAGE_FORK] = "forking the program",
    [STAGE_STREAMS] = "connecting standard input and output",
    [STAGE_RLIMITS] = "setting resource limits",
    [STAGE_APPARMOR] = "choosing the AppArmor profile, which must be loaded",
    [STAGE_LANDLOCK] = "fencing in the program",
    [STAGE_IDS] = "dropping to the service user",
    [STAGE_WORKDIR] = "entering the working directory",
    [STAGE_SECCOMP] = "loading the syscall filter",
    [STAGE_EXEC] = "executing the program",
    [STAGE_INIT] = "dropping the rights of init",
    [STAGE_PRE_START] = "running its pre_start commands",
};
static_assert(ARRAY_LEN(stage_text) == STAGE_COUNT, "a stage has no text");

const char *stages_text(unsigned stage)
{
    return stage < STAGE_COUNT ? stage_text[stage] : "an unknown stage";
}
