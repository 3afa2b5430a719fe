#include "cli/updating.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/documents.h"
#include "cli/gate.h"
#include "cli/verified.h"
#include "ops/canary.h"
#include "ops/plan.h"
#include "ops/update.h"

error_t updating_parse(struct updating *in, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 'm': in->message = arg; return 0;
    case UPDATING_CONFIRM: in->confirm_us = patience_time(arg, state); return 0;
    case UPDATING_NO_MIGRATE: in->no_migrate = true; return 0;
    case UPDATING_NO_BACKUP: in->no_backup = true; return 0;
    case UPDATING_NO_VERIFY: in->no_verify = true; return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static void report(const struct cli *cli, const char *project, const struct next *n,
                   const char *from, bool done, uint64_t began_us)
{
    double seconds = (double) (clock_now_us() - began_us) / USEC_PER_SEC;
    json_t *all;

    if (cli->format == FORMAT_JSON) {
        all = documents_begin(project);
        (void) json_object_set_new(all, "release", json_string(n->release));
        (void) json_object_set_new(all, "from", json_string(from));
        (void) json_object_set_new(all, "changed", json_boolean(done));
        (void) json_object_set_new(all, "seconds", json_real(seconds));
        (void) json_object_set(all, "services", n->plan);
        documents_end(all);
    } else if (!cli->quiet && done) {
        printf("%s: release %s serves%s%s, after %.1f s\n", project, n->release,
               from[0] ? ", before it " : "", from, seconds);
    } else if (!cli->quiet) {
        printf("%s: nothing to do, release %s serves\n", project, n->release);
    }
}

/* half of one release and half of another are enough */
static int refuse_during_canary(const struct operate *o, const struct updating *in, struct err *e)
{
    struct canary c;

    if (in->back || strcmp(in->verb, "promote") == 0 || !canary_read(o->procedure.dir, &c))
        return 0;
    err_set(e, -EBUSY, "some instances are of release %s already, as a canary", c.to);
    err_hint(e, "ipam-orch promote, or ipam-orch rollback");
    return err_classify(e, ERR_USAGE);
}

int updating_run(const struct cli *cli, struct operate *o, const struct next *n,
                 const struct updating *in, struct err *e)
{
    struct gate gate = { .procedure = &o->procedure };
    const struct update_gate judge = gate_of(&gate);
    const bool judged = !in->back && !in->no_verify && verified_is_wanted(n->project);
    const struct update u = { .verb = in->verb,
                              .next = n->project,
                              .release = n->release,
                              .message = in->message ? in->message : "",
                              .services = (const char *const *) in->services,
                              .back = in->back,
                              .no_migrate = in->no_migrate,
                              .no_backup = in->no_backup,
                              .gate = judged ? &judge : NULL,
                              .tools = VERSION,
                              .canaries = (unsigned) in->canaries,
                              .ready_us = in->patience.ready_us,
                              .confirm_us = in->confirm_us };
    char from[RELEASE_ID] = "", before[RELEASE_ID];
    uint64_t began_us = clock_now_us();
    int r = release_current(o->project, from, before, e);
    bool needed = plan_changes(n->plan) || strcmp(from, n->release) != 0;

    if (r == 0)
        r = refuse_during_canary(o, in, e);
    if (r == 0 && needed)
        r = update_run(&o->procedure, &u, e);
    gate_clear(&gate);
    if (r == 0 && in->canaries == 0)
        report(cli, o->project, n, from, needed, began_us);
    return r;
}
