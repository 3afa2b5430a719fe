/* nft.h -- the program nft(8): rules in, rules out, as JSON.
 * Runs in: broker.  Owns: nothing that outlives a call.
 * Fails: negative errno with nft's own words.  Source: libnftables-json(5). */
#ifndef IPAM_SANDBOX_NFT_H
#define IPAM_SANDBOX_NFT_H

#include <jansson.h>

#include "base/err.h"

/* All commands of the array in one transaction; steals it. */
int nft_run(json_t *commands, struct err *e);
/* Every table of this network namespace, a new reference to the array of its objects. */
int nft_list(json_t **out, struct err *e);

#endif
