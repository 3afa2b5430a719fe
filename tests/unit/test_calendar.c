/* When a schedule is due: what may be written, and what changes of the clocks do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"

static void zone(const char *name)
{
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
}

/* of local time; `isdst` where the time is there twice */
static int64_t at(const char *text, int isdst)
{
    struct tm tm = { .tm_isdst = isdst };

    assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    tm.tm_isdst = isdst;
    return mktime(&tm);
}

static const char *text_of(int64_t t)
{
    static char text[64];
    time_t when = t;
    struct tm tm;

    assert_true(strftime(text, sizeof text, "%Y-%m-%d %H:%M %Z", localtime_r(&when, &tm)) > 0);
    return text;
}

static int64_t next(const char *when, int64_t after)
{
    struct err e = ERR_INIT;
    struct calendar c;
    int64_t out = 0;

    if (calendar_parse(when, &c, &e) < 0)
        fail_msg("%s: %s", when, e.msg);
    assert_int_equal(calendar_next(&c, after, &out), 0);
    assert_true(out > after);
    return out;
}

static void what_is_no_calendar_is_refused_with_what_may_stand_there(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        { "", "five fields" },
        { "sometimes", "hourly, daily" },
        { "* * * *", "five fields" },
        { "* * * * * *", "five fields" },
        { "60 * * * *", "minute: 0 to 59" },
        { "* 24 * * *", "hour: 0 to 23" },
        { "* * 0 * *", "day of the month: 1 to 31" },
        { "* * * 13 *", "month: 1 to 12" },
        { "* * * * 8", "day of the week" },
        { "5-3 * * * *", "minute" },
        { "*/0 * * * *", "minute" },
        { "1,, * * * *", "minute" },
        { "1x * * * *", "minute" },
        { "-1 * * * *", "minute" },
        { "25:00", "hour" },
        { "4:5", "time of day" },
        { "04:30:00", "time of day" },
        { "*:30", "time of day" },
        { "Noday 04:30", "day of the week" },
        { "0 0 31 2 *", "never comes" },
        { "0 0 30 feb *", "never comes" },
    };

    (void) state;
    zone("UTC");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        struct calendar c = { .minutes = 7 };

        assert_int_equal(calendar_parse(bad[i].text, &c, &e), -EINVAL);
        assert_int_equal(e.class, ERR_CONFIG);
        assert_int_equal(c.minutes, 7);
        if (!strstr(e.msg, bad[i].says))
            fail_msg("'%s': %s", bad[i].text, e.msg);
    }
}

static void words_times_and_five_fields_come_when_they_say(void **state)
{
    static const struct {
        const char *when, *after, *comes;
    } cases[] = {
        { "hourly", "2026-11-27 05:59:59", "2026-11-27 06:00 UTC" },
        { "daily", "2026-11-27 00:00:00", "2026-11-28 00:00 UTC" },
        { "@weekly", "2026-11-27 12:00:00", "2026-11-30 00:00 UTC" },
        { "monthly", "2026-12-01 00:00:00", "2027-01-01 00:00 UTC" },
        { "yearly", "2026-11-27 12:00:00", "2027-01-01 00:00 UTC" },
        { "04:30", "2026-11-27 04:29:59", "2026-11-27 04:30 UTC" },
        { "04:30", "2026-11-27 04:30:00", "2026-11-28 04:30 UTC" },
        { "mon-fri 04:30", "2026-11-27 05:00:00", "2026-11-30 04:30 UTC" },
        { "Sat,Sun 23:59", "2026-11-27 05:00:00", "2026-11-28 23:59 UTC" },
        { "fri-mon 01:00", "2026-11-30 02:00:00", "2026-12-04 01:00 UTC" },
        { "*/20 * * * *", "2026-11-27 05:41:00", "2026-11-27 06:00 UTC" },
        { "5/20 6-8 * * *", "2026-11-27 08:30:00", "2026-11-27 08:45 UTC" },
        { "0 0 * * 7", "2026-11-27 00:00:00", "2026-11-29 00:00 UTC" },
        { "0 0 29 2 *", "2026-11-27 00:00:00", "2028-02-29 00:00 UTC" },
        { "0 0 29 feb *", "2096-03-01 00:00:00", "2104-02-29 00:00 UTC" },
        { "0 0 31 * *", "2026-01-31 00:00:00", "2026-03-31 00:00 UTC" },
        { "0 0 30 1-2 *", "2026-01-30 00:00:00", "2027-01-30 00:00 UTC" },
        /* cron: two restricted days are alternatives, one alone holds */
        { "0 0 13 * fri", "2026-11-27 00:00:00", "2026-12-04 00:00 UTC" },
        { "0 0 13 * fri", "2026-12-11 00:00:00", "2026-12-13 00:00 UTC" },
        { "0 0 */2 * mon", "2026-11-27 00:00:00", "2026-12-07 00:00 UTC" },
        { "59 23 31 12 *", "2026-12-31 23:59:00", "2027-12-31 23:59 UTC" },
    };

    (void) state;
    zone("UTC");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t t = next(cases[i].when, at(cases[i].after, 0));

        if (strcmp(text_of(t), cases[i].comes) != 0)
            fail_msg("%s after %s: %s, not %s", cases[i].when, cases[i].after, text_of(t),
                     cases[i].comes);
    }
}

