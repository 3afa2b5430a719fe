/* The stories of tests/stories: the course of each is exactly the one that is written there.
 * `make stories` writes the courses anew, to be read before they are committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "tests/fakes/fake_story.h"

enum { STORY_MAX = 1 << 20 };

/* the first line that differs, on stderr: cmocka would print both texts */
static void tell_difference(const char *path, char *want, char *got)
{
    size_t line = 1;
    const char *w, *g;

    do {
        w = strsep(&want, "\n");
        g = strsep(&got, "\n");
        if (w && g && strcmp(w, g) == 0)
            line++;
    } while (w && g && strcmp(w, g) == 0);
    (void) fprintf(stderr, "%s:%zu:\n  expected: %s\n  seen:     %s\n", path, line,
                   w ? w : "(the end)", g ? g : "(the end)");
}

static void story(void **state)
{
    const char *path = *state;
    auto_free char *want = NULL, *got = NULL;
    size_t len = 0;
    bool same;

    assert_int_equal(fsio_read(AT_FDCWD, path, STORY_MAX, &want, &len), 0);
    story_play(want, &got);
    if (getenv("STORIES_WRITE")) {
        assert_int_equal(fsio_write_volatile(AT_FDCWD, path, got, strlen(got), 0644), 0);
        return;
    }
    same = strcmp(want, got) == 0;
    if (!same)
        tell_difference(path, want, got);
    assert_true(same);
}

int main(void)
{
    const char *source = getenv("IPAM_ORCH_SOURCE");
    auto_free struct CMUnitTest *tests = NULL;
    char pattern[512];
    glob_t found;
    int failed;

    log_set_level(LOG_ERROR);
    (void) snprintf(pattern, sizeof pattern, "%s/tests/stories/*.story", source ? source : ".");
    if (glob(pattern, 0, NULL, &found) != 0)
        return EXIT_FAILURE;
    tests = calloc(found.gl_pathc, sizeof *tests);
    for (size_t n = 0; tests && n < found.gl_pathc; n++)
        tests[n] = (struct CMUnitTest){ .name = strrchr(found.gl_pathv[n], '/') + 1,
                                        .test_func = story,
                                        .initial_state = found.gl_pathv[n] };
    failed = _cmocka_run_group_tests("stories", tests, found.gl_pathc, NULL, NULL);
    globfree(&found);
    return failed;
}
