/* The three parts of Docker, each for itself: a client without a daemon is as common as a daemon
 * without the plugin. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "preflight/distribution.h"
#include "preflight/preflight.h"
#include "preflight/program.h"

enum { ASK_MS = 5000 };

static const struct part {
    const char *id;
    const char *argv[8];
    unsigned minimum; /* major version: what the Compose specification's current fields need */
    enum distribution_docker from;
} parts[] = {
    { "client", { "docker", "version", "--format", "{{.Client.Version}}" }, 20, DOCKER_INSTALL },
    { "daemon", { "docker", "version", "--format", "{{.Server.Version}}" }, 20, DOCKER_START },
    { "compose", { "docker", "compose", "version", "--short" }, 2, DOCKER_PLUGIN },
};

/* docker version fails as a whole without a daemon, having told of the client */
static bool has_answered(const struct part *p, int r, const char *text)
{
    return text && text[0] >= '0' && text[0] <= '9' && (r == 0 || p == &parts[0]);
}

static const char *reason(int r)
{
    if (r == -ENOENT)
        return "not installed";
    return r == -ETIME ? "does not answer" : "not there";
}

static void check_part(const struct preflight *in, const struct part *p, struct findings *out)
{
    auto_free char *text = NULL;
    int r = program_ask(p->argv, ASK_MS, &text);
    bool answered = has_answered(p, r, text);
    bool enough = answered && strtoul(text, NULL, 10) >= p->minimum;
    struct finding *f = findings_add(out, enough ? FINDING_OK : FINDING_FAIL, "docker.%s", p->id);

    f->informs = !in->compose;
    if (answered)
        finding_measured(f, "%s", text);
    else if (p == &parts[1] && r > 0)
        finding_measured(f, "cannot be reached");
    else
        finding_measured(f, "%s", reason(r));
    finding_required(f, "%u or newer", p->minimum);
    if (!enough) {
        auto_free char *steps = distribution_docker(p->from);

        finding_remedy(f, "%s%s", in->compose ? "" : "for compose mode only: ", steps);
    }
}

/* The tool before the plugin reads other files and is no longer kept. */
static void check_old_tool(struct findings *out)
{
    static const char *const argv[] = { "docker-compose", "version", "--short", NULL };
    auto_free char *text = NULL;
    struct finding *f;

    if (program_ask(argv, ASK_MS, &text) != 0 || text[0] != '1')
        return;
    f = findings_add(out, FINDING_WARN, "docker.v1");
    f->informs = true;
    finding_measured(f, "docker-compose %s", text);
    finding_required(f, "the plugin: docker compose");
    finding_remedy(f, "it is not used, and may be removed");
}

void preflight_docker(const struct preflight *in, struct findings *out)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        check_part(in, &parts[i], out);
    check_old_tool(out);
}