/* Berlin, 29 March 2026: after 01:59 comes 03:00 */
static void a_time_that_is_left_out_comes_at_the_first_moment_after_it(void **state)
{
    int64_t t;

    (void) state;
    zone("Europe/Berlin");
    t = next("02:30", at("2026-03-28 12:00:00", 0));
    assert_string_equal(text_of(t), "2026-03-29 03:00 CEST");
    assert_string_equal(text_of(next("02:30", t)), "2026-03-30 02:30 CEST");
    /* what is due at that moment anyway comes once */
    t = next("0 2-3 * * *", at("2026-03-28 12:00:00", 0));
    assert_string_equal(text_of(t), "2026-03-29 03:00 CEST");
    assert_string_equal(text_of(next("0 2-3 * * *", t)), "2026-03-30 02:00 CEST");
    /* every hour goes on by the hours there are */
    t = next("30 * * * *", at("2026-03-29 01:00:00", 0));
    assert_string_equal(text_of(t), "2026-03-29 01:30 CET");
    assert_string_equal(text_of(next("30 * * * *", t)), "2026-03-29 03:30 CEST");
    /* a weekday that is not that day stays away */
    assert_string_equal(text_of(next("mon 02:30", at("2026-03-28 12:00:00", 0))),
                        "2026-03-30 02:30 CEST");
}

/* 25 October 2026: 02:00 to 02:59 are there twice */
static void a_time_that_is_there_twice_counts_once(void **state)
{
    int64_t t;

    (void) state;
    zone("Europe/Berlin");
    t = next("02:30", at("2026-10-24 12:00:00", 1));
    assert_string_equal(text_of(t), "2026-10-25 02:30 CEST");
    assert_string_equal(text_of(next("02:30", t)), "2026-10-26 02:30 CET");
    /* who looks in the repeated hour has had it */
    assert_string_equal(text_of(next("02:30", at("2026-10-25 02:15:00", 0))),
                        "2026-10-26 02:30 CET");
    t = next("*/30 * * * *", at("2026-10-25 02:10:00", 1));
    assert_string_equal(text_of(t), "2026-10-25 02:30 CEST");
    t = next("*/30 * * * *", t);
    assert_string_equal(text_of(t), "2026-10-25 02:00 CET");
}

static void zones_whose_days_begin_late_or_are_missing(void **state)
{
    int64_t t;

    (void) state;
    /* Beirut, 29 March 2026: midnight is left out */
    zone("Asia/Beirut");
    t = next("daily", at("2026-03-28 12:00:00", 0));
    assert_string_equal(text_of(t), "2026-03-29 01:00 EEST");
    assert_string_equal(text_of(next("daily", t)), "2026-03-30 00:00 EEST");
    assert_string_equal(text_of(next("0 0 29 3 *", at("2026-01-01 12:00:00", 0))),
                        "2026-03-29 01:00 EEST");
    /* Apia had no 30 December 2011 */
    zone("Pacific/Apia");
    t = next("12:00", at("2011-12-29 12:00:00", 1));
    assert_string_equal(text_of(t), "2011-12-31 00:00 +14");
    assert_string_equal(text_of(next("12:00", t)), "2011-12-31 12:00 +14");
    /* Lord Howe changes by half an hour, Kathmandu is at 5:45 */
    zone("Australia/Lord_Howe");
    t = next("02:15", at("2026-10-03 12:00:00", 0));
    assert_string_equal(text_of(t), "2026-10-04 02:30 +11");
    zone("Asia/Kathmandu");
    assert_string_equal(text_of(next("daily", at("2026-11-27 12:00:00", 0))),
                        "2026-11-28 00:00 +0545");
}

/* whatever the zone, a day has one of them: two years, day by day */
static void every_day_has_exactly_one(void **state)
{
    static const char *const zones[] = {
        "UTC",         "Europe/Berlin",       "America/Sao_Paulo",
        "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca"
    };
    static const char *const times[] = { "00:00", "00:30", "01:30", "02:00",
                                         "02:30", "03:00", "23:45" };

    (void) state;
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        zone(zones[z]);
        for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
            struct err e = ERR_INIT;
            struct calendar c;
            int64_t t = at("2017-06-01 12:00:00", -1);
            int last_day = -1;

            assert_int_equal(calendar_parse(times[i], &c, &e), 0);
            for (int n = 0; n < 730; n++) {
                int64_t before = t;
                time_t when;
                struct tm tm;

                assert_int_equal(calendar_next(&c, t, &t), 0);
                when = t;
                assert_non_null(localtime_r(&when, &tm));
                assert_int_not_equal(tm.tm_yday, last_day);
                last_day = tm.tm_yday;
                assert_true(t - before <= 26 * 3600);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_calendar_is_refused_with_what_may_stand_there),
        cmocka_unit_test(words_times_and_five_fields_come_when_they_say),
        cmocka_unit_test(a_time_that_is_left_out_comes_at_the_first_moment_after_it),
        cmocka_unit_test(a_time_that_is_there_twice_counts_once),
        cmocka_unit_test(zones_whose_days_begin_late_or_are_missing),
        cmocka_unit_test(every_day_has_exactly_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
