/* detach_keys.h -- the keys that end a look at a service and not the service.
 * Runs in: CLI.  Owns: nothing.  Fails: -EINVAL, class ERR_USAGE. */
#ifndef IPAM_CLI_DETACH_KEYS_H
#define IPAM_CLI_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { DETACH_KEYS_MAX = 8 };
#define DETACH_KEYS_USUAL "ctrl-p,ctrl-q"

struct detach_keys {
    char keys[DETACH_KEYS_MAX];
    size_t n; /* 0: there are none */
    size_t seen;
};

/* "ctrl-p,ctrl-q": letters, or ctrl- with a letter or one of @ [ \ ] ^ _; "" for none */
int detach_keys_parse(const char *text, struct detach_keys *out, struct err *e);
/* What was typed, without the keys: `out` has room for len + DETACH_KEYS_MAX.  A beginning of the
 * keys waits for what comes next.  true: they were there, and what comes after them is dropped. */
bool detach_keys_take(struct detach_keys *k, const char *in, size_t len, char *out,
                      size_t *out_len);

#endif
