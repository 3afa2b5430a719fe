#include "compose/dotenv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"

struct parser {
    struct arena *arena;
    const struct dotenv_outside *outside;
    struct node *out;
    struct mark at;      /* the line the parser is in */
    const char *counted; /* up to where lines are counted */
    struct err *e;
};

static int refuse(struct parser *p, const char *what, const char *text)
{
    err_set(p->e, -EINVAL, "%s: %.*s", what, (int) strcspn(text, "\n"), text);
    err_classify(p->e, ERR_CONFIG);
    return err_at(p->e, p->at);
}

static void count_lines(struct parser *p, const char *to)
{
    for (; p->counted < to; p->counted++)
        p->at.line += *p->counted == '\n';
}

static const char *get(const void *self, const char *name)
{
    const struct parser *p = self;
    const char *value = p->outside->get(p->outside->self, name);

    return value ? value : node_get_text(p->out, name, NULL);
}

static void unset(const void *self, const char *name, struct mark at)
{
    const struct parser *p = self;

    if (p->outside->unset)
        p->outside->unset(p->outside->self, name, at);
}

static int set_expanded(struct parser *p, const char *key, const char *value)
{
    const struct scope s = { .arena = p->arena, .get = get, .unset = unset, .self = p };
    const char *expanded = NULL;
    int r = template_expand(&s, value, p->at, &expanded, p->e);

    if (r == 0)
        node_set(p->arena, p->out, key, p->at, node_text(p->arena, expanded, p->at));
    return r;
}

/* blanks that do not end a line */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static const char *skip_blanks(const char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

/* the next character that begins a line with something in it */
static const char *statement(const char *s)
{
    for (;;) {
        while (isspace((unsigned char) *s))
            s++;
        if (*s != '#')
            return s;
        s += strcspn(s, "\n");
    }
}

/* \0101 is A; the reference wants exactly three digits behind the 0 */
static size_t octal(const char *s, FILE *out)
{
    size_t digits = strspn(s + 2, "0123456789");
    long value;
    char text[4];

    if (digits > 3)
        digits = 3;
    (void) snprintf(text, sizeof text, "%.*s", (int) digits, s + 2);
    value = strtol(text, NULL, 8);
    if (digits == 3 && strspn(text, "01234567") == 3 && value > 0 && value < 256) {
        if (value >= 0x80) /* as UTF-8 */
            (void) fputc(0xc0 | (int) (value >> 6), out);
        (void) fputc(value >= 0x80 ? 0x80 | (int) (value & 0x3f) : (int) value, out);
    } else {
        fprintf(out, "\\%s", text);
    }
    return 2 + digits;
}

/* what backslashes stand for; \$ becomes $$, because variables are replaced next */
static char *unescape(const char *s)
{
    static const char from[] = "abfnrtv\\\"", to[] = "\a\b\f\n\r\t\v\\\"";
    char *result = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&result, &len);

    if (!out)
        abort();
    while (*s != '\0') {
        const char *known = s[0] == '\\' && s[1] != '\0' ? strchr(from, s[1]) : NULL;

        if (known) {
            (void) fputc(to[known - from], out);
            s += 2;
        } else if (s[0] == '\\' && s[1] == '$') {
            fputs("$$", out);
            s += 2;
        } else if (s[0] == '\\' && s[1] == '0') {
            s += octal(s, out);
        } else {
            (void) fputc(*s++, out);
        }
    }
    (void) fclose(out);
    return result;
}

/* *at stands on the quote and is moved behind the one that closes it */
static int quoted(struct parser *p, const char *key, const char **at)
{
    const char *s = *at;
    char quote = *s++;
    char *value = arena_alloc(p->arena, strlen(s) + 1), *end = value;
    auto_free char *plain = NULL;
    struct mark begin = p->at;

    for (; *s != '\0' && *s != quote; s++) {
        if (*s == '\\' && s[1] == quote)
            s++;
        else if (*s == '\\' && s[1] != '\0')
            *end++ = *s++;
        *end++ = *s;
    }
    if (*s == '\0')
        return refuse(p, "the quote is not closed", *at);
    *at = s + 1;
    if (quote == '\'') {
        node_set(p->arena, p->out, key, begin, node_text(p->arena, value, begin));
        return 0;
    }
    plain = unescape(value);
    return set_expanded(p, key, plain);
}

/* up to a comment or the end of the line, without the blanks at the end */
static int unquoted(struct parser *p, const char *key, const char **at)
{
    size_t line = strcspn(*at, "\n"), len = line;
    auto_free char *value = strndup(*at, line);
    char *comment;

    if (!value)
        abort();
    comment = strstr(value, " #");
    if (comment)
        len = (size_t) (comment - value);
    while (len > 0 && isspace((unsigned char) value[len - 1]))
        len--;
    value[len] = '\0';
    *at += line + ((*at)[line] == '\n');
    return set_expanded(p, key, value);
}

