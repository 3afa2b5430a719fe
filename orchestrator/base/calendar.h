/* calendar.h -- moments that come again, as people and cron(8) write them.
 *   04:30   Mon-Fri 04:30   hourly daily weekly monthly yearly   30 4 * * 1-5
 * In local time.  What stands at an hour of its own comes once a day: a time that a change of the
 * clocks leaves out comes at the first moment after it, one that is there twice counts the first
 * time.  What stands at every hour follows the hours as they are.
 * Runs in: CLI (which refuses what never comes), supervisor.  Pure: the time is a parameter, and
 * the zone that of tzset(3).  Source: crontab(5), localtime(3). */
#ifndef IPAM_BASE_CALENDAR_H
#define IPAM_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct calendar {
    uint64_t minutes;          /* bit N: minute N */
    uint32_t hours, days;      /* days of the month from bit 1 on */
    uint16_t months;           /* from bit 1 on */
    uint8_t weekdays;          /* bit 0: Sunday */
    bool all_hours;            /* the field begins with a star: see above */
    bool any_day, any_weekday; /* neither of the two is a star: one of them is enough, as in cron */
    uint32_t spread_s;         /* of a word such as daily: how much it matters when exactly */
};

/* -EINVAL (ERR_CONFIG) for what is no such text, and for what never comes. */
int calendar_parse(const char *text, struct calendar *out, struct err *e);
/* The first one after `after_s` (seconds since 1970); -ERANGE when none comes within nine years. */
int calendar_next(const struct calendar *c, int64_t after_s, int64_t *out);

#endif
