#include "base/password.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/auto.h"

static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

enum { LETTERS = sizeof alphabet - 1, BYTES = 256 };

/* bits, in hundredths, of one character out of `kinds`: 100 * log2, rounded down */
static unsigned bits_of_one(unsigned kinds)
{
    unsigned whole = 0, rest = 0;
    unsigned long long scaled;

    if (kinds < 2)
        return 0;
    while (kinds >> (whole + 1))
        whole++;
    /* log2 of what remains above the power of two, by squaring */
    scaled = ((unsigned long long) kinds << 16) >> whole;
    for (unsigned bit = 64; bit > 0; bit >>= 1) {
        scaled = (scaled * scaled) >> 16;
        if (scaled >= 2ULL << 16) {
            scaled >>= 1;
            rest += bit;
        }
    }
    return whole * 100 + rest * 100 / 128;
}

int password_make(char *out, size_t n)
{
    const unsigned even = BYTES - BYTES % LETTERS;
    const size_t least =
        (PASSWORD_BITS_MADE * 100 + bits_of_one(LETTERS) - 1) / bits_of_one(LETTERS);

    if (n < least)
        n = least;
    if (n > PASSWORD_MAX)
        n = PASSWORD_MAX;
    for (size_t i = 0; i < n;) {
        unsigned char byte;

        if (getrandom(&byte, 1, 0) != 1)
            return -errno;
        if (byte < even) /* a remainder would prefer the first letters */
            out[i++] = alphabet[byte % LETTERS];
    }
    out[n] = '\0';
    return 0;
}

unsigned password_bits(const char *text)
{
    bool seen[BYTES] = { false };
    unsigned pool = 0, distinct = 0, fresh = 0, length = 0;
    bool lower = false, upper = false, digit = false, other = false;

    for (const char *c = text; *c; c++, length++) {
        unsigned char byte = (unsigned char) *c;
        /* one that goes on where the last one was (aaa, abc, 321) adds next to nothing */
        int step = c > text ? byte - (unsigned char) c[-1] : 2;

        fresh += step < -1 || step > 1;
        distinct += !seen[byte];
        seen[byte] = true;
        lower |= islower(byte) != 0;
        upper |= isupper(byte) != 0;
        digit |= isdigit(byte) != 0;
        other |= !isalnum(byte);
    }
    pool = (lower ? 26 : 0) + (upper ? 26 : 0) + (digit ? 10 : 0) + (other ? 32 : 0);
    /* few different ones in a long text: whoever guesses will have noticed */
    if (length >= 8 && distinct * 3 < length && pool > distinct)
        pool = distinct;
    return fresh * bits_of_one(pool) / 100;
}

bool password_is_placeholder(const char *text)
{
    static const char *const words[] = { "changeme", "change_me", "change-me", "placeholder",
                                         "secret",   "password",  "todo",      "xxx" };
    size_t n = strlen(text);

    if (n > 1 && text[0] == '<' && text[n - 1] == '>')
        return true;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

bool password_refuse(const char *text, char *why, size_t size)
{
    size_t n = strlen(text), bad = strcspn(text, "$'\"#\\%@:/`");
    unsigned bits = password_bits(text);

    why[0] = '\0';
    if (n == 0) {
        (void) snprintf(why, size, "is empty");
    } else if (password_is_placeholder(text)) {
        (void) snprintf(why, size, "is a placeholder");
    } else if (n > PASSWORD_MAX) {
        (void) snprintf(why, size, "has %zu characters, at most %d", n, PASSWORD_MAX);
    } else if (n < PASSWORD_LENGTH_MIN) {
        (void) snprintf(why, size, "has %zu characters, at least %d", n, PASSWORD_LENGTH_MIN);
    } else if (text[bad]) {
        (void) snprintf(why, size,
                        "has a '%c', which means something in URLs, shells, ini or compose files",
                        text[bad]);
    } else {
        for (size_t i = 0; i < n; i++)
            if (!isgraph((unsigned char) text[i]))
                (void) snprintf(why, size, "has a blank, or what is no character of ASCII");
        if (!why[0] && bits < PASSWORD_BITS_MIN)
            (void) snprintf(why, size, "is worth %u bits against guessing, at least %d", bits,
                            PASSWORD_BITS_MIN);
    }
    return why[0] != '\0';
}
