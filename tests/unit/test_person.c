#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/person.h"

static struct spec_group groups[] = { { "mail", 8 }, { "", 4321 } };
static const struct spec service = {
    .user = "www-data", .uid = 33, .gid = 34, .groups = groups, .n_groups = ARRAY_LEN(groups)
};

static void nobody_but_the_service_itself_and_no_group_it_is_not_in(void **state)
{
    static const char *const bad[] = { "root", "0",     "www-data:root", "33:0",   "www-data:0",
                                       "34",   ":root", "www-data:33",   "nobody", "-1",
                                       "33:",  "033x",  "www-data:mail:" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        gid_t gid = 7;

        assert_int_equal(person_group(&service, bad[i], &gid, &e), -EPERM);
        assert_int_equal(strncmp(e.msg, "user: ", 6), 0);
        assert_int_equal(gid, 7);
    }
}

static void names_and_numbers_of_its_own_are_known(void **state)
{
    static const struct {
        const char *text;
        gid_t gid;
    } good[] = { { "www-data", 34 },        { "33", 34 },  { "33:34", 34 },
                 { "www-data:mail", 8 },    { "33:8", 8 }, { ":mail", 8 },
                 { "www-data:4321", 4321 }, { "", 34 } };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        gid_t gid = 7;

        assert_int_equal(person_group(&service, good[i].text, &gid, NULL), 0);
        assert_int_equal(gid, good[i].gid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_but_the_service_itself_and_no_group_it_is_not_in),
        cmocka_unit_test(names_and_numbers_of_its_own_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
