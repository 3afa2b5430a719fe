#include "model/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static size_t index_of(const struct project *p, const char *name)
{
    const struct unit *u = project_unit(p, name);

    return u ? (size_t) (u - p->units) : p->n_units;
}

static bool is_free(const struct project *p, size_t i, const bool *placed)
{
    for (size_t d = 0; d < p->units[i].n_deps; d++) {
        size_t on = index_of(p, p->units[i].deps[d].unit);
        if (on < p->n_units && !placed[on])
            return false;
    }
    return true;
}

/* follows unplaced dependencies until a unit comes twice, and writes the way from there */
static int report_cycle(const struct project *p, const bool *placed, size_t start, struct err *e)
{
    auto_free bool *seen = calloc(p->n_units, sizeof *seen);
    char path[512] = "";
    size_t at = start;

    if (!seen)
        abort();
    for (int pass = 0; pass < 2; pass++) {
        size_t first = at;
        do {
            const struct unit *u = &p->units[at];
            if (pass == 1) {
                strncat(path, u->name, sizeof path - strlen(path) - 1);
                strncat(path, " -> ", sizeof path - strlen(path) - 1);
            }
            seen[at] = true;
            for (size_t d = 0; d < u->n_deps; d++) {
                size_t on = index_of(p, u->deps[d].unit);
                if (on < p->n_units && !placed[on]) {
                    at = on;
                    break;
                }
            }
        } while (pass == 0 ? !seen[at] : at != first);
    }
    err_set(e, -ELOOP, "services depend on each other: %s%s", path, p->units[at].name);
    return err_classify(e, ERR_CONFIG);
}

int graph_order(const struct project *p, size_t *order, struct err *e)
{
    auto_free bool *placed = calloc(p->n_units + 1, sizeof *placed);
    size_t n = 0;

    if (!placed)
        abort();
    while (n < p->n_units) {
        size_t before = n;
        for (size_t i = 0; i < p->n_units; i++) {
            if (placed[i] || !is_free(p, i, placed))
                continue;
            placed[i] = true;
            order[n++] = i;
        }
        if (n > before)
            continue;
        for (size_t i = 0; i < p->n_units; i++)
            if (!placed[i])
                return report_cycle(p, placed, i, e);
    }
    return 0;
}

void graph_add_dependencies(const struct project *p, bool *in)
{
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < p->n_units; i++) {
            for (size_t d = 0; in[i] && d < p->units[i].n_deps; d++) {
                size_t on = index_of(p, p->units[i].deps[d].unit);
                if (on < p->n_units && !in[on])
                    grew = in[on] = true;
            }
        }
    }
}

void graph_add_restarted(const struct project *p, bool *in)
{
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < p->n_units; i++) {
            for (size_t d = 0; !in[i] && d < p->units[i].n_deps; d++) {
                size_t on = index_of(p, p->units[i].deps[d].unit);
                if (on < p->n_units && in[on] && p->units[i].deps[d].restart)
                    grew = in[i] = true;
            }
        }
    }
}
