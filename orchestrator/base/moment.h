/* moment.h -- what a program has just made durable or asked somebody for, so that tests can end it
 * there.
 * Runs in: every program.  In a usual build a MOMENT is nothing.  A build with IPAM_FAILPOINTS
 * (`make failpoints`) appends "WHAT WHICH" to DIR/PROGRAM.seen at each, where IPAM_ORCH_MOMENTS
 * says DIR; with "N WHAT WHICH" in DIR/PROGRAM.end the Nth such line is its last: the file goes,
 * and it is killed. There is no list of them.  They are where everything goes through that outlives
 * a process: files (fsio.h), intents, requests to the manager and to the broker.  A step that is
 * new is found by looking at what was seen. */
#ifndef IPAM_BASE_MOMENT_H
#define IPAM_BASE_MOMENT_H

#ifdef IPAM_FAILPOINTS
/* of a path its last name; numbers in it, which differ from run to run, become '#' */
void moment_reach(const char *what, const char *which);
#define MOMENT(what, which) moment_reach(what, which)
#else
#define MOMENT(what, which) ((void) (what), (void) (which))
#endif

#endif
