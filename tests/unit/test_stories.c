/* The stories of tests/stories: the course of each is exactly the one that is written there, and
 * together they take every answer of the state machine (engine/fsm.h).
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
#include "engine/fsm.h"
#include "tests/fakes/fake_story.h"

enum { STORY_MAX = 1 << 20 };

/* ---- which answers were taken ---- */

static const char *const event_text[FSM_EVENT_COUNT] = {
    [FSM_START] = "START",
    [FSM_STOP] = "STOP",
    [FSM_DEPS_OK] = "DEPS_OK",
    [FSM_DEPS_FAILED] = "DEPS_FAILED",
    [FSM_STARTED] = "STARTED",
    [FSM_READY] = "READY",
    [FSM_SICK] = "SICK",
    [FSM_ENDED] = "ENDED",
    [FSM_TIMER] = "TIMER",
    [FSM_HOOKED] = "HOOKED",
    [FSM_HOOK_FAILED] = "HOOK_FAILED",
    [FSM_VANISHED] = "VANISHED",
};

#define IN(state) (1u << STATE_##state)
#define AT_REST   (IN(DOWN) | IN(FAILED) | IN(DONE))
#define NOT_BEGUN (IN(WAITING) | IN(BACKOFF))
#define RUNS      (IN(STARTING) | IN(UP) | IN(SICK))

/* every pair that leaves the state alone, and why it may */
static const struct {
    enum fsm_event event;
    unsigned states;
    const char *reason;
} ignored[] = {
    { FSM_START, NOT_BEGUN | IN(PREPARING) | RUNS, "it is on its way, or there" },
    { FSM_START, IN(STOPPING), "its end comes first, and leads to waiting when it is wanted" },
    { FSM_STOP, IN(DOWN), "that is what it is" },
    { FSM_STOP, IN(STOPPING), "it was told; the grace is not given twice" },
    { FSM_DEPS_OK, ~IN(WAITING), "only who waits asks for them" },
    { FSM_DEPS_FAILED, ~IN(WAITING), "what runs is not ended because of others" },
    { FSM_STARTED, IN(STOPPING), "it was killed before, and its end is on its way" },
    { FSM_STARTED, RUNS, "told once more after a lost connection" },
    { FSM_STARTED, AT_REST | NOT_BEGUN, "of a life that has ended" },
    { FSM_READY, AT_REST | NOT_BEGUN | IN(PREPARING), "no program, no check" },
    { FSM_READY, IN(UP), "that is what it is" },
    { FSM_READY, IN(STOPPING), "a check that was under way" },
    { FSM_SICK, AT_REST | NOT_BEGUN | IN(PREPARING), "no program, no check" },
    { FSM_SICK, IN(SICK), "that is what it is; the grace began with the first one" },
    { FSM_SICK, IN(STOPPING), "a check that was under way; who ends may say no" },
    { FSM_ENDED, AT_REST | NOT_BEGUN, "told once more after a lost connection" },
    { FSM_TIMER, ~(IN(SICK) | IN(STOPPING) | IN(BACKOFF)), "no timer was set" },
    { FSM_HOOKED, ~(IN(STARTING) | IN(STOPPING)), "no hook runs: its end ended them" },
    { FSM_HOOK_FAILED, ~(IN(STARTING) | IN(STOPPING)), "no hook runs: its end ended them" },
    { FSM_VANISHED, AT_REST | IN(WAITING), "there is nothing of it that could" },
};

static bool taken[STATE_COUNT][FSM_EVENT_COUNT];

struct fsm_step __real_fsm_step(enum state now, enum fsm_event event,
                                const struct fsm_facts *facts);
struct fsm_step __wrap_fsm_step(enum state now, enum fsm_event event,
                                const struct fsm_facts *facts);

/* what the engine calls in this program: see the Makefile */
struct fsm_step __wrap_fsm_step(enum state now, enum fsm_event event, const struct fsm_facts *facts)
{
    taken[now][event] = true;
    return __real_fsm_step(now, event, facts);
}

/* some facts make the pair do something */
static bool is_answered(enum state now, enum fsm_event event)
{
    for (unsigned n = 0; n < 4 * UNHEALTHY_ACTION_COUNT; n++) {
        const struct fsm_facts facts = { .want = n & 1 ? WANT_RUN : WANT_REST,
                                         .exit_clean = n & 2,
                                         .restart = { .policy = RESTART_ALWAYS },
                                         .on_unhealthy = (enum unhealthy_action)(n / 4) };
        struct fsm_step step = __real_fsm_step(now, event, &facts);

        if (step.next != now || step.actions != 0)
            return true;
    }
    return false;
}

static unsigned reasons(enum state now, enum fsm_event event)
{
    unsigned n = 0;

    for (size_t k = 0; k < ARRAY_LEN(ignored); k++)
        n += ignored[k].event == event && ignored[k].states & 1u << now &&
             ignored[k].reason[0] != '\0';
    return n;
}

/* after all stories */
static void every_answer_is_in_a_story_and_every_other_pair_has_its_reason(void **state)
{
    unsigned wrong = 0;

    (void) state;
    for (int s = 0; s < STATE_COUNT; s++)
        for (int event = 0; event < FSM_EVENT_COUNT; event++) {
            bool answered = is_answered((enum state) s, (enum fsm_event) event);
            unsigned why = reasons((enum state) s, (enum fsm_event) event);
            const char *what = answered && why > 0            ? "is answered, yet listed as ignored"
                               : answered && !taken[s][event] ? "is in no story"
                               : !answered && why != 1        ? "is ignored without one reason"
                                                              : NULL;

            if (what)
                (void) fprintf(stderr, "%s in state %s %s\n", event_text[event], state_text[s],
                               what);
            wrong += what != NULL;
        }
    assert_int_equal(wrong, 0);
}

/* ---- the stories ---- */

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
    tests = calloc(found.gl_pathc + 1, sizeof *tests);
    for (size_t n = 0; tests && n < found.gl_pathc; n++)
        tests[n] = (struct CMUnitTest){ .name = strrchr(found.gl_pathv[n], '/') + 1,
                                        .test_func = story,
                                        .initial_state = found.gl_pathv[n] };
    if (tests)
        tests[found.gl_pathc] = (struct CMUnitTest) cmocka_unit_test(
            every_answer_is_in_a_story_and_every_other_pair_has_its_reason);
    failed = _cmocka_run_group_tests("stories", tests, found.gl_pathc + 1, NULL, NULL);
    globfree(&found);
    return failed;
}
