/* The audit: which words of a command are kept, and that what is kept has an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/strv.h"
#include "ops/audit.h"
#include "ops/workdir.h"

static char top[] = "/tmp/ipam-audit.XXXXXX";

static int open_world(void **state)
{
    (void) state;
    assert_non_null(mkdtemp(top));
    return setenv("IPAM_ORCH_STATE_DIR", top, 1);
}

static int close_world(void **state)
{
    auto_free char *command = paths_join("rm -rf %s", top);

    (void) state;
    return system(command); /* NOLINT: the name is ours */
}

static void what_may_be_secret_is_not_kept(void **state)
{
    static const struct {
        const char *said, *kept;
    } cases[] = {
        { "up", "up" },
        { "restart web db", "restart web db" },
        { "limits set web memory=1g", "limits set web memory=1g" },
        { "exec -e TOKEN=hunter2 web sh -c hunter3", "exec -e TOKEN=*** web sh ..." },
        { "exec -eTOKEN=hunter2 -u nobody web sh hunter3",
          "exec -eTOKEN=*** -u nobody web sh ..." },
        { "exec --env=A=b=c web true", "exec --env=A=b=*** web true" },
        { "exec -e HOME web true", "exec -e HOME web true" },
        { "run -e A=hunter2 web mysql -phunter3", "run -e A=*** web mysql ..." },
        { "secrets set db_password hunter2", "secrets set db_password ..." },
        { "backup create --passphrase hunter2 -o /b", "backup create --passphrase *** -o /b" },
        { "backup create --encrypt-key=hunter2", "backup create --encrypt-key=***" },
        { "cert issue --eab-key hunter2", "cert issue --eab-key ***" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_free char *copy = strdup(cases[i].said);
        char text[256] = "", *rest = copy;
        auto_strv words = NULL;
        json_t *kept;

        for (char *w; (w = strsep(&rest, " "));)
            strv_append(&words, w);
        kept = audit_words(words);
        for (size_t k = 0; k < json_array_size(kept); k++) {
            size_t used = strlen(text);

            (void) snprintf(text + used, sizeof text - used, "%s%s", k > 0 ? " " : "",
                            json_string_value(json_array_get(kept, k)));
        }
        json_decref(kept);
        assert_string_equal(text, cases[i].kept);
    }
}

static int work(const char *project)
{
    struct err e = ERR_INIT;
    int fd = -1;

    assert_int_equal(workdir_open(project, NULL, &fd, &e), 0);
    return fd;
}

static void append(int dir, int n, size_t filler)
{
    auto_free char *text = calloc(1, filler + 1);
    struct err e = ERR_INIT;
    json_t *line;

    assert_non_null(text);
    memset(text, 'x', filler);
    line = json_pack("{s:i,s:s}", "n", n, "filler", text);
    assert_int_equal(audit_append(dir, line, &e), 0);
    json_decref(line);
}

static void lines_are_kept_in_their_order_until_there_are_too_many(void **state)
{
    enum { LINES = 150, BYTES = 64 * 1024 };
    auto_fd dir = work("many");
    json_int_t last;
    json_t *all;

    (void) state;
    for (int n = 0; n < LINES; n++)
        append(dir, n, BYTES);
    all = audit_read(dir);
    /* the newest, without a gap, and no more than fits */
    assert_in_range(json_array_size(all), (AUDIT_FILES - 1) * (AUDIT_BYTES / BYTES) - AUDIT_FILES,
                    AUDIT_FILES * (AUDIT_BYTES / BYTES + 1));
    last = LINES;
    for (size_t i = json_array_size(all); i > 0; i--)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(all, i - 1), "n")),
                         --last);
    json_decref(all);
}

static void half_a_line_of_a_machine_that_stopped_spoils_nothing(void **state)
{
    auto_fd dir = work("torn");
    auto_fd fd = -1;
    json_t *all;

    (void) state;
    append(dir, 1, 1);
    fd = openat(dir, "audit.jsonl", O_WRONLY | O_APPEND);
    assert_true(write(fd, "{\"n\":2,", 7) == 7);
    append(dir, 3, 1);
    all = audit_read(dir);
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 1), "n")), 3);
    json_decref(all);
}

static void a_link_that_somebody_put_there_is_not_followed(void **state)
{
    auto_free char *target = paths_join("%s/precious", top);
    auto_fd dir = work("link");
    auto_free char *text = NULL;
    struct err e = ERR_INIT;
    json_t *line = json_pack("{s:i}", "n", 1);

    (void) state;
    assert_int_equal(fsio_write_atomic(AT_FDCWD, target, "keep", 4, 0644), 0);
    assert_int_equal(symlinkat(target, dir, "audit.jsonl"), 0);
    assert_true(audit_append(dir, line, &e) < 0);
    json_decref(line);
    assert_int_equal(fsio_read(AT_FDCWD, target, 64, &text, NULL), 0);
    assert_string_equal(text, "keep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_secret_is_not_kept),
        cmocka_unit_test(lines_are_kept_in_their_order_until_there_are_too_many),
        cmocka_unit_test(half_a_line_of_a_machine_that_stopped_spoils_nothing),
        cmocka_unit_test(a_link_that_somebody_put_there_is_not_followed),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
