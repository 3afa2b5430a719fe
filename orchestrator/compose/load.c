#include "compose/load.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/strv.h"
#include "compose/canonical.h"
#include "compose/consistency.h"
#include "compose/fields.h"
#include "compose/interpolate.h"
#include "compose/resolve.h"
#include "compose/yaml.h"

static const char *const file_names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
                                          "docker-compose.yaml" };

/* everything that one load makes */
struct load {
    const struct load_options *o;
    struct arena *arena;
    char *file, *dir; /* malloc'd */
    struct variables variables;
    struct node *document;
    struct canonical canonical;
};

static void load_clear(struct load *l)
{
    free(l->file);
    free(l->dir);
    arena_free(l->arena);
}

const char *load_default_dir(void)
{
    const char *dir = getenv("IPAM_ORCH_PROJECT_DIR");

    return dir && dir[0] == '/' ? dir : "/srv/ipam";
}

static char *file_in(const char *dir)
{
    for (size_t i = 0; i < ARRAY_LEN(file_names); i++) {
        char *path = paths_join("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, file_names[i]);
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

/* the nearest file from the working directory upwards, else that of the default project */
static char *discover(const char *start)
{
    auto_free char *dir = start ? realpath(start, NULL) : getcwd(NULL, 0);
    char *found = NULL;

    while (dir && !found && dir[0] != '\0') {
        char *slash = strrchr(dir, '/');

        found = file_in(dir[1] ? dir : "/");
        if (start)
            return found;
        *(slash == dir && dir[1] ? slash + 1 : slash) = '\0';
    }
    return found ? found : file_in(load_default_dir());
}

static int find_file(struct load *l, struct err *e)
{
    const struct load_options *o = l->o;

    if (strv_len(o->files) > 1) {
        err_set(e, -ENOTSUP, "several compose files are not supported yet");
        return err_classify(e, ERR_USAGE);
    }
    l->file = o->files && o->files[0] ? realpath(o->files[0], NULL) : discover(o->project_dir);
    if (l->file)
        return 0;
    if (o->files && o->files[0])
        err_set(e, -errno, "compose file %s: %s", o->files[0], strerror(errno));
    else
        err_set(e, -ENOENT, "no compose file here, in the folders above, or in %s",
                load_default_dir());
    err_hint(e, "ipam-orch init");
    return err_classify(e, ERR_CONFIG);
}

static int find_dir(struct load *l, struct err *e)
{
    auto_free char *own = NULL;
    int r = find_file(l, e);

    if (r < 0)
        return r;
    /* the file's path is absolute; that of a file in / keeps its slash */
    own = paths_join(
        "%.*s", (int) (strrchr(l->file + 1, '/') ? strrchr(l->file, '/') - l->file : 1), l->file);
    l->dir = realpath(l->o->project_dir ? l->o->project_dir : own, NULL);
    return l->dir ? 0 : err_set(e, -errno, "project directory: %s", strerror(errno));
}

static int read_env(struct load *l, struct err *e)
{
    static const char *const defaults[] = { ".env.prod", ".env" };
    int r = 0;

    for (char *const *f = l->o->env_files; f && *f && r == 0; f++)
        r = variables_read(&l->variables, *f, e);
    for (size_t i = 0; !l->o->env_files && i < ARRAY_LEN(defaults); i++) {
        auto_free char *path = paths_join("%s/%s", l->dir, defaults[i]);
        if (access(path, F_OK) == 0)
            return variables_read(&l->variables, path, e);
    }
    return r;
}

/* letters, digits, - and _, lower case, beginning with a letter or digit */
static const char *normalise(struct arena *a, const char *name)
{
    char *out = arena_alloc(a, strlen(name) + 1), *p = out;

    for (; *name; name++) {
        int c = tolower((unsigned char) *name);
        if (isalnum(c) || (p > out && (c == '-' || c == '_')))
            *p++ = (char) c;
    }
    return out;
}

static int pick_name(struct load *l, struct err *e)
{
    const char *given = l->o->project_name ? l->o->project_name : getenv("COMPOSE_PROJECT_NAME");
    const struct node *own = node_get(l->document, "name");
    const char *name = given ? given : own && own->kind == NODE_SCALAR ? own->text : NULL;

    if (!name || name[0] == '\0')
        name = normalise(l->arena, strrchr(l->dir, '/') + 1);
    else if (strcmp(name, normalise(l->arena, name)) != 0) {
        err_set(e, -EINVAL,
                "'%s' is no project name: lower case letters, digits, - and _, "
                "beginning with a letter or digit",
                name);
        return err_classify(e, ERR_CONFIG);
    }
    l->canonical.name = arena_strdup(l->arena, name);
    return 0;
}

static int load(struct load *l, struct err *e)
{
    int r;

    l->arena = l->variables.arena = l->canonical.arena = arena_new();
    if ((r = find_dir(l, e)) < 0 || (r = read_env(l, e)) < 0 ||
        (r = yaml_read(l->arena, l->file, &l->document, e)) < 0)
        return r;
    if (l->document->kind != NODE_MAP) {
        err_set(e, -EINVAL, "a compose file must be a map");
        err_classify(e, ERR_CONFIG);
        return err_at(e, l->document->at);
    }
    l->canonical.dir = arena_strdup(l->arena, l->dir);
    l->canonical.variables = &l->variables;
    if ((r = interpolate_tree(&l->variables, l->document, e)) < 0 ||
        (r = fields_check(&fields_project, l->document, e)) < 0 || (r = pick_name(l, e)) < 0 ||
        (r = canonical_make(&l->canonical, l->document, e)) < 0)
        return r;
    return consistency_check(&l->canonical, l->document, e);
}

/* file names in marks live in the arena, which ends before the error is printed */
static int finish_error(struct err *e, int r)
{
    static char file[PATH_MAX];

    if (r < 0 && e && e->at.file) {
        (void) snprintf(file, sizeof file, "%s", e->at.file);
        e->at.file = file;
    }
    if (r < 0 && e && e->class == ERR_CONFIG && e->hint[0] == '\0')
        err_hint(e, "correct it, then: ipam-orch config");
    return r;
}

int load_canonical(const struct load_options *o, enum load_output form, char **out, struct err *e)
{
    struct load l = { .o = o };
    int r = load(&l, e);

    if (r == 0)
        r = form == LOAD_JSON ? yaml_emit_json(l.document, out, e) : yaml_emit(l.document, out, e);
    r = finish_error(e, r);
    load_clear(&l);
    return r;
}

int load_project(const struct load_options *o, struct project **out, struct err *e)
{
    struct load l = { .o = o };
    int r = load(&l, e);

    if (r == 0)
        r = resolve_project(&l.canonical, l.document, out, e);
    if (r == 0)
        l.arena = NULL; /* the project's now */
    r = finish_error(e, r);
    load_clear(&l);
    return r;
}

int load_project_dir(const struct load_options *o, char **out, struct err *e)
{
    struct load l = { .o = o };
    int r = find_dir(&l, e);

    if (r == 0)
        *out = take_ptr(l.dir);
    load_clear(&l);
    return r;
}
