/* model_digest.h -- what tells a changed service of the model from an unchanged one: the digest of
 * its canonical form.
 * Runs in: CLI. */
#ifndef IPAM_COMPOSE_MODEL_DIGEST_H
#define IPAM_COMPOSE_MODEL_DIGEST_H

#include "compose/node.h"

enum { MODEL_DIGEST_TEXT = 65 };

int model_digest(struct arena *a, const struct node *service, char out[static MODEL_DIGEST_TEXT],
                 struct err *e);

#endif
