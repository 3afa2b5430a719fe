#include "cli/published.h"

#include <stdio.h>
#include <string.h>

const char *published_text(const char *address, const char *all, int port, char out[PUBLISHED_TEXT])
{
    const char *host = address[0] != '\0' ? address : all;

    (void) snprintf(out, PUBLISHED_TEXT, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    return out;
}
