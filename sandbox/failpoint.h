/* failpoint.h -- the steps of set-up and tear-down by name, for tests that stop at one of them.
 * Runs in: broker, init.  In a usual build a FAILPOINT is nothing.  A build with IPAM_FAILPOINTS
 * (`make failpoints`) ends there without any cleaning up when IPAM_ORCH_FAILPOINT names the step,
 * and with IPAM_ORCH_STEPS it writes "step NAME MICROSECONDS" to stderr at each.
 * This table is the whole list: tests/root/failpoints.bats reads it, and fails for a step that is
 * never reached; tests/bench/launch prints what lies between the steps. */
#ifndef IPAM_SANDBOX_FAILPOINT_H
#define IPAM_SANDBOX_FAILPOINT_H

#define FAILPOINTS(X)                                                                              \
    X(NETWORK_RECORDED, "network-recorded")                                                        \
    X(BRIDGE_ADDED, "bridge-added")                                                                \
    X(BRIDGE_ADDRESSED, "bridge-addressed")                                                        \
    X(BRIDGE_UP, "bridge-up")                                                                      \
    X(RULES_WRITTEN, "rules-written")                                                              \
    X(FORWARDING_REMEMBERED, "forwarding-remembered")                                              \
    X(FORWARDING_ON, "forwarding-on")                                                              \
    X(LAUNCH_ACCEPTED, "launch-accepted")                                                          \
    X(DIR_MADE, "dir-made")                                                                        \
    X(DIR_ROOT_MADE, "dir-root-made")                                                              \
    X(DIR_SPEC_WRITTEN, "dir-spec-written")                                                        \
    X(DIR_RECORD_MADE, "dir-record-made")                                                          \
    X(ROOT_PLANNED, "root-planned")                                                                \
    X(PIPES_OPENED, "pipes-opened")                                                                \
    X(PORTS_RESERVED, "ports-reserved")                                                            \
    X(GROUP_MADE, "group-made")                                                                    \
    X(GROUP_LIMITED, "group-limited")                                                              \
    X(INIT_CLONED, "init-cloned")                                                                  \
    X(INIT_ADMITTED, "init-admitted")                                                              \
    X(HANDED_OVER, "handed-over")                                                                  \
    X(LINK_ADDED, "link-added")                                                                    \
    X(LINK_ADDRESSED, "link-addressed")                                                            \
    X(LINKS_READY, "links-ready")                                                                  \
    X(PORTS_PUBLISHED, "ports-published")                                                          \
    X(STATE_SAVED, "state-saved")                                                                  \
    X(LAUNCH_GONE, "launch-gone")                                                                  \
    X(LAUNCH_WATCHED, "launch-watched")                                                            \
    X(INIT_RECEIVED, "init-received")                                                              \
    X(INIT_BUILT, "init-built")                                                                    \
    X(PROGRAM_FORKED, "program-forked")                                                            \
    X(PROGRAM_EXECUTED, "program-executed")                                                        \
    X(INIT_REPORTED, "init-reported")                                                              \
    X(INIT_DROPPED, "init-dropped")                                                                \
    X(START_HEARD, "start-heard")                                                                  \
    X(JOIN_CLONED, "join-cloned")                                                                  \
    X(JOIN_HANDED_OVER, "join-handed-over")                                                        \
    X(INIT_REAPED, "init-reaped")                                                                  \
    X(INIT_RECORDED, "init-recorded")                                                              \
    X(END_HEARD, "end-heard")                                                                      \
    X(END_KILLED, "end-killed")                                                                    \
    X(END_WITHDRAWN, "end-withdrawn")                                                              \
    X(END_TOLD, "end-told")                                                                        \
    X(GROUP_REMOVED, "group-removed")                                                              \
    X(DIR_EMPTIED, "dir-emptied")                                                                  \
    X(DIR_REMOVED, "dir-removed")                                                                  \
    X(UNDO_KILLED, "undo-killed")                                                                  \
    X(UNDO_WITHDRAWN, "undo-withdrawn")                                                            \
    X(UNDO_GROUP_REMOVED, "undo-group-removed")                                                    \
    X(RULES_REPLACED, "rules-replaced")                                                            \
    X(BRIDGE_REMOVED, "bridge-removed")                                                            \
    X(NETWORK_FORGOTTEN, "network-forgotten")                                                      \
    X(FORWARDING_RESTORED, "forwarding-restored")

#ifdef IPAM_FAILPOINTS
#define FAILPOINT_ID_(id, text) FAILPOINT_##id,
enum failpoint { FAILPOINTS(FAILPOINT_ID_) FAILPOINT_COUNT };
#undef FAILPOINT_ID_

void failpoint_reach(enum failpoint f);
#define FAILPOINT(id) failpoint_reach(FAILPOINT_##id)
/* what init gets as its environment, which is nothing in a usual build */
#define FAILPOINT_ENVIRON(usual) ((void) (usual), environ)
#else
#define FAILPOINT(id)            ((void) 0)
#define FAILPOINT_ENVIRON(usual) (usual)
#endif

#endif
