#include "base/calendar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/auto.h"

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    QUARTER = 15 * MINUTE, /* every zone's days begin at a multiple of it */
    YEARS = 9,             /* 29 February may be eight years away */
    FIELDS = 5,
    TEXT_MAX = 128,
};

/* one of the five fields: what stands in it */
struct field {
    const char *what;
    unsigned first, last;
    const char *const *names; /* of `first` and those after it */
    bool wraps;               /* Fri-Mon */
};

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                           "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};

static const struct field fields[FIELDS] = {
    { "minute", 0, 59, NULL, false },
    { "hour", 0, 23, NULL, false },
    { "day of the month", 1, 31, NULL, false },
    { "month", 1, 12, month_names, false },
    { "day of the week", 0, 7, weekday_names, true },
};

static const struct {
    const char *word, *means;
    uint32_t spread_s;
} words[] = {
    { "hourly", "0 * * * *", 5 * MINUTE }, { "daily", "0 0 * * *", HOUR },
    { "midnight", "0 0 * * *", HOUR },     { "weekly", "0 0 * * 1", HOUR },
    { "monthly", "0 0 1 * *", HOUR },      { "yearly", "0 0 1 1 *", HOUR },
    { "annually", "0 0 1 1 *", HOUR },
};

static int wrong(const struct field *f, const char *text, struct err *e)
{
    return err_set(e, -EINVAL, "'%.64s' is no %s: %u to %u, lists, ranges and steps of them", text,
                   f->what, f->first, f->last);
}

/* a number or a name at *at, which moves behind it */
static int take_value(const struct field *f, const char **at, unsigned *out)
{
    unsigned n = 0;
    size_t digits = strspn(*at, "0123456789");

    for (size_t i = 0; f->names && f->names[i]; i++)
        if (strncasecmp(*at, f->names[i], 3) == 0) {
            *at += 3;
            *out = f->first + (unsigned) i;
            return 0;
        }
    if (digits == 0 || digits > 2)
        return -EINVAL;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (unsigned) ((*at)[i] - '0');
    *at += digits;
    if (n < f->first || n > f->last)
        return -EINVAL;
    *out = n;
    return 0;
}

/* "*", "A", "A-B", each with "/STEP" or without */
static int take_item(const struct field *f, const char *item, uint64_t *bits)
{
    unsigned from = f->first, to = f->last, step = 1;
    const struct field steps = { "step", 1, 60, NULL, false };
    const char *at = item;
    bool open = *at == '*';

    if (open)
        at++;
    else if (take_value(f, &at, &from) < 0)
        return -EINVAL;
    else
        to = from;
    if (!open && *at == '-' && (at++, take_value(f, &at, &to) < 0))
        return -EINVAL;
    if (*at == '/') {
        at++;
        if (take_value(&steps, &at, &step) < 0)
            return -EINVAL;
        if (!open && to == from)
            to = f->last; /* 5/15, as in cron: from there on */
    }
    if (*at != '\0' || (to < from && !f->wraps))
        return -EINVAL;
    if (to < from)
        to += 7;
    for (unsigned n = from; n <= to; n += step)
        *bits |= UINT64_C(1) << (f->wraps ? n % 7 : n);
    return 0;
}

static int take_field(const struct field *f, const char *text, uint64_t *bits, struct err *e)
{
    char copy[TEXT_MAX], *rest = copy;

    (void) snprintf(copy, sizeof copy, "%s", text);
    *bits = 0;
    for (char *item; (item = strsep(&rest, ","));)
        if (take_item(f, item, bits) < 0)
            return wrong(f, text, e);
    return 0;
}

static int take_cron(char *const text[FIELDS], struct calendar *out, struct err *e)
{
    uint64_t bits[FIELDS];

    for (size_t i = 0; i < FIELDS; i++)
        if (take_field(&fields[i], text[i], &bits[i], e) < 0)
            return e->code;
    *out = (struct calendar){ .minutes = bits[0],
                              .hours = (uint32_t) bits[1],
                              .days = (uint32_t) bits[2],
                              .months = (uint16_t) bits[3],
                              .weekdays = (uint8_t) bits[4],
                              .all_hours = text[1][0] == '*',
                              .any_day = text[2][0] == '*',
                              .any_weekday = text[4][0] == '*' };
    return 0;
}

