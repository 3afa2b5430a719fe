#include "verify/rights.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"

enum { FILTER = 2 };

void rights_complain(char *out, size_t room, const char *fmt, ...)
{
    size_t used = strlen(out);
    va_list args;

    if (used > 0 && used + 2 < room) {
        memcpy(out + used, "; ", 3);
        used += 2;
    }
    va_start(args, fmt);
    (void) vsnprintf(out + used, room - used, fmt, args);
    va_end(args);
}

/* a number of the text; UINT64_MAX when there is none */
static uint64_t field(const char *status, const char *name, int base)
{
    const char *at = strstr(status, name);

    return at ? strtoull(at + strlen(name), NULL, base) : UINT64_MAX;
}

void rights_judge(const struct unit *u, const char *status, char *out, size_t room)
{
    uint64_t wanted = 0, has = field(status, "\nCapEff:", 16);
    uint64_t uid = field(status, "\nUid:", 10);
    const char *wrong = NULL;

    out[0] = '\0';
    (void) capability_mask(u->capabilities, &wanted, &wrong);
    if (field(status, "\nNoNewPrivs:", 10) != 1)
        rights_complain(out, room, "it may gain rights (NoNewPrivs is not 1)");
    if (field(status, "\nSeccomp:", 10) != FILTER)
        rights_complain(out, room, "no system call filter is loaded");
    if ((has & ~wanted) != 0)
        rights_complain(out, room, "it has capabilities %#" PRIx64 ", the file says %#" PRIx64, has,
                        wanted);
    /* one that may change its user is whoever it wants to be */
    if (wanted == 0 && !u->own_users && uid != u->uid)
        rights_complain(out, room, "it runs as user %" PRIu64 ", the file says %u", uid, u->uid);
}
