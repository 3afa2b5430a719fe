#include "compose/load.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/consistency.h"
#include "compose/discover.h"
#include "compose/environment.h"
#include "compose/layers.h"
#include "compose/normalise.h"
#include "compose/resolve.h"
#include "compose/select.h"
#include "compose/trail.h"
#include "compose/values.h"

/* one load on its way */
struct loading {
    const struct load_options *o;
    struct loaded *out;
    struct discovery found;
    struct layer_file *files;
    struct err *e;
};

void loaded_clear(struct loaded *l)
{
    arena_free(l->arena);
    *l = (struct loaded){ 0 };
}

int load_finish_error(struct err *e, int r)
{
    static char file[PATH_MAX];

    if (r < 0 && e->at.file && e->at.file != file) {
        (void) snprintf(file, sizeof file, "%s", e->at.file);
        e->at.file = file;
    }
    if (r < 0 && e->class == ERR_CONFIG && e->hint[0] == '\0')
        err_hint(e, "correct it, then: ipam-orch config");
    return r;
}

static int read_files(struct loading *l)
{
    struct arena *a = l->out->arena;
    int r = 0;

    l->files = arena_array(a, l->found.n_files, sizeof *l->files);
    for (size_t i = 0; r == 0 && i < l->found.n_files; i++) {
        l->files[i].path = l->found.files[i];
        r = yaml_read(a, l->found.files[i], &l->files[i].stream, l->e);
    }
    return r;
}

/* ---- the name of the project ---- */

/* lower case letters, digits, - and _, beginning with a letter or digit; the rest is left out */
static const char *normalise_name(struct arena *a, const char *name)
{
    char *out = arena_alloc(a, strlen(name) + 1), *p = out;

    for (; *name; name++) {
        int c = tolower((unsigned char) *name);
        if (isalnum(c) || (p > out && (c == '-' || c == '_')))
            *p++ = (char) c;
    }
    return out;
}

/* the last `name:` of the files */
static int name_of_files(struct loading *l, const char **out)
{
    const struct node *name = NULL;

    for (size_t i = 0; i < l->found.n_files; i++)
        for (size_t d = 0; d < l->files[i].stream.n; d++) {
            const struct node *n = node_get(l->files[i].stream.documents[d].root, "name");
            if (node_is_scalar(n) && n->text[0])
                name = n;
        }
    *out = NULL;
    if (!name)
        return 0;
    *out = name->text;
    if (!l->o->no_interpolate) {
        const struct scope s = variables_scope(l->found.variables);
        int r = template_expand(&s, name->text, name->at, out, l->e);
        if (r < 0)
            return r;
    }
    *out = normalise_name(l->out->arena, *out);
    return 0;
}

static int pick_name(struct loading *l)
{
    struct arena *a = l->out->arena;
    const char *given = l->o->project_name, *base;
    int r = 0;

    if (!given || !given[0])
        given = variables_get(l->found.variables, "COMPOSE_PROJECT_NAME");
    if (given && given[0] && strcmp(given, normalise_name(a, given)) != 0)
        return trail_refuse(NULL, (struct mark){ 0 }, l->e,
                            "'%s' is no project name: lower case letters, digits, - and _, "
                            "beginning with a letter or digit",
                            given);
    l->out->name = given && given[0] ? arena_strdup(a, given) : NULL;
    if (!l->out->name)
        r = name_of_files(l, &l->out->name);
    base = strrchr(l->found.dir, '/');
    if (r == 0 && (!l->out->name || !l->out->name[0]))
        l->out->name = normalise_name(a, base ? base + 1 : l->found.dir);
    if (r == 0 && !l->out->name[0])
        return trail_refuse(NULL, (struct mark){ 0 }, l->e,
                            "the project has no name; give one with --project-name");
    if (r == 0)
        variables_fix(l->found.variables, "COMPOSE_PROJECT_NAME", l->out->name);
    return r;
}

/* ---- from files to the document ---- */

/* where nothing is replaced, names of variables stay as well */
static const struct variables *variables_of(struct loading *l)
{
    struct variables *none;

    if (!l->o->no_interpolate)
        return l->found.variables;
    none = arena_alloc(l->out->arena, sizeof *none);
    variables_init(none, l->out->arena, NULL);
    none->isolated = true;
    none->warnings = &l->out->warnings;
    return none;
}

