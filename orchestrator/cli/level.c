#include "cli/level.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const level_text[] = {
    [LEVEL_NONE] = "",         [LEVEL_TRACE] = "trace",
    [LEVEL_DEBUG] = "debug",   [LEVEL_INFO] = "info",
    [LEVEL_NOTICE] = "notice", [LEVEL_WARNING] = "warning",
    [LEVEL_ERROR] = "error",   [LEVEL_CRITICAL] = "critical",
    [LEVEL_ALERT] = "alert",   [LEVEL_EMERGENCY] = "emergency",
};
_Static_assert(sizeof level_text / sizeof *level_text == LEVEL_COUNT, "every level has a name");

static const struct {
    const char *name;
    enum level level;
} others[] = {
    { "verbose", LEVEL_TRACE },   { "dbg", LEVEL_DEBUG },       { "information", LEVEL_INFO },
    { "inf", LEVEL_INFO },        { "note", LEVEL_NOTICE },     { "warn", LEVEL_WARNING },
    { "wrn", LEVEL_WARNING },     { "err", LEVEL_ERROR },       { "crit", LEVEL_CRITICAL },
    { "fatal", LEVEL_CRITICAL },  { "dpanic", LEVEL_CRITICAL }, { "panic", LEVEL_EMERGENCY },
    { "emerg", LEVEL_EMERGENCY },
};

static const char *const fields[] = { "level", "severity", "lvl", "levelname", "log.level" };

static bool is_word(const char *name, const char *word, size_t len)
{
    return len > 0 && strlen(name) == len && strncasecmp(name, word, len) == 0;
}

enum level level_parse(const char *word, size_t len)
{
    for (int l = LEVEL_TRACE; l < LEVEL_COUNT; l++)
        if (is_word(level_text[l], word, len))
            return (enum level) l;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_word(others[i].name, word, len))
            return others[i].level;
    return LEVEL_NONE;
}

static enum level of_syslog(unsigned severity)
{
    static const enum level levels[] = {
        LEVEL_EMERGENCY, LEVEL_ALERT,  LEVEL_CRITICAL, LEVEL_ERROR,
        LEVEL_WARNING,   LEVEL_NOTICE, LEVEL_INFO,     LEVEL_DEBUG
    };

    return levels[severity & 7];
}

static enum level of_pino(json_int_t n)
{
    static const enum level levels[] = { LEVEL_TRACE,   LEVEL_DEBUG, LEVEL_INFO,
                                         LEVEL_WARNING, LEVEL_ERROR, LEVEL_CRITICAL };
    json_int_t step = n / 10 - 1;

    return step < 0 ? LEVEL_NONE : levels[step < 5 ? step : 5];
}

static enum level of_value(const json_t *value)
{
    json_int_t n = json_integer_value(value);

    if (json_is_string(value))
        return level_parse(json_string_value(value), json_string_length(value));
    if (!json_is_integer(value) || n < 0)
        return LEVEL_NONE;
    return n <= 7 ? of_syslog((unsigned) n) : of_pino(n);
}

static enum level of_json(const char *line)
{
    json_t *json = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    enum level level = of_value(json_object_get(json_object_get(json, "log"), "level"));

    for (size_t i = 0; level == LEVEL_NONE && i < sizeof fields / sizeof *fields; i++)
        level = of_value(json_object_get(json, fields[i]));
    json_decref(json);
    return level;
}

static enum level of_priority(const char *line)
{
    char *end = NULL;
    unsigned long n = line[1] >= '0' && line[1] <= '9' ? strtoul(line + 1, &end, 10) : 0;

    return end && *end == '>' && n < 192 ? of_syslog((unsigned) n) : LEVEL_NONE;
}

static size_t word_length(const char *at)
{
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* `at` is where a word begins */
static enum level of_pair(const char *at)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t len = strlen(fields[i]);

        if (strncmp(at, fields[i], len) == 0 && at[len] == '=') {
            at += len + 1;
            at += *at == '"';
            return level_parse(at, word_length(at));
        }
    }
    return LEVEL_NONE;
}

static enum level of_logfmt(const char *line)
{
    enum level level = of_pair(line);

    while (level == LEVEL_NONE && (line = strchr(line, ' ')))
        level = of_pair(++line);
    return level;
}

static enum level of_brackets(const char *line)
{
    enum level level = LEVEL_NONE;

    while (level == LEVEL_NONE && (line = strchr(line, '['))) {
        size_t len = word_length(++line);

        if (line[len] == ']')
            level = level_parse(line, len);
    }
    return level;
}

enum level level_of(const char *line)
{
    size_t first = word_length(line);
    enum level level;

    if (line[0] == '<')
        return of_priority(line);
    if (line[0] == '{')
        return of_json(line);
    if ((level = of_logfmt(line)) != LEVEL_NONE || (level = of_brackets(line)) != LEVEL_NONE)
        return level;
    return line[first] == ':' ? level_parse(line, first) : LEVEL_NONE;
}
