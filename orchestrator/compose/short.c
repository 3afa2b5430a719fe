#include "compose/short.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "compose/pathname.h"

/* ---- ports ---- */

struct range {
    uint16_t from, to;
};

static int port_number(const char *text, size_t len, uint16_t *out)
{
    char digits[8];
    uint64_t value = 0;

    if (len == 0 || len >= sizeof digits)
        return -EINVAL;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (strspn(digits, "0123456789") != len || num_u64(digits, UINT16_MAX, &value) < 0)
        return -EINVAL;
    *out = (uint16_t) value;
    return 0;
}

static int port_range(const char *text, struct range *out)
{
    size_t first = strcspn(text, "-");
    const char *second = text[first] ? text + first + 1 : NULL;

    if (port_number(text, first, &out->from) < 0)
        return -EINVAL;
    out->to = out->from;
    if (second && port_number(second, strcspn(second, "-"), &out->to) < 0)
        return -EINVAL;
    return out->to < out->from ? -EINVAL : 0;
}

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* a port specification in its parts, in a copy that was cut up */
struct port_spec {
    const char *address, *published, *target, *protocol;
};

static void cut_port(char *text, struct port_spec *out)
{
    char *slash, *target = strrchr(text, ':'), *published;

    *out = (struct port_spec){ .address = "", .published = "", .target = text, .protocol = "tcp" };
    if (target) {
        *target++ = '\0';
        out->target = target;
        published = strrchr(text, ':');
        out->published = published ? published + 1 : text;
        if (published) {
            *published = '\0';
            out->address = text;
        }
    }
    slash = strchr(out->target, '/');
    if (!slash)
        return;
    *slash++ = '\0';
    slash[strcspn(slash, "/")] = '\0';
    if (*slash)
        out->protocol = slash;
    for (char *c = slash; *c; c++)
        *c = (char) tolower((unsigned char) *c);
}

/* [::1] without its brackets; false when they are not closed */
static bool unwrap_address(struct arena *a, const char **address)
{
    size_t len = strlen(*address);

    if (**address != '[')
        return !strchr(*address, ':');
    if ((*address)[len - 1] != ']')
        return false;
    *address = arena_strndup(a, *address + 1, len - 2);
    return true;
}

struct port_text {
    char text[8];
    uint16_t number;
};

static int by_port_text(const void *a, const void *b)
{
    return strcmp(((const struct port_text *) a)->text, ((const struct port_text *) b)->text);
}

static void push_ports(struct arena *a, struct mark at, const struct port_spec *p,
                       struct range target, struct range published, struct node *list)
{
    size_t n = (size_t) (target.to - target.from) + 1;
    auto_free struct port_text *order = calloc(n, sizeof *order);
    bool pool = n == 1 && published.from != published.to;

    if (!order)
        abort();
    for (size_t i = 0; i < n; i++) {
        order[i].number = (uint16_t) (target.from + i);
        (void) snprintf(order[i].text, sizeof order[i].text, "%" PRIu16, order[i].number);
    }
    qsort(order, n, sizeof *order, by_port_text);
    for (size_t i = 0; i < n; i++) {
        struct node *map = node_new(a, NODE_MAP, at);
        unsigned outside = (unsigned) published.from + order[i].number - target.from;

        node_set_text(a, map, "mode", "ingress");
        if (p->address[0])
            node_set_text(a, map, "host_ip", p->address);
        if (order[i].number != 0) /* a port of 0 is as good as none: refused later */
            node_set(a, map, "target", at, node_int(a, order[i].number, at));
        if (p->published[0])
            node_set_text(a, map, "published",
                          pool ? arena_printf(a, "%u-%u", outside, published.to)
                               : arena_printf(a, "%u", outside));
        node_set_text(a, map, "protocol", p->protocol);
        node_push(a, list, map);
    }
}

int short_ports(struct arena *a, const struct node *text, const struct trail *t, struct node *list,
                struct err *e)
{
    static const char expected[] = "[[ADDRESS:]HOST[-HOST]:]PORT[-PORT][/PROTOCOL]";
    char *copy = arena_strdup(a, text->text);
    struct range target = { 0 }, published = { 0 };
    struct port_spec p;

