/* How an end is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>

#include "base/auto.h"
#include "model/instance.h"

static void an_end_says_how_and_a_lack_of_memory_whose(void **state)
{
    static const struct {
        struct exit_info how;
        const char *text;
    } cases[] = {
        { { .stage = "mounting", .error = ENOENT },
          "could not start: mounting: No such file or directory" },
        { { .code = 3 }, "exited with status 3" },
        { { .signal = SIGTERM }, "killed by signal 15 (Terminated)" },
        { { .signal = SIGKILL }, "killed by signal 9 (Killed)" },
        { { .signal = SIGKILL, .oom = true, .memory_limit = 64 << 20 },
          "killed: out of memory (limit 64 MiB)" },
        { { .signal = SIGKILL, .oom = true }, "killed: out of memory (of the machine)" },
        { { .code = 1, .oom = true, .memory_limit = 1536 },
          "exited with status 1 after a process of it was killed: out of memory (limit 1.5 KiB)" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[160];

        exit_describe(&cases[i].how, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_says_how_and_a_lack_of_memory_whose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
