/* What the supervisor tells of backups: figures, and nothing that is not for everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "engine/kept.h"
#include "tests/fakes/fake_dir.h"

static void put(const struct fake_dir *d, const char *file, const char *text)
{
    assert_int_equal(fsio_write_volatile(d->in, file, text, strlen(text), 0600), 0);
}

static void what_is_not_there_or_not_readable_is_not_told(void **state)
{
    const struct fake_dir *d = *state;
    static const char *const bad[] = { "", "{", "[]", "{\"state\":\"done\"}",
                                       "{\"state\":1,\"time_s\":1,\"done_s\":1,\"bytes\":1}" };
    json_t *out = kept_describe(NULL, "in");

    assert_int_equal(json_object_size(out), 0);
    json_decref(out);
    out = kept_describe(d->path, "nobody");
    assert_int_equal(json_object_size(out), 0);
    json_decref(out);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(d, "backup.json", bad[i]);
        out = kept_describe(d->path, "in");
        assert_int_equal(json_object_size(out), 0);
        json_decref(out);
    }
    assert_int_equal(mkfifoat(d->in, "drill.json", 0600), 0); /* nobody waits for its other end */
    out = kept_describe(d->path, "in");
    assert_int_equal(json_object_size(out), 0);
    json_decref(out);
}

static void figures_are_told_and_the_reason_is_not(void **state)
{
    const struct fake_dir *d = *state;
    json_t *out, *wanted = json_pack("{s:{s:s,s:i,s:i,s:i}}", "backup", "state", "failed", "time_s",
                                     20, "done_s", 10, "bytes", 1000);

    put(d, "backup.json",
        "{\"state\":\"failed\",\"time_s\":20,\"detail\":\"why\",\"done_s\":10,\"bytes\":1000}");
    out = kept_describe(d->path, "in");
    assert_true(json_equal(out, wanted));
    json_decref(out);
    json_decref(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_there_or_not_readable_is_not_told,
                                        fake_dir_set_up, fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(figures_are_told_and_the_reason_is_not, fake_dir_set_up,
                                        fake_dir_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
