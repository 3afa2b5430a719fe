#include "compose/values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "compose/scalar.h"
#include "compose/schema.h"
#include "compose/short.h"
#include "compose/trail.h"
#include "compose/values_free.h"

struct typing {
    struct arena *arena;
    struct err *e;
};

static int typed(const struct typing *x, struct shape s, struct node *n, const struct trail *t,
                 struct node **out);

/* ---- numbers ---- */

static int refuse(const struct typing *x, const struct node *n, const struct trail *t,
                  const char *wanted)
{
    return trail_refuse(t, n->at, x->e, "expected %s, this is '%s'", wanted,
                        n->text ? n->text : node_kind_text(n->kind));
}

static struct node *real_node(const struct typing *x, double value, struct mark at)
{
    struct node *n = node_new(x->arena, NODE_FLOAT, at);

    n->text = scalar_real_text(x->arena, value, true);
    n->real = strtod(n->text, NULL);
    return n;
}

static int whole(const struct typing *x, const struct node *n, const struct trail *t, int64_t *out)
{
    char *end;

    if (n->kind == NODE_INT) {
        *out = n->integer;
        return 0;
    }
    if (n->kind == NODE_FLOAT && fabs(n->real) < 9.2e18) {
        *out = (int64_t) n->real;
        return 0;
    }
    if (n->kind != NODE_TEXT || !strchr("+-0123456789", n->text[0]) || n->text[0] == '\0')
        return refuse(x, n, t, "a number");
    errno = 0;
    *out = strtoll(n->text, &end, 10);
    return *end != '\0' || end == n->text || errno != 0 ? refuse(x, n, t, "a number") : 0;
}

static int fraction(const struct typing *x, const struct node *n, const struct trail *t,
                    double *out)
{
    char *end;

    if (n->kind == NODE_INT || n->kind == NODE_FLOAT) {
        *out = n->kind == NODE_INT ? (double) n->integer : n->real;
        return 0;
    }
    if (n->kind != NODE_TEXT || n->text[0] == '\0' || isspace((unsigned char) n->text[0]))
        return refuse(x, n, t, "a number");
    *out = strtod(n->text, &end);
    return *end != '\0' ? refuse(x, n, t, "a number") : 0;
}

int values_bytes(const char *text, int64_t *bytes)
{
    static const char units[] = "kmgtp";
    size_t len = strlen(text), digits = len;
    char number[64], *end;
    const char *suffix, *unit;
    double value;

    while (digits > 0 && !strchr("0123456789. ", text[digits - 1]))
        digits--;
    suffix = text + digits;
    len = digits > 0 && text[digits - 1] == ' ' ? digits - 1 : digits;
    if (len == 0 || len >= sizeof number || isspace((unsigned char) text[0]) || strpbrk(text, "xX"))
        return -EINVAL;
    memcpy(number, text, len);
    number[len] = '\0';
    value = strtod(number, &end);
    if (*end != '\0' || !(value >= 0))
        return -EINVAL;
    if (*suffix && tolower((unsigned char) *suffix) != 'b') {
        unit = strchr(units, tolower((unsigned char) *suffix));
        if (!unit || *unit == '\0')
            return -EINVAL;
        value = ldexp(value, 10 * (int) (unit - units + 1));
        suffix++;
        if (strcasecmp(suffix, "ib") == 0)
            suffix++;
    }
    if (*suffix && strcasecmp(suffix, "b") != 0)
        return -EINVAL;
    if (value >= 9.2e18)
        return -EINVAL;
    *bytes = (int64_t) value;
    return 0;
}

static int bytes(const struct typing *x, const struct node *n, const struct trail *t, int64_t *out)
{
    *out = 0; /* a number with a fraction says nothing, as in Docker Compose */
    if (n->kind == NODE_INT)
        *out = n->integer;
    if (n->kind == NODE_TEXT && values_bytes(n->text, out) < 0)
        return refuse(x, n, t, "a size such as 512m");
    return 0;
}

/* ---- durations ---- */

static const struct {
    const char *name;
    int64_t ns;
} units[] = { { "ns", 1 },
              { "us", 1000 },
              { "\xc2\xb5s", 1000 },
              { "\xce\xbcs", 1000 },
              { "ms", 1000000 },
              { "s", 1000000000 },
              { "m", 60000000000 },
              { "h", 3600000000000 },
              { "d", 24 * 3600000000000 },
              { "w", INT64_C(7) * 24 * 3600000000000 } };

/* digits behind the point, as a part of 1 */
static double fraction_of(const char *digits, size_t n)
{
    double value = 0, scale = 1;

    for (size_t i = 0; i < n && i < 18; i++) {
        value = value * 10 + (digits[i] - '0');
        scale *= 10;
    }
    return value / scale;
}