    cut_port(copy, &p);
    if (strcmp(p.protocol, "tcp") != 0 && strcmp(p.protocol, "udp") != 0 &&
        strcmp(p.protocol, "sctp") != 0)
        return trail_refuse(t, text->at, e, "'%s': '%s' is not tcp, udp or sctp", text->text,
                            p.protocol);
    if (!unwrap_address(a, &p.address) || (p.address[0] && !is_address(p.address)))
        return trail_refuse(t, text->at, e, "'%s': '%s' is no address", text->text, p.address);
    if (port_range(p.target, &target) < 0 ||
        (p.published[0] && port_range(p.published, &published) < 0))
        return trail_refuse(t, text->at, e, "'%s' is not a port; expected %s", text->text,
                            expected);
    if (p.published[0] && target.to != target.from &&
        published.to - published.from != target.to - target.from)
        return trail_refuse(t, text->at, e, "'%s': the two ranges are of different length",
                            text->text);
    push_ports(a, text->at, &p, target, published, list);
    return 0;
}

/* ---- volumes ---- */

static bool is_drive(const char *s, size_t len)
{
    return len == 1 && isalpha((unsigned char) s[0]);
}

/* The next section, up to a colon that is neither that of a drive letter nor inside ${...}. */
static size_t section(const char *s)
{
    size_t n = 0;
    int open = 0;

    for (; s[n] != '\0'; n++) {
        if (s[n] == '$' && s[n + 1] == '{')
            open++;
        else if (s[n] == '}' && open > 0)
            open--;
        else if (s[n] == ':' && open == 0 && !is_drive(s, n))
            break;
    }
    return n;
}

static bool is_path(const char *source)
{
    return (source[0] && strchr("./~", source[0])) || strncmp(source, "\\\\", 2) == 0 ||
           (isalpha((unsigned char) source[0]) && source[1] == ':');
}

static void volume_option(struct arena *a, struct node *map, const char *option)
{
    static const char *const propagations[] = { "rprivate", "private", "rshared",
                                                "shared",   "rslave",  "slave" };
    struct node *bind = node_get(map, "bind");
    const char *key = NULL;

    if (strcmp(option, "rw") == 0) {
        node_remove(map, "read_only");
        return;
    }
    if (strcmp(option, "ro") == 0) {
        node_set(a, map, "read_only", map->at, node_bool(a, true, map->at));
        return;
    }
    if (strcmp(option, "nocopy") == 0) {
        struct node *volume = node_new(a, NODE_MAP, map->at);
        node_set(a, volume, "nocopy", map->at, node_bool(a, true, map->at));
        node_set(a, map, "volume", map->at, volume);
        return;
    }
    if (strcmp(option, "z") == 0 || strcmp(option, "Z") == 0)
        key = "selinux";
    for (size_t i = 0; i < ARRAY_LEN(propagations); i++)
        if (strcmp(option, propagations[i]) == 0)
            key = "propagation";
    if (!key) /* Docker Compose ignores what it does not know, so files with such words exist */
        return;
    if (!bind) {
        bind = node_new(a, NODE_MAP, map->at);
        node_set(a, map, "bind", map->at, bind);
    }
    node_set_text(a, bind, key, option);
}

static void volume_options(struct arena *a, struct node *map, char *list)
{
    for (char *option; (option = strsep(&list, ","));)
        volume_option(a, map, option);
}

/* a bind when the source is a path; its host path is created when it is missing */
static void volume_type(struct arena *a, struct node *map, const char *source)
{
    const char *key = is_path(source) ? "bind" : "volume";
    struct node *details = node_get(map, key);

    node_set_text(a, map, "type", key);
    if (!details) {
        details = node_new(a, NODE_MAP, map->at);
        node_set(a, map, key, map->at, details);
    }
    if (strcmp(key, "bind") == 0)
        node_set(a, details, "create_host_path", map->at, node_bool(a, true, map->at));
}

int short_volume(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                 struct err *e)
{
    static const char expected[] = "[SOURCE:]TARGET[:OPTION,...]";
    struct node *map = node_new(a, NODE_MAP, text->at);
    const char *part[2] = { "", "" }, *s = text->text;
    size_t n = 0;

    if (strlen(s) < 3) {
        if (s[0] == '\0')
            return trail_refuse(t, text->at, e, "a volume is empty; expected %s", expected);
        node_set_text(a, map, "type", "volume");
        node_set_text(a, map, "target", s);
        *out = map;
        return 0;
    }
    for (;; s++) {
        size_t len = section(s);
        bool last = s[len] == '\0';

        if (len == 0)
            return trail_refuse(t, text->at, e, "'%s' has an empty section; expected %s",
                                text->text, expected);
        if (n == 2 && !last)
            return trail_refuse(t, text->at, e, "'%s' has too many colons; expected %s", text->text,
                                expected);
        if (n == 2)
            volume_options(a, map, arena_strndup(a, s, len));
        else
            part[n++] = arena_strndup(a, s, len);
        s += len;
        if (last)
            break;
    }
    if (n == 1) {
        part[1] = part[0];
        part[0] = "";
    }
    if (part[0][0])
        node_set_text(a, map, "source", part[0]);
    node_set_text(a, map, "target", pathname_clean(a, part[1]));
    volume_type(a, map, part[0]);
    *out = map;
    return 0;
}

