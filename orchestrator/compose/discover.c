#include "compose/discover.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/strv.h"
#include "compose/pathname.h"

static const char *const file_names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
                                          "docker-compose.yaml", NULL };
static const char *const override_names[] = { "compose.override.yml", "compose.override.yaml",
                                              "docker-compose.override.yml",
                                              "docker-compose.override.yaml", NULL };
static const char *const env_names[] = { ".env.prod", ".env", NULL };

struct search {
    struct arena *arena;
    const struct load_options *o;
    struct warnings *warnings;
    struct discovery *out;
    const char *cwd;
    struct err *e;
};

const char *load_default_dir(void)
{
    const char *dir = getenv("IPAM_ORCH_PROJECT_DIR");

    return dir && dir[0] == '/' ? dir : "/srv/ipam";
}

/* Cut at the separators into a new list that ends with NULL. */
static char **split(struct arena *a, const char *text, const char *separators)
{
    char *rest = arena_strdup(a, text);
    char **list = arena_array(a, strlen(text) + 2, sizeof *list);
    size_t n = 0;

    for (char *part; (part = strsep(&rest, separators));)
        list[n++] = part + strspn(part, " ");
    return list;
}

/* the first of the names that is in the directory; the others are worth a word */
static const char *find_in(const struct search *s, const char *dir, const char *const *names,
                           bool warn)
{
    const char *found = NULL;

    for (; *names; names++) {
        const char *path = pathname_join(s->arena, dir, *names);
        if (access(path, F_OK) < 0)
            continue;
        if (found && warn)
            warnings_add(s->warnings, (struct mark){ 0 }, "%s is not used, %s is", path, found);
        if (!found)
            found = path;
    }
    return found;
}

static void add_file(const struct search *s, const char *path)
{
    struct discovery *d = s->out;
    const char **grown = arena_array(s->arena, d->n_files + 2, sizeof *grown);

    if (d->n_files > 0)
        memcpy(grown, d->files, d->n_files * sizeof *grown);
    grown[d->n_files++] = path;
    d->files = grown;
}

/* the directory that is given, that of the first file that is named, or the working directory */
static const char *directory(const struct search *s)
{
    if (s->o->project_dir && s->o->project_dir[0])
        return pathname_resolve(s->arena, s->cwd, s->o->project_dir);
    for (size_t i = 0; i < s->out->n_files; i++)
        if (strcmp(s->out->files[i], "-") != 0)
            return pathname_parent(s->arena, s->out->files[i]);
    return s->cwd;
}

/* ---- files ---- */

static int add_named(const struct search *s, char *const *names)
{
    for (; names && *names; names++) {
        const char *path = strcmp(*names, "-") == 0 ? "-" : pathname_join(s->arena, s->cwd, *names);

        if (**names == '/')
            path = pathname_clean(s->arena, *names);
        if (strcmp(path, "-") != 0 && access(path, F_OK) < 0) {
            err_set(s->e, -errno, "compose file %s: %s", *names, strerror(errno));
            err_hint(s->e, "ipam-orch init, or another --file");
            return err_classify(s->e, ERR_CONFIG);
        }
        add_file(s, path);
    }
    return 0;
}

/* the nearest folder with a compose file, from the working directory upwards */
static int add_discovered(const struct search *s)
{
    const char *dir = directory(s), *found = NULL, *override;

    for (;; dir = pathname_parent(s->arena, dir)) {
        found = find_in(s, dir, file_names, true);
        if (found || strcmp(dir, "/") == 0)
            break;
    }
    if (!found && !s->o->project_dir && !s->o->here_only) {
        dir = load_default_dir();
        found = find_in(s, dir, file_names, true);
    }
    if (!found) {
        err_set(s->e, -ENOENT, "no compose file here or in the folders above%s%s",
                s->o->here_only ? "" : ", or in ", s->o->here_only ? "" : load_default_dir());
        err_hint(s->e, s->o->here_only ? "cd to the project, or name it with --project-directory"
                                       : "ipam-orch init");
        return err_classify(s->e, ERR_CONFIG);
    }
    add_file(s, found);
    override = find_in(s, dir, override_names, true);
    if (override)
        add_file(s, override);
    return 0;
}

static int find_files(const struct search *s)
{
    const char *list = variables_get(s->out->variables, "COMPOSE_FILE");
    const char *separator = variables_get(s->out->variables, "COMPOSE_PATH_SEPARATOR");

    if (s->o->files && s->o->files[0])
        return 0; /* they are there already */
    if (list)
        return add_named(s, split(s->arena, list, separator && separator[0] ? separator : ":"));
    return add_discovered(s);
}

/* ---- variables ---- */

static bool is_disabled(void)
{
    const char *text = getenv("COMPOSE_DISABLE_ENV_FILE");

    return text &&
           (strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0 || strcasecmp(text, "t") == 0);
}

/* the env files that are named, NULL when the default is to be looked for */
static char *const *named_env_files(const struct search *s)
{
    const char *list = getenv("COMPOSE_ENV_FILES");

    if (s->o->env_files && s->o->env_files[0])
        return s->o->env_files;
    return list && list[0] ? split(s->arena, list, ",") : NULL;
}

static int read_default_env(const struct search *s, struct variables *v)
{
    const char *path = is_disabled() ? NULL : find_in(s, directory(s), env_names, false);
    struct stat st;

    if (!path || stat(path, &st) < 0 || S_ISDIR(st.st_mode) ||
        (s->o->unreadable_env && access(path, R_OK) < 0))
        return 0;
    return variables_read(v, path, s->e);
}

static struct variables *new_variables(const struct search *s, const struct variables *outer)
{
    struct variables *v = arena_alloc(s->arena, sizeof *v);

    variables_init(v, s->arena, outer);
    v->warnings = s->warnings;
    return v;
}

/* Env files may say which compose files to read, and the folder of those may hold another env file:
 * it is asked last. */
static int find_variables(struct search *s)
{
    char *const *named = named_env_files(s);
    struct variables *v = new_variables(s, NULL), *behind;
    int r = 0;

    if (!getenv("PWD"))
        variables_fix(v, "PWD", s->cwd);
    for (char *const *f = named; r == 0 && f && *f; f++)
        r = variables_read(v, pathname_resolve(s->arena, s->cwd, *f), s->e);
    if (r == 0 && !named)
        r = read_default_env(s, v);
    s->out->variables = v;
    if (r < 0 || (r = find_files(s)) < 0)
        return r;
    if (named)
        return 0;
    behind = new_variables(s, v);
    r = read_default_env(s, behind);
    s->out->variables = behind;
    return r;
}

int discover(struct arena *a, const struct load_options *o, struct warnings *w,
             struct discovery *out, struct err *e)
{
    auto_free char *cwd = getcwd(NULL, 0);
    struct search s = { .arena = a, .o = o, .warnings = w, .out = out, .e = e };
    const char *profiles;
    int r;

    *out = (struct discovery){ 0 };
    if (!cwd)
        return err_set(e, -errno, "working directory: %s", strerror(errno));
    s.cwd = arena_strdup(a, cwd);
    r = add_named(&s, o->files);
    if (r == 0)
        r = find_variables(&s);
    if (r < 0)
        return r;
    out->dir = directory(&s);
    profiles = variables_get(out->variables, "COMPOSE_PROFILES");
    out->profiles = split(a, profiles ? profiles : "", ",");
    if (o->profiles && o->profiles[0]) {
        size_t n = strv_len(o->profiles);
        out->profiles = arena_array(a, n + 1, sizeof *out->profiles);
        memcpy(out->profiles, o->profiles, n * sizeof *out->profiles);
    }
    return 0;
}
