#include "logs/awaited.h"

#include <string.h>

#include "base/pattern.h"

static void disarm(struct awaited *a)
{
    if (a->armed)
        regfree(&a->pattern);
    a->armed = false;
}

int awaited_set(struct awaited *a, unsigned incarnation, const char *pattern,
                void (*came)(void *owner), void *owner, struct err *e)
{
    int r;

    if (a->incarnation == incarnation)
        return 0;
    awaited_clear(a);
    r = pattern_compile(pattern, &a->pattern, e);
    if (r < 0)
        return r;
    a->armed = true;
    a->incarnation = incarnation;
    a->came = came;
    a->owner = owner;
    return 0;
}

bool awaited_is(const struct awaited *a, unsigned incarnation, const char *line, size_t len)
{
    return a->armed && a->incarnation == incarnation && pattern_matches(&a->pattern, line, len);
}

static int on_tell(sd_event_source *source, void *userdata)
{
    struct awaited *a = userdata;

    (void) source;
    a->tell = sd_event_source_disable_unref(a->tell);
    a->came(a->owner);
    return 0;
}

void awaited_end(struct awaited *a, sd_event *loop)
{
    disarm(a);
    if (!a->tell)
        (void) sd_event_add_defer(loop, &a->tell, on_tell, a);
}

void awaited_clear(struct awaited *a)
{
    disarm(a);
    a->tell = sd_event_source_disable_unref(a->tell);
    a->incarnation = 0;
}
