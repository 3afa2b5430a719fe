/* finding.h -- what a check found: a state, what was measured, what was asked for, what to do.
 * Runs in: CLI.  Owns: its texts.  Out of memory ends the program. */
#ifndef IPAM_PREFLIGHT_FINDING_H
#define IPAM_PREFLIGHT_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding_status { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_SKIP };
extern const char *const finding_status_text[];

struct finding {
    char id[64]; /* SUBJECT.DETAIL, stable */
    enum finding_status status;
    bool informs;                       /* says how things are: no reason to refuse anything */
    char *measured, *required, *remedy; /* NULL: nothing to say */
};

struct findings {
    struct finding *items;
    size_t n;
};

/* The pointer is good until the next is added. */
struct finding *findings_add(struct findings *f, enum finding_status status, const char *id, ...)
    __attribute__((format(printf, 3, 4)));
/* Each may be said once. */
void finding_measured(struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void finding_required(struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void finding_remedy(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How many decide against: those that fail, with `strict` also those that warn. */
size_t findings_against(const struct findings *f, bool strict);
void findings_clear(struct findings *f);

#endif
