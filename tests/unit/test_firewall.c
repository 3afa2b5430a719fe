#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/firewall.h"

#define IS(left, right) "{\"match\":{\"op\":\"==\",\"left\":" left ",\"right\":" right "}}"
#define DPORT           "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}"
#define STATE           "{\"ct\":{\"key\":\"state\"}}"
#define SADDR           "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}"
#define INTERFACE       "{\"meta\":{\"key\":\"iifname\"}}"
#define XT              "{\"xt\":{\"type\":\"match\",\"name\":\"conntrack\"}}"
#define ACCEPT          "{\"accept\":null}"
#define DROP            "{\"drop\":null}"

/* one rule in a chain of this policy: is tcp/443 over IPv4 admitted? */
static const struct {
    const char *policy, *rule;
    bool admitted;
} cases[] = {
    { "drop", "", false },
    { "accept", "", true },
    { "drop", ACCEPT, true },
    { "accept", DROP, false },
    { "drop", IS(DPORT, "443") "," ACCEPT, true },
    { "drop", IS(DPORT, "80") "," ACCEPT, false },
    { "drop", IS(DPORT, "{\"set\":[22,{\"range\":[400,500]}]}") "," ACCEPT, true },
    { "drop", IS(DPORT, "443") ",{\"counter\":{}}," ACCEPT, true },
    { "drop", IS(DPORT, "443") ",{\"limit\":{\"rate\":3}}," ACCEPT, false },
    { "drop", IS(SADDR, "\"10.0.0.1\"") "," ACCEPT, false },
    { "accept", IS(SADDR, "\"10.0.0.1\"") "," DROP, false },
    { "accept", IS(STATE, "\"invalid\"") "," DROP, true },
    { "accept", IS(INTERFACE, "\"lo\"") "," DROP, true },
    { "drop", IS(INTERFACE, "\"lo\"") "," ACCEPT, false },
    { "drop", IS(DPORT, "443") "," XT "," ACCEPT, false },
    { "accept", XT "," DROP, false },
    { "accept", "{\"jump\":{\"target\":\"input\"}}", false },
};

static void a_port_is_admitted_only_if_every_sender_is(void **state)
{
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct firewall_packet p = { .port = 443 };
        char text[2048], why[FIREWALL_WHY] = "";
        struct firewall f = { 0 };

        (void) snprintf(text, sizeof text,
                        "[{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"input\","
                        "\"type\":\"filter\",\"hook\":\"input\",\"policy\":\"%s\"}},"
                        "{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"input\","
                        "\"expr\":[%s]}}]",
                        cases[i].policy, cases[i].rule);
        f.rules = json_loads(text, 0, NULL);
        assert_non_null(f.rules);
        if (firewall_admits(&f, &p, why) != cases[i].admitted)
            fail_msg("policy %s, rule %s", cases[i].policy, cases[i].rule);
        assert_int_equal(why[0] == '\0', cases[i].admitted);
        firewall_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_admitted_only_if_every_sender_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
