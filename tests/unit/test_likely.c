/* What probably kept a service from starting, from how it ended and what it said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/likely.h"
#include "model/instance.h"
#include "sandbox/stages.h"

static json_t *ended(int signal, int error, bool oom, const char *check)
{
    return json_pack("{s:{s:i,s:i,s:s,s:b,s:I},s:[{s:s}]}", "exit", "signal", signal, "errno",
                     error, "stage", error ? "executing the program" : "", "oom", oom,
                     "memory_limit", (json_int_t) 16 * 1024 * 1024, "checks", "output", check);
}

static void the_kernel_says_more_than_any_line(void **state)
{
    static const struct {
        int signal, error;
        bool oom;
        const char *line, *check, *kind, *text, *next;
    } cases[] = {
        { SIGKILL, 0, true, "Permission denied", "", "memory", "16 MiB", "limits show web" },
        { SIGSYS, 0, false, "Permission denied", "", "call", "refused", "harden --explain" },
        { 0, EACCES, false, "", "", "permission", "executing the program", "harden --show web" },
        { 0, ENOENT, false, "", "", "file", "executing the program", "check package" },
        { 0, 0, false, "bind(): Address already in use", "", "port", "bind()", "check port" },
        { 0, 0, false, "x: error while loading shared libraries: liby.so.1", "", "library", "liby",
          "check package" },
        { 0, 0, false, "ModuleNotFoundError: No module named 'fastapi'", "", "library", "fastapi",
          "check package" },
        { 0, 0, false, "open() \"/x\" failed (13: Permission denied)", "", "permission", "/x",
          "harden --show web" },
        { 0, 0, false, "write: No space left on device", "", "disk", "full", "check disk" },
        { 0, 0, false, "MemoryError", "", "memory", "", "limits show web" },
        { 0, 0, false, "Access denied for user 'a'@'b'", "", "password", "'a'@'b'",
          "secrets check" },
        { 0, 0, false, "fine", "127.0.0.1 port 1: Connection refused", "neighbour", "port 1",
          "why" },
        { 0, 0, false, "fine", "fine", NULL, "", "" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *lines[] = { (char *) (size_t) cases[i].line, NULL };
        json_t *details = ended(cases[i].signal, cases[i].error, cases[i].oom, cases[i].check);
        struct likely l;

        if (likely_cause("web", details, lines, &l) != (cases[i].kind != NULL))
            fail_msg("'%s': %s", cases[i].line, l.kind ? l.kind : "nothing");
        if (cases[i].kind) {
            assert_string_equal(l.kind, cases[i].kind);
            assert_non_null(strstr(l.text, cases[i].text));
            assert_non_null(strstr(l.next, cases[i].next));
        }
        json_decref(details);
    }
}

static void of_several_lines_the_last_one_counts(void **state)
{
    char *lines[] = { (char[]){ "Permission denied" }, (char[]){ "Address already in use" },
                      (char[]){ "bye" }, NULL };
    struct likely l;

    (void) state;
    assert_true(likely_cause("web", NULL, lines, &l));
    assert_string_equal(l.kind, "port");
    assert_false(likely_cause("web", NULL, NULL, &l));
}

/* the engine does not know the stages of the sandbox, but one word of theirs */
static void the_last_stage_is_known_by_its_text(void **state)
{
    struct exit_info x = { .error = ENOENT };

    (void) state;
    (void) snprintf(x.stage, sizeof x.stage, "%s", stages_text(STAGE_EXEC));
    assert_true(exit_is_of_exec(&x));
    (void) snprintf(x.stage, sizeof x.stage, "%s", stages_text(STAGE_MOUNTS));
    assert_false(exit_is_of_exec(&x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_says_more_than_any_line),
        cmocka_unit_test(of_several_lines_the_last_one_counts),
        cmocka_unit_test(the_last_stage_is_known_by_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
