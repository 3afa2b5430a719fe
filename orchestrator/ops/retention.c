#include "ops/retention.h"

#include <time.h>

enum { DAY_S = 86400, WEEK_DAYS = 7, THURSDAY = 3 };

enum period { DAILY, WEEKLY, MONTHLY };

/* a number that is the same for two moments of the same period, and grows */
static int64_t period_of(enum period p, uint64_t time_s)
{
    time_t at = (time_t) time_s;
    struct tm tm;

    switch (p) {
    case DAILY: return (int64_t) (time_s / DAY_S);
    case WEEKLY: return ((int64_t) (time_s / DAY_S) + THURSDAY) / WEEK_DAYS; /* 1970 began so */
    case MONTHLY: return gmtime_r(&at, &tm) ? tm.tm_year * 12 + tm.tm_mon : 0;
    }
    return 0;
}

static void keep(struct retained *r, const char *because)
{
    if (!r->keep)
        r->because = because;
    r->keep = true;
}

/* the newest backup of each of the last `count` periods that have one */
static void keep_periods(struct retained *list, size_t n, enum period p, unsigned count,
                         const char *because)
{
    int64_t last = -1;

    for (size_t i = 0; i < n && count > 0; i++) {
        int64_t period = period_of(p, list[i].time_s);

        if (list[i].safety || period == last)
            continue;
        keep(&list[i], because);
        last = period;
        count--;
    }
}

static void keep_first(struct retained *list, size_t n, bool (*is)(const struct retained *),
                       const char *because)
{
    for (size_t i = 0; i < n; i++)
        if (is(&list[i])) {
            keep(&list[i], because);
            return;
        }
}

static bool is_usual(const struct retained *r)
{
    return !r->safety;
}

static bool is_checked(const struct retained *r)
{
    return r->checked;
}

static bool is_drilled(const struct retained *r)
{
    return r->drilled;
}

void retention_decide(const struct backup_policy *p, uint64_t now_s, struct retained *list,
                      size_t n)
{
    bool silent = p->keep_days == 0 && p->keep_last == 0 && p->keep_daily == 0 &&
                  p->keep_weekly == 0 && p->keep_monthly == 0;
    int64_t today = period_of(DAILY, now_s);
    unsigned last = p->keep_last;

    for (size_t i = 0; i < n; i++)
        list[i].keep = silent;
    keep_first(list, n, is_usual, "newest");
    keep_first(list, n, is_checked, "verified");
    keep_first(list, n, is_drilled, "verified");
    for (size_t i = 0; i < n; i++)
        if (p->keep_days > 0 && today - period_of(DAILY, list[i].time_s) <= p->keep_days)
            keep(&list[i], "days");
    for (size_t i = 0; i < n && last > 0; i++)
        if (!list[i].safety) {
            keep(&list[i], "last");
            last--;
        }
    keep_periods(list, n, DAILY, p->keep_daily, "daily");
    keep_periods(list, n, WEEKLY, p->keep_weekly, "weekly");
    keep_periods(list, n, MONTHLY, p->keep_monthly, "monthly");
}
