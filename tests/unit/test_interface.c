/* Names and hardware addresses that an interface can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/interface.h"

static void an_interface_is_called_as_the_kernel_allows(void **state)
{
    static const char *const good[] = { "eth0", "wan", "a-b_c.1", "fifteen-letters" },
                             *const bad[] = {
                                 "", "lo", ".", "..", "a/b", "a b", "sixteen-letters-", ".x"
                             };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(interface_is_name(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(interface_is_name(bad[i]));
}

static void a_hardware_address_is_of_one_interface(void **state)
{
    static const char *const good[] = { "02:00:00:00:00:01", "02:42:AC:11:65:43" }, *const bad[] = {
        "",
        "00:00:00:00:00:00",
        "03:00:00:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "02:00:00:00:00",
        "02:00:00:00:00:0",
        "02-00-00-00-00-01",
        "02:00:00:00:00:01:02",
        "2:00:00:00:00:001",
        " 2:00:00:00:00:01"
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(interface_is_mac(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(interface_is_mac(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interface_is_called_as_the_kernel_allows),
        cmocka_unit_test(a_hardware_address_is_of_one_interface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
