/* Which rotated logs go when there are too many bytes of them, or they are too old. */
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
#include "base/clock.h"
#include "base/fsio.h"
#include "logs/budget.h"

/* 100 bytes each; written at second 1, 2, 3 ... */
static const char *const files[] = {
    "db.log.3.gz",         "web.log.2",        "web@2.log.1",  "db.log.2",
    "other.log.1",         "web.log.1",        "db.log.1",     "web.log",
    "web@2.log",           "db.log",           "@events.json", "@events.json.1",
    "@failure.web.json.1", "web.log.1.stdout", "web.log.part",
};

static const struct {
    struct budget web, db;
    uint64_t bytes;
    const char *gone; /* names, each with a blank behind it */
} cases[] = {
    { .gone = "" },
    { .web = { .bytes = 500 }, .gone = "" },
    { .web = { .bytes = 499 }, .gone = "web.log.2 " },
    { .web = { .bytes = 301 }, .gone = "web.log.2 web@2.log.1 " },
    { .web = { .bytes = 1 }, .gone = "web.log.2 web@2.log.1 web.log.1 " },
    { .bytes = 1000, .gone = "" },
    { .bytes = 999, .gone = "db.log.3.gz " },
    { .bytes = 600, .gone = "db.log.3.gz web.log.2 web@2.log.1 db.log.2 " },
    { .bytes = 1,
      .gone = "db.log.3.gz web.log.2 web@2.log.1 db.log.2 other.log.1 web.log.1 db.log.1 " },
    { .web = { .bytes = 400 }, .bytes = 900, .gone = "db.log.3.gz web.log.2 " },
    /* it is second 20 */
    { .db = { .age_us = 19 * USEC_PER_SEC }, .gone = "" },
    { .db = { .age_us = 16 * USEC_PER_SEC }, .gone = "db.log.3.gz " },
    { .web = { .age_us = 1 }, .gone = "web.log.2 web@2.log.1 web.log.1 " },
    { .web = { .age_us = 18 * USEC_PER_SEC - 1 },
      .db = { .bytes = 300 },
      .gone = "db.log.3.gz web.log.2 " },
};

static void lay_out(const char *dir)
{
    static const char content[100];

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *path = NULL;
        const struct timespec at[2] = { { .tv_sec = 1 + (time_t) i },
                                        { .tv_sec = 1 + (time_t) i } };

        assert_true(asprintf(&path, "%s/%s", dir, files[i]) > 0);
        assert_int_equal(fsio_write_volatile(AT_FDCWD, path, content, sizeof content, 0600), 0);
        assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
    }
}

static void the_oldest_go_and_none_that_is_written_now(void **state)
{
    char dir[] = "/tmp/ipam-budget.XXXXXX";

    (void) state;
    assert_non_null(mkdtemp(dir));
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct budget each[] = { cases[c].web, cases[c].db };
        char gone[256] = "";
        size_t n, told;

        each[0].service = "web";
        each[1].service = "db";
        lay_out(dir);
        told = budget_apply(dir, each, ARRAY_LEN(each), cases[c].bytes, 20 * USEC_PER_SEC);
        n = 0;
        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
            auto_free char *path = NULL;

            assert_true(asprintf(&path, "%s/%s", dir, files[i]) > 0);
            if (access(path, F_OK) == 0)
                continue;
            n++;
            (void) snprintf(gone + strlen(gone), sizeof gone - strlen(gone), "%s ", files[i]);
        }
        if (strcmp(gone, cases[c].gone) != 0)
            fail_msg("case %zu: %s instead of %s", c, gone, cases[c].gone);
        assert_int_equal(told, n);
    }
    assert_int_equal(fsio_remove_files(dir, ""), 0);
    assert_int_equal(budget_apply(dir, NULL, 0, 1, 1), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(budget_apply(dir, NULL, 0, 1, 1), 0); /* nothing was logged yet */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_go_and_none_that_is_written_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
