#include "cli/secret_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/password.h"
#include "base/paths.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/init.h"
#include "cli/options.h"
#include "compose/pathname.h"
#include "compose/template.h"

enum { DAY_S = 24 * 3600 };

static int read_settings(const char *path, struct settings *out, struct err *e)
{
    auto_free char *text = NULL;
    int r = path ? fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &text, NULL) : -ENOENT;

    if (r == -ENOENT)
        return 0;
    if (r < 0) {
        err_set(e, r, "%s: %s", path, strerror(-r));
        return r == -EACCES ? err_classify(e, ERR_DENIED) : r;
    }
    settings_parse(text, out);
    explicit_bzero(text, strlen(text));
    return 0;
}

/* the file that is changed: the last one that was read, or the one that will be made */
static char *find_env(const struct loaded *l)
{
    auto_free char *path = l->variables->env_file ? strdup(l->variables->env_file)
                                                  : paths_join("%s/.env.prod", l->dir);
    char *real = realpath(path, NULL);

    return real;
}

/* ---- who reads it ---- */

struct search {
    const char *variable;
    bool found;
};

static void found_use(void *self, const struct template_use *use)
{
    struct search *s = self;

    s->found |= strcmp(use->name, s->variable) == 0;
}

static bool interpolates(struct arena *a, const struct node *node, const char *variable)
{
    struct search s = { .variable = variable };

    if (node_is_scalar(node))
        template_uses(a, node->text, found_use, &s);
    for (uint32_t i = 0; !s.found && node->kind == NODE_LIST && i < node->n; i++)
        s.found = interpolates(a, node->items[i], variable);
    for (uint32_t i = 0; !s.found && node->kind == NODE_MAP && i < node->n; i++)
        s.found = interpolates(a, node->entries[i].value, variable);
    return s.found;
}

static bool has_secret(const struct node *service, const char *secret)
{
    const struct node *list = node_get(service, "secrets");

    for (uint32_t i = 0; secret && list && list->kind == NODE_LIST && i < list->n; i++) {
        const struct node *item = list->items[i];
        const char *source = node_is_scalar(item) ? item->text : node_get_text(item, "source", "");

        if (strcmp(source, secret) == 0)
            return true;
    }
    return false;
}

static const char **find_readers(struct secret_list *l, const char *secret, const char *variable)
{
    const struct node *services = node_get(l->loaded.model, "services");
    struct arena *a = l->loaded.arena;
    const char **list = arena_array(a, node_count(services) + 1, sizeof *list);
    size_t n = 0;

    for (uint32_t i = 0; i < node_count(services); i++) {
        const struct node *service = services->entries[i].value;

        if (has_secret(service, secret) || (variable && interpolates(a, service, variable)))
            list[n++] = services->entries[i].key;
    }
    return list;
}

/* ---- the list ---- */

static struct secret_item *add(struct secret_list *l, const char *name)
{
    l->items = realloc(l->items, (l->n + 1) * sizeof *l->items);
    if (!l->items)
        abort();
    l->items[l->n] = (struct secret_item){ .name = name, .value = "" };
    return &l->items[l->n++];
}

static struct secret_item *by_name(const struct secret_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->items[i].name, name) == 0)
            return &l->items[i];
    return NULL;
}

static void add_variable(struct secret_list *l, const char *variable, const char *secret)
{
    struct secret_item *item = by_name(l, variable);
    const struct setting *in_env;
    const char *value = variables_get(l->loaded.variables, variable);

    if (!item)
        item = add(l, variable);
    if (!item->secret)
        item->secret = secret;
    in_env = settings_find(&l->env, variable);
    item->setting = in_env && in_env->described ? in_env : settings_find(&l->template, variable);
    if (!item->setting)
        item->setting = in_env;
    item->value = value ? value : "";
    item->in_file = in_env && strcmp(in_env->value, item->value) == 0;
    item->readers = find_readers(l, item->secret, variable);
}

