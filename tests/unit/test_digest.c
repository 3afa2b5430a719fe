/* What tells a changed unit from an unchanged one, and its part of the secrets that can be set
 * anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/digest.h"
#include "tests/fakes/fake_project.h"

/* web reads the secret, db does not */
static struct project *project(const char *value)
{
    static struct secret_file file = { .secret = "key", .target = "/run/secrets/key" };
    struct project *p = fake_project("shop", 2);
    struct secret *secret = arena_array(p->arena, 1, sizeof *secret);
    struct err e = ERR_INIT;

    fake_unit(&p->units[0], "web");
    fake_unit(&p->units[1], "db");
    p->units[0].files = &file;
    p->units[0].n_files = 1;
    *secret = (struct secret){ .name = "key", .value = value, .len = strlen(value) };
    p->secrets = secret;
    p->n_secrets = 1;
    assert_int_equal(digest_units(p, &e), 0);
    return p;
}

static void another_value_changes_who_reads_it_and_nobody_else(void **state)
{
    struct project *one = project("one"), *same = project("one"), *other = project("other");

    (void) state;
    assert_string_equal(one->units[0].digest, same->units[0].digest);
    assert_string_not_equal(one->units[0].digest, other->units[0].digest);
    assert_string_equal(one->units[1].digest, other->units[1].digest);
    assert_null(strchr(one->units[1].digest, '-'));
    project_free(one);
    project_free(same);
    project_free(other);
}

static void set_anew_it_is_what_it_would_have_been_and_the_content_stays(void **state)
{
    struct project *one = project("one"), *other = project("other");
    struct err e = ERR_INIT;

    (void) state;
    /* with copied files, whose paths are others: only the rest of the digest still knows it */
    one->units[0].digest = arena_printf(one->arena, "%s+0123", one->units[0].digest);
    one->units[0].workdir = "/elsewhere";
    one->secrets[0].value = "other";
    one->secrets[0].len = strlen("other");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(digest_secrets(one, &one->units[i], &e), 0);
    assert_string_equal(one->units[0].digest,
                        arena_printf(one->arena, "%s+0123", other->units[0].digest));
    assert_string_equal(one->units[1].digest, other->units[1].digest);
    assert_int_equal(digest_definition(one->units[0].digest), strlen(other->units[0].digest));
    assert_true(strlen(one->units[0].digest) + 12 < 96); /* of an instance, with 16 of content */
    project_free(one);
    project_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_value_changes_who_reads_it_and_nobody_else),
        cmocka_unit_test(set_anew_it_is_what_it_would_have_been_and_the_content_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
