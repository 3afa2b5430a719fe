#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/setup.h"

static void a_text_that_is_no_set_up_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        { "", 0 },
        { "\0", 1 },
        { SETUP_MAGIC, sizeof SETUP_MAGIC - 1 }, /* not terminated */
        { "ipam-setup 2", sizeof "ipam-setup 2" },
    };
    struct setup_reader r;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(setup_read_begin(&r, bad[i].text, bad[i].len) < 0);
}

static void an_unknown_or_cut_off_operation_is_an_error_and_leaves_the_output_alone(void **state)
{
    static const char unknown[] = SETUP_MAGIC "\0format-disk\0/dev/sda";
    static const char cut[] = SETUP_MAGIC "\0bind\0"
                                          "0\0/data";
    struct setup_op op = { .code = SETUP_COUNT };
    struct setup_reader r;

    (void) state;
    assert_int_equal(setup_read_begin(&r, unknown, sizeof unknown), 0);
    assert_true(setup_read(&r, &op) < 0);
    assert_int_equal(setup_read_begin(&r, cut, sizeof cut), 0);
    assert_true(setup_read(&r, &op) < 0);
    assert_int_equal(op.code, SETUP_COUNT);
}

static void what_was_put_is_read_in_order(void **state)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    struct setup_op op;
    struct setup_reader r;

    (void) state;
    setup_begin(f);
    setup_put(f, SETUP_HOSTNAME, "web");
    setup_put(f, SETUP_PROC, "own");
    setup_put(f, SETUP_FILE, "3", "/run/secrets/x", "33", "33", "400");
    setup_put(f, SETUP_ARG, "");
    assert_int_equal(fclose(f), 0);

    assert_int_equal(setup_read_begin(&r, text, len), 0);
    assert_int_equal(setup_read(&r, &op), 1);
    assert_int_equal(op.code, SETUP_HOSTNAME);
    assert_string_equal(op.arg[0], "web");
    assert_int_equal(setup_read(&r, &op), 1);
    assert_int_equal(op.code, SETUP_PROC);
    assert_int_equal(setup_read(&r, &op), 1);
    assert_int_equal(op.code, SETUP_FILE);
    assert_string_equal(op.arg[4], "400");
    assert_int_equal(setup_read(&r, &op), 1);
    assert_string_equal(op.arg[0], "");
    assert_int_equal(setup_read(&r, &op), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_is_no_set_up_is_refused),
        cmocka_unit_test(an_unknown_or_cut_off_operation_is_an_error_and_leaves_the_output_alone),
        cmocka_unit_test(what_was_put_is_read_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
