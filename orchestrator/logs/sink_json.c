#include "logs/sink_json.h"

#include <string.h>
#include <time.h>
#include <unistr.h>

#include "base/clock.h"

/* A byte becomes at most six (\u001b); bytes that are not UTF-8 become the three of U+FFFD. */
#define REPLACEMENT "\xef\xbf\xbd"
enum { GROWTH = 6, ENVELOPE = 256 };

size_t sink_json_room(const struct sink_json_record *r)
{
    return r->len * GROWTH + strlen(r->service) + ENVELOPE;
}

/* copies one character, or U+FFFD for a byte that is none; returns how many bytes it took */
static size_t put_character(char **out, const unsigned char *s, size_t left)
{
    ucs4_t c = 0;
    size_t n = (size_t) u8_mbtouc(&c, s, left);
    bool broken = c == 0xfffd && (left < 3 || memcmp(s, REPLACEMENT, 3) != 0);

    memcpy(*out, broken ? (const unsigned char *) REPLACEMENT : s, broken ? 3 : n);
    *out += broken ? 3 : n;
    return n;
}

static char *put_escape(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

    *out++ = '\\';
    for (const char *l = letters; *l; l += 2) {
        if ((unsigned char) *l == c) {
            *out++ = l[1];
            return out;
        }
    }
    memcpy(out, "u00", 3);
    out[3] = hex[c >> 4];
    out[4] = hex[c & 15];
    return out + 5;
}

/* Eight bytes at once: false if one of them may be anything but itself in JSON.  A borrow can only
 * make a plain byte look special: whoever is told false looks closer. */
static bool is_plain(const unsigned char *s)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t w, special;

    memcpy(&w, s, sizeof w);
    special = w | (w - ones * 0x20) | ((w ^ ones * '"') - ones) | ((w ^ ones * '\\') - ones) |
              ((w ^ ones * 0x7f) - ones);
    return (special & ones * 0x80) == 0;
}

static char *put_text(char *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *) text, *end = s + len;

    while (s < end) {
        const unsigned char *run = s;

        while (end - s >= 8 && is_plain(s))
            s += 8;
        while (s < end && *s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\')
            s++;
        memcpy(out, run, (size_t) (s - run));
        out += s - run;
        if (s == end)
            break;
        if (*s < 0x80) {
            out = put_escape(out, *s++);
            continue;
        }
        s += put_character(&out, s, (size_t) (end - s));
    }
    return out;
}

/* `digits` decimal digits, zeros in front */
static char *put_digits(char *out, unsigned value, int digits)
{
    for (int i = digits; i-- > 0; value /= 10)
        out[i] = (char) ('0' + value % 10);
    return out + digits;
}

static char *put_number(char *out, unsigned value)
{
    int digits = 1;

    for (unsigned rest = value; rest >= 10; rest /= 10)
        digits++;
    return put_digits(out, value, digits);
}

/* RFC 3339; the second part is computed once per second */
static char *put_time(char *out, uint64_t wall_us)
{
    static time_t cached = -1;
    static char text[sizeof "2026-11-24T10:00:00"];
    time_t second = (time_t) (wall_us / USEC_PER_SEC);

    if (second != cached) {
        struct tm tm;
        cached = second;
        (void) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));
    }
    out = stpcpy(stpcpy(out, text), ".");
    return put_digits(out, (unsigned) (wall_us % USEC_PER_SEC), 6);
}

size_t sink_json_format(const struct sink_json_record *r, char *out)
{
    char *p = stpcpy(out, "{\"log\":\"");

    p = put_text(p, r->text, r->len);
    if (r->whole)
        p = stpcpy(p, "\\n");
    p = stpcpy(stpcpy(stpcpy(p, "\",\"stream\":\""), r->stream), "\",\"time\":\"");
    p = put_time(p, r->wall_us);
    p = stpcpy(p, "Z\",\"attrs\":{\"service\":\"");
    p = put_text(p, r->service, strlen(r->service));
    p = put_number(stpcpy(p, "\",\"instance\":\""), r->incarnation);
    p = stpcpy(p, "\"}}\n");
    return (size_t) (p - out);
}
