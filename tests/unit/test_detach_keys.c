/* Keys that detach, in whatever pieces they come; and bytes as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "cli/detach_keys.h"

static void names_that_are_no_keys_are_refused(void **state)
{
    static const char *const bad[] = { ",",         "ctrl-",   "ctrl-P", "ctrl-pp",
                                       "ab",        "a,,b",    " ",      "a,b,c,d,e,f,g,h,i",
                                       "control-p", "\xc3\xa4" };
    struct detach_keys k = { .n = 77 };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;

        assert_int_equal(detach_keys_parse(bad[i], &k, &e), -EINVAL);
        assert_int_equal(e.class, ERR_USAGE);
        assert_int_equal(k.n, 77);
    }
}

static void keys_are_found_in_any_pieces_and_other_keys_pass(void **state)
{
    static const struct {
        const char *keys;
        const char *typed[4]; /* pieces */
        const char *passed;
        bool detached;
    } cases[] = {
        { "ctrl-p,ctrl-q", { "abc" }, "abc", false },
        { "ctrl-p,ctrl-q", { "ab\x10\x11xy" }, "ab", true },
        { "ctrl-p,ctrl-q", { "a\x10", "\x11" }, "a", true },
        { "ctrl-p,ctrl-q",
          { "a\x10", "b" },
          "a\x10"
          "b",
          false },
        { "ctrl-p,ctrl-q", { "\x10\x10\x11" }, "\x10", true },
        { "ctrl-p,ctrl-q",
          { "\x10", "\x10", "a" },
          "\x10\x10"
          "a",
          false },
        { "ctrl-p,ctrl-q", { "\x11\x10" }, "\x11", false },
        { "", { "\x10\x11" }, "\x10\x11", false },
        { "x", { "ax" }, "a", true },
        { "ctrl-@,ctrl-[,ctrl-_", { "a\x1b" }, "a\x1b", false },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        struct detach_keys k;
        char passed[64] = "";
        size_t n = 0;
        bool detached = false;

        assert_int_equal(detach_keys_parse(cases[i].keys, &k, &e), 0);
        for (size_t p = 0; p < ARRAY_LEN(cases[i].typed) && cases[i].typed[p]; p++) {
            size_t more = 0;

            detached = detach_keys_take(&k, cases[i].typed[p], strlen(cases[i].typed[p]),
                                        passed + n, &more);
            n += more;
        }
        assert_int_equal(detached, cases[i].detached);
        assert_int_equal(n, strlen(cases[i].passed));
        assert_memory_equal(passed, cases[i].passed, n);
    }
}

static void every_byte_comes_back_and_what_is_no_byte_does_not(void **state)
{
    static const char *const bad[] = { "\xc3", "\xc4\x80", "\x80", "\xe2\x82\xac", "\xc3(" };
    char all[256];
    size_t len = 0, n = 0;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_free char *text = strdup(bad[i]);

        assert_int_equal(bytetext_decode(text, strlen(text), &n), -EBADMSG);
    }
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char) i;
    auto_free char *text = bytetext_encode(all, sizeof all, &len);
    assert_int_equal(len, 128 + 2 * 128);
    assert_memory_equal(text, all, 128);
    assert_int_equal(bytetext_decode(text, len, &n), 0);
    assert_int_equal(n, sizeof all);
    assert_memory_equal(text, all, sizeof all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_no_keys_are_refused),
        cmocka_unit_test(keys_are_found_in_any_pieces_and_other_keys_pass),
        cmocka_unit_test(every_byte_comes_back_and_what_is_no_byte_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
