#include "verify/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lines_have(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, len) == 0 && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}

bool lines_sql_error(const char *text, unsigned *line, char *said, size_t room)
{
    static const char where[] = ") at line ";
    const char *at = strncmp(text, "ERROR ", 6) == 0 ? text : strstr(text, "\nERROR "), *end, *in;

    if (!at)
        return false;
    at += *at == '\n';
    end = at + strcspn(at, "\n");
    in = strstr(at, where);
    *line = in && in < end ? (unsigned) strtoul(in + sizeof where - 1, NULL, 10) : 0;
    (void) snprintf(said, room, "%.*s", (int) (end - at), at);
    return true;
}
