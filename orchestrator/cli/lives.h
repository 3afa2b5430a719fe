/* lives.h -- which life of an instance was before the present one, from what the manager noted of
 * the project (logs/journal.h); needs no manager.
 * Runs in: CLI.  Owns: its table. */
#ifndef IPAM_CLI_LIVES_H
#define IPAM_CLI_LIVES_H

#include "cli/when.h"

struct life {
    unsigned long incarnation; /* 0 = there is none.  Numbers begin again after `down` ... */
    char since[WHEN_TEXT];     /* ... so a line of this life is also not older than this */
};

struct lives;

struct lives *lives_read(const char *project);
void lives_free(struct lives *l); /* accepts NULL */
/* The life before the last one that was started, of an instance by its label (web, web@2). */
struct life lives_previous(const struct lives *l, const char *label);

#endif