static int make_document(struct loading *l, struct node **out)
{
    struct arena *a = l->out->arena;
    const struct variables *variables = variables_of(l);
    struct layers layers = { .arena = a,
                             .variables = variables,
                             .base = l->found.dir,
                             .dir = l->o->no_path_resolution ? NULL : l->found.dir,
                             .interpolate = !l->o->no_interpolate };
    int r = layers_load(&layers, l->files, l->found.n_files, out, l->e);

    if (r == 0 && node_count(*out) == 0)
        return trail_refuse(NULL, (*out)->at, l->e, "the compose file is empty");
    if (r == 0)
        node_set_text(a, *out, "name", l->out->name);
    if (r == 0 && !l->o->no_normalize)
        normalise_document(a, l->out->name, variables, *out);
    return r;
}

static int prepare(struct loading *l)
{
    struct loaded *out = l->out;
    int r;

    *out = (struct loaded){ .arena = arena_new() };
    out->warnings.arena = out->arena;
    r = discover(out->arena, l->o, &out->warnings, &l->found, l->e);
    if (r < 0)
        return r;
    out->dir = l->found.dir;
    out->files = l->found.files;
    out->variables = l->found.variables;
    r = read_files(l);
    return r == 0 ? pick_name(l) : r;
}

/* ---- from the document to the model ---- */

static int resolve_environment(struct loading *l, const struct node *services)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < node_count(services); i++) {
        struct node *service = services->entries[i].value;

        r = environment_resolve(l->found.variables, service, l->e);
        if (r == 0)
            r = environment_labels(l->found.variables, service, l->e);
        if (r < 0)
            return err_wrap(l->e, "services.%s", services->entries[i].key);
    }
    return r;
}

static int make_model(struct loading *l, const struct node *document)
{
    struct loaded *out = l->out;
    char *const *names = l->o->services;
    int r = values_document(out->arena, document, &out->model, l->e);

    if (r < 0)
        return r;
    select_profiles(out->arena, out->model, l->found.profiles, &out->disabled);
    if (!l->o->no_consistency)
        r = consistency_check(out->arena, out->model, out->disabled, l->e);
    if (r == 0)
        r = resolve_environment(l, node_get(out->model, "services"));
    if (r == 0 && names && *names) {
        select_enable(out->arena, out->model, out->disabled, l->found.profiles, names);
        r = select_services(out->arena, out->model, names, l->e);
        out->partial = true;
        if (r == 0)
            r = resolve_environment(l, node_get(out->model, "services"));
    }
    if (r == 0)
        select_used(out->arena, out->model);
    if (r == 0 && !l->o->no_consistency)
        r = consistency_container_names(out->arena, node_get(out->model, "services"), l->e);
    return r;
}

int load_model(const struct load_options *o, struct loaded *l, struct err *e)
{
    struct loading loading = { .o = o, .out = l, .e = e };
    struct node *document = NULL;
    int r = prepare(&loading);

    if (r == 0)
        r = make_document(&loading, &document);
    if (r == 0 && o->no_interpolate)
        l->model = document;
    else if (r == 0)
        r = make_model(&loading, document);
    return load_finish_error(e, r);
}

int load_raw(const struct load_options *o, struct loaded *l, struct err *e)
{
    struct load_options raw = *o;

    raw.no_interpolate = raw.no_normalize = raw.no_path_resolution = true;
    return load_model(&raw, l, e);
}

int load_project(const struct load_options *o, struct project **out, struct warnings *w,
                 struct err *e)
{
    struct loaded l = { 0 };
    int r = load_model(o, &l, e);

    if (r == 0)
        r = resolve_project(&l, out, e);
    if (r == 0) {
        l.arena = NULL; /* the project's now */
        *w = l.warnings;
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int load_project_dir(const struct load_options *o, char **out, struct err *e)
{
    struct load_options only_dir = *o;
    struct loaded l = { .arena = arena_new() };
    struct discovery found = { 0 };
    int r;

    only_dir.unreadable_env = true;
    l.warnings.arena = l.arena;
    r = discover(l.arena, &only_dir, &l.warnings, &found, e);
    if (r == 0) {
        *out = strdup(found.dir);
        if (!*out)
            abort();
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}
