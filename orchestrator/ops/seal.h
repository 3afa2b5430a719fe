/* seal.h -- stages that encrypt and authenticate a stream with a passphrase.
 * Format: "ipam-orch sealed 1\n", 16 bytes of salt, then pieces: 4 bytes (big endian: length of the
 * text, the highest bit set in the last piece), the encrypted text, 16 bytes of tag.  AES-256-GCM;
 * the key is scrypt(passphrase, salt, N = 2^15, r = 8, p = 1), the nonce is the number of the
 * piece, the four bytes are authenticated too: pieces cannot be changed, moved, left out or cut
 * off. Runs in: CLI.  Fails: -EBADMSG for what is damaged and for the wrong passphrase. */
#ifndef IPAM_OPS_SEAL_H
#define IPAM_OPS_SEAL_H

#include "ops/flow.h"

#define SEAL_SUFFIX ".sealed"

/* `passphrase` is copied. */
struct flow *seal_close(const char *passphrase, size_t len, struct flow *next);
struct flow *seal_open(const char *passphrase, size_t len, struct flow *next);

#endif
