/* What recipes of our own programs see of the manager: its control socket, as anybody on the host
 * who has no right but to look, and the logs, where the recipe's group may read them. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "compose/resolve.h"

/* Where they are inside, wherever they are on the host; units/catalog names them too. */
#define INSIDE "/run/ipam-orch"

static void see(struct resolve *r, const char *source, const char *target)
{
    auto_free char *real = realpath(source, NULL);

    resolve_mount(r, MOUNT_BIND, arena_strdup(r->arena, real ? real : source), target)->read_only =
        true;
}

static void manager(struct resolve *r)
{
    auto_free char *path = paths_join("%s/manager", paths_run());

    see(r, path, INSIDE "/manager");
    see(r, paths_command(), INSIDE "/bin/ipam-orch");
    see(r, paths_lib(), INSIDE "/lib");
    see(r, paths_data(), INSIDE "/share");
}

void resolve_sees(struct resolve *r)
{
    const struct node *list = node_get(r->recipe, "sees");

    for (size_t i = 0; i < node_count(list); i++) {
        const char *what = list->items[i]->text;

        if (strcmp(what, "manager") == 0)
            manager(r);
        else if (strcmp(what, "logs") == 0)
            see(r, paths_log(), node_get_text(r->recipe, "logs_at", paths_log()));
    }
}
