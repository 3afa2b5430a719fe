/* Addresses as numbers: what is in a range, and which one it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/auto.h"
#include "base/cidr.h"

static struct cidr range(const char *text)
{
    struct cidr c = { 0 };

    assert_int_equal(cidr_parse(text, &c), 0);
    return c;
}

static struct cidr address(const char *text)
{
    struct cidr c = { 0 };

    assert_int_equal(cidr_parse_address(text, &c), 0);
    return c;
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const ranges[] = {
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0/8",
        "fd00::/129",
        "10.0.0.0/a",
        "/8",
        "::g/64",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "010.0.0.0/8",
        "localhost/8",
        " 10.0.0.0/8",
    };
    struct cidr c = { .family = 7 };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        assert_int_equal(cidr_parse(ranges[i], &c), -EINVAL);
    assert_int_equal(cidr_parse_address("10.0.0.0/8", &c), -EINVAL);
    assert_int_equal(c.family, 7);
}

static void text_comes_back_as_it_was(void **state)
{
    static const char *const ranges[] = { "10.1.2.3/24", "0.0.0.0/0", "fd00:1::2/64", "::/0" };
    char text[CIDR_TEXT];
    const struct cidr none = { 0 };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        struct cidr c = range(ranges[i]);

        cidr_format(&c, text);
        assert_string_equal(text, ranges[i]);
    }
    cidr_format(&none, text);
    assert_string_equal(text, "");
    cidr_format_address(&none, text);
    assert_string_equal(text, "");
}

static void a_range_contains_its_own(void **state)
{
    static const struct {
        const char *range, *other;
        bool contains, overlaps;
    } cases[] = {
        { "10.1.0.0/16", "10.1.255.255/32", true, true },
        { "10.1.0.0/16", "10.2.0.0/32", false, false },
        { "10.1.0.0/24", "10.1.0.0/16", false, true },
        { "10.1.0.128/25", "10.1.0.127/32", false, false },
        { "0.0.0.0/0", "192.0.2.1/32", true, true },
        { "0.0.0.0/0", "fd00::1/128", false, false },
        { "fd00::/9", "fd7f::/16", true, true },
        { "fd00::/9", "fd80::/16", false, false },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr a = range(cases[i].range), b = range(cases[i].other);

        assert_int_equal(cidr_contains(&a, &b), cases[i].contains);
        assert_int_equal(cidr_overlaps(&a, &b), cases[i].overlaps);
        assert_int_equal(cidr_overlaps(&b, &a), cases[i].overlaps);
    }
}

static void the_first_and_the_last_address_are_no_hosts(void **state)
{
    static const struct {
        const char *range, *address;
        bool host;
    } cases[] = {
        { "10.1.2.0/24", "10.1.2.0", false },
        { "10.1.2.0/24", "10.1.2.255", false },
        { "10.1.2.0/24", "10.1.2.254", true },
        { "10.1.2.0/24", "10.1.3.1", false },
        { "10.1.2.0/30", "10.1.2.3", false },
        { "10.1.2.0/31", "10.1.2.0", true },
        { "10.1.2.128/25", "10.1.2.128", false },
        { "fd00::/64", "fd00::", false },
        { "fd00::/64", "fd00::ffff:ffff:ffff:ffff", true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr net = range(cases[i].range), at = address(cases[i].address);

        assert_int_equal(cidr_is_host(&net, &at), cases[i].host);
    }
}

static void addresses_of_a_range_are_numbered(void **state)
{
    static const struct {
        const char *range;
        uint64_t n;
        const char *is;
    } cases[] = {
        { "10.1.2.0/24", 0, "10.1.2.0/24" },     { "10.1.2.77/24", 5, "10.1.2.5/24" },
        { "10.1.2.0/24", 255, "10.1.2.255/24" }, { "10.0.0.0/8", 65537, "10.1.0.1/8" },
        { "fd00::/64", 258, "fd00::102/64" },
    };
    struct cidr c = { 0 };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr net = range(cases[i].range), want = range(cases[i].is);

        assert_int_equal(cidr_nth(&net, cases[i].n, &c), 0);
        assert_true(cidr_same_address(&c, &want));
        assert_int_equal(c.prefix, want.prefix);
        assert_int_equal(cidr_number(&net, &c), cases[i].n);
    }
    c = range("10.1.2.0/24");
    assert_int_equal(cidr_nth(&c, 256, &c), -ERANGE);
    c = range("255.255.255.0/24");
    assert_int_equal(cidr_nth(&c, 256, &c), -ERANGE);
    assert_true(
        cidr_has_host_bits(&(struct cidr){ .family = 2, .prefix = 31, .at = { 0, 0, 0, 1 } }));
    struct cidr all = range("::/0"), far = address("ff00::1");
    assert_int_equal(cidr_number(&all, &far), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(text_comes_back_as_it_was),
        cmocka_unit_test(a_range_contains_its_own),
        cmocka_unit_test(the_first_and_the_last_address_are_no_hosts),
        cmocka_unit_test(addresses_of_a_range_are_numbered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
