/* resolve_verify: what is to be verified of a project, and where its maintenance page is. */
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "compose/resolve.h"

#define LATENCY_US (2 * USEC_PER_SEC)

/* The text of a member that names a unit or a secret; one of a service that is not loaded now is
 * as if it were not said. */
static int named_unit(const struct loaded *l, const struct project *p, const struct node *section,
                      const char *key, const char **out, struct err *e)
{
    const char *name = node_get_text(section, key, "");

    *out = "";
    if (name[0] == '\0' || project_unit(p, name))
        *out = name;
    else if (!l->partial && !node_get(l->disabled, name))
        return resolve_refuse(node_get(section, key), e, "%s: '%s' is not a service of this file",
                              key, name);
    return 0;
}

static int named_secret(const struct project *p, const struct node *section, const char *key,
                        const char **out, struct err *e)
{
    *out = node_get_text(section, key, "");
    return (*out)[0] == '\0' || project_secret(p, *out)
               ? 0
               : resolve_refuse(node_get(section, key), e, "%s: secret '%s' is not defined", key,
                                *out);
}

static int verify(const struct loaded *l, struct project *p, const struct node *n, struct err *e)
{
    const struct node *port = node_get(n, "backend_port");
    struct verify_spec *v = &p->verify;
    int r;

    *v = (struct verify_spec){ .url = node_get_text(n, "url", ""),
                               .root = node_get_text(n, "root", ""),
                               .health = node_get_text(n, "health", ""),
                               .openapi = node_get_text(n, "openapi", ""),
                               .login = node_get_text(n, "login", ""),
                               .logout = node_get_text(n, "logout", ""),
                               .account = node_get_text(n, "account", ""),
                               .user = node_get_text(n, "user", ""),
                               .cache_user = node_get_text(n, "cache_user", ""),
                               .cache_keys = node_get_text(n, "cache_keys", "") };
    if ((r = named_unit(l, p, n, "proxy", &v->proxy, e)) < 0 ||
        (r = named_unit(l, p, n, "frontend", &v->frontend, e)) < 0 ||
        (r = named_unit(l, p, n, "backend", &v->backend, e)) < 0 ||
        (r = named_unit(l, p, n, "cache", &v->cache, e)) < 0 ||
        (r = named_secret(p, n, "password_secret", &v->password_secret, e)) < 0 ||
        (r = named_secret(p, n, "cache_secret", &v->cache_secret, e)) < 0 ||
        (r = resolve_duration(n, "latency", LATENCY_US, &v->latency_us, e)) < 0)
        return r;
    if (port && num_port(node_get_text(n, "backend_port", ""), &v->backend_port) < 0)
        return resolve_refuse(port, e, "'backend_port' must be a port");
    if (v->url[0] != '\0' && strncmp(v->url, "https://", 8) != 0)
        return resolve_refuse(node_get(n, "url"), e, "'url' must be https://NAME[:PORT]/");
    return 0;
}

int resolve_verify(const struct loaded *l, struct project *p, const struct node *document,
                   struct err *e)
{
    const struct node *ours = node_get(document, "x-ipam-orch");
    const struct node *maintenance = node_get(ours, "maintenance");
    int r = verify(l, p, node_get(ours, "verify"), e);

    p->maintenance =
        (struct maintenance_spec){ .directory = node_get_text(maintenance, "directory", "") };
    if (r == 0)
        r = named_unit(l, p, maintenance, "service", &p->maintenance.unit, e);
    if (r == 0 && p->maintenance.unit[0] != '\0' && p->maintenance.directory[0] != '/')
        r = resolve_refuse(maintenance, e, "'directory' must be a path inside the service");
    return r;
}
