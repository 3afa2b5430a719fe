#include "compose/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool is_null(const char *text)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

    return is_one_of(text, words);
}

static bool is_true(const char *text)
{
    static const char *const words[] = { "true", "True", "TRUE", NULL };

    return is_one_of(text, words);
}

static bool is_false(const char *text)
{
    static const char *const words[] = { "false", "False", "FALSE", NULL };

    return is_one_of(text, words);
}

static bool special_real(const char *text, double *out)
{
    static const char *const positive[] = {
        ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", NULL
    };
    static const char *const negative[] = { "-.inf", "-.Inf", "-.INF", NULL };
    static const char *const nothing[] = { ".nan", ".NaN", ".NAN", NULL };

    if (is_one_of(text, positive))
        *out = INFINITY;
    else if (is_one_of(text, negative))
        *out = -INFINITY;
    else if (is_one_of(text, nothing))
        *out = NAN;
    else
        return false;
    return true;
}

/* digits may be grouped by underscores */
static void without_groups(const char *text, char *out)
{
    for (; *text; text++)
        if (*text != '_')
            *out++ = *text;
    *out = '\0';
}

static bool integer(const char *text, int64_t *out)
{
    const char *digits = text + (*text == '-' || *text == '+');
    bool negative = *text == '-';
    unsigned long long value;
    int base = 10;
    char *end;

    if (digits[0] == '0' && digits[1] != '\0') {
        char mark = (char) tolower((unsigned char) digits[1]);
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        digits += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
    }
    if (!isxdigit((unsigned char) digits[0]))
        return false;
    errno = 0;
    value = strtoull(digits, &end, base);
    if (*end != '\0' || errno != 0 || value > (unsigned long long) INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t) (0 - value) : (int64_t) value;
    return true;
}

/* [-+]?(\.D+|D+(\.D*)?)([eE][-+]?D+)? */
static bool real(const char *text, double *out)
{
    const char *s = text + (*text == '-' || *text == '+');
    size_t whole = strspn(s, "0123456789"), fraction = 0;

    s += whole;
    if (*s == '.') {
        fraction = strspn(s + 1, "0123456789");
        if (whole + fraction == 0)
            return false;
        s += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        size_t digits;
        s += 1 + (s[1] == '-' || s[1] == '+');
        digits = strspn(s, "0123456789");
        if (digits == 0)
            return false;
        s += digits;
    }
    if (*s != '\0')
        return false;
    *out = strtod(text, NULL);
    return isfinite(*out);
}

/* +HH:MM, -HH:MM or Z */
static bool is_zone(const char *s)
{
    if (strcmp(s, "Z") == 0)
        return true;
    return (*s == '+' || *s == '-') && strlen(s) == 6 && s[3] == ':' &&
           strspn(s + 1, "0123456789:") == 5;
}

