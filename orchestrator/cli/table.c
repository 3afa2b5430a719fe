#include <stddef.h>

#include "cli/cmd.h"

const struct cmd cmd_table[] = {
    { "init", NULL, "create the configuration of a project, with generated secrets", cmd_init },
    { "up", NULL, "bring the project up and wait until it is healthy", cmd_up },
    { "down", NULL, "stop the project and remove what it used; data is kept", cmd_down },
    { "scale", NULL, "more or fewer instances of services", cmd_scale },
    { "start", NULL, "start stopped services", cmd_start },
    { "stop", NULL, "stop services", cmd_stop },
    { "exec", NULL, "run a command inside a running service", cmd_exec },
    { "run", NULL, "run a command in a sandbox like a service's, beside it", cmd_run },
    { "cp", NULL, "copy files between a service and the caller", cmd_cp },
    { "restart", NULL, "stop services and start them again", cmd_restart },
    { "kill", NULL, "send a signal to services", cmd_kill },
    { "pause", NULL, "freeze services", cmd_pause },
    { "unpause", NULL, "let paused services go on", cmd_unpause },
    { "ps", "status", "show services, their state and health", cmd_ps },
    { "port", NULL, "show where ports of a service are published", cmd_port },
    { "top", NULL, "show the processes of services", cmd_top },
    { "stats", NULL, "show what services use", cmd_stats },
    { "limits", NULL, "show or change what running services may use", cmd_limits },
    { "logs", NULL, "show what services printed", cmd_logs },
    { "why", NULL, "explain services that are not as they should be", cmd_why },
    { "wait", NULL, "wait until services have stopped, or are healthy", cmd_wait },
    { "events", NULL, "show what happens to services, and what has happened", cmd_events },
    { "config", NULL, "check the compose file and print it in canonical form", cmd_config },
    { "export", NULL, "write the project in a form that other programs read", cmd_export },
    { "harden", NULL, "show what services may do and how exposed they are", cmd_harden },
    { "version", NULL, "show the version", cmd_version },
    { "help", NULL, "explain a verb", cmd_help },
    { 0 },
};
