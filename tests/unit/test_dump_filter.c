/* A dump made harmless: whose its routines are, and that no event is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ops/dump_filter.h"

static int put(void *owner, const void *data, size_t len, struct err *e)
{
    (void) e;
    return fwrite(data, 1, len, owner) == len ? 0 : -1;
}

static char *filtered(const char *text, size_t piece)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    struct dump_filter filter = { .definer = "`me`@`%`", .put = put, .owner = f };
    size_t len = strlen(text);

    assert_non_null(f);
    for (size_t at = 0; at < len; at += piece)
        assert_int_equal(
            dump_filter_feed(&filter, text + at, len - at < piece ? len - at : piece, NULL), 0);
    assert_int_equal(dump_filter_end(&filter, NULL), 0);
    assert_int_equal(fclose(f), 0);
    return out;
}

static void a_copy_belongs_to_another_account_and_has_no_events(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "INSERT INTO `t` VALUES ('DEFINER=`a`@`b`');\n",
          "INSERT INTO `t` VALUES ('DEFINER=`a`@`b`');\n" },
        { "CREATE DEFINER=`a`@`b` PROCEDURE `p`()\n", "CREATE DEFINER=`me`@`%` PROCEDURE `p`()\n" },
        { "CREATE DEFINER=`a``b`@`%` FUNCTION `p`()\n",
          "CREATE DEFINER=`me`@`%` FUNCTION `p`()\n" },
        { "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`localhost`*/ /*!50003 TRIGGER t\n",
          "/*!50003 CREATE*/ /*!50017 DEFINER=`me`@`%`*/ /*!50003 TRIGGER t\n" },
        { "/*!50013 DEFINER=`r`@`localhost` SQL SECURITY DEFINER */\nx",
          "/*!50013 DEFINER=`me`@`%` SQL SECURITY DEFINER */\nx" },
        { "CREATE DEFINER=CURRENT_USER x\n", "CREATE DEFINER=CURRENT_USER x\n" },
        { "a\n-- Dumping events for database 'x'\nevil\n--\n-- Dumping routines for database "
          "'x'\nb",
          "a\n-- Dumping events for database 'x'\n-- Dumping routines for database 'x'\nb" },
        { "", "" },
        { "\n\n", "\n\n" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t piece = 1; piece < 80; piece += 13) {
            auto_free char *out = filtered(cases[i].in, piece);

            assert_string_equal(out, cases[i].out);
        }
}

static void a_line_longer_than_any_name_passes_as_it_is(void **state)
{
    size_t len = (size_t) 3 * DUMP_FILTER_LINE;
    auto_free char *text = malloc(len + 1);

    (void) state;
    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text, "CREATE DEFINER=", 15);
    text[len - 1] = '\n';
    text[len] = '\0';
    auto_free char *out = filtered(text, 100);
    assert_string_equal(out, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_belongs_to_another_account_and_has_no_events),
        cmocka_unit_test(a_line_longer_than_any_name_passes_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
