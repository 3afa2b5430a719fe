#include "base/bytetext.h"

#include <errno.h>
#include <stdlib.h>

/* a character below 256 has one byte, or 110000bb 10bbbbbb */
enum { ASCII = 0x80, LEAD = 0xc0, LEAD_LAST = 0xc3, FOLLOW = 0x80, FOLLOW_BITS = 6 };

char *bytetext_encode(const char *bytes, size_t len, size_t *text_len)
{
    char *out = malloc(2 * len + 1);
    size_t n = 0;

    if (!out)
        abort();
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char) bytes[i];

        if (c < ASCII) {
            out[n++] = (char) c;
            continue;
        }
        out[n++] = (char) (LEAD | c >> FOLLOW_BITS);
        out[n++] = (char) (FOLLOW | (c & ((1 << FOLLOW_BITS) - 1)));
    }
    out[n] = '\0';
    *text_len = n;
    return out;
}

int bytetext_decode(char *text, size_t text_len, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < text_len; i++) {
        unsigned char c = (unsigned char) text[i];

        if (c >= ASCII) {
            if (c < LEAD || c > LEAD_LAST || i + 1 == text_len ||
                ((unsigned char) text[i + 1] & LEAD) != FOLLOW)
                return -EBADMSG;
            c = (unsigned char) (c << FOLLOW_BITS | ((unsigned char) text[++i] & ~FOLLOW));
        }
        text[n++] = (char) c;
    }
    *len = n;
    return 0;
}
