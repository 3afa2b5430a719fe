/* markup.h -- text inside HTML and XML.  Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_BASE_MARKUP_H
#define IPAM_BASE_MARKUP_H

#include <stdio.h>

/* Also right between double quotes; control characters, which none of the two can carry, become
 * spaces. */
void markup_put(FILE *out, const char *text);

#endif