static void add_file(struct secret_list *l, const char *secret, const char *path)
{
    struct secret_item *item = add(l, secret);

    item->secret = secret;
    item->file = pathname_resolve(l->loaded.arena, l->loaded.dir, path);
    item->readers = find_readers(l, secret, NULL);
}

static void collect(struct secret_list *l)
{
    const struct node *secrets = node_get(l->loaded.model, "secrets");
    const struct settings *described[] = { &l->env, &l->template };

    for (uint32_t i = 0; i < node_count(secrets); i++) {
        const struct node *one = secrets->entries[i].value;
        const char *variable = node_get_text(one, "environment", NULL);
        const char *file = node_get_text(one, "file", NULL);

        if (variable)
            add_variable(l, variable, secrets->entries[i].key);
        else if (file && !strchr(file, '$'))
            add_file(l, secrets->entries[i].key, file);
    }
    for (size_t k = 0; k < ARRAY_LEN(described); k++)
        for (size_t i = 0; i < described[k]->n; i++) {
            const struct setting *s = &described[k]->items[i];

            if (s->described && s->type == SETTING_SECRET && !by_name(l, s->name))
                add_variable(l, s->name, NULL);
        }
}

int secret_list_read(const struct cli *cli, struct secret_list *out, struct err *e)
{
    struct load_options load = options_load(cli);
    auto_free char *template = NULL;
    int r;

    *out = (struct secret_list){ 0 };
    r = load_finish_error(e, load_raw(&load, &out->loaded, e));
    if (r < 0)
        return r;
    out->env_path = find_env(&out->loaded);
    template = init_template(out->loaded.dir);
    r = read_settings(out->env_path, &out->env, e);
    if (r == 0)
        r = read_settings(template, &out->template, e);
    if (r == 0)
        collect(out);
    return r;
}

void secret_list_clear(struct secret_list *l)
{
    settings_clear(&l->env);
    settings_clear(&l->template);
    free(l->env_path);
    free(l->items);
    loaded_clear(&l->loaded);
    *l = (struct secret_list){ 0 };
}

int secret_list_find(const struct secret_list *l, const char *name, struct secret_item **out,
                     struct err *e)
{
    auto_strv names = NULL;
    const char *near;

    for (size_t i = 0; i < l->n; i++) {
        *out = &l->items[i];
        if (strcmp((*out)->name, name) == 0 ||
            ((*out)->secret && strcmp((*out)->secret, name) == 0))
            return 0;
        strv_append(&names, (*out)->name);
        if ((*out)->secret)
            strv_append(&names, (*out)->secret);
    }
    near = suggest(name, (const char *const *) names);
    err_set(e, -ENOENT, "the project has no secret '%s'%s%s%s", name,
            near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    err_hint(e, "ipam-orch secrets ls");
    return err_classify(e, ERR_USAGE);
}

bool secret_list_refuse(const struct secret_list *l, const struct secret_item *item,
                        const char *value, char *why, size_t size)
{
    if (password_refuse(value, why, size))
        return true;
    for (size_t i = 0; i < l->n; i++) {
        const struct secret_item *other = &l->items[i];

        if (other == item || strcmp(other->value, value) != 0)
            continue;
        (void) snprintf(why, size, "is that of %s too", other->name);
        return true;
    }
    return false;
}

char *secret_list_readers(const struct secret_item *item)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    for (const char **s = item->readers; s && *s; s++)
        fprintf(out, "%s%s", s == item->readers ? "" : ", ", *s);
    if (!item->readers || !*item->readers)
        fputc('-', out);
    (void) fclose(out);
    return text;
}

int secret_list_age(const struct secret_item *item, long long now_s)
{
    struct stat st;

    if (item->file)
        return stat(item->file, &st) < 0 || st.st_mtime > now_s
                   ? -1
                   : (int) ((now_s - st.st_mtime) / DAY_S);
    return item->setting && item->in_file ? settings_age_days(item->setting, now_s) : -1;
}