/* "04:30", with days of the week before it or without */
static int take_clock(const char *days, const char *clock, struct calendar *out, struct err *e)
{
    char copy[TEXT_MAX], *rest = copy, *hour, *minute;
    char star[] = "*", *text[FIELDS];

    (void) snprintf(copy, sizeof copy, "%s", clock);
    hour = strsep(&rest, ":");
    minute = rest ? rest : star;
    if (strspn(hour, "0123456789") != strlen(hour) || strlen(minute) != 2)
        return err_set(e, -EINVAL, "'%.64s' is no time of day such as 04:30", clock);
    text[0] = minute;
    text[1] = hour;
    text[2] = text[3] = star;
    text[4] = (char *) (size_t) (days ? days : star);
    return take_cron(text, out, e);
}

static int take_text(const char *text, struct calendar *out, struct err *e)
{
    char copy[TEXT_MAX], *rest = copy, *part[FIELDS + 1] = { NULL };
    size_t n = 0;

    if (strlen(text) >= sizeof copy)
        return err_set(e, -EINVAL, "it is longer than %zu bytes", sizeof copy - 1);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(text[0] == '@' ? text + 1 : text, words[i].word) == 0) {
            int r = take_text(words[i].means, out, e);

            out->spread_s = words[i].spread_s;
            return r;
        }
    memcpy(copy, text, strlen(text) + 1);
    for (char *p; n <= FIELDS && (p = strsep(&rest, " \t"));)
        if (*p != '\0')
            part[n++] = p;
    if (n == FIELDS)
        return take_cron(part, out, e);
    if (n == 1 && strchr(part[0], ':'))
        return take_clock(NULL, part[0], out, e);
    if (n == 2 && strchr(part[1], ':'))
        return take_clock(part[0], part[1], out, e);
    return err_set(e, -EINVAL,
                   "'%.64s' is none of: 04:30, 'Mon-Fri 04:30', hourly, daily, weekly, monthly, "
                   "yearly, or the five fields of cron",
                   text);
}

int calendar_parse(const char *text, struct calendar *out, struct err *e)
{
    struct calendar c = { 0 };
    int64_t ever;
    int r = take_text(text, &c, e);

    if (r == 0 && calendar_next(&c, 0, &ever) < 0)
        r = err_set(e, -EINVAL, "'%.64s' never comes", text);
    if (r < 0)
        return err_classify(e, ERR_CONFIG);
    *out = c;
    return 0;
}

static bool is_day(const struct calendar *c, const struct tm *tm)
{
    bool day = c->days >> tm->tm_mday & 1, weekday = c->weekdays >> tm->tm_wday & 1;

    if (!(c->months >> (tm->tm_mon + 1) & 1))
        return false;
    return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

static bool is_minute(const struct calendar *c, const struct tm *tm)
{
    return (c->hours >> tm->tm_hour & 1) && (c->minutes >> tm->tm_min & 1) && is_day(c, tm);
}

static long offset_at(time_t t)
{
    struct tm tm;

    return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

/* one of the minutes that the clock has just left out, which went forward to `t` */
static bool is_left_out(const struct calendar *c, time_t t, long now)
{
    long before = offset_at(t - MINUTE);
    struct tm tm;

    for (time_t local = t + before; local < t + now; local += MINUTE)
        if (gmtime_r(&local, &tm) && is_minute(c, &tm))
            return true;
    return false;
}

/* this minute was there before: the clock has gone back since */
static bool is_repeated(time_t t, long now)
{
    long back = offset_at(t - 3 * HOUR) - now;

    return back > 0 && offset_at(t - back) == now + back;
}

static bool comes_at(const struct calendar *c, time_t t, const struct tm *tm)
{
    if (c->all_hours)
        return is_minute(c, tm);
    if (t % QUARTER == 0 && is_left_out(c, t, tm->tm_gmtoff))
        return true;
    return is_minute(c, tm) && !is_repeated(t, tm->tm_gmtoff);
}

/* From a day that is not meant: as far as nothing can be missed, for a day may have 23 hours. */
static time_t skip(time_t t, const struct tm *tm)
{
    time_t left = DAY - (tm->tm_hour * HOUR + tm->tm_min * MINUTE);

    if (left > 3 * HOUR)
        return t + left - 3 * HOUR;
    return t + QUARTER - t % QUARTER;
}

int calendar_next(const struct calendar *c, int64_t after_s, int64_t *out)
{
    time_t t = after_s - after_s % MINUTE + MINUTE;
    time_t end = t + (time_t) YEARS * 366 * DAY;
    struct tm tm;

    while (t < end && localtime_r(&t, &tm)) {
        if (comes_at(c, t, &tm)) {
            *out = t;
            return 0;
        }
        if (!is_day(c, &tm))
            t = skip(t, &tm);
        else
            t += c->hours >> tm.tm_hour & 1 ? MINUTE : QUARTER - t % QUARTER;
    }
    return -ERANGE;
}
