#include "model/beside.h"

#include <string.h>

const char *beside_refused(const struct project *p, const struct unit *u)
{
    for (size_t i = 0; i < u->n_networks; i++)
        if (u->networks[i].ipv4[0] != '\0' || u->networks[i].ipv6[0] != '\0' ||
            u->networks[i].mac[0] != '\0')
            return "it has a fixed address";
    for (size_t i = 0; i < p->n_units; i++) {
        const struct unit *o = &p->units[i];

        if (strcmp(o->network_of, u->name) == 0 || strcmp(o->ipc_of, u->name) == 0 ||
            strcmp(o->pid_of, u->name) == 0)
            return "others live in its namespaces";
    }
    return NULL;
}
