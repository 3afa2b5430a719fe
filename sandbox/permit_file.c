/* policy.conf: lines of `key = value`, sections of projects, `#` comments. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/suggest.h"
#include "sandbox/permit.h"
#include "sandbox/policy.h"

enum { BYTES_MAX = 256 * 1024, SECTIONS_MAX = 256, SECTIONS_STEP = 8, WORDS_MAX = 256 };

/* One file being read. */
struct reader {
    struct permit *permit;
    unsigned line;
};

static int wrong(const struct reader *r, struct err *e)
{
    (void) err_wrap(e, "%s:%u", r->permit->path, r->line);
    return e->code;
}

static char *trim(char *s)
{
    size_t len;

    s += strspn(s, " \t\r");
    len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]))
        s[--len] = '\0';
    return s;
}

/* ---- a line ---- */

/* most files have none beside the first, which is for all */
static void add_section(struct permit *p, const char *project)
{
    struct permit_section *grown = p->sections;

    if (p->n_sections % SECTIONS_STEP == 0)
        grown = arena_array(p->arena, p->n_sections + SECTIONS_STEP, sizeof *grown);
    if (grown != p->sections && p->n_sections > 0)
        memcpy(grown, p->sections, p->n_sections * sizeof *grown);
    p->sections = grown;
    grown[p->n_sections].project = arena_strdup(p->arena, project);
    p->n_sections++;
}

/* "[project NAME]" */
static int begin_section(struct reader *r, char *text, struct err *e)
{
    struct permit *p = r->permit;
    size_t len = strlen(text);
    char *name;

    if (text[len - 1] != ']' || strncmp(text, "[project", 8) != 0 || !strchr(" \t", text[8]))
        return err_set(e, -EINVAL, "'%.64s' is not [project NAME]", text);
    text[len - 1] = '\0';
    name = trim(text + 8);
    if (policy_name("project", name, e) < 0)
        return e->code;
    for (size_t i = 1; i < p->n_sections; i++)
        if (strcmp(p->sections[i].project, name) == 0)
            return err_set(e, -EINVAL, "project '%s' has a section already", name);
    if (p->n_sections == SECTIONS_MAX)
        return err_set(e, -E2BIG, "more than %d sections", SECTIONS_MAX - 1);
    add_section(p, name);
    return 0;
}

static int find_key(const char *name, enum permit_key *out, struct err *e)
{
    const char *names[PERMIT_KEY_COUNT + 1] = { NULL };
    const char *near;

    for (enum permit_key k = 0; k < PERMIT_KEY_COUNT; k++) {
        names[k] = permit_key_text[k];
        if (strcmp(names[k], name) == 0) {
            *out = k;
            return 0;
        }
    }
    near = suggest(name, names);
    return err_set(e, -EINVAL, "'%.64s' is no rule%s%s%s", name, near ? ", did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
}

static int split(struct reader *r, enum permit_key key, const char *value, const char *const **out,
                 struct err *e)
{
    const char **words = arena_array(r->permit->arena, WORDS_MAX + 1, sizeof *words);
    size_t n = 0;

    for (const char *at = value + strspn(value, " \t,"); *at; at += strspn(at, " \t,")) {
        size_t len = strcspn(at, " \t,");

        if (n == WORDS_MAX)
            return err_set(e, -E2BIG, "more than %d words", WORDS_MAX);
        words[n] = arena_strndup(r->permit->arena, at, len);
        if (permit_check_word(key, words[n], e) < 0)
            return e->code;
        n++;
        at += len;
    }
    if (n == 0)
        return err_set(e, -EINVAL, "'%s' has no value; none forbids", permit_key_text[key]);
    for (size_t i = 0; n > 1 && i < n; i++)
        if (strcmp(words[i], "none") == 0 || strcmp(words[i], "any") == 0)
            return err_set(e, -EINVAL, "'%s' stands alone", words[i]);
    *out = words;
    return 0;
}

static int take_rule(struct reader *r, char *text, struct err *e)
{
    struct permit_section *section = &r->permit->sections[r->permit->n_sections - 1];
    char *equals = strchr(text, '='), *value;
    enum permit_key key = PERMIT_KEY_COUNT;
    struct permit_rule *rule;

    if (!equals)
        return err_set(e, -EINVAL, "'%.64s' is not KEY = VALUE", text);
    *equals = '\0';
    value = trim(equals + 1);
    if (find_key(trim(text), &key, e) < 0)
        return e->code;
    rule = &section->rules[key];
    if (rule->words)
        return err_set(e, -EINVAL, "'%s' is said in line %u already", permit_key_text[key],
                       rule->line);
    rule->text = arena_strdup(r->permit->arena, value);
    rule->line = r->line;
    return split(r, key, value, &rule->words, e);
}

static int take_line(struct reader *r, char *line, struct err *e)
{
    char *text;

    line[strcspn(line, "#")] = '\0';
    text = trim(line);
    if (text[0] == '\0')
        return 0;
    return text[0] == '[' ? begin_section(r, text, e) : take_rule(r, text, e);
}

/* ---- the file ---- */

static int check_owner(int fd, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return 0;
    err_set(e, -EPERM, "%s: others than root may write to it (owner %u, mode %o)", path, st.st_uid,
            st.st_mode & 07777);
    err_hint(e, "chown root:root %s; chmod go-w %s", path, path);
    return e->code;
}

static int read_text(const char *path, char **out, size_t *len, struct err *e)
{
    auto_free char *dir = paths_join("%s", paths_conf());
    auto_fd folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto_fd fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int r;

    if (fd < 0)
        return errno == ENOENT ? -ENOENT : err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (folder < 0)
        return err_set(e, -errno, "%s: %s", dir, strerror(errno));
    if ((r = check_owner(folder, dir, e)) < 0 || (r = check_owner(fd, path, e)) < 0)
        return r;
    r = fsio_read_fd(fd, BYTES_MAX, out, len);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int parse(struct permit *p, char *text, size_t len, struct err *e)
{
    struct reader r = { .permit = p };
    char *next = text;

    if (strlen(text) != len)
        return err_set(e, -EINVAL, "%s: a NUL byte in a text", p->path);
    while (next) {
        char *line = strsep(&next, "\n");

        r.line++;
        if (take_line(&r, line, e) < 0)
            return wrong(&r, e);
    }
    return 0;
}

int permit_load(struct permit **out, struct err *e)
{
    auto_free char *path = paths_join("%s/policy.conf", paths_conf()), *text = NULL;
    struct arena *arena = arena_new();
    struct permit *p = arena_alloc(arena, sizeof *p);
    size_t len = 0;
    int r;

    *p = (struct permit){ .arena = arena, .path = arena_strdup(arena, path) };
    add_section(p, "");
    r = read_text(path, &text, &len, e);
    if (r == 0)
        r = parse(p, text, len, e);
    if (r < 0 && r != -ENOENT) {
        permit_free(p);
        return r;
    }
    *out = p;
    return 0;
}
