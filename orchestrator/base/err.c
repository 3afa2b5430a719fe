#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err fresh = { .class = ERR_FAILED };

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    code = code < 0 ? code : -EIO; /* an errno that was lost on the way is no success */
    if (!e)
        return code;
    *e = fresh;
    e->code = code;
    va_start(ap, fmt);
    (void) vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    return code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof e->msg];
    va_list ap;
    size_t used;

    if (!e)
        return -1;
    memcpy(inner, e->msg, sizeof inner);
    va_start(ap, fmt);
    (void) vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    used = strlen(e->msg);
    (void) snprintf(e->msg + used, sizeof e->msg - used, ": %s", inner);
    return e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -1;
    va_start(ap, fmt);
    (void) vsnprintf(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
    return e->code;
}

int err_classify(struct err *e, enum err_class class)
{
    if (!e)
        return -1;
    e->class = class;
    return e->code;
}

int err_at(struct err *e, struct mark at)
{
    if (!e)
        return -1;
    e->at = at;
    return e->code;
}

const char *err_class_text(enum err_class class)
{
    switch (class) {
    case ERR_FAILED: return "failed";
    case ERR_USAGE: return "usage";
    case ERR_CONFIG: return "config";
    case ERR_CHECK: return "check";
    case ERR_MISSING: return "missing";
    case ERR_HEALTH: return "health";
    case ERR_VERIFY: return "verify";
    case ERR_LOCKED: return "locked";
    case ERR_UPDATE: return "update";
    case ERR_STUCK: return "stuck";
    case ERR_MIGRATION: return "migration";
    case ERR_BACKUP: return "backup";
    case ERR_DENIED: return "denied";
    case ERR_UNREACHABLE: return "unreachable";
    case ERR_UNSAFE: return "unsafe";
    case ERR_PENDING: return "pending";
    case ERR_TIMEOUT: return "timeout";
    }
    return "failed";
}