/* ---- devices ---- */

int short_device(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                 struct err *e)
{
    char *rest = arena_strdup(a, text->text), *part[4] = { 0 };
    struct node *map = node_new(a, NODE_MAP, text->at);
    size_t n = 0;

    while (rest && n < ARRAY_LEN(part))
        part[n++] = strsep(&rest, ":");
    if (n > 3)
        return trail_refuse(t, text->at, e, "'%s' is not a device; expected PATH[:TARGET[:rwm]]",
                            text->text);
    node_set_text(a, map, "source", part[0]);
    node_set_text(a, map, "target", part[1] && part[1][0] ? part[1] : part[0]);
    node_set_text(a, map, "permissions", part[2] ? part[2] : "rwm");
    *out = map;
    return 0;
}

/* ---- command lines ---- */

struct words {
    const char *at;
    char *word, *end;                /* the word so far; *end is where its next character goes */
    bool begun;                      /* there is a word, perhaps an empty one */
    bool single, dual, back, dollar; /* what is open: '', "", ``, $() */
};

static bool is_quoted(const struct words *w)
{
    return w->single || w->dual || w->back || w->dollar;
}

/* one character that is neither escaped nor a blank; false where the command line ends or breaks */
static bool special(struct words *w, char c, bool *literal, bool *broken)
{
    *literal = true;
    switch (c) {
    case '`':
        if (!w->single && !w->dual && !w->dollar)
            w->back = !w->back;
        break;
    case ')':
        if (!w->single && !w->dual && !w->back)
            w->dollar = !w->dollar;
        break;
    case '(':
        if (w->single || w->dual || w->back)
            break;
        *broken = w->dollar || w->end == w->word || w->end[-1] != '$';
        w->dollar = true;
        break;
    case '"':
    case '\'':
        if (w->dollar || (c == '"' ? w->single : w->dual))
            break;
        if (c == '"')
            w->dual = !w->dual;
        else
            w->single = !w->single;
        w->begun |= !w->dual && !w->single;
        *literal = false;
        break;
    case ';':
    case '&':
    case '|':
    case '<':
    case '>':
        if (is_quoted(w))
            break;
        /* 2> names a descriptor, not a word */
        if (c == '>' && w->end > w->word && isdigit((unsigned char) w->word[0]))
            w->begun = false;
        return false;
    default: break;
    }
    return !*broken;
}

static void push_word(struct arena *a, struct node *list, struct words *w)
{
    if (w->begun)
        node_push(a, list,
                  node_text(a, arena_strndup(a, w->word, (size_t) (w->end - w->word)), list->at));
    w->end = w->word;
    w->begun = false;
}

int short_words(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                struct err *e)
{
    auto_free char *buffer = malloc(strlen(text->text) + 1);
    struct node *list = node_new(a, NODE_LIST, text->at);
    struct words w = { .word = buffer, .end = buffer };
    bool escaped = false, broken = false, literal;

    if (!buffer)
        abort();
    for (const char *s = text->text; *s; s++) {
        if (escaped) {
            *w.end++ = (char) (*s == 't' ? '\t' : *s == 'n' ? '\n' : *s);
            escaped = false;
            w.begun = true;
        } else if (*s == '\\' && !w.single) {
            escaped = true;
        } else if (strchr(" \t\r\n", *s) && !is_quoted(&w)) {
            push_word(a, list, &w);
        } else if (!special(&w, *s, &literal, &broken)) {
            break;
        } else if (literal) {
            *w.end++ = *s;
            w.begun = true;
        }
    }
    push_word(a, list, &w);
    if (broken || escaped || is_quoted(&w))
        return trail_refuse(t, text->at, e,
                            "'%s': a quote or bracket is not closed; write the words as a list",
                            text->text);
    *out = list;
    return 0;
}
