#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/apparmor.h"
#include "base/auto.h"

static void what_could_mean_more_than_one_profile_is_refused(void **state)
{
    static const char *const bad[] = { "", "unconfined", "a//&b", ":ns:a", "a b", "a\n", "a&b" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (apparmor_is_profile(bad[i]))
            fail_msg("'%s' was accepted", bad[i]);
}

static void names_and_paths_are_profiles(void **state)
{
    (void) state;
    assert_true(apparmor_is_profile("docker-default"));
    assert_true(apparmor_is_profile("/usr/sbin/mariadbd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_mean_more_than_one_profile_is_refused),
        cmocka_unit_test(names_and_paths_are_profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
