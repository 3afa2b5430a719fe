#include "ops/once.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/project_json.h"

enum { STREAMS = 3, NAME_ROOM = 16 };

/* what keeps a sandbox while a command is in it */
static const char *const keeper[] = { "/bin/sleep", "infinity", NULL };

struct unit *once_prepare(struct project *definition, const char *service)
{
    struct unit *u = (struct unit *) (size_t) project_unit(definition, service);

    if (!u)
        return NULL;
    u->argv = keeper;
    u->n_deps = u->n_ports = 0;
    u->tty = false;
    for (size_t i = 0; i < u->n_networks; i++) {
        u->networks[i].aliases = NULL;
        u->networks[i].ipv4 = u->networks[i].ipv6 = u->networks[i].mac = "";
    }
    return u;
}

static json_t *texts(const char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++)
        (void) json_array_append_new(list, json_string(*v));
    return list;
}

int once_start(const struct procedure *p, const struct project *definition,
               const struct inside *command, struct inside_run *run, struct err *e)
{
    auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[STREAMS] = { command->in, command->out, command->err };
    auto_free char *text = NULL;
    char name[NAME_ROOM];
    uint32_t number = 0;
    int r = null < 0 ? err_set(e, -errno, "/dev/null: %s", strerror(errno))
                     : project_to_json(definition, &text, e);

    if (r == 0)
        r = p->config->connect(p->config->owner, &run->client, e);
    if (r < 0)
        return r;
    for (int i = 0; i < STREAMS; i++)
        if (fds[i] < 0)
            fds[i] = null;
    (void) !getrandom(&number, sizeof number, 0);
    (void) snprintf(name, sizeof name, "%08" PRIx32, number);
    r = client_send_fds(run->client,
                        json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "op", "run", "service",
                                  command->service, "name", name, "definition",
                                  json_loads(text, 0, NULL), "argv", texts(command->argv), "env",
                                  texts(command->env)),
                        fds, STREAMS, e);
    explicit_bzero(text, strlen(text));
    return r;
}
