#include "ops/one_off.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/project_json.h"
#include "ops/inside.h"

enum { STREAMS = 3, WORDS_SHOWN = 600, NAME_ROOM = 16 };

/* what keeps a sandbox while a command is in it */
static const char *const keeper[] = { "/bin/sleep", "infinity", NULL };

/* the project with the service as its one-off sibling; the units of `project` stay as they are */
static json_t *definition_of(const struct project *project, const char *service, struct err *e)
{
    struct project copy = *project;
    auto_free struct unit *units = calloc(project->n_units + 1, sizeof *units);
    auto_free struct attachment *networks = NULL;
    auto_free char *text = NULL;
    json_t *json;

    if (!units)
        abort();
    memcpy(units, project->units, project->n_units * sizeof *units);
    copy.units = units;
    for (size_t i = 0; i < copy.n_units; i++) {
        struct unit *u = &units[i];

        if (strcmp(u->name, service) != 0)
            continue;
        networks = calloc(u->n_networks + 1, sizeof *networks);
        if (!networks)
            abort();
        for (size_t k = 0; k < u->n_networks; k++) {
            networks[k] = u->networks[k];
            networks[k].aliases = NULL;
            networks[k].ipv4 = networks[k].ipv6 = networks[k].mac = "";
        }
        u->networks = networks;
        u->n_deps = u->n_ports = 0;
        u->argv = keeper;
        u->tty = false;
    }
    if (project_to_json(&copy, &text, e) < 0)
        return NULL;
    json = json_loads(text, 0, NULL);
    explicit_bzero(text, strlen(text));
    return json;
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

static json_t *message_of(const char *service, json_t *definition, const char *const *argv)
{
    json_t *words = json_array();
    char name[NAME_ROOM];
    uint32_t number = 0;

    (void) !getrandom(&number, sizeof number, 0);
    (void) snprintf(name, sizeof name, "%08" PRIx32, number);
    for (; *argv; argv++)
        (void) json_array_append_new(words, json_string(*argv));
    return json_pack("{s:s,s:s,s:s,s:o,s:o}", "op", "run", "service", service, "name", name,
                     "definition", definition, "argv", words);
}

int one_off_run(const struct procedure *p, const struct project *project, const char *service,
                const char *const *argv, struct err *e)
{
    struct inside_run run = { 0 };
    struct inside_end end = { 0 };
    char words[WORDS_SHOWN] = "";
    json_t *definition = definition_of(project, service, e);
    auto_fd in = memfd_create("input", MFD_CLOEXEC), out = memfd_create("output", MFD_CLOEXEC);
    int fds[STREAMS] = { in, out, out };
    int r;

    if (!definition)
        return -EINVAL;
    r = in < 0 || out < 0 ? err_set(e, -errno, "a file in memory: %s", strerror(errno))
                          : p->config->connect(p->config->owner, &run.client, e);
    if (r < 0)
        json_decref(definition);
    else
        r = client_send_fds(run.client, message_of(service, definition, argv), fds, STREAMS, e);
    if (r == 0)
        r = inside_wait(&run, 0, &end, e);
    inside_stop(&run);
    if (r < 0)
        return err_wrap(e, "%s in the sandbox of %s", argv[0], service);
    if (end.code == 0 && end.signal == 0)
        return 0;
    last_words(out, words);
    return err_set(e, -ECHILD, "%s in the sandbox of %s ended with %s %d%s%s", argv[0], service,
                   end.signal ? "signal" : "status", end.signal ? end.signal : end.code,
                   words[0] ? ": " : "", words);
}
