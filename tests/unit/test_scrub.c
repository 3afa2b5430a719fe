/* No secret value is left in what is kept or handed on, in whatever form it stood there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/scrub.h"
#include "tests/fakes/fake_project.h"

static void expect(const struct scrub *s, const char *text, const char *wanted)
{
    size_t len = 0;
    auto_free char *out = scrub_text(s, text, strlen(text), &len);

    assert_string_equal(out, wanted);
    assert_int_equal(len, strlen(wanted));
}

static void nothing_known_changes_nothing(void **state)
{
    auto_scrub s = scrub_new();

    (void) state;
    scrub_add(s, "abc", 3); /* too short to be looked for */
    expect(s, "abc and more", "abc and more");
    expect(s, "", "");
}

static void a_value_goes_wherever_it_stands_also_as_json(void **state)
{
    auto_scrub s = scrub_new();

    (void) state;
    scrub_add(s, "pa\"ss\n", 6);
    expect(s, "pa\"ss{\"v\":\"pa\\\"ss\"}pa\"s", "********{\"v\":\"********\"}pa\"s");
}

static void a_longer_value_is_not_left_in_half_by_a_shorter_one(void **state)
{
    auto_scrub s = scrub_new();

    (void) state;
    scrub_add(s, "hunter", 6);
    scrub_add(s, "hunter2-and-more", 16);
    expect(s, "hunter2-and-more hunter2", "******** ********2");
}

static void each_line_of_a_key_goes_but_not_its_frame(void **state)
{
    static const char key[] = "-----BEGIN KEY-----\nAAAABBBB\nCCCC\n-----END KEY-----\n";
    auto_scrub s = scrub_new();

    (void) state;
    scrub_add(s, key, sizeof key - 1);
    expect(s, "a CCCC b AAAABBBB -----BEGIN KEY-----", "a ******** b ******** -----BEGIN KEY-----");
}

static void a_project_tells_its_secrets_passwords_and_addresses(void **state)
{
    static const char *const env[] = { "DB_PASSWORD=s3same",
                                       "HOME=/home/x",
                                       "BARE",
                                       "URL=redis://me:open-up@cache:6379/0",
                                       "PLAIN=http://host/a:b@c",
                                       NULL };
    struct project *p = fake_project("p", 1);
    struct secret secret = { .name = "s", .value = "from-a-file", .len = 11 };
    auto_scrub s = scrub_new();

    (void) state;
    fake_unit(&p->units[0], "web");
    p->units[0].env = env;
    p->secrets = &secret;
    p->n_secrets = 1;
    scrub_add_project(s, p);
    expect(s, "s3same open-up from-a-file /home/x redis://me: b",
           "******** ******** ******** "
           "/home/x redis://me: b");
    project_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_changes_nothing),
        cmocka_unit_test(a_value_goes_wherever_it_stands_also_as_json),
        cmocka_unit_test(a_longer_value_is_not_left_in_half_by_a_shorter_one),
        cmocka_unit_test(each_line_of_a_key_goes_but_not_its_frame),
        cmocka_unit_test(a_project_tells_its_secrets_passwords_and_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
