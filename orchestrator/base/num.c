#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"

/* digits only, so that strtoull's signs, blanks and prefixes never get in; returns the rest */
static int leading_u64(const char *text, uint64_t *out, const char **rest)
{
    char *end = NULL;

    if (!isdigit((unsigned char) text[0]))
        return -EINVAL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    *rest = end;
    return errno ? -ERANGE : 0;
}

int num_u64(const char *text, uint64_t max, uint64_t *out)
{
    const char *rest = NULL;
    uint64_t n = 0;
    int r = leading_u64(text, &n, &rest);

    if (r < 0)
        return r;
    if (*rest != '\0')
        return -EINVAL;
    if (n > max)
        return -ERANGE;
    *out = n;
    return 0;
}

int num_port(const char *text, uint16_t *out)
{
    uint64_t n = 0;
    int r = num_u64(text, UINT16_MAX, &n);

    if (r < 0)
        return r;
    if (n == 0)
        return -ERANGE;
    *out = (uint16_t) n;
    return 0;
}

int num_bytes(const char *text, uint64_t *out)
{
    static const struct {
        const char *suffix;
        unsigned shift;
    } units[] = { { "", 0 },    { "b", 0 },  { "k", 10 },  { "kb", 10 }, { "m", 20 },
                  { "mb", 20 }, { "g", 30 }, { "gb", 30 }, { "t", 40 },  { "tb", 40 } };
    const char *rest = NULL;
    uint64_t n = 0;
    int r = leading_u64(text, &n, &rest);

    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcasecmp(rest, units[i].suffix) != 0)
            continue;
        if (n > UINT64_MAX >> units[i].shift)
            return -ERANGE;
        *out = n << units[i].shift;
        return 0;
    }
    return -EINVAL;
}

void num_bytes_text(uint64_t bytes, char out[NUM_BYTES_TEXT])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    uint64_t tenths = bytes * 10;
    int unit = -1;

    if (bytes > UINT64_MAX / 10)
        tenths = UINT64_MAX;
    for (; tenths >= 10240 && unit + 1 < (int) ARRAY_LEN(units); unit++)
        tenths = (tenths + 512) / 1024;
    if (unit < 0)
        (void) snprintf(out, NUM_BYTES_TEXT, "%" PRIu64 " bytes", bytes);
    else if (tenths % 10 == 0 || tenths >= 1000)
        (void) snprintf(out, NUM_BYTES_TEXT, "%" PRIu64 " %s", tenths / 10, units[unit]);
    else
        (void) snprintf(out, NUM_BYTES_TEXT, "%" PRIu64 ".%u %s", tenths / 10,
                        (unsigned) (tenths % 10), units[unit]);
}

int num_milli_cpus(const char *text, uint64_t *out)
{
    const char *rest = NULL;
    uint64_t whole = 0, milli = 0;
    int r = leading_u64(text, &whole, &rest);

    if (r < 0)
        return r;
    if (whole > UINT32_MAX)
        return -ERANGE;
    if (*rest == '.') {
        rest++;
        for (uint64_t place = 100; isdigit((unsigned char) *rest); rest++, place /= 10)
            milli += (uint64_t) (*rest - '0') * place;
    }
    if (*rest != '\0')
        return -EINVAL;
    *out = whole * 1000 + milli;
    return 0;
}

int num_signal(const char *text)
{
    const char *brief = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    uint64_t number = 0;

    if (num_u64(text, 64, &number) == 0 && number > 0)
        return (int) number;
    for (int s = 1; s < 32; s++)
        if (sigabbrev_np(s) && strcasecmp(sigabbrev_np(s), brief) == 0)
            return s;
    return -EINVAL;
}
