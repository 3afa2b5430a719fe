/* What uacme wrote when it failed becomes what failed, why, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ops/acme.h"

static const char url[] = "https://ca.test/dir";

#define PROBLEM(before, type, detail)                                                              \
    before "\nuacme: the server reported the following error:\n{\n    \"type\": "                  \
           "\"urn:ietf:params:acme:error:" type "\",\n    \"detail\": \"" detail                   \
           "\",\n    \"status\": 403\n}\nuacme: failed to authorize order at https://ca.test/1\n"

static void each_failure_has_its_words_and_a_next_step(void **state)
{
    static const struct {
        const char *output, *what, *next;
    } cases[] = {
        { PROBLEM("uacme: challenge https://ca.test/c failed with status invalid", "unauthorized",
                  "Expected \\\"a.b\\\" (got \\\"no\\\")"),
          "did not get the right answer to its challenge: Expected \"a.b\" (got \"no\") "
          "(unauthorized of https://ca.test/dir)",
          "port 80" },
        { PROBLEM("uacme: failed to retrieve account at https://ca.test/a", "unauthorized",
                  "it is deactivated"),
          "the account is refused by https://ca.test/dir: it is deactivated", "--new-account" },
        { PROBLEM("uacme: x", "connection", "Timeout"), "could not reach this host", "port 80" },
        { PROBLEM("uacme: x", "dns", "NXDOMAIN"), "could not resolve the name", "DNS records" },
        { PROBLEM("uacme: x", "rateLimited", "too many certificates already issued"),
          "too many certificates were asked for", "--staging" },
        { PROBLEM("uacme: x", "accountDoesNotExist", "?"), "does not know the account",
          "--new-account" },
        { PROBLEM("uacme: x", "externalAccountRequired", "?"), "wants an account of its operator",
          "--eab-key-id" },
        { PROBLEM("uacme: x", "ofTomorrow", "something new"),
          "https://ca.test/dir says: something new (ofTomorrow)", "" },
        { "uacme: curl_get: GET https://ca.test/dir failed: Couldn't connect to server\n"
          "uacme: curl_get: waiting 5 seconds before retrying\n"
          "uacme: failed to fetch directory at https://ca.test/dir\n",
          "https://ca.test/dir does not answer: Couldn't connect to server", "firewall" },
        { "uacme: this ACME server requires external credentials, please supply them\n",
          "wants an account of its operator", "--eab-key-file" },
        { "uacme: no account associated with key.pem found. Consider trying 'new'\n",
          "does not know the account whose key is kept here", "--new-account" },
        { "acme-hook: the server sent a token that is none\nuacme: no challenge completed\n",
          "could be answered from here: the server sent a token that is none", "web root" },
        { "uacme: no challenge completed\n", "could be answered from here", "web root" },
        { "{\"a\": {\"type\": broken\n{\nuacme: failed to parse\n",
          "uacme failed: uacme: failed "
          "to parse",
          "" },
        { "", "uacme failed: ", "" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;

        assert_true(acme_explain(cases[i].output, url, &e) < 0);
        if (!strstr(e.msg, cases[i].what) || !strstr(e.hint, cases[i].next))
            fail_msg("case %zu: '%s', '%s'", i, e.msg, e.hint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_has_its_words_and_a_next_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
