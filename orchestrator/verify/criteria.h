/* criteria.h -- the forty acceptance criteria, and what shows each: checks of verify.h that were
 * made, or, where a running system cannot show it, the command or test that does.
 * Runs in: CLI.  Owns: the evidence.  A criterion without a check that was made is never "ok". */
#ifndef IPAM_VERIFY_CRITERIA_H
#define IPAM_VERIFY_CRITERIA_H

#include "verify/verify.h"

enum { CRITERIA = 40 };

struct criterion {
    const char *id, *title;
    const char *shown_by; /* a command, and a test in the source, that show it otherwise */
    bool partly;          /* what runs shows a part of it only */
};

extern const struct criterion criteria[CRITERIA];

enum criterion_status {
    CRITERION_OK,
    CRITERION_PARTLY, /* what can be checked here is ok; the rest is for shown_by */
    CRITERION_WARN,
    CRITERION_FAIL,
    CRITERION_SKIP,      /* its checks had nothing to check here */
    CRITERION_ELSEWHERE, /* nothing that runs shows it: see shown_by */
    CRITERION_STATUS_COUNT
};

extern const char *const criterion_status_text[CRITERION_STATUS_COUNT];

struct criterion_result {
    const struct criterion *criterion;
    enum criterion_status status;
    char *evidence;
};

/* one for each of `criteria`, in their order; malloc'd */
struct criterion_result *criteria_judge(const struct verify_results *r);
void criteria_free(struct criterion_result *r);

#endif
