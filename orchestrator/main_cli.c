/* ipam-orch: the command line.  Wiring only: options, then the verb. */
#include <argp.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/record.h"

const char *argp_program_version = "ipam-orch " VERSION;

int main(int argc, char **argv)
{
    struct cli cli = { .mode = "auto" };
    const struct cmd *cmd;
    int verb, status;

    (void) setlocale(LC_ALL, "");
    /* a manager that goes away is an error to report, not a reason to die */
    (void) signal(SIGPIPE, SIG_IGN);
    argp_err_exit_status = ERR_USAGE;
    verb = options_before_verb(&cli, argc, argv);
    if (verb == argc) {
        (void) cmd_help(&cli, 1, (char *[]){ (char[]){ "help" }, NULL });
        return ERR_USAGE;
    }
    cmd = cmd_find(argv[verb]);
    record_words(argv + verb);
    status = cmd ? cmd->run(&cli, argc - verb, argv + verb) : cmd_unknown(&cli, argv[verb]);
    record_end(status);
    strv_free(cli.files);
    strv_free(cli.env_files);
    strv_free(cli.profiles);
    return status;
}
