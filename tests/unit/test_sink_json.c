/* One log record as JSON: any byte at any place comes back as what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logs/sink_json.h"

static void a_record_is_exactly_this_text(void **state)
{
    static const struct {
        uint64_t wall_us;
        unsigned incarnation;
        bool whole;
        const char *expected;
    } cases[] = {
        { 1795600000000007u, 0, false,
          "{\"log\":\"a\",\"stream\":\"stderr\",\"time\":\"2026-11-25T09:46:40.000007Z\","
          "\"attrs\":{\"service\":\"web\",\"instance\":\"0\"}}\n" },
        { 1795600000999999u, 10, true,
          "{\"log\":\"a\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-25T09:46:40.999999Z\","
          "\"attrs\":{\"service\":\"web\",\"instance\":\"10\"}}\n" },
        { 1795600001120000u, UINT32_MAX, true,
          "{\"log\":\"a\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-25T09:46:41.120000Z\","
          "\"attrs\":{\"service\":\"web\",\"instance\":\"4294967295\"}}\n" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sink_json_record record = { .text = "a",
                                           .len = 1,
                                           .whole = cases[i].whole,
                                           .stream = "stderr",
                                           .service = "web",
                                           .incarnation = cases[i].incarnation,
                                           .wall_us = cases[i].wall_us };
        char out[1024];
        size_t n = sink_json_format(&record, out);

        assert_true(n <= sink_json_room(&record));
        assert_int_equal(n, strlen(cases[i].expected));
        assert_memory_equal(out, cases[i].expected, n);
    }
}

static void check_byte(int byte, size_t at, size_t len)
{
    char text[24], out[1024];
    struct sink_json_record record = {
        .text = text, .len = len, .stream = "stdout", .service = "web"
    };
    const char *log;
    size_t got, n;
    json_t *json;

    memset(text, 'x', sizeof text);
    text[at] = (char) byte;
    n = sink_json_format(&record, out);
    assert_true(n <= sink_json_room(&record));
    json = json_loadb(out, n, JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:s%}", "log", &log, &got), 0);
    /* half a character becomes the three bytes of U+FFFD */
    assert_int_equal(got, byte < 0x80 ? len : len + 2);
    if (byte < 0x80)
        assert_memory_equal(log, text, len);
    else
        assert_memory_equal(log + at, "\xef\xbf\xbd", 3);
    json_decref(json);
}

static void every_byte_at_every_place_comes_back(void **state)
{
    (void) state;
    for (size_t len = 1; len <= 24; len++)
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++)
                check_byte(byte, at, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_exactly_this_text),
        cmocka_unit_test(every_byte_at_every_place_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
