/* member.h -- members of JSON objects that come from our own programs: what is missing or of
 * another kind is empty.
 * Runs in: every program that reads such an object.  Owns: nothing; results are borrowed. */
#ifndef IPAM_MODEL_MEMBER_H
#define IPAM_MODEL_MEMBER_H

#include <jansson.h>

const char *member_text(const json_t *object, const char *key); /* never NULL */

#endif
