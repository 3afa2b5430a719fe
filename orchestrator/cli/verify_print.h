/* verify_print.h -- what a verification found, for people and for machines: a table, TAP, JUnit,
 * JSON, a page. Runs in: CLI.  Owns: nothing.  Source: testanything.org (version 13), JUnit XML as
 * CI systems read it. */
#ifndef IPAM_CLI_VERIFY_PRINT_H
#define IPAM_CLI_VERIFY_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "verify/criteria.h"
#include "verify/verify.h"

enum verify_form { VERIFY_TABLE, VERIFY_TAP, VERIFY_JUNIT, VERIFY_JSON, VERIFY_HTML };

struct verify_page {
    const char *project;
    const struct verify_results *results;
    const struct criterion_result *criteria; /* NULL: not asked for; else CRITERIA of them */
    bool verbose, quiet;
};

void verify_print(const struct verify_page *p, enum verify_form form, FILE *out);

#endif
