/* The programs that the services of a project need natively, and one command that installs all that
 * is missing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/strv.h"
#include "compose/recipe.h"
#include "preflight/distribution.h"
#include "preflight/preflight.h"

/* what is missing */
struct missing {
    char **packages, **programs;
};

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

/* "10.11.6" is of "10.11" and of "10", and not of "10.1" */
static bool is_of_version(const char *have, const char *want)
{
    const char *number = strchr(have, ':');
    size_t len = strlen(want);

    number = number ? number + 1 : have; /* Debian's epoch */
    return strncmp(number, want, len) == 0 && (number[len] < '0' || number[len] > '9');
}

/* the package of a program, and whether it is what the image's tag asks for */
static void check_program(const char *service, const char *program, const char *version,
                          struct findings *out)
{
    auto_free char *owner = distribution_owner(program);
    const char *have = owner ? strchr(owner, ' ') : NULL;
    bool other =
        have && version[0] >= '0' && version[0] <= '9' && !is_of_version(have + 1, version);
    struct finding *f = findings_add(out, other ? FINDING_WARN : FINDING_OK, "package.%s", service);

    finding_measured(f, "%s%s%s", program, owner ? ", " : "", owner ? owner : "");
    finding_required(f, "%s", other || version[0] ? version : "any version");
    if (other)
        finding_remedy(f, "the image's tag asks for %s: look at what changed, or change the tag",
                       version);
}

static void miss(const char *service, const char *what, bool optional, struct findings *out)
{
    struct finding *f =
        findings_add(out, optional ? FINDING_WARN : FINDING_FAIL, "package.%s", service);

    finding_measured(f, "%s is not installed", what);
    finding_required(f, "installed");
    if (optional)
        finding_remedy(f, "install it, or leave it: the project runs without '%s'", service);
}

static void check_packages(struct missing *w, const char *service, const struct node *packages,
                           struct findings *out)
{
    for (size_t i = 0; i < node_count(packages); i++) {
        const char *name = packages->items[i]->text;
        auto_free char *version = distribution_version(name);

        if (version)
            continue;
        miss(service, name, false, out);
        strv_append(&w->packages, name);
    }
}

/* `native` over `recipe`, as resolving does */
static const struct node *get(const struct node *native, const struct node *recipe, const char *key)
{
    const struct node *own = node_get(native, key);

    return own ? own : node_get(recipe, key);
}

static void check_one(struct missing *w, const char *service, const struct node *native,
                      const struct node *recipe, const char *version, struct findings *out)
{
    const struct node *programs = get(native, recipe, "programs");
    const struct node *packages = get(native, recipe, "packages");
    bool absent = false, optional = node_is_true(node_get(native, "optional"));

    for (size_t i = 0; i < node_count(programs); i++) {
        const char *program = programs->items[i]->text;

        if (is_program(program)) {
            check_program(service, program, version, out);
            continue;
        }
        miss(service, program, optional, out);
        if (optional)
            continue;
        absent = true;
        strv_append(&w->programs, program);
    }
    if (!programs) {
        size_t before = out->n;

        check_packages(w, service, packages, out);
        if (before == out->n && packages)
            finding_measured(findings_add(out, FINDING_OK, "package.%s", service),
                             "%zu packages are installed", node_count(packages));
    } else if (absent) {
        for (size_t i = 0; i < node_count(packages); i++)
            strv_append(&w->packages, packages->items[i]->text);
    }
}

static void check_services(const struct preflight *in, struct missing *w, struct findings *out)
{
    const struct node *services = node_get(in->loaded->model, "services");

    for (size_t i = 0; i < node_count(services); i++) {
        const struct node *service = services->entries[i].value, *recipe = NULL;
        const char *image = node_get_text(service, "image", "");
        struct err e = ERR_INIT;

        if (image[0] && recipe_find(in->loaded->arena, image, &recipe, &e) < 0)
            finding_measured(
                findings_add(out, FINDING_FAIL, "package.%s", services->entries[i].key), "%s",
                e.msg);
        check_one(w, services->entries[i].key, node_get(service, "x-native"), recipe,
                  recipe ? recipe_version(in->loaded->arena, image) : "", out);
    }
}

void preflight_packages(const struct preflight *in, struct findings *out)
{
    struct missing w = { 0 };
    size_t first = out->n;

    if (in->compose || !in->loaded)
        return;
    check_services(in, &w, out);
    if (w.packages || w.programs) {
        auto_free char *packages = strv_join(w.packages, " "),
                       *programs = strv_join(w.programs, " ");
        auto_free char *install = distribution_install(packages, programs);

        for (size_t i = first; i < out->n; i++)
            if (out->items[i].status == FINDING_FAIL && !out->items[i].remedy)
                finding_remedy(&out->items[i], "%s", install);
    }
    strv_free(w.packages);
    strv_free(w.programs);
}
