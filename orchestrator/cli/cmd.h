/* cmd.h -- the command table: one verb per cmd_*.c, described once for help, completion and man.
 * Runs in: CLI.  A verb returns its exit status (see docs: help codes) and reports its own errors
 * through cli_fail. */
#ifndef IPAM_CLI_CMD_H
#define IPAM_CLI_CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum format { FORMAT_TABLE, FORMAT_JSON };
enum progress_form { PROGRESS_AUTO, PROGRESS_TTY, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_QUIET };

/* global options, before or after the verb */
struct cli {
    char **files, **env_files, **profiles; /* repeatable; NULL if not given */
    const char *project_name, *project_dir, *socket;
    enum format format;
    enum progress_form progress;
    bool quiet, verbose, yes;
    uint64_t lock_wait_us; /* for another operation on the project to end */
    const char *mode;      /* auto, native, compose */
};

struct cmd {
    const char *name, *alias;                           /* alias may be NULL */
    const char *summary;                                /* one line; NULL: not for people */
    int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the verb */
};

extern const struct cmd cmd_table[]; /* ends with a NULL name */

const struct cmd *cmd_find(const char *name); /* by name or alias; NULL if there is none */
int cmd_unknown(const struct cli *cli, const char *name);

/* Parses a verb's arguments with its own argp plus the global options; exits 2 on a usage error. */
int cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input);
/* The same, but options after the first word are left to the verb's parser: they are a command's.
 */
int cli_parse_in_order(struct cli *cli, const struct argp *argp, int argc, char **argv,
                       void *input);
/* the parser of a verb without options of its own: `input` is a char **, as in strv.h */
error_t cli_parse_words(int key, char *arg, struct argp_state *state);
/* Prints the error in four parts (or as JSON under --format json), returns the exit status. */
int cli_fail(const struct cli *cli, const struct err *e);

int cmd_alert(struct cli *cli, int argc, char **argv);
int cmd_attach(struct cli *cli, int argc, char **argv);
int cmd_backup(struct cli *cli, int argc, char **argv);
int cmd_cert(struct cli *cli, int argc, char **argv);
int cmd_check(struct cli *cli, int argc, char **argv);
int cmd_config(struct cli *cli, int argc, char **argv);
int cmd_dashboard(struct cli *cli, int argc, char **argv);
int cmd_export(struct cli *cli, int argc, char **argv);
int cmd_init(struct cli *cli, int argc, char **argv);
int cmd_secrets(struct cli *cli, int argc, char **argv);
int cmd_up(struct cli *cli, int argc, char **argv);
int cmd_schedule(struct cli *cli, int argc, char **argv);
int cmd_errand(struct cli *cli, int argc, char **argv);
int cmd_recover(struct cli *cli, int argc, char **argv);
int cmd_lock(struct cli *cli, int argc, char **argv);
int cmd_audit(struct cli *cli, int argc, char **argv);
int cmd_clean(struct cli *cli, int argc, char **argv);
int cmd_volumes(struct cli *cli, int argc, char **argv);
int cmd_daemon(struct cli *cli, int argc, char **argv);
int cmd_down(struct cli *cli, int argc, char **argv);
int cmd_scale(struct cli *cli, int argc, char **argv);
int cmd_start(struct cli *cli, int argc, char **argv);
int cmd_stop(struct cli *cli, int argc, char **argv);
int cmd_restart(struct cli *cli, int argc, char **argv);
int cmd_cp(struct cli *cli, int argc, char **argv);
int cmd_events(struct cli *cli, int argc, char **argv);
int cmd_exec(struct cli *cli, int argc, char **argv);
int cmd_restore(struct cli *cli, int argc, char **argv);
int cmd_run(struct cli *cli, int argc, char **argv);
int cmd_graph(struct cli *cli, int argc, char **argv);
int cmd_kill(struct cli *cli, int argc, char **argv);
int cmd_pause(struct cli *cli, int argc, char **argv);
int cmd_unpause(struct cli *cli, int argc, char **argv);
int cmd_harden(struct cli *cli, int argc, char **argv);
int cmd_plan(struct cli *cli, int argc, char **argv);
int cmd_apply(struct cli *cli, int argc, char **argv);
int cmd_update(struct cli *cli, int argc, char **argv);
int cmd_rollback(struct cli *cli, int argc, char **argv);
int cmd_promote(struct cli *cli, int argc, char **argv);
int cmd_confirm(struct cli *cli, int argc, char **argv);
int cmd_abort(struct cli *cli, int argc, char **argv);
int cmd_releases(struct cli *cli, int argc, char **argv);
int cmd_port(struct cli *cli, int argc, char **argv);
int cmd_ps(struct cli *cli, int argc, char **argv);
int cmd_stats(struct cli *cli, int argc, char **argv);
int cmd_top(struct cli *cli, int argc, char **argv);
int cmd_limits(struct cli *cli, int argc, char **argv);
int cmd_migrate(struct cli *cli, int argc, char **argv);
int cmd_seed(struct cli *cli, int argc, char **argv);
int cmd_logs(struct cli *cli, int argc, char **argv);
int cmd_maintenance(struct cli *cli, int argc, char **argv);
int cmd_verify(struct cli *cli, int argc, char **argv);
int cmd_version(struct cli *cli, int argc, char **argv);
int cmd_metrics(struct cli *cli, int argc, char **argv);
int cmd_reload(struct cli *cli, int argc, char **argv);
int cmd_report(struct cli *cli, int argc, char **argv);
int cmd_wait(struct cli *cli, int argc, char **argv);
int cmd_why(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);

#endif
