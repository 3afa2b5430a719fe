#include "base/interface.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 15 /* IFNAMSIZ without NUL */, MAC_TEXT = 17 };

bool interface_is_name(const char *text)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t len = strlen(text);

    return len > 0 && len <= NAME_MAX_BYTES && strspn(text, chars) == len && text[0] != '.' &&
           strcmp(text, "lo") != 0;
}

bool interface_is_mac(const char *text)
{
    unsigned char b[6];
    int end = 0;

    return strlen(text) == MAC_TEXT && strspn(text, "0123456789abcdefABCDEF:") == MAC_TEXT &&
           sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &b[0], &b[1], &b[2], &b[3], &b[4],
                  &b[5], &end) == 6 &&
           end == MAC_TEXT && !(b[0] & 1) && (b[0] | b[1] | b[2] | b[3] | b[4] | b[5]);
}
