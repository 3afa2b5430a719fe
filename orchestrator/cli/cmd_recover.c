/* recover: what an interrupted operation has left is undone or finished; the manager asks for it.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/operate.h"
#include "cli/request.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    (void) key, (void) arg, (void) state;
    return ARGP_ERR_UNKNOWN;
}

int cmd_recover(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .doc = "Undoes or finishes what an interrupted operation has left.  Every operation does "
               "that before it begins, and the manager within a minute; this is for who does not "
               "want to wait."
    };
    struct operate o = OPERATE_NONE;
    auto_free char *project = NULL;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, NULL) != 0)
        return ERR_USAGE;
    r = request_name(cli, &project, &e);
    if (r == 0)
        r = operate_begin_named(cli, project, "recover", NULL, &o, &e);
    operate_end(&o, r);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
