#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "runtime/presence.h"

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
#define REST " 00000000:00000000 00:00000000 00000000 0 0 1\n"

static void only_connections_of_others_to_what_listens_are_counted(void **state)
{
    static const struct {
        const char *table;
        int n;
    } cases[] = {
        { "", 0 },
        { "no table at all\n", 0 },
        { HEAD, 0 },
        { HEAD "   0: 00000000:1F40 00000000:0000 0A" REST, 0 },
        { HEAD "   0: 00000000:1F40 00000000:0000 0A" REST
               "   1: 0200D50A:1F40 0300D50A:C350 01" REST,
          1 },
        /* before the one who listens; a closing one; one of its own; one to somebody else */
        { HEAD
          "   0: 0200D50A:1F40 0300D50A:C350 01" REST "   1: 0200D50A:1F40 0300D50A:C351 06" REST
          "   2: 0100007F:1F40 0100007F:C352 01" REST "   3: 0200D50A:C353 0400D50A:0CEA 01" REST
          "   4: 00000000:1F40 00000000:0000 0A" REST,
          1 },
        { HEAD "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 "
               "0A" REST
               "   1: 0000000000000000FFFF00000200D50A:0050 0000000000000000FFFF00000300D50A:C350 "
               "01" REST,
          1 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(presence_count(cases[i].table), cases[i].n);
}

static void a_child_is_seen_until_it_has_been_waited_for(void **state)
{
    int pids[4], ends[2];
    size_t n;
    bool seen = false;
    pid_t child;

    (void) state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        char byte;

        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    n = presence_children(getpid(), pids, ARRAY_LEN(pids));
    for (size_t i = 0; i < n; i++)
        seen |= pids[i] == child;
    assert_true(seen);
    assert_true(presence_is_running(child));
    close(ends[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(presence_is_running(child));
    assert_int_equal(presence_children(getpid(), pids, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_connections_of_others_to_what_listens_are_counted),
        cmocka_unit_test(a_child_is_seen_until_it_has_been_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
