#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/auto.h"
#include "cli/learn.h"

static const char wide[] =
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"syscalls\":["
    "{\"names\":[\"mkdirat\",\"rmdir\",\"read\",\"timer_create\"],\"action\":\"SCMP_ACT_ALLOW\"},"
    "{\"names\":[\"msgget\",\"msgsnd\"],\"action\":\"SCMP_ACT_ALLOW\"},"
    "{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
    "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0}]},"
    "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0}]}]}";

static void what_was_counted_and_what_programs_need_stays_the_rest_goes(void **state)
{
    uint64_t counts[LEARN_CALLS_MAX] = { 0 };
    json_t *from = json_loads(wide, 0, NULL), *profile;

    (void) state;
    counts[SYS_mkdirat] = 3;
    counts[SYS_msgget] = 0;
    profile = learn_profile(from, counts);
    auto_free char *text = json_dumps(json_object_get(profile, "syscalls"), JSON_COMPACT);
    assert_string_equal(
        text, "[{\"names\":[\"mkdirat\",\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
              "{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
              "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0}]}]");
    assert_string_equal(json_string_value(json_object_get(profile, "defaultAction")),
                        "SCMP_ACT_ERRNO");
    json_decref(profile);
    json_decref(from);
}

static void a_call_that_the_profile_refuses_stays_refused_also_when_it_was_tried(void **state)
{
    uint64_t counts[LEARN_CALLS_MAX] = { 0 };
    json_t *from = json_loads(wide, 0, NULL), *profile;

    (void) state;
    counts[SYS_mount] = 9;
    profile = learn_profile(from, counts);
    auto_free char *text = json_dumps(profile, JSON_COMPACT);
    assert_null(strstr(text, "\"mount\""));
    json_decref(profile);
    json_decref(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_counted_and_what_programs_need_stays_the_rest_goes),
        cmocka_unit_test(a_call_that_the_profile_refuses_stays_refused_also_when_it_was_tried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
