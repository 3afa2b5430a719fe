/* wizard.h -- asks a person for the settings that nobody else can know.
 * Runs in: CLI, at a terminal.  Owns: nothing.
 * Asked is for names, addresses and ports, and for what is required and has no value; secrets are
 * made, not asked for.  An empty answer takes what the template says. */
#ifndef IPAM_CLI_WIZARD_H
#define IPAM_CLI_WIZARD_H

#include <stdbool.h>
#include <stdio.h>

#include "model/settings.h"

/* Fails: -ECANCELED, class ERR_CONFIG, at the end of input or after too many wrong answers. */
int wizard_ask(struct settings *s, FILE *in, FILE *out, struct err *e);
/* is somebody there to be asked? */
bool wizard_has_person(void);
/* "QUESTION [Y/n] "; yes unless the answer begins with n; no at the end of input */
bool wizard_agrees(const char *question);

#endif
