/* Text inside HTML and XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/markup.h"

static void text_never_becomes_markup(void **state)
{
    static const struct {
        const char *text, *inside;
    } cases[] = {
        { "", "" },
        { "plain, 'quoted' text", "plain, 'quoted' text" },
        { "<b title=\"x\">&amp;</b>", "&lt;b title=&quot;x&quot;&gt;&amp;amp;&lt;/b&gt;" },
        { "two\nlines\tand \033[31m", "two lines and  [31m" },
        { "\xe7\xbb\xb4\xe6\x8a\xa4", "\xe7\xbb\xb4\xe6\x8a\xa4" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_free char *made = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&made, &len);

        assert_non_null(out);
        markup_put(out, cases[i].text);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(made, cases[i].inside);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(text_never_becomes_markup) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
