#include "tests/fakes/fake_project.h"

#include <signal.h>

struct project *fake_project(const char *name, size_t n)
{
    struct arena *a = arena_new();
    struct project *p = arena_alloc(a, sizeof *p);

    p->arena = a;
    p->name = name;
    p->dir = "/srv/p";
    p->release = "1";
    p->n_units = n;
    p->verify = (struct verify_spec) VERIFY_BLANK;
    p->maintenance = (struct maintenance_spec) MAINTENANCE_BLANK;
    p->units = arena_array(a, n, sizeof *p->units);
    p->database = (struct database){ .unit = "",
                                     .schema = "s",
                                     .user = "u",
                                     .password_secret = "",
                                     .migrations = "",
                                     .seeds = "",
                                     .port = 3306 };
    p->backup =
        (struct backup_policy){ .directory = "", .compress = "", .encrypt = "", .method = "" };
    return p;
}

void fake_unit(struct unit *u, const char *name)
{
    static const char *const argv[] = { "/bin/true", NULL };

    u->name = u->hostname = name;
    u->domainname = u->network_of = u->ipc_of = u->pid_of = u->limits.cpuset = u->swappiness =
        u->release = "";
    u->replicas = 1;
    u->log_files = 1;
    u->image = "none";
    u->recipe = "x-native";
    u->digest = "d1";
    u->argv = argv;
    u->workdir = u->home = "/";
    u->user = "nobody";
    u->uid = u->gid = 65534;
    u->seccomp = "default";
    u->seccomp_profile = "";
    u->log_forward = (struct log_forward) LOG_FORWARD_NONE;
    u->apparmor = "";
    u->restart = restart_spec_default(RESTART_ALWAYS);
    u->restart.jitter = 0;
    u->stop_signal = SIGTERM;
    u->stop_grace_us = 10000000;
    u->health.probe = (struct probe) PROBE_BLANK;
}

void fake_health(struct unit *u, uint64_t interval_us)
{
    u->health.probe.kind = PROBE_TCP;
    u->health.probe.host = "127.0.0.1";
    u->health.probe.port = 1;
    u->health.interval_us = u->health.timeout_us = u->health.start_interval_us = interval_us;
    u->health.retries = 1;
}
