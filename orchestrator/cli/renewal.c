#include "cli/renewal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/options.h"
#include "compose/load.h"
#include "model/digest.h"
#include "model/member.h"

static bool files_are_here(const struct cli *cli, const struct load_options *load,
                           const json_t *status)
{
    auto_free char *dir = NULL;
    struct err e = ERR_INIT;

    return cli->files || (load_project_dir(load, &dir, &e) == 0 &&
                          strcmp(dir, member_text(status, "directory")) == 0);
}

/* NAME.sockets of a service NAME: the files do not have it (x-native.listen) */
static bool is_made_up(const json_t *list, const char *name)
{
    static const char end[] = ".sockets";
    size_t len = strlen(name), base = len > sizeof end ? len - (sizeof end - 1) : 0;

    if (base == 0 || strcmp(name + base, end) != 0)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *other = member_text(json_array_get(list, i), "service");

        if (strlen(other) == base && strncmp(other, name, base) == 0)
            return true;
    }
    return false;
}

static bool is_orphan(const json_t *service)
{
    return json_is_true(json_object_get(service, "orphan"));
}

bool renewal_orphans(const struct cli *cli, const json_t *status)
{
    static char every_profile[] = "*";
    char *const profiles[] = { every_profile, NULL };
    const json_t *list = json_object_get(status, "services");
    struct load_options load = options_load(cli);
    struct loaded l = { 0 };
    struct err e = ERR_INIT;
    bool any = false;

    if (!files_are_here(cli, &load, status))
        return false;
    load.profiles = profiles;
    if (load_model(&load, &l, &e) == 0)
        for (size_t i = 0; i < json_array_size(list); i++) {
            json_t *one = json_array_get(list, i);
            const char *name = member_text(one, "service");
            bool orphan = !node_get(node_get(l.model, "services"), name) && !is_made_up(list, name);

            (void) json_object_set_new(one, "orphan", json_boolean(orphan));
            any |= orphan;
        }
    loaded_clear(&l);
    return any;
}

int renewal_load(const struct cli *cli, const json_t *status, struct project **out, struct err *e)
{
    const json_t *list = json_object_get(status, "services");
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    char **all = NULL;
    int r;

    *out = NULL;
    if (!files_are_here(cli, &load, status))
        return 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = member_text(json_array_get(list, i), "service");

        if (!strv_has(all, name) && !is_made_up(list, name) && !is_orphan(json_array_get(list, i)))
            strv_append(&all, name);
    }
    load.project_name = member_text(status, "project");
    load.services = all;
    r = load_project(&load, out, &warnings, e);
    strv_free(all);
    return r;
}

void renewal_mark(json_t *list, const struct project *now)
{
    json_t *s;
    size_t i;

    json_array_foreach (list, i, s) {
        const struct unit *u = now ? project_unit(now, member_text(s, "service")) : NULL;
        const char *runs = member_text(s, "digest");
        size_t len = digest_definition(runs);
        bool differs = u && json_integer_value(json_object_get(s, "pid")) > 0 &&
                       (strlen(u->digest) != len || strncmp(u->digest, runs, len) != 0);

        (void) json_object_set_new(s, "config_changed", json_boolean(differs));
    }
}
