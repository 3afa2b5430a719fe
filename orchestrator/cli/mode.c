#include "cli/mode.h"

#include <errno.h>
#include <string.h>

#include "preflight/preflight.h"

int mode_check(const struct cli *cli, struct err *e)
{
    const struct preflight in = { .compose = true };
    struct findings found = { 0 };
    int r = 0;

    if (strcmp(cli->mode, "compose") != 0)
        return 0;
    preflight_docker(&in, &found);
    for (size_t i = 0; i < found.n && r == 0; i++) {
        const struct finding *f = &found.items[i];

        if (f->status != FINDING_FAIL)
            continue;
        r = err_set(e, -ENOENT, "compose mode needs Docker: %s: %s", f->id, f->measured);
        err_hint(e, "%s", f->remedy);
    }
    findings_clear(&found);
    if (r == 0) {
        r = err_set(e, -EOPNOTSUPP, "this version runs projects natively only");
        err_hint(e,
                 "ipam-orch up, without --mode; or: ipam-orch export compose, then docker compose");
    }
    return err_classify(e, ERR_MISSING);
}
