/* Ports that must be free.  One that a service of ours has is where it belongs. */
#include <stdlib.h>

#include "base/auto.h"
#include "preflight/listener.h"
#include "preflight/preflight.h"

static bool is_ours(const struct preflight *in, uint16_t port)
{
    for (size_t i = 0; i < in->n_own_ports; i++)
        if (in->own_ports[i] == port)
            return true;
    return false;
}

static void check_port(const struct preflight *in, uint16_t port, struct findings *out)
{
    bool ours = is_ours(in, port), taken = !ours && listener_has("", port, false);
    struct finding *f =
        findings_add(out, taken ? FINDING_FAIL : FINDING_OK, "port.%u", (unsigned) port);
    auto_free char *text = NULL;
    struct listener l;

    finding_required(f, "free");
    if (!taken) {
        finding_measured(f, ours ? "a service of this project has it" : "free");
        return;
    }
    listener_find(port, false, &l);
    text = listener_text(&l);
    finding_measured(f, "port %u in use by %s", (unsigned) port, text);
    if (l.unit[0])
        finding_remedy(f,
                       "ipam-orch init --take-over stops and disables %s; ipam-orch init "
                       "--release-units undoes that",
                       l.unit);
    else
        finding_remedy(f, "stop that program, or let it use another port");
}

void preflight_ports(const struct preflight *in, struct findings *out)
{
    for (size_t i = 0; i < in->n_ports; i++)
        check_port(in, in->ports[i], out);
}
