#include "ops/sql_split.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void sql_split_begin(struct sql_split *s, const char *text, size_t len)
{
    *s = (struct sql_split){ .at = text, .end = text + len, .delimiter = ";", .line = 1 };
}

static void step(struct sql_split *s, size_t n)
{
    for (; n > 0 && s->at < s->end; n--, s->at++)
        s->line += *s->at == '\n';
}

static bool looking_at(const struct sql_split *s, const char *word)
{
    size_t n = strlen(word);

    return (size_t) (s->end - s->at) >= n && memcmp(s->at, word, n) == 0;
}

/* to the end of the line, its newline left */
static void skip_line(struct sql_split *s)
{
    while (s->at < s->end && *s->at != '\n')
        s->at++;
}

static int skip_block_comment(struct sql_split *s)
{
    for (step(s, 2); s->at < s->end; step(s, 1)) {
        if (!looking_at(s, "*/"))
            continue;
        step(s, 2);
        return 0;
    }
    return -EINVAL;
}

static int skip_quoted(struct sql_split *s)
{
    char quote = *s->at;

    for (step(s, 1); s->at < s->end; step(s, 1)) {
        bool doubled = *s->at == quote && s->at + 1 < s->end && s->at[1] == quote;

        if (doubled || (*s->at == '\\' && quote != '`'))
            step(s, 1);
        else if (*s->at == quote)
            break;
    }
    if (s->at == s->end)
        return -EINVAL;
    step(s, 1);
    return 0;
}

/* "-- " needs the blank: a--1 is arithmetic */
static bool is_line_comment(const struct sql_split *s)
{
    return *s->at == '#' ||
           (looking_at(s, "--") && (s->end - s->at == 2 || isspace((unsigned char) s->at[2])));
}

static bool is_plain_block_comment(const struct sql_split *s)
{
    return looking_at(s, "/*") && !looking_at(s, "/*!") && !looking_at(s, "/*M!");
}

/* blanks, comments and DELIMITER lines between statements */
static int skip_between(struct sql_split *s)
{
    for (;;) {
        if (s->at == s->end)
            return 0;
        if (isspace((unsigned char) *s->at)) {
            step(s, 1);
        } else if (is_line_comment(s)) {
            skip_line(s);
        } else if (is_plain_block_comment(s)) {
            if (skip_block_comment(s) < 0)
                return -EINVAL;
        } else if (s->end - s->at > 10 && strncasecmp(s->at, "DELIMITER ", 10) == 0) {
            size_t n;
            step(s, 10);
            n = strcspn(s->at, " \t\r\n");
            (void) snprintf(s->delimiter, sizeof s->delimiter, "%.*s", (int) n, s->at);
            skip_line(s);
        } else if (looking_at(s, s->delimiter)) {
            step(s, strlen(s->delimiter));
        } else {
            return 0;
        }
    }
}

int sql_split_next(struct sql_split *s, struct sql_statement *out)
{
    int r = skip_between(s);
    const char *begin = s->at;
    unsigned line = s->line;

    if (r < 0)
        return r;
    if (s->at == s->end)
        return 0;
    while (r == 0 && s->at < s->end && !looking_at(s, s->delimiter)) {
        if (*s->at == '\'' || *s->at == '"' || *s->at == '`')
            r = skip_quoted(s);
        else if (is_line_comment(s))
            skip_line(s);
        else if (looking_at(s, "/*"))
            r = skip_block_comment(s);
        else
            step(s, 1);
    }
    if (r < 0)
        return r;
    *out = (struct sql_statement){ .text = begin, .len = (size_t) (s->at - begin), .line = line };
    while (out->len > 0 && isspace((unsigned char) begin[out->len - 1]))
        out->len--;
    step(s, strlen(s->delimiter));
    return 1;
}
