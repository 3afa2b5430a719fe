/* image.h -- names of images.  Pure.
 * Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_MODEL_IMAGE_H
#define IPAM_MODEL_IMAGE_H

#include <stdbool.h>

/* is it called so, whatever its registry, owner, tag and digest? */
bool image_is(const char *image, const char *name);

#endif
