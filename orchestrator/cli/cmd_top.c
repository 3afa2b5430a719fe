/* top: the processes of each service. */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/process.h"
#include "cli/request.h"

enum { GROUPS_MAX = 16 * 1024 };

static const struct argp argp = { .parser = cli_parse_words,
                                  .args_doc = "[SERVICE...]",
                                  .doc = "Shows the processes of services: user, process and "
                                         "parent as the host numbers them, CPU time, command.  "
                                         "The exit status is 1 when none is running." };

static json_t *process_json(const char *service, const struct process *p)
{
    const struct passwd *user = getpwuid(p->uid);
    char number[16];

    (void) snprintf(number, sizeof number, "%u", p->uid);
    return json_pack("{s:s,s:s,s:i,s:i,s:I,s:s}", "service", service, "user",
                     user ? user->pw_name : number, "pid", (int) p->pid, "ppid", (int) p->parent,
                     "cpu_ms", (json_int_t) (p->cpu_ticks * 1000 / (uint64_t) sysconf(_SC_CLK_TCK)),
                     "command", p->command);
}

static char *groups_of(pid_t pid)
{
    auto_free char *path = paths_join("/proc/%d/cgroup", (int) pid);
    char *text = NULL;

    return fsio_read_pseudo(AT_FDCWD, path, GROUPS_MAX, &text) < 0 ? NULL : text;
}

/* commands of `exec` have another parent, but the user and the control groups of the program */
static bool has_joined(const struct process *p, const struct process *program, const char *groups)
{
    auto_free char *its = groups && p->uid == program->uid ? groups_of(p->pid) : NULL;

    return its && strcmp(its, groups) == 0;
}

/* everything below the init of the instance, which is the parent of the program; and what joined */
static void add_service(const json_t *service, const struct process_list *l, json_t *out)
{
    pid_t pid = (pid_t) json_integer_value(json_object_get(service, "pid"));
    const struct process *program = pid > 1 ? process_find(l, pid) : NULL;

    if (!program || program->parent <= 1)
        return;
    auto_free char *groups = groups_of(program->pid);
    for (size_t i = 0; i < l->n; i++)
        if (process_is_below(l, &l->items[i], program->parent) ||
            has_joined(&l->items[i], program, groups))
            (void) json_array_append_new(
                out,
                process_json(json_string_value(json_object_get(service, "name")), &l->items[i]));
}

static void print_table(const json_t *processes)
{
    printf("%-16s %-12s %8s %8s %10s  %s\n", "SERVICE", "USER", "PID", "PPID", "TIME", "COMMAND");
    for (size_t i = 0; i < json_array_size(processes); i++) {
        const char *service = "", *user = "", *command = "";
        json_int_t ms = 0;
        int pid = 0, parent = 0;

        (void) json_unpack(json_array_get(processes, i), "{s:s,s:s,s:i,s:i,s:I,s:s}", "service",
                           &service, "user", &user, "pid", &pid, "ppid", &parent, "cpu_ms", &ms,
                           "command", &command);
        printf("%-16s %-12s %8d %8d %4lld:%02lld:%02lld  %s\n", service, user, pid, parent,
               (long long) ms / 3600000, (long long) ms / 60000 % 60, (long long) ms / 1000 % 60,
               command);
    }
}

static int top(const struct cli *cli, char *const *names, json_t *out, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    struct process_list processes = { 0 };
    json_t *status = NULL;
    const json_t *list;
    int r = request_open(cli, names, &client, &project, &status, e);

    if (r == 0)
        r = process_list_read("/proc", &processes, e);
    list = json_object_get(status, "services");
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        const json_t *service = json_array_get(list, i);

        if (!names || strv_has(names, json_string_value(json_object_get(service, "service"))))
            add_service(service, &processes, out);
    }
    process_list_clear(&processes);
    json_decref(status);
    return r;
}

int cmd_top(struct cli *cli, int argc, char **argv)
{
    auto_strv names = NULL;
    struct err e = ERR_INIT;
    json_t *processes;
    int result;

    if (cli_parse(cli, &argp, argc, argv, &names) != 0)
        return ERR_USAGE;
    processes = json_array();
    if (top(cli, names, processes, &e) < 0)
        result = cli_fail(cli, &e);
    else {
        result = json_array_size(processes) > 0 ? 0 : ERR_FAILED;
        if (cli->format == FORMAT_JSON) {
            documents_end(json_pack("{s:i,s:O}", "schema", 1, "processes", processes));
        } else
            print_table(processes);
    }
    json_decref(processes);
    return result;
}
