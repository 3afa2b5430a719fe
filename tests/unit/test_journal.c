/* The journal of a project: every event is a line of its own, whatever the file ended with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "logs/journal.h"

struct place {
    char dir[64], project[96], path[128];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void) snprintf(p->dir, sizeof p->dir, "/tmp/ipam-journal.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void) snprintf(p->project, sizeof p->project, "%s/shop", p->dir);
    (void) snprintf(p->path, sizeof p->path, "%s/" JOURNAL_FILE, p->project);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    assert_int_equal(fsio_remove_files(p->project, ""), 0);
    assert_int_equal(rmdir(p->project), 0);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

static void write_event(const struct place *p, const char *word)
{
    json_t *event = json_pack("{s:s,s:s}", "event", word, "project", "shop");
    struct journal *j = journal_new(p->dir);

    journal_write(j, event);
    journal_free(j);
    json_decref(event);
}

static void expect(const struct place *p, const char *wanted)
{
    auto_free char *text = NULL;

    assert_int_equal(fsio_read(AT_FDCWD, p->path, 65536, &text, NULL), 0);
    assert_string_equal(text, wanted);
}

static void events_of_one_supervisor_after_the_other_are_lines(void **state)
{
    struct place *p = *state;

    write_event(p, "up");
    write_event(p, "down");
    expect(p, "{\"event\":\"up\",\"project\":\"shop\"}\n"
              "{\"event\":\"down\",\"project\":\"shop\"}\n");
}

static void after_power_failed_in_a_line_the_next_event_begins_after_it(void **state)
{
    static const char *const torn[] = { "{\"event\":\"up\",\"pro", "\x01", "{}" };
    struct place *p = *state;

    assert_int_equal(fsio_mkdir_p(p->project, 0750), 0);
    for (size_t i = 0; i < ARRAY_LEN(torn); i++) {
        auto_free char *wanted = NULL;

        assert_int_equal(fsio_write_atomic(AT_FDCWD, p->path, torn[i], strlen(torn[i]), 0640), 0);
        write_event(p, "boot");
        assert_true(asprintf(&wanted, "%s\n{\"event\":\"boot\",\"project\":\"shop\"}\n", torn[i]) >
                    0);
        expect(p, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_of_one_supervisor_after_the_other_are_lines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_power_failed_in_a_line_the_next_event_begins_after_it,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
