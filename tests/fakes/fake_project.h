/* fake_project.h -- projects for tests of the engine: complete, valid, of programs that are never
 * run.  Owned by the caller: project_free. */
#ifndef IPAM_TESTS_FAKE_PROJECT_H
#define IPAM_TESTS_FAKE_PROJECT_H

#include "model/project.h"

/* a project with `n` unnamed units and nothing else */
struct project *fake_project(const char *name, size_t n);
/* a unit that restarts always, is stopped by SIGTERM within ten seconds and has no health check */
void fake_unit(struct unit *u, const char *name);
/* a check every `interval_us` whose first failure counts */
void fake_health(struct unit *u, uint64_t interval_us);

#endif
