#include "cli/template_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/paths.h"
#include "cli/init.h"
#include "cli/shipped.h"
#include "model/member.h"
#include "model/settings.h"

/* what it was made from, what it would be made from today, what it is */
struct three {
    struct settings base, newer, yours;
    bool has_base;
    json_t *changes;
};

static void __attribute__((format(printf, 4, 5)))
add(struct three *t, const char *key, const char *change, const char *fmt, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        abort();
    va_end(args);
    (void) json_array_append_new(
        t->changes, json_pack("{s:s,s:s,s:s}", "key", key, "change", change, "text", text));
    free(text);
}

static const char *need(const struct setting *item)
{
    return item->required ? "required" : "optional";
}

static const char *shown(const struct setting *item)
{
    if (item->type == SETTING_SECRET)
        return item->value[0] ? "a secret" : "nothing";
    return item->value[0] ? item->value : "nothing";
}

static void compare_default(struct three *t, const struct setting *base,
                            const struct setting *newer, const struct setting *yours)
{
    if (base->type != newer->type || base->required != newer->required)
        add(t, newer->name, "changed", "%s %s -> %s %s", need(base), setting_type_text[base->type],
            need(newer), setting_type_text[newer->type]);
    if (strcmp(base->value, newer->value) == 0)
        return;
    if (yours && strcmp(yours->value, newer->value) != 0)
        add(t, newer->name, "changed", "default %s -> %s; yours is %s%s", shown(base), shown(newer),
            shown(yours), strcmp(yours->value, base->value) == 0 ? ", the old default" : "");
}

static void compare(struct three *t)
{
    for (size_t i = 0; i < t->newer.n; i++) {
        const struct setting *newer = &t->newer.items[i];
        const struct setting *base = settings_find(&t->base, newer->name);
        const struct setting *yours = settings_find(&t->yours, newer->name);

        if (!yours && (!t->has_base || !base))
            add(t, newer->name, "added", "%s %s, %s: %s", need(newer),
                setting_type_text[newer->type], newer->generate > 0 ? "made for you" : shown(newer),
                newer->comment);
        else if (!yours && newer->required)
            add(t, newer->name, "missing", "required, and no longer in .env.prod");
        if (base)
            compare_default(t, base, newer, yours);
    }
    for (size_t i = 0; i < t->base.n; i++) {
        const char *name = t->base.items[i].name;

        if (!settings_find(&t->newer, name) && settings_find(&t->yours, name))
            add(t, name, "removed", "the newer template does not have it any more");
    }
}

static int read_settings(const char *path, struct settings *out)
{
    auto_free char *text = NULL;
    int r = fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &text, NULL);

    if (r < 0)
        return r;
    settings_parse(text, out);
    explicit_bzero(text, strlen(text));
    return 0;
}

int template_diff(const char *dir, json_t **out, struct err *e)
{
    auto_free char *base = paths_join("%s/" INIT_BASE, dir);
    auto_free char *yours = paths_join("%s/.env.prod", dir);
    auto_free char *newer = init_template(dir);
    struct three t = { .changes = json_array() };
    int r = newer ? read_settings(newer, &t.newer) : 0;

    if (r < 0)
        (void) err_set(e, r, "%s: %s", newer, strerror(-r));
    else if ((r = read_settings(yours, &t.yours)) < 0)
        (void) err_set(e, r, "%s: %s", yours, strerror(-r));
    t.has_base = read_settings(base, &t.base) == 0;
    if (r == 0 && newer)
        compare(&t);
    settings_clear(&t.base);
    settings_clear(&t.newer);
    settings_clear(&t.yours);
    if (r == 0)
        r = shipped_compare(dir, t.changes, e);
    if (r == 0) {
        *out = t.changes;
        return 0;
    }
    json_decref(t.changes);
    if (r == -ENOENT)
        err_hint(e, "ipam-orch init");
    return err_classify(e, ERR_CONFIG);
}

void template_diff_print(const json_t *changes)
{
    static const struct {
        const char *change;
        char sign;
    } signs[] = { { "added", '+' }, { "removed", '-' }, { "missing", '!' }, { "both", '!' } };

    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *one = json_array_get(changes, i);
        char sign = '~';

        for (size_t k = 0; k < ARRAY_LEN(signs); k++)
            if (strcmp(member_text(one, "change"), signs[k].change) == 0)
                sign = signs[k].sign;
        printf("%c %-24s %s\n", sign, member_text(one, "key"), member_text(one, "text"));
    }
}
