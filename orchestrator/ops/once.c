#include "ops/once.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/project_json.h"

enum { STREAMS = 3, WORDS_SHOWN = 600, NAME_ROOM = 16 };

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
    char name[NAME_ROOM];
    uint32_t number = 0;
    int r = null < 0 ? err_set(e, -errno, "/dev/null: %s", strerror(errno)) : 0;

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
                                  project_to_tree(definition), "argv", texts(command->argv), "env",
                                  texts(command->env)),
                        fds, STREAMS, e);
    return r;
}

/* the end of what it wrote, on one line */
static void last_words(int fd, char out[WORDS_SHOWN])
{
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > WORDS_SHOWN - 1 ? size - (WORDS_SHOWN - 1) : 0;
    ssize_t n = pread(fd, out, WORDS_SHOWN - 1, from);

    out[n > 0 ? n : 0] = '\0';
    for (char *c = out; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : '\0';
}

int once_run(const struct procedure *p, const struct project *project, const char *service,
             const char *const *argv, struct err *e)
{
    auto_fd out = memfd_create("output", MFD_CLOEXEC);
    const struct inside command = {
        .service = service, .argv = argv, .in = -1, .out = out, .err = out
    };
    struct inside_run run = { 0 };
    struct inside_end end = { 0 };
    char words[WORDS_SHOWN] = "";
    struct project *own = NULL;
    int r = out < 0 ? err_set(e, -errno, "a file in memory: %s", strerror(errno))
                    : project_copy(project, &own, e);

    if (r == 0 && !once_prepare(own, service))
        r = err_set(e, -ENOENT, "there is no service '%s'", service);
    if (r == 0)
        r = once_start(p, own, &command, &run, e);
    if (r == 0)
        r = inside_wait(&run, 0, &end, e);
    inside_stop(&run);
    project_free(own);
    if (r < 0)
        return err_wrap(e, "%s in the sandbox of %s", argv[0], service);
    if (end.code == 0 && end.signal == 0)
        return 0;
    last_words(out, words);
    return err_set(e, -ECHILD, "%s in the sandbox of %s ended with %s %d%s%s", argv[0], service,
                   end.signal ? "signal" : "status", end.signal ? end.signal : end.code,
                   words[0] ? ": " : "", words);
}
