/* Numbers from text: the whole text or nothing, and the output untouched by a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>

#include "base/auto.h"
#include "base/num.h"

enum { UNTOUCHED = 77 };

struct refusal {
    const char *text;
    int error;
};

struct value {
    const char *text;
    uint64_t value;
};

static void check(int (*parse)(const char *text, uint64_t *out), const struct refusal *bad,
                  size_t n_bad, const struct value *good, size_t n_good)
{
    for (size_t i = 0; i < n_bad; i++) {
        uint64_t out = UNTOUCHED;

        assert_int_equal(parse(bad[i].text, &out), bad[i].error);
        assert_int_equal(out, UNTOUCHED);
    }
    for (size_t i = 0; i < n_good; i++) {
        uint64_t out = UNTOUCHED;

        assert_int_equal(parse(good[i].text, &out), 0);
        assert_true(out == good[i].value);
    }
}

static void bytes_as_text(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } good[] = { { 0, "0 bytes" },
                 { 1023, "1023 bytes" },
                 { 1024, "1 KiB" },
                 { 1536, "1.5 KiB" },
                 { 64 << 20, "64 MiB" },
                 { (64 << 20) + (1 << 19), "64.5 MiB" },
                 { (UINT64_C(200) << 20) + (1 << 19), "200 MiB" },
                 { UINT64_C(3) << 30, "3 GiB" } };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char text[NUM_BYTES_TEXT];

        num_bytes_text(good[i].bytes, text);
        assert_string_equal(text, good[i].text);
    }
}

static int up_to_1000(const char *text, uint64_t *out)
{
    return num_u64(text, 1000, out);
}

static void whole_numbers(void **state)
{
    static const struct refusal bad[] = {
        { "", -EINVAL },     { "-1", -EINVAL },
        { "+1", -EINVAL },   { " 1", -EINVAL },
        { "1 ", -EINVAL },   { "0x10", -EINVAL },
        { "1e3", -EINVAL },  { "abc", -EINVAL },
        { "1001", -ERANGE }, { "99999999999999999999", -ERANGE },
    };
    static const struct value good[] = { { "0", 0 }, { "007", 7 }, { "1000", 1000 } };

    (void) state;
    check(up_to_1000, bad, ARRAY_LEN(bad), good, ARRAY_LEN(good));
}

static void ports(void **state)
{
    static const struct refusal bad[] = {
        { "", -EINVAL },    { "0", -ERANGE },    { "65536", -ERANGE },
        { "80 ", -EINVAL }, { "http", -EINVAL },
    };
    uint16_t out = UNTOUCHED;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(num_port(bad[i].text, &out), bad[i].error);
        assert_int_equal(out, UNTOUCHED);
    }
    assert_int_equal(num_port("1", &out), 0);
    assert_int_equal(out, 1);
    assert_int_equal(num_port("65535", &out), 0);
    assert_int_equal(out, 65535);
}

static void sizes(void **state)
{
    static const struct refusal bad[] = {
        { "", -EINVAL },     { "m", -EINVAL },         { "1.5g", -EINVAL },
        { "1 k", -EINVAL },  { "1mm", -EINVAL },       { "-1k", -EINVAL },
        { "1kib", -EINVAL }, { "16777216t", -ERANGE }, { "18446744073709551616", -ERANGE },
    };
    static const struct value good[] = {
        { "0", 0 },
        { "300", 300 },
        { "2b", 2 },
        { "2k", 2048 },
        { "2kb", 2048 },
        { "2K", 2048 },
        { "64m", 64 << 20 },
        { "64MB", 64 << 20 },
        { "1g", 1 << 30 },
        { "1gb", 1 << 30 },
        { "1t", UINT64_C(1) << 40 },
    };

    (void) state;
    check(num_bytes, bad, ARRAY_LEN(bad), good, ARRAY_LEN(good));
}

static void processor_shares(void **state)
{
    static const struct refusal bad[] = {
        { "", -EINVAL },    { ".5", -EINVAL },   { "-1", -EINVAL },
        { "1,5", -EINVAL }, { "1.5x", -EINVAL }, { "4294967296", -ERANGE },
    };
    static const struct value good[] = {
        { "0", 0 },      { "1", 1000 },   { "1.", 1000 },
        { "0.25", 250 }, { "1.5", 1500 }, { "0.0019", 1 },
    };

    (void) state;
    check(num_milli_cpus, bad, ARRAY_LEN(bad), good, ARRAY_LEN(good));
}

static void signals_have_names_and_numbers(void **state)
{
    (void) state;
    assert_int_equal(num_signal("HUP"), SIGHUP);
    assert_int_equal(num_signal("sigterm"), SIGTERM);
    assert_int_equal(num_signal("9"), SIGKILL);
    assert_int_equal(num_signal("0"), -EINVAL);
    assert_int_equal(num_signal("SIG"), -EINVAL);
    assert_int_equal(num_signal("65"), -EINVAL);
    assert_int_equal(num_signal(""), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(bytes_as_text),
        cmocka_unit_test(ports),
        cmocka_unit_test(sizes),
        cmocka_unit_test(processor_shares),
        cmocka_unit_test(signals_have_names_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
