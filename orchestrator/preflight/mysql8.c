#include "preflight/mysql8.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "preflight/preflight.h"

enum { WORDS = 6, FILE_MAX = 16 * 1024 * 1024 };

/* words one after the other: ? is any one, a word that ends with % begins so */
static const struct gap {
    const char *words[WORDS];
    const char *instead;
} gaps[] = {
    { { "utf8mb4_0900_%" }, "there is no such collation: utf8mb4_uca1400_ai_ci, or none" },
    { { "caching_sha2_password" }, "there is no such plugin: mysql_native_password or ed25519" },
    { { "SET", "PERSIST%" }, "SET GLOBAL, and a file in /etc/mysql/conf.d" },
    { { "@", "@", "PERSIST%" }, "SET GLOBAL, and a file in /etc/mysql/conf.d" },
    { { "->" }, "JSON_EXTRACT(column, path)" },
    { { "->>" }, "JSON_UNQUOTE(JSON_EXTRACT(column, path))" },
    { { "MEMBER", "OF", "(" }, "JSON_CONTAINS(array, value)" },
    { { "LATERAL", "(" }, "a join with a grouped subquery" },
    { { "SET", "DEFAULT", "ROLE", "?", "TO" }, "SET DEFAULT ROLE role FOR user" },
    { { "ALTER", "INDEX", "?", "INVISIBLE" }, "ALTER INDEX name IGNORED" },
    { { "KEY", "?", "(", "(" }, "a generated column, and an index on it" },
    { { "INDEX", "?", "(", "(" }, "a generated column, and an index on it" },
    { { "ON", "?", "(", "(" }, "a generated column, and an index on it" },
    { { "AS", "?", "ON", "DUPLICATE" }, "VALUES(column) in ON DUPLICATE KEY UPDATE" },
    { { "UUID_TO_BIN" }, "the type UUID, or UNHEX(REPLACE(uuid, '-', ''))" },
    { { "BIN_TO_UUID" }, "the type UUID, or HEX()" },
    { { "REGEXP_LIKE" }, "value REGEXP pattern" },
    { { "ANY_VALUE" }, "MIN(), or the column in GROUP BY" },
    { { "JSON", "NOT" }, "JSON is LONGTEXT here, and compared as text" },
    { { "JSON", "NULL" }, "JSON is LONGTEXT here, and compared as text" },
    { { "JSON", "DEFAULT" }, "JSON is LONGTEXT here, and compared as text" },
    { { "JSON", "," }, "JSON is LONGTEXT here, and compared as text" },
    { { "JSON", ")" }, "JSON is LONGTEXT here, and compared as text" },
};

struct token {
    char text[MYSQL8_WORD];
    unsigned line;
};

struct scan {
    const char *at, *end;
    unsigned line;
};

static void step(struct scan *s)
{
    s->line += *s->at == '\n';
    s->at++;
}