/* YYYY-M-D, alone, or with T and a time with its zone, or with a blank and a time without one */
static bool is_date(const char *s)
{
    unsigned year, month, day, hour, minute, second;
    bool zoned;
    int used = 0;

    if (strspn(s, "0123456789") != 4 || s[4] != '-' || !isdigit((unsigned char) s[5]) ||
        sscanf(s, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || used == 0)
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    s += used;
    if (*s == '\0')
        return true;
    zoned = *s == 'T' || *s == 't';
    if ((!zoned && *s != ' ') || !isdigit((unsigned char) s[1]) ||
        sscanf(s + 1, "%2u:%2u:%2u%n", &hour, &minute, &second, &used) != 3 || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    s += 1 + used;
    if (*s == '.')
        s += 1 + strspn(s + 1, "0123456789");
    return zoned ? is_zone(s) : *s == '\0';
}

/* as RFC 3339 writes it, in UTC when no zone is given */
static const char *time_text(struct arena *a, const char *s)
{
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const char *fraction, *zone;
    int digits, used = 0;

    (void) sscanf(s, "%4u-%2u-%2u%n", &year, &month, &day, &used);
    s += used;
    if (*s == '\0')
        return arena_printf(a, "%04u-%02u-%02uT00:00:00Z", year, month, day);
    (void) sscanf(s + 1, "%2u:%2u:%2u%n", &hour, &minute, &second, &used);
    s += 1 + used;
    fraction = s;
    digits = *s == '.' ? 1 + (int) strspn(s + 1, "0123456789") : 0;
    zone = s + digits;
    while (digits > 0 && (fraction[digits - 1] == '0' || fraction[digits - 1] == '.'))
        digits--;
    return arena_printf(a, "%04u-%02u-%02uT%02u:%02u:%02u%.*s%s", year, month, day, hour, minute,
                        second, digits, fraction, *zone ? zone : "Z");
}

static bool number(const char *text, struct node *n)
{
    char plain[64];
    int64_t value;
    double d;

    if (strlen(text) >= sizeof plain || !strchr("+-.0123456789", text[0]))
        return false;
    without_groups(text, plain);
    if (integer(plain, &value)) {
        n->kind = NODE_INT;
        n->integer = value;
    } else if (real(plain, &d) || special_real(text, &d)) {
        n->kind = NODE_FLOAT;
        n->real = d;
    } else {
        return false;
    }
    return true;
}

void scalar_resolve(struct arena *a, struct node *n)
{
    if (is_null(n->text)) {
        n->kind = NODE_NULL;
    } else if (is_true(n->text) || is_false(n->text)) {
        n->kind = NODE_BOOL;
        n->truth = is_true(n->text);
    } else if (is_date(n->text)) {
        n->kind = NODE_TIME;
        n->text = time_text(a, n->text);
    } else if (number(n->text, n)) {
        n->text = scalar_print(a, n);
    } else {
        n->kind = NODE_TEXT;
    }
}

int scalar_resolve_as(struct arena *a, struct node *n, const char *tag)
{
    static const char standard[] = "tag:yaml.org,2002:";
    enum node_kind wanted;

    if (strncmp(tag, standard, sizeof standard - 1) != 0) {
        n->kind = NODE_TEXT;
        return 0;
    }
    tag += sizeof standard - 1;
    n->kind = NODE_TEXT;
    if (strcmp(tag, "str") == 0 || strcmp(tag, "binary") == 0)
        return 0;
    wanted = strcmp(tag, "int") == 0     ? NODE_INT
             : strcmp(tag, "float") == 0 ? NODE_FLOAT
             : strcmp(tag, "bool") == 0  ? NODE_BOOL
             : strcmp(tag, "null") == 0  ? NODE_NULL
                                         : NODE_TIME;
    scalar_resolve(a, n);
    if (n->kind == NODE_INT && wanted == NODE_FLOAT) {
        double d = (double) n->integer;
        n->kind = NODE_FLOAT;
        n->real = d;
    }
    return n->kind == wanted ? 0 : -EINVAL;
}

bool scalar_is_bool(const char *text, bool *truth)
{
    static const char *const words[] = { "false", "true", "n", "y", "no", "yes", "off", "on" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i]) == 0) {
            *truth = i % 2 == 1;
            return true;
        }
    return false;
}

bool scalar_is_ambiguous(const char *text)
{
    /* readers of YAML 1.1 take these for true and false */
    static const char *const words[] = { "y", "Y",  "yes", "Yes", "YES", "on",  "On",  "ON", "n",
                                         "N", "no", "No",  "NO",  "off", "Off", "OFF", NULL };
    struct node n = { .text = text };
    char plain[64];
    int64_t i;
    double d;

    if (is_one_of(text, words) || is_null(text) || is_true(text) || is_false(text) ||
        is_date(text) || special_real(text, &d) || strcmp(text, "<<") == 0)
        return true;
    if (strlen(text) >= sizeof plain || !strchr("+-.0123456789", text[0]))
        return false;
    without_groups(text, plain);
    /* and these for numbers in base 60 */
    return integer(plain, &i) || real(plain, &d) || strspn(text, "0123456789:") == strlen(text) ||
           n.text[0] == '\0';
}

const char *scalar_real_text(struct arena *a, double value, bool single)
{
    char digits[40], *exponent;
    int places = 0, power;

    if (isnan(value) || isinf(value))
        return isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    do
        (void) snprintf(digits, sizeof digits, "%.*e", places, value);
    while ((single ? strtof(digits, NULL) != (float) value : strtod(digits, NULL) != value) &&
           ++places < 18);
    exponent = strchr(digits, 'e');
    power = (int) strtol(exponent + 1, NULL, 10);
    if (power < -4 || power >= 6) {
        return arena_printf(a, "%.*se%c%02d", (int) (exponent - digits), digits,
                            power < 0 ? '-' : '+', abs(power));
    }
    return arena_printf(a, "%.*f", places > power ? places - power : 0, value);
}

/* digits of an integer beyond 64 bits with a sign */
static bool is_huge(const char *text)
{
    return strlen(text) >= 19 && strspn(text, "0123456789") == strlen(text);
}

const char *scalar_print(struct arena *a, const struct node *n)
{
    switch (n->kind) {
    case NODE_NULL: return "";
    case NODE_BOOL: return n->truth ? "true" : "false";
    case NODE_INT: return arena_printf(a, "%" PRId64, n->integer);
    case NODE_FLOAT:
        if (n->text && is_huge(n->text))
            return n->text;
        return scalar_real_text(a, n->real, false);
    case NODE_TIME:
    case NODE_TEXT:
    case NODE_LIST:
    case NODE_MAP: break;
    }
    return n->text ? n->text : "";
}