/* The name up to = or : or the end of the line; a last line without any of them has no name. */
static int key_of(struct parser *p, const char **at, char **key, char *end)
{
    const char *s = *at;
    size_t n = 0;

    if (strncmp(s, "export", 6) == 0 && isspace((unsigned char) s[6]))
        s = skip_blanks(s + 6);
    for (; s[n] != '\0' && s[n] != '=' && s[n] != ':' && s[n] != '\n'; n++) {
        unsigned char c = (unsigned char) s[n];
        if (!is_blank(s[n]) && !isalnum(c) && c < 0x80 && !strchr("_.-[]", c))
            return refuse(p, "unexpected character in the name of a variable", s);
    }
    *end = s[n];
    if (*end == '\0')
        n = 0;
    *key = arena_strndup(p->arena, s, n);
    *at = *end == '\0' ? s : skip_blanks(s + n + 1);
    while (n > 0 && isspace((unsigned char) (*key)[n - 1]))
        (*key)[--n] = '\0';
    return strchr(*key, ' ') ? refuse(p, "a name cannot contain a space", *key) : 0;
}

int dotenv_parse(struct arena *a, const char *path, const char *text,
                 const struct dotenv_outside *outside, struct node *out, struct err *e)
{
    struct parser p = { .arena = a,
                        .outside = outside,
                        .out = out,
                        .at = { .file = arena_strdup(a, path), .line = 1, .column = 1 },
                        .counted = text,
                        .e = e };
    int r = 0;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (const char *s = statement(text); r == 0 && *s != '\0'; s = statement(s)) {
        char *key = NULL, end = '\0';

        count_lines(&p, s);
        r = key_of(&p, &s, &key, &end);
        if (r < 0)
            break;
        if (end == '\n') {
            const char *value = get(&p, key);
            if (value)
                node_set(a, out, key, p.at, node_text(a, value, p.at));
        } else {
            r = *s == '"' || *s == '\'' ? quoted(&p, key, &s) : unquoted(&p, key, &s);
        }
    }
    return r;
}

static int parse_raw(struct arena *a, const char *path, const char *text,
                     const struct dotenv_outside *outside, struct node *out, struct err *e)
{
    struct parser p = { .at = { .file = arena_strdup(a, path), .column = 1 }, .e = e };

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (const char *s = text; *s != '\0'; s += *s == '\n') {
        size_t line = strcspn(s, "\n"), len = line;
        const char *begin = s, *equals, *value;
        char *key;

        p.at.line++;
        s += line;
        if (len > 0 && begin[len - 1] == '\r')
            len--;
        for (; len > 0 && isspace((unsigned char) *begin); len--)
            begin++;
        if (len == 0 || *begin == '#')
            continue;
        equals = memchr(begin, '=', len);
        key = arena_strndup(a, begin, equals ? (size_t) (equals - begin) : len);
        if (key[0] == '\0')
            return refuse(&p, "no name before =", begin);
        if (strpbrk(key, " \t\v\f"))
            return refuse(&p, "a name cannot contain a space", begin);
        value = equals ? arena_strndup(a, equals + 1, len - (size_t) (equals + 1 - begin))
                       : outside->get(outside->self, key);
        if (value)
            node_set(a, out, key, p.at, node_text(a, value, p.at));
    }
    return 0;
}

int dotenv_read(struct arena *a, const char *path, const char *format,
                const struct dotenv_outside *outside, struct node *out, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &text, &len);
    bool raw = format && strcmp(format, "raw") == 0;

    if (r == 0 && strlen(text) != len)
        r = -EILSEQ;
    if (r < 0) {
        err_set(e, r, "env file %s: %s", path,
                r == -EFBIG    ? "larger than 1 MiB"
                : r == -EINVAL ? "not a regular file"
                : r == -EILSEQ ? "it holds a NUL byte"
                               : strerror(-r));
        if (r == -EACCES)
            err_hint(e, "it is readable for its owner: run this as that user, or with sudo");
        return err_classify(e, r == -EACCES ? ERR_DENIED : ERR_CONFIG);
    }
    if (format && format[0] && !raw) {
        err_set(e, -EINVAL, "env file %s: unknown format '%s'; raw is the only one", path, format);
        return err_classify(e, ERR_CONFIG);
    }
    return raw ? parse_raw(a, path, text, outside, out, e)
               : dotenv_parse(a, path, text, outside, out, e);
}
