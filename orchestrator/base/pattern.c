#include "base/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* what the counts of an expression multiply to, as if all were inside one another */
static unsigned long repeated(const char *text)
{
    unsigned long product = 1;

    for (const char *at = text; (at = strchr(at, '{')); at++) {
        char *end = NULL;
        unsigned long n = strtoul(at + 1, &end, 10);

        if (*end == ',' && isdigit((unsigned char) end[1]))
            n = strtoul(end + 1, NULL, 10);
        if (n > LIMIT_PATTERN_REPEATED)
            return n;
        product *= n > 0 ? n : 1;
        if (product > LIMIT_PATTERN_REPEATED)
            break;
    }
    return product;
}

static bool refers_back(const char *text)
{
    for (const char *at = text; (at = strchr(at, '\\')) && at[1]; at += 2)
        if (isdigit((unsigned char) at[1]))
            return true;
    return false;
}

int pattern_compile(const char *text, regex_t *out, struct err *e)
{
    regex_t own, *re = out ? out : &own;
    char why[128];
    int code;

    if (text[0] == '\0' || strlen(text) > LIMIT_PATTERN)
        return err_set(e, -EINVAL, "a pattern has 1 to %d bytes", LIMIT_PATTERN);
    if (refers_back(text))
        return err_set(e, -EINVAL, "a pattern does not refer back (\\1)");
    if (repeated(text) > LIMIT_PATTERN_REPEATED)
        return err_set(e, -EINVAL, "the counts of a pattern multiply to at most %d",
                       LIMIT_PATTERN_REPEATED);
    code = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        (void) regerror(code, re, why, sizeof why);
        return err_set(e, -EINVAL, "'%s' is no extended regular expression: %s", text, why);
    }
    if (!out)
        regfree(&own);
    return 0;
}

bool pattern_matches(const regex_t *re, const char *line, size_t len)
{
    regmatch_t all = { .rm_so = 0,
                       .rm_eo = (regoff_t) (len < LIMIT_PATTERN_LINE ? len : LIMIT_PATTERN_LINE) };

    return regexec(re, line, 1, &all, REG_STARTEND) == 0;
}
