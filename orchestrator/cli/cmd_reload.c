/* reload: services read their configuration again, and go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "model/member.h"
#include "ops/reload.h"

static void print(const struct cli *cli, const char *project, const json_t *list)
{
    const json_t *one;
    size_t i;

    if (cli->format == FORMAT_JSON) {
        documents_print_one(project, "services", list);
        return;
    }
    json_array_foreach ((json_t *) (size_t) list, i, one)
        if (!cli->quiet)
            printf("%s: %sSIG%s sent to %lld\n", member_text(one, "name"),
                   json_is_true(json_object_get(one, "tested")) ? "configuration tested, " : "",
                   sigabbrev_np((int) json_integer_value(json_object_get(one, "signal"))),
                   (long long) json_integer_value(json_object_get(one, "pid")));
}

int cmd_reload(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = cli_parse_words,
        .args_doc = "[SERVICE...]",
        .doc = "Makes services read their configuration again, without a restart: those named, or "
               "all that run and can.  Where a service has a test of its configuration, that runs "
               "first; when one fails, all go on with what they have."
    };
    struct operate o = OPERATE_NONE;
    auto_strv services = NULL;
    struct err e = ERR_INIT;
    json_t *list = NULL;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &services) != 0)
        return ERR_USAGE;
    r = operate_begin(cli, "reload", NULL, &o, &e);
    if (r == 0)
        r = reload_services(&o.procedure, (const char *const *) services, &list, &e);
    if (r == 0)
        print(cli, o.project, list);
    json_decref(list);
    operate_end(&o, r);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