/* Whole units exactly, however many; of a fraction what is a thousandth short of a nanosecond is
 * one, because 0.088 is not quite that in binary. */
static int duration_sum(const char *whole, size_t n, double fraction, int64_t unit, int64_t *out)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, whole[i] - '0', &value))
            return -ERANGE;
    if (__builtin_mul_overflow(value, unit, &value) ||
        __builtin_add_overflow(value, (int64_t) (fraction * (double) unit + 1e-3), &value))
        return -ERANGE;
    *out = value;
    return 0;
}

static int duration_part(const char **at, int64_t *out)
{
    const char *s = *at, *whole = s, *digits;
    size_t n = strspn(s, "0123456789"), decimals = 0, unit;

    s += n;
    digits = s + (*s == '.');
    if (*s == '.')
        decimals = strspn(digits, "0123456789");
    if (n + decimals == 0)
        return -EINVAL;
    s = digits + decimals;
    unit = strcspn(s, ".0123456789");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strlen(units[i].name) != unit || memcmp(units[i].name, s, unit) != 0)
            continue;
        *at = s + unit;
        return duration_sum(whole, n, fraction_of(digits, decimals), units[i].ns, out);
    }
    return -EINVAL;
}

int values_duration(const char *text, int64_t *ns)
{
    const char *s = text + (*text == '-' || *text == '+');
    int64_t sum = 0, part = 0;
    int r;

    if (*s == '\0')
        return -EINVAL;
    if (strcmp(s, "0") == 0) {
        *ns = 0;
        return 0;
    }
    while (*s) {
        if ((r = duration_part(&s, &part)) < 0)
            return r;
        if (__builtin_add_overflow(sum, part, &sum))
            return -ERANGE;
    }
    *ns = *text == '-' ? -sum : sum;
    return 0;
}

/* digits of a fraction without zeros at the end */
static const char *with_fraction(struct arena *a, uint64_t value, uint64_t unit, const char *name)
{
    char digits[24];
    int width = unit == 1000 ? 3 : unit == 1000000 ? 6 : 9;
    size_t n;

    if (value % unit == 0)
        return arena_printf(a, "%" PRIu64 "%s", value / unit, name);
    (void) snprintf(digits, sizeof digits, "%0*" PRIu64, width, value % unit);
    for (n = strlen(digits); digits[n - 1] == '0'; n--)
        ;
    return arena_printf(a, "%" PRIu64 ".%.*s%s", value / unit, (int) n, digits, name);
}

const char *values_duration_text(struct arena *a, int64_t ns)
{
    uint64_t value = ns < 0 ? 0 - (uint64_t) ns : (uint64_t) ns, minutes, hours;
    const char *sign = ns < 0 ? "-" : "", *seconds;

    if (value == 0)
        return "0s";
    if (value < 1000)
        return arena_printf(a, "%s%" PRIu64 "ns", sign, value);
    if (value < 1000000)
        return arena_printf(a, "%s%s", sign, with_fraction(a, value, 1000, "\xc2\xb5s"));
    if (value < 1000000000)
        return arena_printf(a, "%s%s", sign, with_fraction(a, value, 1000000, "ms"));
    minutes = value / 60000000000u;
    hours = minutes / 60;
    seconds = with_fraction(a, value % 60000000000u, 1000000000, "s");
    if (hours > 0)
        return arena_printf(a, "%s%" PRIu64 "h%" PRIu64 "m%s", sign, hours, minutes % 60, seconds);
    return minutes > 0 ? arena_printf(a, "%s%" PRIu64 "m%s", sign, minutes, seconds)
                       : arena_printf(a, "%s%s", sign, seconds);
}

/* ---- scalars; *out stays NULL for what says nothing ---- */

static int duration(const struct typing *x, const struct attribute *a, const struct node *n,
                    const struct trail *t, struct node **out)
{
    int64_t ns = 0;

    if (n->kind != NODE_TEXT || values_duration(n->text, &ns) < 0)
        return refuse(x, n, t, "a duration such as 1m30s");
    if (ns != 0 || a->keep)
        *out = node_text(x->arena, values_duration_text(x->arena, ns), n->at);
    return 0;
}

static int boolean(const struct typing *x, const struct attribute *a, const struct node *n,
                   const struct trail *t, struct node **out)
{
    bool value = node_is_true(n);

    if (n->kind == NODE_TEXT && !scalar_is_bool(n->text, &value))
        return refuse(x, n, t, "true or false");
    if (n->kind != NODE_TEXT && n->kind != NODE_BOOL)
        return refuse(x, n, t, "true or false");
    if (value || a->keep)
        *out = node_bool(x->arena, value, n->at);
    return 0;
}

