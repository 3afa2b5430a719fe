/* What a page refers to, and what is no reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "verify/html.h"

/* "SCRIPT /a.js STYLE /b.css" */
static const char *of(const char *page)
{
    static char text[4096];
    static const char *const words[] = { "SCRIPT", "STYLE", "ICON" };
    struct html_references r = { 0 };

    text[0] = '\0';
    html_references(page, &r);
    for (size_t i = 0; i < r.n; i++)
        (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %s", i ? " " : "",
                        words[r.items[i].kind], r.items[i].target);
    html_references_clear(&r);
    return text;
}

static void what_a_browser_would_load_is_found(void **state)
{
    static const struct {
        const char *page, *found;
    } cases[] = {
        { "", "" },
        { "<", "" },
        { "<script src=", "" },
        { "<script src=\"a.js", "" },
        { "<script src=/a.js></script>", "SCRIPT /a.js" },
        { "<SCRIPT type=module SRC='/a.js'></SCRIPT>", "SCRIPT /a.js" },
        { "<script>var x = \"<script src='/no.js'>\";</script><link rel=stylesheet href=/b.css>",
          "STYLE /b.css" },
        { "<!-- <script src=/no.js></script> --><link rel=\"stylesheet\" href=\"/b.css?a&amp;b\">",
          "STYLE /b.css?a&b" },
        { "<!-- <script src=/no.js>", "" },
        { "<link rel=\"shortcut icon\" href=\"/i.svg\"><link rel=canonical href=/other>",
          "ICON /i.svg" },
        { "<link rel=modulepreload href=/m.js><link rel=stylesheetx href=/n>", "SCRIPT /m.js" },
        { "<a title='<script src=/no.js>' href=/x>y</a>", "" },
        { "<script data-src=/no.js src=\"\"></script>", "" },
        { "<script\nasync\nsrc\n=\n/a.js\n></script>", "SCRIPT /a.js" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strcmp(of(cases[i].page), cases[i].found) != 0)
            fail_msg("%s\n is '%s', not '%s'", cases[i].page, of(cases[i].page), cases[i].found);
}

static void a_page_without_end_has_a_bounded_list(void **state)
{
    enum { MANY = 3 * HTML_REFERENCES_MAX };
    static const char one[] = "<script src=/a.js></script>";
    auto_free char *page = calloc(MANY, sizeof one);
    struct html_references r = { 0 };

    (void) state;
    assert_non_null(page);
    for (size_t i = 0; i < MANY; i++)
        memcpy(page + i * (sizeof one - 1), one, sizeof one);
    html_references(page, &r);
    assert_int_equal(r.n, HTML_REFERENCES_MAX);
    html_references_clear(&r);
}

static void an_element_is_known_by_its_id(void **state)
{
    (void) state;
    assert_true(html_has_id("<body><div class=x id=\"app\"></div>", "app"));
    assert_true(html_has_id("<body><div id=app>", "app"));
    assert_false(html_has_id("<body><div id=\"application\">", "app"));
    assert_false(html_has_id("<!-- <div id=app> --><p data-id=app>id=\"app\"", "app"));
}

static void a_reference_is_a_path_of_the_site_or_elsewhere(void **state)
{
    static const struct {
        const char *base, *target, *path; /* NULL: elsewhere */
    } cases[] = {
        { "https://h:8443/", "/a.js", "/a.js" },
        { "https://h:8443/dir/page", "a.js", "/dir/a.js" },
        { "https://h", "a.js", "/a.js" },
        { "https://h:8443/", "https://h:8443/a.js#x", "/a.js" },
        { "https://h:8443/", "https://h:84430/a.js", NULL },
        { "https://h/", "//cdn.example/a.js", NULL },
        { "https://h/", "data:text/css,x", NULL },
        { "https://h/", "a:b", NULL },
        { "nothing", "/a.js", NULL },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_free char *path = html_path(cases[i].base, cases[i].target);

        if (cases[i].path)
            assert_string_equal(path ? path : "(elsewhere)", cases[i].path);
        else
            assert_null(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_browser_would_load_is_found),
        cmocka_unit_test(a_page_without_end_has_a_bounded_list),
        cmocka_unit_test(an_element_is_known_by_its_id),
        cmocka_unit_test(a_reference_is_a_path_of_the_site_or_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
