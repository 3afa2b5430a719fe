#include "cli/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "preflight/listener.h"

static int check_port(const struct unit *unit, const struct port *p, struct err *e)
{
    auto_free char *holder = NULL;
    struct listener l;

    if (!listener_has(p->address, p->published, p->udp))
        return 0;
    listener_find(p->published, p->udp, &l);
    holder = listener_text(&l);
    err_set(e, -EADDRINUSE, "port %u/%s, which service '%s' publishes, is in use by %s",
            p->published, p->udp ? "udp" : "tcp", unit->name, holder);
    err_hint(e, "stop that program, or publish another port (ports: in the compose file)");
    return err_classify(e, ERR_CHECK);
}

int ports_check(const struct unit *unit, struct err *e)
{
    for (size_t i = 0; i < unit->n_ports; i++) {
        const struct port *p = &unit->ports[i];
        /* where there is a choice, the first that is free is taken */
        int r = p->published != 0 && p->published == p->last ? check_port(unit, p, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

void ports_warn_shut(const char *service, const json_t *ports)
{
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *p = json_array_get(ports, i);
        const char *by = json_string_value(json_object_get(p, "shut"));
        int port = (int) json_integer_value(json_object_get(p, "published"));

        if (by && by[0] != '\0')
            fprintf(stderr,
                    "warning: port %d/%s of '%s' is shut for other machines: the host's firewall, "
                    "%s, does not let everybody in\n  next: accept the port there, or let it pass "
                    "with publish-past-firewall in /etc/ipam-orch/policy.conf\n",
                    port, json_string_value(json_object_get(p, "protocol")), service, by);
    }
}
