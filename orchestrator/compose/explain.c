#include "compose/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/suggest.h"
#include "compose/schema.h"
#include "compose/trail.h"

enum verdict { HONOURED, NO_EFFECT, REFUSED };
static const char *const verdict_text[] = {
    [HONOURED] = "honoured", [NO_EFFECT] = "no effect", [REFUSED] = "refused"
};

static enum verdict judge(const struct attribute *a, const struct node *n)
{
    if (a->native == NATIVE_MEANINGLESS)
        return NO_EFFECT;
    if (a->native == NATIVE_REFUSED)
        return REFUSED;
    if (!a->only || !n || !node_is_scalar(n))
        return HONOURED;
    for (const char *const *word = a->only; *word; word++)
        if (strcmp(*word, n->text) == 0)
            return HONOURED;
    return REFUSED;
}

/* ---- the walk through a model ---- */

struct visit {
    /* negative ends the walk; `t` is the trail of the attribute */
    int (*attribute)(void *self, const struct attribute *a, const struct entry *entry,
                     const struct trail *t);
    void *self;
};

static int visit_value(const struct visit *v, struct shape s, const struct node *n,
                       const struct trail *t);

static int visit_object(const struct visit *v, const struct kind *kind, const struct node *map,
                        const struct trail *t)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < node_count(map); i++) {
        const struct entry *entry = &map->entries[i];
        const struct shape s = schema_member((struct shape){ .kind = kind }, entry->key);
        const struct trail at = TRAIL_KEY(t, entry->key);

        if (!s.attribute)
            continue;
        r = v->attribute(v->self, s.attribute, entry, &at);
        if (r == 0 && judge(s.attribute, entry->value) == HONOURED)
            r = visit_value(v, s, entry->value, &at);
    }
    return r;
}

static int visit_value(const struct visit *v, struct shape s, const struct node *n,
                       const struct trail *t)
{
    int r = 0;

    if (s.kind)
        return visit_object(v, s.kind, n, t);
    if (!s.attribute->kind)
        return 0;
    for (uint32_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = visit_object(v, s.attribute->kind, n->items[i], &TRAIL_ITEM(t, i));
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        if (n->entries[i].value->kind == NODE_MAP)
            r = visit_object(v, s.attribute->kind, n->entries[i].value,
                             &TRAIL_KEY(t, n->entries[i].key));
    return r;
}

/* ---- check ---- */

struct check {
    struct warnings *warnings;
    struct err *e;
};

static const char *reason(const struct attribute *a)
{
    return a->note && a->note[0] ? a->note : "not in native mode yet";
}

static int check_attribute(void *self, const struct attribute *a, const struct entry *entry,
                           const struct trail *t)
{
    const struct check *c = self;
    char where[TRAIL_TEXT];

    switch (judge(a, entry->value)) {
    case HONOURED: break;
    case NO_EFFECT:
        warnings_add(c->warnings, entry->key_at, "%s has no effect natively: %s",
                     trail_text(t, where), reason(a));
        break;
    case REFUSED:
        trail_refuse(t, entry->key_at, c->e, "native mode cannot honour this: %s", reason(a));
        return err_hint(c->e, "ipam-orch config --explain=%s", a->name);
    }
    return 0;
}

int explain_check(const struct node *model, struct warnings *w, struct err *e)
{
    struct check c = { .warnings = w, .e = e };
    const struct visit v = { .attribute = check_attribute, .self = &c };

    return visit_object(&v, &schema_project, model, NULL);
}

/* ---- one line for each attribute of a model ---- */

static int print_attribute(void *self, const struct attribute *a, const struct entry *entry,
                           const struct trail *t)
{
    char where[TRAIL_TEXT];

    fprintf(self, "%-10s %-48s %s\n", verdict_text[judge(a, entry->value)], trail_text(t, where),
            a->note ? a->note : "");
    return 0;
}

int explain_model(const struct node *model, FILE *out)
{
    const struct visit v = { .attribute = print_attribute, .self = out };

    return visit_object(&v, &schema_project, model, NULL);
}

/* ---- the tables themselves ---- */

struct listing {
    FILE *out;
    const char *name; /* an attribute or a path; NULL = all, as a document */
    size_t found;
    const char **names; /* of all attributes, for suggestions */
    size_t n_names;
};

static bool matches(const char *path, const char *name)
{
    size_t n = strlen(path), len = strlen(name);

    return n >= len && strcmp(path + n - len, name) == 0 && (n == len || path[n - len - 1] == '.');
}

static void list_row(struct listing *l, const struct attribute *a, const char *path)
{
    const char *note = a->note ? a->note : "";
    char only[160] = "";

    for (const char *const *word = a->only; word && *word; word++) {
        size_t used = strlen(only);
        (void) snprintf(only + used, sizeof only - used, "%s%s", used ? ", " : "", *word);
    }
    l->found++;
    if (l->name)
        fprintf(l->out, "%s: %s%s%s%s%s\n", path, verdict_text[judge(a, NULL)], note[0] ? ", " : "",
                note, only[0] ? "; only: " : "", only);
    else
        fprintf(l->out, "| `%s` | %s%s%s | %s |\n", path, verdict_text[judge(a, NULL)],
                only[0] ? ", only " : "", only, note);
}

/* kinds do not contain themselves, so this ends */
static void list_kind(struct listing *l, const struct kind *kind, const char *prefix)
{
    for (size_t i = 0; i < kind->n; i++) {
        const struct attribute *a = &kind->list[i];
        auto_free char *path = NULL;

        if (asprintf(&path, "%s%s%s", prefix, prefix[0] ? "." : "", a->name) < 0)
            abort();
        if (l->names)
            l->names[l->n_names++] = a->name;
        if (!l->name || matches(path, l->name))
            list_row(l, a, path);
        if (a->kind && judge(a, NULL) == HONOURED)
            list_kind(l, a->kind, path);
    }
}

static void list_document(FILE *out)
{
    struct listing l = { .out = out };

    fputs("# What native mode makes of a compose file\n\n"
          "Made from the tables of `orchestrator/compose/schema*.c` by `make docs`; compose mode "
          "leaves everything to\nDocker Compose.  *Honoured*: it has the effect that the "
          "specification says.  *No effect*: there is nothing\nto do without images or an engine; "
          "`up` says so in a warning.  *Refused*: `up` ends with an error that\nnames the "
          "attribute, its place and this reason.  What stands below a refused attribute is not "
          "listed.\n\n| Attribute | Native mode | How, or why not |\n|---|---|---|\n",
          out);
    list_kind(&l, &schema_project, "");
}

int explain_attribute(const char *name, FILE *out, struct err *e)
{
    enum { NAMES_MAX = 1024 };
    auto_free const char **names = calloc(NAMES_MAX, sizeof *names);
    struct listing l = { .out = out, .name = name, .names = names };
    const char *near;

    if (!names)
        abort();
    if (strcmp(name, "markdown") == 0) {
        list_document(out);
        return 0;
    }
    list_kind(&l, &schema_project, "");
    if (l.found > 0)
        return 0;
    near = suggest(name, names);
    err_set(e, -ENOENT, "no attribute is called '%s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return err_classify(e, ERR_USAGE);
}
