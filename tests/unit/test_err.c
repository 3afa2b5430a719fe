/* The error object: it keeps what it was told, and never more than it has room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void whoever_does_not_care_passes_null(void **state)
{
    (void) state;
    assert_int_equal(err_set(NULL, -ENOENT, "text"), -ENOENT);
    assert_true(err_wrap(NULL, "text") < 0);
    assert_true(err_hint(NULL, "text") < 0);
    assert_true(err_classify(NULL, ERR_USAGE) < 0);
    assert_true(err_at(NULL, (struct mark){ .line = 1 }) < 0);
}

static void an_errno_that_was_lost_is_no_success(void **state)
{
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(err_set(&e, 0, "text"), -EIO);
    assert_int_equal(e.code, -EIO);
    assert_int_equal(err_set(NULL, ENOENT, "text"), -EIO);
}

static void wrapping_puts_the_context_before_the_cause_and_keeps_the_rest(void **state)
{
    struct err e = ERR_INIT;

    (void) state;
    err_set(&e, -ENOENT, "file '%s'", "x");
    err_classify(&e, ERR_CONFIG);
    err_hint(&e, "create %s", "it");
    assert_int_equal(err_wrap(&e, "service '%s'", "web"), -ENOENT);
    assert_string_equal(e.msg, "service 'web': file 'x'");
    assert_string_equal(e.hint, "create it");
    assert_int_equal(e.class, ERR_CONFIG);
}

static void a_new_error_forgets_the_old_one(void **state)
{
    struct err e = ERR_INIT;

    (void) state;
    err_set(&e, -EPERM, "first");
    err_classify(&e, ERR_DENIED);
    err_hint(&e, "old hint");
    err_at(&e, (struct mark){ .file = "f", .line = 3, .column = 4 });
    err_set(&e, -EIO, "second");
    assert_int_equal(e.class, ERR_FAILED);
    assert_string_equal(e.hint, "");
    assert_int_equal(e.at.line, 0);
}

static void a_message_without_an_end_is_cut(void **state)
{
    char endless[sizeof(struct err)];
    struct err e = ERR_INIT;

    (void) state;
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    err_set(&e, -EIO, "%s", endless);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    err_wrap(&e, "%s", endless);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    err_hint(&e, "%s", endless);
    assert_int_equal(strlen(e.hint), sizeof e.hint - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_does_not_care_passes_null),
        cmocka_unit_test(an_errno_that_was_lost_is_no_success),
        cmocka_unit_test(wrapping_puts_the_context_before_the_cause_and_keeps_the_rest),
        cmocka_unit_test(a_new_error_forgets_the_old_one),
        cmocka_unit_test(a_message_without_an_end_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