static int integer(const struct typing *x, const struct attribute *a, const struct node *n,
                   const struct trail *t, struct node **out)
{
    int64_t value = 0;
    int r = whole(x, n, t, &value);

    if (r < 0)
        return r;
    if (a->form == FORM_COUNT && (value < 0 || n->kind == NODE_TEXT))
        return refuse(x, n, t, "a number of 0 or more");
    if (value != 0 || a->keep)
        *out = node_int(x->arena, value, n->at);
    return 0;
}

static int real(const struct typing *x, const struct attribute *a, const struct node *n,
                const struct trail *t, struct node **out)
{
    double value = 0;
    int r = fraction(x, n, t, &value);

    if (r == 0 && (value != 0 || a->keep))
        *out = real_node(x, value, n->at);
    return r;
}

static int size(const struct typing *x, const struct attribute *a, const struct node *n,
                const struct trail *t, struct node **out)
{
    int64_t value = 0;
    int r = bytes(x, n, t, &value);

    if (r == 0 && value < 0) /* -1 for "no limit" can only be a number */
        *out = node_int(x->arena, value, n->at);
    else if (r == 0 && (value != 0 || a->keep))
        *out = node_text(x->arena, arena_printf(x->arena, "%" PRId64, value), n->at);
    return r;
}

/* an octal text, or a number, which YAML has read as octal already */
static int mode(const struct typing *x, const struct node *n, const struct trail *t,
                struct node **out)
{
    int64_t value = n->kind == NODE_INT ? n->integer : 0;
    char *end = NULL;

    if (n->kind == NODE_TEXT)
        value = strtoll(n->text, &end, 8);
    if ((n->kind != NODE_TEXT && n->kind != NODE_INT) || value < 0 ||
        (end && (*end != '\0' || end == n->text)))
        return refuse(x, n, t, "permission bits such as 0440");
    *out = node_text(x->arena, arena_printf(x->arena, "0%" PRIo64, (uint64_t) value), n->at);
    return 0;
}

static int device_count(const struct typing *x, const struct attribute *a, const struct node *n,
                        const struct trail *t, struct node **out)
{
    if (n->kind == NODE_TEXT && strcasecmp(n->text, "all") == 0) {
        *out = node_int(x->arena, -1, n->at);
        return 0;
    }
    return integer(x, a, n, t, out);
}

static int text(const struct typing *x, const struct attribute *a, const struct node *n,
                const struct trail *t, struct node **out)
{
    if (n->kind == NODE_LIST || n->kind == NODE_MAP)
        return refuse(x, n, t, "text");
    if (n->text[0] != '\0' || a->keep || a->empty || a->required)
        *out = node_text(x->arena, scalar_print(x->arena, n), n->at);
    return 0;
}

/* ---- lists and maps of scalars ---- */

static int texts(const struct typing *x, struct node *n, const struct trail *t, struct node **out)
{
    struct node *list = node_new(x->arena, NODE_LIST, n->at);

    if (n->kind == NODE_TEXT)
        node_push(x->arena, list, n);
    else if (n->kind != NODE_LIST)
        return refuse(x, n, t, "a list");
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++) {
        if (!node_is_scalar(n->items[i]))
            return refuse(x, n->items[i], &TRAIL_ITEM(t, i), "text");
        node_push(x->arena, list,
                  node_text(x->arena, scalar_print(x->arena, n->items[i]), n->items[i]->at));
    }
    if (list->n > 0)
        *out = list;
    return 0;
}

static int command(const struct typing *x, const struct attribute *a, struct node *n,
                   const struct trail *t, struct node **out)
{
    struct node *list = NULL;
    int r;

    if (n->kind == NODE_LIST && n->n == 0) {
        *out = a->keep ? n : NULL;
        return 0;
    }
    if (n->kind != NODE_TEXT)
        return texts(x, n, t, out);
    r = short_words(x->arena, n, t, &list, x->e);
    if (r == 0 && (list->n > 0 || a->keep))
        *out = list;
    return r;
}

static int health_test(const struct typing *x, struct node *n, const struct trail *t,
                       struct node **out)
{
    struct node *list;

    if (n->kind != NODE_TEXT)
        return texts(x, n, t, out);
    list = node_new(x->arena, NODE_LIST, n->at);
    node_push(x->arena, list, node_text(x->arena, "CMD-SHELL", n->at));
    node_push(x->arena, list, n);
    *out = list;
    return 0;
}

/* ---- things of a kind ---- */