static bool looking_at(const struct scan *s, const char *text)
{
    size_t n = strlen(text);

    return (size_t) (s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

static void skip_to(struct scan *s, const char *text)
{
    while (s->at < s->end && !looking_at(s, text))
        step(s);
    for (size_t n = strlen(text); n > 0 && s->at < s->end; n--)
        step(s);
}

/* a string is one token of no interest; a name in back quotes is a word */
static void quoted(struct scan *s, struct token *t)
{
    char quote = *s->at;
    size_t n = 0;

    for (step(s); s->at < s->end && *s->at != quote; step(s)) {
        if (*s->at == '\\' && quote != '`' && s->at + 1 < s->end)
            step(s);
        if (quote == '`' && n + 1 < sizeof t->text)
            t->text[n++] = *s->at;
    }
    if (s->at < s->end)
        step(s);
    t->text[n] = '\0';
    if (n == 0)
        t->text[0] = quote, t->text[1] = '\0';
}

/* false at the end */
static bool next(struct scan *s, struct token *t)
{
    size_t n = 0;

    for (;;) {
        while (s->at < s->end && isspace((unsigned char) *s->at))
            step(s);
        if (s->at == s->end)
            return false;
        if (*s->at == '#' || looking_at(s, "-- ") || looking_at(s, "--\n"))
            skip_to(s, "\n");
        else if (looking_at(s, "/*") && !looking_at(s, "/*!"))
            skip_to(s, "*/");
        else
            break;
    }
    *t = (struct token){ .line = s->line };
    if (*s->at == '\'' || *s->at == '"' || *s->at == '`') {
        quoted(s, t);
        return true;
    }
    if (looking_at(s, "->>"))
        n = 3;
    else if (looking_at(s, "->"))
        n = 2;
    for (size_t i = 0; i < n; i++, step(s))
        t->text[i] = *s->at;
    while (n == 0 || (t->text[0] != '-' && s->at < s->end &&
                      (isalnum((unsigned char) *s->at) || *s->at == '_'))) {
        bool word = isalnum((unsigned char) *s->at) || *s->at == '_';

        if (n + 1 < sizeof t->text)
            t->text[n++] = *s->at;
        step(s);
        if (!word)
            break;
    }
    return true;
}

static bool matches(const char *word, const char *pattern)
{
    size_t n = strlen(pattern);

    if (strcmp(pattern, "?") == 0)
        return word[0] != '\0';
    return pattern[n - 1] == '%' ? strncasecmp(word, pattern, n - 1) == 0
                                 : strcasecmp(word, pattern) == 0;
}

/* what ends with the last of `window` */
static void look(const struct token *window, size_t n, const char *file, mysql8_taker *take,
                 void *owner)
{
    for (size_t i = 0; i < ARRAY_LEN(gaps); i++) {
        size_t len = 0;
        bool all = true;

        while (len < WORDS && gaps[i].words[len])
            len++;
        if (len > n)
            continue;
        for (size_t k = 0; all && k < len; k++)
            all = matches(window[n - len + k].text, gaps[i].words[k]);
        if (!all)
            continue;
        struct mysql8_gap gap = { .line = window[n - len].line, .instead = gaps[i].instead };
        /* of several words the first says enough */
        (void) snprintf(gap.what, sizeof gap.what, "%.40s%s%.20s", window[n - len].text,
                        len > 1 ? " " : "", len > 1 ? window[n - len + 1].text : "");
        take(owner, file, &gap);
    }
}

void mysql8_scan(const char *file, const char *text, size_t len, mysql8_taker *take, void *owner)
{
    struct scan s = { .at = text, .end = text + len, .line = 1 };
    struct token window[WORDS], t;
    size_t n = 0;

    while (next(&s, &t)) {
        if (n == WORDS)
            memmove(window, window + 1, (WORDS - 1) * sizeof *window);
        else
            n++;
        window[n - 1] = t;
        look(window, n, file, take, owner);
    }
}

void mysql8_directory(const char *path, mysql8_taker *take, void *owner)
{
    struct dirent **list = NULL;
    auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int n = dir >= 0 ? scandir(path, &list, NULL, alphasort) : 0;

    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        auto_free char *text = NULL;
        size_t len = strlen(name), size = 0;

        if (len > 4 && strcmp(name + len - 4, ".sql") == 0 &&
            fsio_read(dir, name, FILE_MAX, &text, &size) == 0)
            mysql8_scan(name, text, size, take, owner);
        free(list[i]);
    }
    free(list);
}

_Bool mysql8_is_image(const char *image)
{
    const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
    size_t n = strcspn(name, ":@");

    if (strncmp(name, "mysql", n) != 0 || n != 5)
        return false;
    return name[n] != ':' || name[n + 1] == '8' || name[n + 1] == '9' ||
           strncmp(name + n + 1, "latest", 6) == 0 || strncmp(name + n + 1, "lts", 3) == 0;
}

/* ---- the check ---- */

struct found {
    struct findings *out;
    const char *service;
    unsigned n;
};

static void add(void *owner, const char *file, const struct mysql8_gap *gap)
{
    struct found *found = owner;
    struct finding *f =
        findings_add(found->out, FINDING_WARN, "sql.%s.%u", found->service, ++found->n);

    finding_measured(f, "%s:%u: %s", file, gap->line, gap->what);
    finding_required(f, "what MariaDB knows too");
    finding_remedy(f, "%s", gap->instead);
}

/* the scripts that the entry point runs once */
static void check_init(const struct node *service, struct found *found)
{
    const struct node *volumes = node_get(service, "volumes");

    for (size_t i = 0; i < node_count(volumes); i++) {
        const struct node *v = volumes->items[i];

        if (strcmp(node_get_text(v, "type", ""), "bind") == 0 &&
            strcmp(node_get_text(v, "target", ""), "/docker-entrypoint-initdb.d") == 0)
            mysql8_directory(node_get_text(v, "source", ""), add, found);
    }
}

void preflight_sql(const struct preflight *in, struct findings *out)
{
    const struct node *model = in->loaded ? in->loaded->model : NULL;
    const struct node *services = node_get(model, "services");
    const struct node *db = node_get(node_get(model, "x-ipam-orch"), "database");

    for (size_t i = 0; i < node_count(services); i++) {
        struct found found = { .out = out, .service = services->entries[i].key };
        const struct node *service = services->entries[i].value;

        if (in->compose || !mysql8_is_image(node_get_text(service, "image", "")))
            continue;
        check_init(service, &found);
        if (strcmp(node_get_text(db, "service", ""), found.service) == 0) {
            mysql8_directory(node_get_text(db, "migrations", ""), add, &found);
            mysql8_directory(node_get_text(db, "seeds", ""), add, &found);
        }
        if (found.n == 0) {
            struct finding *f = findings_add(out, FINDING_OK, "sql.%s", found.service);

            finding_measured(f, "its scripts say nothing that only MySQL 8 knows");
        }
    }
}
