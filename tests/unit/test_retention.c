/* Which backups have been kept long enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ops/retention.h"

enum { DAY = 86400, MOST = 800 };

/* a Wednesday, 2026-07-15 10:00 UTC */
static const uint64_t now = UINT64_C(1784109600);

struct world {
    struct retained list[MOST];
    size_t n;
};

/* one backup per day, the first `from` days old */
static void daily(struct world *w, unsigned from, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        w->list[w->n++] = (struct retained){ .time_s = now - (uint64_t) (from + i) * DAY };
}

static size_t kept(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->list[i].keep;
    return n;
}

static void who_says_nothing_keeps_everything(void **state)
{
    const struct backup_policy policy = { 0 };
    struct world w = { 0 };

    (void) state;
    daily(&w, 0, 400);
    retention_decide(&policy, now, w.list, w.n);
    assert_int_equal(kept(&w), 400);
}

static void of_ten_days_seven_are_kept(void **state)
{
    const struct backup_policy policy = { .keep_days = 7 };
    struct world w = { 0 };

    (void) state;
    daily(&w, 1, 10);
    retention_decide(&policy, now, w.list, w.n);
    assert_int_equal(kept(&w), 7);
    for (size_t i = 0; i < w.n; i++)
        assert_int_equal(w.list[i].keep, i < 7);
}

static void the_newest_and_the_newest_verified_are_always_kept(void **state)
{
    const struct backup_policy policy = { .keep_days = 1 };
    struct world w = { 0 };

    (void) state;
    daily(&w, 100, 10);
    w.list[0].safety = true;
    w.list[3].checked = w.list[7].checked = true;
    w.list[5].drilled = w.list[8].drilled = true;
    retention_decide(&policy, now, w.list, w.n);
    assert_int_equal(kept(&w), 3);
    assert_string_equal(w.list[1].because, "newest");
    assert_string_equal(w.list[3].because, "verified");
    assert_string_equal(w.list[5].because, "verified");
}

static void safety_copies_count_for_days_only(void **state)
{
    const struct backup_policy policy = { .keep_days = 2, .keep_last = 3, .keep_monthly = 2 };
    struct world w = { 0 };

    (void) state;
    daily(&w, 0, 40);
    for (size_t i = 0; i < w.n; i += 2)
        w.list[i].safety = true;
    retention_decide(&policy, now, w.list, w.n);
    for (size_t i = 0; i < w.n; i++)
        if (w.list[i].keep && w.list[i].safety)
            assert_string_equal(w.list[i].because, "days");
    assert_true(w.list[1].keep && w.list[3].keep && w.list[5].keep);
    assert_int_equal(kept(&w), 3 + 2 + 1); /* the last three, safety of two days, a month */
}

static void sons_fathers_and_grandfathers(void **state)
{
    const struct backup_policy policy = { .keep_daily = 7, .keep_weekly = 4, .keep_monthly = 12 };
    struct world w = { 0 };

    (void) state;
    for (unsigned i = 0; i < 2 * 365; i++)
        w.list[w.n++] = (struct retained){ .time_s = now - (uint64_t) i * DAY };
    retention_decide(&policy, now, w.list, w.n);
    /* 7 days (15th to 9th), Sundays 5th and 28th, ends of eleven months */
    assert_int_equal(kept(&w), 7 + 2 + 11);
    assert_true(w.list[10].keep);                       /* Sunday, July 5th */
    assert_string_equal(w.list[15].because, "monthly"); /* June 30th */
    /* one year on nothing of the two years but those is left, however often it runs */
    for (size_t i = 0; i < w.n; i++)
        if (w.list[i].keep)
            assert_true(i <= 365);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_keeps_everything),
        cmocka_unit_test(of_ten_days_seven_are_kept),
        cmocka_unit_test(the_newest_and_the_newest_verified_are_always_kept),
        cmocka_unit_test(safety_copies_count_for_days_only),
        cmocka_unit_test(sons_fathers_and_grandfathers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
