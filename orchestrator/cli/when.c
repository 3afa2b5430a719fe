#include "cli/when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/num.h"
#include "compose/values.h"

/* "", ".5", ".123456" */
static const char *take_fraction(const char *at, uint64_t *us)
{
    uint64_t unit = USEC_PER_SEC;

    if (*at != '.')
        return at;
    for (at++; *at >= '0' && *at <= '9'; at++) {
        unit /= 10;
        *us += unit * (uint64_t) (*at - '0');
    }
    return at;
}

/* "", "Z", "+02:00"; false for anything else */
static bool take_zone(const char *at, struct tm *tm, time_t *out)
{
    int hours, minutes, used = 0;

    if (*at == '\0') {
        tm->tm_isdst = -1;
        *out = mktime(tm);
        return true;
    }
    *out = timegm(tm);
    if (strcmp(at, "Z") == 0)
        return true;
    if (sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || at[1 + used] != '\0' ||
        (*at != '+' && *at != '-'))
        return false;
    *out -= (*at == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_calendar(const char *text, uint64_t *out)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                         "%Y-%m-%d %H:%M", "%Y-%m-%d" };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = { 0 };
        uint64_t us = 0;
        time_t seconds;
        const char *rest = strptime(text, forms[i], &tm);

        if (!rest || !take_zone(take_fraction(rest, &us), &tm, &seconds) || seconds < 0)
            continue;
        *out = (uint64_t) seconds * USEC_PER_SEC + us;
        return true;
    }
    return false;
}

int when_parse(const char *text, uint64_t now_us, uint64_t *out, struct err *e)
{
    uint64_t seconds = 0;
    int64_t ns = 0;

    if (num_u64(text, UINT32_MAX, &seconds) == 0)
        *out = seconds * USEC_PER_SEC;
    else if (values_duration(text, &ns) == 0 && ns >= 0)
        *out = now_us > (uint64_t) ns / 1000 ? now_us - (uint64_t) ns / 1000 : 0;
    else if (!take_calendar(text, out)) {
        err_set(e, -EINVAL, "'%s' is no time", text);
        err_hint(e, "2026-11-24T10:00:00Z, '2026-11-24 10:00', or 10m for ten minutes ago");
        return err_classify(e, ERR_USAGE);
    }
    return 0;
}

void when_format_utc(uint64_t us, char out[WHEN_TEXT])
{
    time_t second = (time_t) (us / USEC_PER_SEC);
    struct tm tm;
    size_t len = strftime(out, WHEN_TEXT, "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));

    (void) snprintf(out + len, WHEN_TEXT - len, ".%06uZ", (unsigned) (us % USEC_PER_SEC));
}

void when_format(uint64_t us, char out[WHEN_TEXT])
{
    time_t second = (time_t) (us / USEC_PER_SEC);
    struct tm tm;
    size_t len = strftime(out, WHEN_TEXT, "%Y-%m-%d %H:%M:%S", localtime_r(&second, &tm));

    (void) snprintf(out + len, WHEN_TEXT - len, ".%03u",
                    (unsigned) (us % USEC_PER_SEC / USEC_PER_MSEC));
}
