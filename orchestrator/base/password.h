/* password.h -- secret texts: made from the kernel's generator, and judged when somebody else made
 * them.
 * Runs in: CLI, tests.  Owns: nothing.
 * What is made has letters and digits only, none of which look alike: safe in URLs, ini files,
 * shells, SQL and compose files, and readable aloud. */
#ifndef IPAM_BASE_PASSWORD_H
#define IPAM_BASE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PASSWORD_MAX = 512,       /* bytes of one secret text */
    PASSWORD_BITS_MADE = 128, /* at least that much is in what is made */
    PASSWORD_LENGTH = 32,     /* where nothing else is said: more than 180 bits */
    PASSWORD_BITS_MIN = 60,   /* less is refused: guessed offline in days */
    PASSWORD_LENGTH_MIN = 12
};

/* `n` letters and a NUL into `out`; n is made as large as PASSWORD_BITS_MADE needs, and at most
 * PASSWORD_MAX.  `out` has PASSWORD_MAX + 1 bytes.  Negative errno of getrandom(2). */
int password_make(char *out, size_t n);
/* How hard it is to guess, at most: what an attacker pays who knows the kinds of characters and
 * which of them are repeated. */
unsigned password_bits(const char *text);
/* Words that stand where a secret is still to be written: changeme, <...>. */
bool password_is_placeholder(const char *text);
/* Why `text` cannot be used as a secret, as the end of a sentence ("has 5 characters, ..."), into
 * `why`; false when it can. */
bool password_refuse(const char *text, char *why, size_t size);

#endif
