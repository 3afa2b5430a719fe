#include "compose/strict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/password.h"
#include "compose/database_ports.h"
#include "compose/needs.h"

struct strict {
    const struct loaded *loaded;
    FILE *out;
    size_t found;
};

static void __attribute__((format(printf, 3, 4)))
say(struct strict *s, struct mark at, const char *fmt, ...)
{
    va_list ap;

    s->found++;
    if (at.file && at.line > 0)
        fprintf(s->out, "%s:%u: ", at.file, at.line);
    else if (at.file)
        fprintf(s->out, "%s: ", at.file);
    va_start(ap, fmt);
    (void) vfprintf(s->out, fmt, ap);
    va_end(ap);
    fputc('\n', s->out);
}

/* ---- env files ---- */

/* A dollar that is replaced although its line looks like a password: in single quotes, or doubled,
 * it would stay. */
static void check_dollar(struct strict *s, struct mark at, const char *name, const char *value)
{
    const char *dollar = strchr(value, '$');
    size_t n;

    if (!dollar || value[0] == '\'' || dollar[1] == '{' || dollar[1] == '$' ||
        (dollar > value && dollar[-1] == '\\'))
        return;
    n = strspn(dollar + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (n == 0)
        return;
    say(s, at, "%s: '%.*s' is taken for a variable; write the value in single quotes", name,
        (int) n + 1, dollar);
}

/* which is not part of the value, unless it is in quotes: whoever wrote it may think so */
static bool ends_with_blank(const char *value)
{
    size_t n = strlen(value);

    return n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t');
}

static void check_line(struct strict *s, struct mark at, char *line, struct node *seen)
{
    struct arena *a = s->loaded->arena;
    char *equals = strchr(line, '='), *name = line + strspn(line, " \t");
    const struct node *before;
    size_t n;

    if (*name == '#' || !equals)
        return;
    if (strncmp(name, "export ", 7) == 0)
        name += 7;
    *equals = '\0';
    n = strcspn(name, " \t");
    name[n] = '\0';
    check_dollar(s, at, name, equals + 1);
    if (ends_with_blank(equals + 1))
        say(s, at, "%s ends with a blank", name);
    if (password_is_placeholder(equals + 1))
        say(s, at, "%s has a placeholder for a value", name);
    before = node_get(seen, name);
    if (before)
        say(s, at, "%s is set a second time, line %u is lost", name, before->at.line);
    node_set(a, seen, name, at, node_new(a, NODE_NULL, at));
}

static void check_lines(struct strict *s, const char *path, char *text)
{
    struct node *seen = node_new(s->loaded->arena, NODE_MAP, (struct mark){ 0 });
    struct mark at = { .file = path };
    bool carriage = false;

    for (char *line; (line = strsep(&text, "\n"));) {
        size_t n = strlen(line);

        at.line++;
        if (n > 0 && line[n - 1] == '\r') {
            if (!carriage)
                say(s, at, "lines end with a carriage return (a file from Windows?)");
            carriage = true;
            line[n - 1] = '\0';
        }
        check_line(s, at, line, seen);
    }
}

static void check_mode(struct strict *s, const char *path, const char *what)
{
    struct stat st;

    if (stat(path, &st) == 0 && (st.st_mode & 044) != 0)
        say(s, (struct mark){ .file = path }, "others can read %s (mode %04o): chmod 600 %s", what,
            st.st_mode & 07777u, path);
}

static void check_env_file(struct strict *s, const char *path)
{
    auto_free char *text = NULL;
    size_t len = 0;

    if (fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &text, &len) < 0)
        return;
    check_mode(s, path, "these variables");
    check_lines(s, path, text);
    explicit_bzero(text, len);
}

/* each file once, though many variables are from it */
static void check_env_files(struct strict *s, const struct variables *v)
{
    struct node *seen = node_new(s->loaded->arena, NODE_MAP, (struct mark){ 0 });

    for (; v; v = v->outer)
        for (uint32_t i = 0; i < node_count(v->files); i++) {
            const char *path = v->files->entries[i].key_at.file;
            if (!path || node_get(seen, path))
                continue;
            node_set_text(s->loaded->arena, seen, path, "");
            check_env_file(s, path);
        }
}

/* ---- the model ---- */

/* made by the first `up` */
static bool is_certificate(const struct loaded *l, const char *file)
{
    const struct node *n = node_get(node_get(l->model, "x-ipam-orch"), "certificate");

    return strcmp(node_get_text(n, "certificate", ""), file) == 0 ||
           strcmp(node_get_text(n, "key", ""), file) == 0;
}

static void check_secrets(struct strict *s, const struct node *secrets)
{
    for (uint32_t i = 0; i < node_count(secrets); i++) {
        const struct node *n = secrets->entries[i].value;
        const char *file = node_get_text(n, "file", NULL);
        struct stat st;

        if (file && stat(file, &st) < 0 && !is_certificate(s->loaded, file))
            say(s, n->at, "secret '%s': %s: %s", secrets->entries[i].key, file, strerror(errno));
        else if (file && !is_certificate(s->loaded, file)) /* `cert status` looks at those */
            check_mode(s, file, "this secret");
    }
}

static void check_compose_files(struct strict *s)
{
    for (const char **path = s->loaded->files; *path; path++) {
        auto_free char *text = NULL;
        const char *carriage;
        size_t len = 0;

        if (fsio_read(AT_FDCWD, *path, LIMIT_COMPOSE_FILE, &text, &len) < 0)
            continue;
        carriage = strstr(text, "\r\n");
        if (carriage) {
            struct mark at = { .file = *path, .line = 1 };
            for (const char *c = text; c < carriage; c++)
                at.line += *c == '\n';
            say(s, at, "lines end with a carriage return (a file from Windows?)");
        }
    }
}

size_t strict_variables(const struct loaded *raw, FILE *out)
{
    struct strict s = { .loaded = raw, .out = out };

    s.found = needs_variables(raw, out) + needs_types(raw, out);
    check_env_files(&s, raw->variables);
    return s.found;
}

int strict_check(const struct loaded *l, size_t before, FILE *out, struct err *e)
{
    struct strict s = { .loaded = l, .out = out, .found = before };
    struct warnings all = l->warnings;
    const struct node *warnings;

    database_ports_warn(l->model, &all);
    warnings = all.texts;
    for (uint32_t i = 0; i < node_count(warnings); i++)
        say(&s, (struct mark){ 0 }, "%s", warnings->entries[i].key);
    check_secrets(&s, node_get(l->model, "secrets"));
    check_compose_files(&s);
    s.found += needs_services(l, out);
    if (s.found == 0) {
        fputs("nothing to remark\n", out);
        return 0;
    }
    err_set(e, -EINVAL, "%zu remark%s", s.found, s.found == 1 ? "" : "s");
    return err_classify(e, ERR_CONFIG);
}
