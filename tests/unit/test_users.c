#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/users.h"

enum { FIRST = 0x70000000, FOUR = FIRST + 4 * USERS_IDS - 1 };

struct tenants {
    uint32_t firsts[8];
    size_t n;
};

static bool is_taken(uint32_t first, void *userdata)
{
    const struct tenants *t = userdata;

    for (size_t i = 0; i < t->n; i++)
        if (t->firsts[i] == first)
            return true;
    return false;
}

static void all_ranges_are_found_before_there_is_none(void **state)
{
    struct tenants t = { .n = 0 };
    uint32_t got = 7;
    struct err e = ERR_INIT;

    (void) state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(users_choose("p.web.1", FIRST, FOUR, is_taken, &t, &got, &e), 0);
        assert_true(got >= FIRST && got < FOUR && got % USERS_IDS == 0);
        assert_false(is_taken(got, &t));
        t.firsts[t.n++] = got;
    }
    got = 7;
    assert_int_equal(users_choose("p.web.1", FIRST, FOUR, is_taken, &t, &got, &e), -EUSERS);
    assert_int_equal(got, 7);
    assert_string_equal(
        e.msg, "user namespace: all 4 ranges of user-namespaces = 1879048192-1879310335 are taken");
}

/* without a record: what the name says, as long as nobody else is there */
static void an_owner_gets_the_same_range_again_and_others_do_not_move_it(void **state)
{
    struct tenants t = { .n = 0 };
    uint32_t before = 0, other = 0, again = 0;
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(users_choose("p.web.1", FIRST, FOUR, is_taken, &t, &before, &e), 0);
    t.firsts[t.n++] = before;
    assert_int_equal(users_choose("p.web.1", FIRST, FOUR, is_taken, &t, &other, &e), 0);
    assert_int_not_equal(other, before);
    t.firsts[0] = other;
    assert_int_equal(users_choose("p.web.1", FIRST, FOUR, is_taken, &t, &again, &e), 0);
    assert_int_equal(again, before);
}

static void the_last_range_below_two_to_the_31_does_not_overflow(void **state)
{
    struct tenants t = { .n = 0 };
    uint32_t got = 0;
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(
        users_choose("p.web.1", INT32_MAX - USERS_IDS + 1U, INT32_MAX, is_taken, &t, &got, &e), 0);
    assert_int_equal(got, INT32_MAX - USERS_IDS + 1U);
}

static void an_id_of_the_host_s_users_stays_what_it_is(void **state)
{
    const struct users own = { .fd = 5, .first = FIRST };

    (void) state;
    assert_int_equal(users_outside(&USERS_HOST, 33), 33);
    assert_int_equal(users_outside(&own, 33), FIRST + 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranges_are_found_before_there_is_none),
        cmocka_unit_test(an_owner_gets_the_same_range_again_and_others_do_not_move_it),
        cmocka_unit_test(the_last_range_below_two_to_the_31_does_not_overflow),
        cmocka_unit_test(an_id_of_the_host_s_users_stays_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
