#include "compose/short.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/num.h"

static int refuse(const struct node *n, const char *what, const char *expected, struct err *e)
{
    err_set(e, -EINVAL, "%s: '%s'; expected %s", what, n->text, expected);
    err_classify(e, ERR_CONFIG);
    return err_at(e, n->at);
}

static void set_text(struct arena *a, struct node *map, const char *key, const char *text,
                     struct mark at)
{
    node_set(a, map, key, at, node_text(a, text, at));
}

static void set_plain(struct arena *a, struct node *map, const char *key, const char *text,
                      struct mark at)
{
    struct node *n = node_text(a, text, at);

    n->quoted = false;
    node_set(a, map, key, at, n);
}

static int port_range(const char *text, uint16_t *first, uint16_t *last)
{
    const char *dash = strchr(text, '-');
    char begin[8];
    int r;

    if (!dash) {
        r = num_port(text, first);
        *last = *first;
        return r;
    }
    if ((size_t) (dash - text) >= sizeof begin)
        return -EINVAL;
    memcpy(begin, text, (size_t) (dash - text));
    begin[dash - text] = '\0';
    r = num_port(begin, first);
    if (r == 0)
        r = num_port(dash + 1, last);
    return r < 0 ? r : *last < *first ? -ERANGE : 0;
}

static void push_port(struct arena *a, struct node *out, const struct node *from,
                      const char *address, unsigned published, unsigned target,
                      const char *protocol)
{
    struct node *map = node_new(a, NODE_MAP, from->at);

    set_text(a, map, "mode", "ingress", from->at);
    if (address)
        set_text(a, map, "host_ip", address, from->at);
    set_plain(a, map, "target", arena_printf(a, "%u", target), from->at);
    if (published)
        set_text(a, map, "published", arena_printf(a, "%u", published), from->at);
    set_text(a, map, "protocol", protocol, from->at);
    node_push(a, out, map);
}

/* takes "[v6]" or "v4" and its colon off the front; NULL when there is no address */
static const char *take_address(struct arena *a, char **rest)
{
    char *close = **rest == '[' ? strchr(*rest, ']') : NULL, *colon;
    const char *address;

    if (close && close[1] == ':') {
        address = arena_strndup(a, *rest + 1, (size_t) (close - *rest - 1));
        *rest = close + 2;
        return address;
    }
    colon = strchr(*rest, ':');
    if (!colon || !strchr(colon + 1, ':'))
        return NULL;
    *colon = '\0';
    address = *rest;
    *rest = colon + 1;
    return address;
}

int short_ports(struct arena *a, const struct node *text, struct node *out, struct err *e)
{
    static const char expected[] = "[ADDRESS:][PUBLISHED:]TARGET[/tcp|/udp]";
    char *rest = arena_strdup(a, text->text), *slash = strchr(rest, '/'), *colon;
    uint16_t target[2] = { 0 }, published[2] = { 0 };
    const char *protocol = "tcp", *address;

    if (slash) {
        *slash = '\0';
        protocol = slash + 1;
    }
    address = take_address(a, &rest);
    colon = strchr(rest, ':');
    if (colon)
        *colon = '\0';
    if (port_range(colon ? colon + 1 : rest, &target[0], &target[1]) < 0 ||
        (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
        return refuse(text, "not a port", expected, e);
    if (colon && port_range(rest, &published[0], &published[1]) < 0)
        return refuse(text, "not a port", expected, e);
    if (colon && published[1] - published[0] != target[1] - target[0])
        return refuse(text, "port ranges of different length", expected, e);
    for (unsigned i = 0; i <= (unsigned) (target[1] - target[0]); i++)
        push_port(a, out, text, address, colon ? published[0] + i : 0, target[0] + i, protocol);
    return 0;
}

static bool is_path(const char *source)
{
    return source[0] == '/' || source[0] == '.' || source[0] == '~';
}

int short_volume(struct arena *a, const struct node *text, struct node **out, struct err *e)
{
    static const char expected[] = "SOURCE:TARGET[:ro|:rw]";
    char *source = arena_strdup(a, text->text), *target = strchr(source, ':'), *mode;
    struct node *map = node_new(a, NODE_MAP, text->at);

    if (!target || target[1] != '/')
        return refuse(text, "not a volume", expected, e);
    *target++ = '\0';
    mode = strchr(target, ':');
    if (mode)
        *mode++ = '\0';
    if (mode && strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)
        return refuse(text, "not a volume mode", expected, e);
    set_text(a, map, "type", is_path(source) ? "bind" : "volume", text->at);
    set_text(a, map, "source", source, text->at);
    set_text(a, map, "target", target, text->at);
    if (mode && strcmp(mode, "ro") == 0)
        set_plain(a, map, "read_only", "true", text->at);
    *out = map;
    return 0;
}

int short_secret(struct arena *a, const struct node *text, struct node **out)
{
    struct node *map = node_new(a, NODE_MAP, text->at);

    set_text(a, map, "source", text->text, text->at);
    *out = map;
    return 0;
}

/* one word of a command line into `out`; moves *at behind it; false when a quote is not closed */
static bool word(const char **at, char *out)
{
    char quote = '\0';

    for (; **at != '\0' && (quote || !isspace((unsigned char) **at)); (*at)++) {
        char c = **at;

        if (quote && c == quote)
            quote = '\0';
        else if (!quote && (c == '"' || c == '\''))
            quote = c;
        else if (c == '\\' && quote != '\'' && (*at)[1] != '\0')
            *out++ = *++*at;
        else
            *out++ = c;
    }
    *out = '\0';
    return quote == '\0';
}

int short_words(struct arena *a, const struct node *text, struct node **out, struct err *e)
{
    struct node *list = node_new(a, NODE_LIST, text->at);
    const char *at = text->text;

    for (at += strspn(at, " \t\n"); *at != '\0'; at += strspn(at, " \t\n")) {
        char *buffer = arena_alloc(a, strlen(at) + 1);

        if (!word(&at, buffer))
            return refuse(text, "a quote is not closed", "'...' or \"...\"", e);
        node_push(a, list, node_text(a, buffer, text->at));
    }
    *out = list;
    return 0;
}
