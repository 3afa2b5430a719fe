#include "base/device_rule.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"

/* as the kernel has them: 12 and 20 bits */
enum { MAJOR_MOST = 4095, MINOR_MOST = 1048575, NUMBER_BYTES = 8, ACCESS_BYTES = 3 };

/* The number, or `*`, that ends before `end`; what follows comes back, NULL for none. */
static const char *take_number(const char *text, char end, uint64_t most, int *out)
{
    const char *stop = strchr(text, end);
    size_t len = stop ? (size_t) (stop - text) : 0;
    char digits[NUMBER_BYTES] = "";
    uint64_t n = 0;

    if (len == 0 || len >= sizeof digits)
        return NULL;
    memcpy(digits, text, len);
    if (strcmp(digits, "*") == 0)
        *out = DEVICE_RULE_ANY;
    else if (num_u64(digits, most, &n) == 0)
        *out = (int) n;
    else
        return NULL;
    return stop + 1;
}

int device_rule_parse(const char *text, char separator, struct device_rule *out)
{
    struct device_rule rule = { .kind = text[0] };

    if (!text[0] || !strchr("abc", text[0]) || text[1] != separator)
        return -EINVAL;
    text = take_number(text + 2, ':', MAJOR_MOST, &rule.major);
    if (text)
        text = take_number(text, separator, MINOR_MOST, &rule.minor);
    if (!text || !text[0] || strlen(text) > ACCESS_BYTES || text[strspn(text, "rwm")])
        return -EINVAL;
    rule.access = (strchr(text, 'r') ? DEVICE_RULE_READ : 0U) |
                  (strchr(text, 'w') ? DEVICE_RULE_WRITE : 0U) |
                  (strchr(text, 'm') ? DEVICE_RULE_MAKE : 0U);
    *out = rule;
    return 0;
}

static bool number_covers(int most, int wish)
{
    return most == DEVICE_RULE_ANY || most == wish;
}

bool device_rule_covers(const struct device_rule *most, const struct device_rule *wish)
{
    return (most->kind == 'a' || most->kind == wish->kind) &&
           number_covers(most->major, wish->major) && number_covers(most->minor, wish->minor) &&
           (wish->access & ~most->access) == 0;
}
