/* verify.h -- does a deployment do what it is there for: checks of what runs, by a table with an
 * id, the criterion it shows, and a function.  A check asks, it repairs nothing; what it found is
 * its evidence, and one that fails names what failed and what to do next. Runs in: CLI, for
 * `verify`, at the end of `up`, in operations that hold the project's lock. Owns: results and their
 * texts.  Out of memory ends the program. Fails: only when nothing can be asked at all; what a
 * check finds is a result. */
#ifndef IPAM_VERIFY_VERIFY_H
#define IPAM_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/procedure.h"

enum verify_status {
    VERIFY_OK,
    VERIFY_WARN, /* works, and somebody should look */
    VERIFY_FAIL,
    VERIFY_SKIP, /* there is nothing to check, or nobody who may */
    VERIFY_STATUS_COUNT
};

extern const char *const verify_status_text[VERIFY_STATUS_COUNT]; /* ok, warn, fail, skip */

struct verify_result {
    char id[96];           /* SUBJECT.CHECK[.PART], stable */
    const char *criterion; /* "R9.1", several with blanks between them; static */
    enum verify_status status;
    char *evidence, *next; /* next: NULL if nothing is to be done */
    char *detail;          /* for --verbose; NULL if there is no more to say */
    uint64_t took_us;
};

struct verify_results {
    struct verify_result *items;
    size_t n;
};

struct verify;

struct verify_check {
    const char *id, *criterion, *summary;
    bool quick; /* made at the end of `up` too: together below two seconds */
    void (*run)(struct verify *v);
};

/* in the order they are made; ended by a NULL id */
extern const struct verify_check verify_checks[];

struct verify_request {
    bool quick;                      /* quick ones only, and what does not run is no failure */
    bool locked;                     /* the project's lock is ours: what writes may be done */
    char *const *only, *const *skip; /* ids, or beginnings of them up to a dot; NULL: all, none */
};

int verify_run(const struct procedure *p, const struct verify_request *request,
               struct verify_results *out, struct err *e);
/* What was found in another run too: per id the worse of both stays, and says so. */
void verify_merge(struct verify_results *all, struct verify_results *more);
size_t verify_count(const struct verify_results *r, enum verify_status status);
/* 0 to 100: what is ok, half of what warns, of all that was not skipped; 100 for nothing */
unsigned verify_score(const struct verify_results *r);
void verify_results_clear(struct verify_results *r);

/* is there a check, or a subject of checks, of that name? */
bool verify_knows(const char *name);
/* is it named in the list, itself or what it belongs to? */
bool verify_matches(char *const *list, const char *id);

#endif
