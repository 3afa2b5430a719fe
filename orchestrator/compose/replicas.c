#include "compose/replicas.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "model/shared.h"

const char *replicas_obstacle(const struct project *p, const struct unit *u, unsigned n)
{
    if (n > LIMIT_REPLICAS)
        return arena_printf(p->arena, "the limit is %d", LIMIT_REPLICAS);
    for (size_t i = 0; n > 1 && i < u->n_ports; i++)
        if (u->ports[i].published > 0 &&
            (unsigned) (u->ports[i].last - u->ports[i].published) + 1 < n)
            return arena_printf(p->arena, "port %u of the host is for one: give a range, or none",
                                u->ports[i].published);
    for (size_t i = 0; n > 1 && i < u->n_networks; i++) {
        const struct attachment *at = &u->networks[i];

        if (at->ipv4[0] != '\0' || at->ipv6[0] != '\0' || at->mac[0] != '\0')
            return arena_printf(p->arena, "its fixed address in network '%s' is for one",
                                at->network);
    }
    for (size_t i = 0; n != 1 && i < p->n_units; i++)
        for (enum shared k = 0; k < SHARED_COUNT; k++)
            if (strcmp(shared_of(&p->units[i], k), u->name) == 0)
                return arena_printf(p->arena, "'%s' lives in the %s of one", p->units[i].name,
                                    shared_text[k]);
    if (n > 1 && strcmp(p->database.unit, u->name) == 0)
        return "it is the database of the project";
    return NULL;
}

int replicas_override(struct project *p, const char *text, struct err *e)
{
    const char *equals = strchr(text, '='), *obstacle;
    uint64_t n = 0;

    if (!equals || num_u64(equals + 1, UINT32_MAX, &n) < 0) {
        err_set(e, -EINVAL, "'%s' is not SERVICE=NUMBER", text);
        return err_classify(e, ERR_USAGE);
    }
    for (size_t i = 0; i < p->n_units; i++) {
        struct unit *u = &p->units[i];

        if (strncmp(u->name, text, (size_t) (equals - text)) != 0 || u->name[equals - text] != '\0')
            continue;
        obstacle = replicas_obstacle(p, u, (unsigned) n);
        if (obstacle) {
            err_set(e, -EINVAL, "service '%s' cannot have %s instances: %s", u->name, equals + 1,
                    obstacle);
            return err_classify(e, ERR_USAGE);
        }
        u->replicas = (unsigned) n;
        return 0;
    }
    err_set(e, -ENOENT, "project '%s' has no service '%.*s'", p->name, (int) (equals - text), text);
    return err_classify(e, ERR_USAGE);
}
