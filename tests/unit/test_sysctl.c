#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/sysctl.h"

static void what_is_the_host_s_or_leads_elsewhere_is_refused(void **state)
{
    static const char *const bad[] = {
        "kernel.core_pattern=|/bin/sh",
        "kernel.shm=1",
        "kernel.shmmaxx=1",
        "vm.swappiness=1",
        "fs.file-max=1",
        "net=1",
        "net.=1",
        "net..core=1",
        "net/../kernel/core_pattern=1",
        "net.../kernel=1",
        "net.a.=1",
        "net.a/b=1",
        "net.core.somaxconn",
        "net.core.somaxconn=",
        "net.a=1\n2",
        "=1",
        "",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (sysctl_is_namespaced(bad[i]))
            fail_msg("'%s' was accepted", bad[i]);
}

static void what_an_instance_has_for_itself_is_accepted(void **state)
{
    static const char *const good[] = { "net.core.somaxconn=512", "net.ipv4.tcp_rmem=1 2 3",
                                        "kernel.sem=250 32000 32 128", "kernel.shm_rmid_forced=1",
                                        "fs.mqueue.msg_max=20" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(sysctl_is_namespaced(good[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_host_s_or_leads_elsewhere_is_refused),
        cmocka_unit_test(what_an_instance_has_for_itself_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
