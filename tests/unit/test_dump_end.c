/* Whether a dump came to its end, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ops/dump_end.h"

static bool seen(const char *text, size_t step)
{
    struct dump_end d = { 0 };
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i += step)
        dump_end_feed(&d, text + i, len - i < step ? len - i : step);
    return dump_end_seen(&d);
}

/* "x" as often as fills what is kept, and a little more or less */
static const char *padded(int more, const char *end)
{
    static char text[2 * DUMP_END_KEPT];
    size_t n = (size_t) ((int) DUMP_END_KEPT - (int) strlen(end) + more);

    memset(text, 'x', n);
    memcpy(text + n, end, strlen(end) + 1);
    return text;
}

static void only_the_last_line_is_the_marker(void **state)
{
    static const char *const torn[] = { "",
                                        "\n",
                                        "-- Dump complete\n",
                                        "-- Dump completed\nselect 1;\n",
                                        "insert into `a` values ('-- Dump completed\n",
                                        "x-- Dump completed" };
    static const char *const whole[] = { "-- Dump completed", "select 1;\n-- Dump completed\n\n",
                                         "-- Dump completed on 2026-11-27 16:20:45\n" };

    (void) state;
    for (size_t step = 1; step < 300; step += step < 30 ? 1 : 70) {
        for (size_t i = 0; i < sizeof torn / sizeof *torn; i++)
            assert_false(seen(torn[i], step));
        for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
            assert_true(seen(whole[i], step));
        for (int more = -2; more <= 2; more++) {
            assert_false(seen(padded(more, "-- Dump completed\n"), step));
            assert_true(seen(padded(more, "\n-- Dump completed\n"), step));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_line_is_the_marker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
