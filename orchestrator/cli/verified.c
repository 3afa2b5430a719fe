#include "cli/verified.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/operate.h"

int verified(const struct cli *cli, const char *name, const struct verify_request *request,
             uint64_t times, struct verify_results *out, char **project, struct err *e)
{
    struct verify_request q = *request;
    struct operate o = OPERATE_NONE;
    int r = name ? operate_begin_named(cli, name, "verify", NULL, &o, e)
                 : operate_begin(cli, "verify", NULL, &o, e);

    q.locked = r == 0;
    if (r < 0 && (e->class == ERR_LOCKED || e->class == ERR_DENIED) && o.project) {
        *e = ERR_INIT;
        procedure_end(&o.procedure, 0);
        procedure_look(&o.config, &o.procedure);
        r = 0;
    }
    for (uint64_t i = 0; r == 0 && i < times; i++) {
        struct verify_results once = { 0 };

        r = verify_run(&o.procedure, &q, &once, e);
        verify_merge(out, &once);
    }
    if (r == 0)
        *project = strdup(o.project);
    operate_end(&o, r);
    return r;
}

bool verified_is_wanted(const struct project *p)
{
    const struct verify_spec *v = &p->verify;

    return v->proxy[0] || v->frontend[0] || v->backend[0] || v->cache[0];
}

int verified_quickly(const struct cli *cli, const char *name, struct err *e)
{
    uint64_t began = clock_now_us();
    auto_free char *project = NULL;
    struct verify_results found = { 0 };
    int r = verified(cli, name, &(struct verify_request){ .quick = true }, 1, &found, &project, e);
    size_t failed = verify_count(&found, VERIFY_FAIL);

    if (r == -ENOENT) { /* everything has done its work and is gone */
        *e = ERR_INIT;
        return 0;
    }
    for (size_t i = 0; r == 0 && i < found.n; i++) {
        const struct verify_result *one = &found.items[i];

        if (one->status != VERIFY_FAIL)
            continue;
        fprintf(stderr, "verify: %s: %s\n", one->id, one->evidence);
        if (one->next)
            fprintf(stderr, "  next: %s\n", one->next);
    }
    if (r == 0 && failed > 0) {
        err_set(e, -EBADMSG, "it runs, but %zu of %zu checks failed", failed, found.n);
        err_hint(e, "ipam-orch verify");
        r = err_classify(e, ERR_VERIFY);
    } else if (r == 0 && !cli->quiet && cli->progress != PROGRESS_JSON &&
               cli->format != FORMAT_JSON) {
        printf("verified: %zu checks in %.1f s\n", found.n - verify_count(&found, VERIFY_SKIP),
               (double) (clock_now_us() - began) / USEC_PER_SEC);
    }
    verify_results_clear(&found);
    return r;
}
