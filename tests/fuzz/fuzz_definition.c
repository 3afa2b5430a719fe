/* A project as an operator sends it to the supervisor, and as a supervisor finds it on disk: read,
 * written, and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/project_json.h"
#include "tests/fuzz/fuzz.h"

typedef int reader(const char *json, size_t len, struct project **out, struct err *e);
typedef int writer(const struct project *p, char **out_json, struct err *e);

static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "accepted: %s\n", what);
    abort();
}

/* what no project may say that the supervisor keeps files and asks the broker for */
static void check_accepted(const struct project *p)
{
    demand(p->name[0] != '\0' && p->name[0] != '.' && !strchr(p->name, '/'),
           "a project that is a path");
    for (size_t i = 0; i < p->n_units; i++) {
        const struct unit *u = &p->units[i];

        demand(u->name[0] != '\0' && u->name[0] != '.' && !strchr(u->name, '/'),
               "a unit that is a path");
        for (size_t k = 0; k < u->n_deps; k++)
            demand(!u->deps[k].required || project_unit(p, u->deps[k].unit), "a need of nobody");
        for (size_t k = 0; k < u->n_networks; k++)
            demand(project_network(p, u->networks[k].network) != NULL, "a network of nobody");
    }
}

static void check_round_trip(const struct project *p, reader *read, writer *write)
{
    auto_free char *once = NULL, *twice = NULL;
    struct project *again = NULL;
    struct err e = ERR_INIT;

    demand(write(p, &once, &e) == 0, e.msg);
    demand(read(once, strlen(once), &again, &e) == 0, e.msg);
    demand(write(again, &twice, &e) == 0 && strcmp(once, twice) == 0,
           "a project that changes when it is written");
    project_free(again);
}

static void check(const uint8_t *data, size_t size, reader *read, writer *write)
{
    struct project *p = NULL;
    struct err e = ERR_INIT;

    if (read((const char *) data, size, &p, &e) < 0) {
        demand(e.msg[0] != '\0', "an error without a word");
        return;
    }
    check_accepted(p);
    check_round_trip(p, read, write);
    project_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, project_from_json, project_to_json);
    check(data, size, project_from_saved, project_to_saved);
    return 0;
}
