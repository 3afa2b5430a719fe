/* A certificate and its key: what they are, what is wrong, and when it is time for the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/strv.h"
#include "ops/pair.h"
#include "ops/x509.h"

#define DAY INT64_C(86400)

static const char *const both[] = { "ipam.test", "127.0.0.1", NULL };

struct made {
    char *certificate, *key;
};

static struct made make(int days)
{
    struct made m = { 0 };
    struct err e = ERR_INIT;

    assert_int_equal(x509_self_sign(both, days, &m.certificate, &m.key, &e), 0);
    return m;
}

static void drop(struct made *m)
{
    free(m->certificate);
    x509_wipe(m->key);
}

static void refused(const char *certificate, const char *key, const char *const *names, int64_t now,
                    const char *why)
{
    struct err e = ERR_INIT;
    struct pair p;

    pair_look(certificate, key, names, &p);
    assert_int_equal(pair_refuse(&p, now, &e), -EINVAL);
    if (!strstr(e.msg, why))
        fail_msg("'%s' instead of '%s'", e.msg, why);
    assert_int_equal(e.class, ERR_CONFIG);
    pair_clear(&p);
}

static void what_should_not_be_served_is_refused_with_its_reason(void **state)
{
    static const char *const other[] = { "ipam.test", "other.test", NULL };
    struct made m = make(10), n = make(10);
    auto_free char *unordered = NULL;
    int64_t now = (int64_t) time(NULL);

    (void) state;
    if (asprintf(&unordered, "%s%s", m.certificate, n.certificate) < 0)
        abort();
    refused("", m.key, NULL, now, "no certificate in PEM form");
    refused("no certificate", m.key, NULL, now, "no certificate in PEM form");
    refused(m.certificate, "", NULL, now, "no key in PEM form");
    refused(m.certificate, m.certificate, NULL, now, "no key in PEM form");
    refused(m.certificate, n.key, NULL, now, "not that of the certificate");
    refused(unordered, m.key, NULL, now, "the chain is out of order");
    refused(m.certificate, m.key, NULL, now + 11 * DAY, "has expired");
    refused(m.certificate, m.key, NULL, now - DAY, "not valid yet");
    refused(m.certificate, m.key, other, now, "not for other.test");
    drop(&m);
    drop(&n);
}

static void what_is_in_it_is_told(void **state)
{
    struct made m = make(10);
    struct err e = ERR_INIT;
    struct pair p;

    (void) state;
    pair_look(m.certificate, m.key, both, &p);
    assert_int_equal(pair_refuse(&p, (int64_t) time(NULL), &e), 0);
    assert_string_equal(p.subject, "CN=ipam.test");
    assert_string_equal(p.issuer, p.subject);
    assert_true(p.self_signed && p.chain_ok && p.strong && p.key_matches);
    assert_int_equal(p.chain, 1);
    assert_string_equal(p.key_type, "EC 256");
    assert_int_equal(strv_len(p.names), 2);
    assert_true(strv_has(p.names, "127.0.0.1"));
    assert_int_equal(strlen(p.fingerprint), PAIR_FINGERPRINT - 1);
    assert_int_equal(strlen(p.serial), 32);
    pair_clear(&p);
    drop(&m);
}

static void each_certificate_has_a_serial_of_its_own_and_a_request_is_not_one(void **state)
{
    struct made m = make(1), n = make(1), q = { 0 };
    struct err e = ERR_INIT;
    struct pair a, b;

    (void) state;
    pair_look(m.certificate, NULL, NULL, &a);
    pair_look(n.certificate, NULL, NULL, &b);
    assert_string_not_equal(a.serial, b.serial);
    pair_clear(&b);
    assert_int_equal(x509_request(both, &q.certificate, &q.key, &e), 0);
    assert_non_null(strstr(q.certificate, "BEGIN CERTIFICATE REQUEST"));
    pair_look(q.certificate, q.key, NULL, &b);
    assert_false(b.readable);
    pair_clear(&a);
    pair_clear(&b);
    drop(&m);
    drop(&n);
    drop(&q);
}

static void it_is_time_when_a_third_is_left_and_warnings_know_the_lifetime(void **state)
{
    static const struct {
        int64_t lifetime, left; /* seconds */
        bool due;
        int warning, days;
    } cases[] = {
        { 90 * DAY, 31 * DAY, false, 0, 31 },
        { 90 * DAY, 30 * DAY, true, 0, 30 },
        { 90 * DAY, 21 * DAY, true, 21, 21 },
        { 90 * DAY, 7 * DAY, true, 7, 7 },
        { 90 * DAY, DAY, true, 1, 1 },
        { 90 * DAY, DAY - 1, true, 1, 0 },
        { 90 * DAY, 0, true, -1, 0 },
        { 90 * DAY, -1, true, -1, -1 },
        { 90 * DAY, -DAY - 1, true, -1, -2 },
        { 365 * DAY, 22 * DAY, true, 0, 22 },
        { 6 * DAY, 5 * DAY, false, 0, 5 },
        { 6 * DAY, 2 * DAY, true, 21, 2 },
        { 6 * DAY, DAY, true, 7, 1 },
        { 6 * DAY, DAY / 2, true, 1, 0 },
        { 120, 41, false, 0, 0 },
        { 120, 40, true, 21, 0 },
        { 120, 10, true, 1, 0 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct pair p = { .not_before = 1000, .not_after = 1000 + cases[i].lifetime };
        int64_t now = p.not_after - cases[i].left;

        assert_int_equal(pair_is_due(&p, now), cases[i].due);
        assert_int_equal(pair_warning(&p, now), cases[i].warning);
        assert_int_equal(pair_days_left(&p, now), cases[i].days);
    }
}

static void names_of_this_machine_are_known(void **state)
{
    static const char *const local[] = { "localhost", "LOCALHOST", "a.localhost",
                                         "127.0.0.1", "::1",       "10.0.0.1" };
    static const char *const known[] = { "ipam.test", "localhost.example.org", "10.0.0.1.example" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(local); i++)
        assert_true(pair_is_local_name(local[i]));
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_false(pair_is_local_name(known[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_should_not_be_served_is_refused_with_its_reason),
        cmocka_unit_test(what_is_in_it_is_told),
        cmocka_unit_test(each_certificate_has_a_serial_of_its_own_and_a_request_is_not_one),
        cmocka_unit_test(it_is_time_when_a_third_is_left_and_warnings_know_the_lifetime),
        cmocka_unit_test(names_of_this_machine_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
