#include "compose/recipe.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "compose/yaml.h"

/* where the tag begins; the colon of a registry's port has a slash behind it */
static const char *tag_of(const char *image)
{
    const char *colon = strrchr(image, ':');

    return colon && !strchr(colon, '/') ? colon : image + strcspn(image, "@");
}

static const char *repository(struct arena *a, const char *image)
{
    const char *name = arena_strndup(a, image, (size_t) (tag_of(image) - image));
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

const char *recipe_version(struct arena *a, const char *image)
{
    const char *tag = tag_of(image);

    return *tag == ':' ? arena_strndup(a, tag + 1, strcspn(tag + 1, "@")) : "";
}

static bool serves(const struct node *recipe, const char *name)
{
    const struct node *images = node_get(recipe, "images");

    for (size_t i = 0; images && images->kind == NODE_LIST && i < images->n; i++)
        if (node_is_scalar(images->items[i]) && strcmp(images->items[i]->text, name) == 0)
            return true;
    return false;
}

int recipe_find(struct arena *a, const char *image, const struct node **out, struct err *e)
{
    auto_free char *dir_path = paths_join("%s/units/catalog", paths_data());
    auto_dir dir = opendir(dir_path);
    const char *name = repository(a, image);

    if (!dir) {
        err_set(e, -errno, "recipes in %s: %s", dir_path, strerror(errno));
        return err_classify(e, ERR_MISSING);
    }
    *out = NULL;
    for (struct dirent *d; (d = readdir(dir));) {
        auto_free char *path = NULL;
        struct node *recipe = NULL;
        int r;

        if (fnmatch("*.unit.yaml", d->d_name, FNM_PERIOD) != 0)
            continue;
        path = paths_join("%s/%s", dir_path, d->d_name);
        r = yaml_read_one(a, path, &recipe, e);
        if (r < 0)
            return r;
        if (serves(recipe, name)) {
            *out = recipe;
            return 0;
        }
    }
    return 0;
}