static int object(const struct typing *x, const struct kind *kind, struct node *n,
                  const struct trail *t, struct node **out)
{
    struct node *map = node_new(x->arena, NODE_MAP, n->at);

    if (n->kind != NODE_MAP)
        return refuse(x, n, t, "a map");
    for (size_t i = 0; i < kind->n; i++) {
        const struct attribute *a = &kind->list[i];
        const struct entry *entry = node_entry(n, a->name);
        const struct shape s = { .attribute = a, .kind = a->form == FORM_OBJECT ? a->kind : NULL };
        struct node *value = NULL;
        int r = entry ? typed(x, s, entry->value, &TRAIL_KEY(t, a->name), &value) : 0;

        if (r < 0)
            return r;
        if (value)
            node_set(x->arena, map, a->name, entry->key_at, value);
    }
    for (uint32_t i = 0; i < n->n; i++)
        if (schema_is_extension(n->entries[i].key) && !schema_find(kind, n->entries[i].key))
            node_set(x->arena, map, n->entries[i].key, n->entries[i].key_at, n->entries[i].value);
    *out = map;
    return 0;
}

static int objects(const struct typing *x, const struct attribute *a, const struct node *n,
                   const struct trail *t, struct node **out)
{
    struct node *list = node_new(x->arena, NODE_LIST, n->at);

    if (n->kind != NODE_LIST)
        return refuse(x, n, t, "a list");
    for (uint32_t i = 0; i < n->n; i++) {
        struct node *value = NULL;
        int r = object(x, a->kind, n->items[i], &TRAIL_ITEM(t, i), &value);

        if (r < 0)
            return r;
        node_push(x->arena, list, value);
    }
    if (list->n > 0)
        *out = list;
    return 0;
}

static int named(const struct typing *x, const struct attribute *a, struct node *n,
                 const struct trail *t, struct node **out)
{
    struct node *map = node_new(x->arena, NODE_MAP, n->at);

    if (n->kind != NODE_MAP)
        return refuse(x, n, t, "a map");
    for (uint32_t i = 0; i < n->n; i++) {
        const struct entry *entry = &n->entries[i];
        struct node *value = entry->value;
        int r = 0;

        if (value->kind == NODE_NULL && !a->nullable)
            value = node_new(x->arena, NODE_MAP, entry->key_at);
        if (value->kind != NODE_NULL)
            r = object(x, a->kind, value, &TRAIL_KEY(t, entry->key), &value);

        if (r < 0)
            return r;
        node_set(x->arena, map, entry->key, entry->key_at, value);
    }
    node_sort(map);
    if (map->n > 0 || a->keep)
        *out = map;
    return 0;
}

static int typed(const struct typing *x, struct shape s, struct node *n, const struct trail *t,
                 struct node **out)
{
    const struct attribute *a = s.attribute;

    if (n->kind == NODE_NULL && a->form != FORM_ANY && a->form != FORM_NAMED) {
        *out = a->required ? n : NULL;
        return 0;
    }
    switch (a->form) {
    case FORM_ANY: *out = n; return 0;
    case FORM_DROPPED: return 0;
    case FORM_TEXT: return text(x, a, n, t, out);
    case FORM_BOOL: return boolean(x, a, n, t, out);
    case FORM_INT:
    case FORM_COUNT: return integer(x, a, n, t, out);
    case FORM_REAL:
    case FORM_CPUS: return real(x, a, n, t, out);
    case FORM_BYTES: return size(x, a, n, t, out);
    case FORM_DURATION: return duration(x, a, n, t, out);
    case FORM_MODE: return mode(x, n, t, out);
    case FORM_DEVICE_COUNT: return device_count(x, a, n, t, out);
    case FORM_COMMAND: return command(x, a, n, t, out);
    case FORM_TEST: return health_test(x, n, t, out);
    case FORM_TEXTS: return texts(x, n, t, out);
    case FORM_VARIABLES:
    case FORM_MAPPING:
    case FORM_LABELS:
    case FORM_LISTS:
    case FORM_HOSTS:
    case FORM_SSH:
    case FORM_ULIMITS: return values_free(x->arena, a, n, t, out, x->e);
    case FORM_ENV_FILES:
    case FORM_OBJECTS: return objects(x, a, n, t, out);
    case FORM_OBJECT: return object(x, a->kind, n, t, out);
    case FORM_NAMED: return named(x, a, n, t, out);
    }
    return 0;
}

int values_document(struct arena *a, const struct node *root, struct node **out, struct err *e)
{
    const struct typing x = { .arena = a, .e = e };

    return object(&x, &schema_project, (struct node *) (uintptr_t) root, NULL, out);
}
