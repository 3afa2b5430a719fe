#include "compose/trail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *trail_text(const struct trail *t, char buffer[static TRAIL_TEXT])
{
    size_t used;

    buffer[0] = '\0';
    if (!t)
        return buffer;
    (void) trail_text(t->up, buffer);
    used = strlen(buffer);
    if (t->key)
        (void) snprintf(buffer + used, TRAIL_TEXT - used, "%s%s", used ? "." : "", t->key);
    else
        (void) snprintf(buffer + used, TRAIL_TEXT - used, "%s[%zu]", used ? "." : "", t->index);
    return buffer;
}

int trail_refuse(const struct trail *t, struct mark at, struct err *e, const char *fmt, ...)
{
    char what[512], where[TRAIL_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    err_set(e, -EINVAL, "%s%s%s", trail_text(t, where), t ? ": " : "", what);
    err_classify(e, ERR_CONFIG);
    return err_at(e, at);
}
