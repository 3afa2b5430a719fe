/* ipam-orchd: the supervisor.  Wiring only: options, objects, loop. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/num.h"
#include "base/paths.h"
#include "control/server.h"
#include "engine/supervisor.h"
#include "logs/journal.h"
#include "runtime/native.h"

struct options {
    int ready_fd;
    bool exit_idle;
    const char *heritage;
};

enum { HOST_ID_MAX = 256 };
enum { OPT_READY_FD = 256, OPT_EXIT_IDLE, OPT_HERITAGE };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    uint64_t n = 0;

    switch (key) {
    case OPT_READY_FD:
        if (num_u64(arg, 1024, &n) < 0)
            argp_error(state, "--ready-fd needs a descriptor number");
        o->ready_fd = (int) n;
        return 0;
    case OPT_EXIT_IDLE: o->exit_idle = true; return 0;
    case OPT_HERITAGE: o->heritage = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "ready-fd", OPT_READY_FD, "N", 0, "write a newline to descriptor N when ready", 0 },
    { "heritage", OPT_HERITAGE, "N,...", 0, "go on with these descriptors of an earlier process",
      0 },
    { "exit-idle", OPT_EXIT_IDLE, NULL, 0, "end when the last project is gone", 0 },
    { 0 },
};
static const struct argp argp = { .options = options,
                                  .parser = parse_option,
                                  .doc = "Supervisor of ipam-orch; runs without privileges." };

/* one supervisor per run directory; the lock lives as long as the process */
static int take_lock(struct err *e)
{
    auto_free char *path = paths_join("%s/manager/orchd.lock", paths_run());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(e, -errno, "another supervisor runs (%s is locked)", path);
    return fd;
}

static int take_heritage(const struct options *o, struct heritage *h, struct err *e)
{
    int r = 0;

    if (o->heritage)
        return successor_inherit(o->heritage, h, e);
    r = take_lock(e);
    h->lock = r;
    return r < 0 ? r : 0;
}

/* whoever waits for this process to be ready */
struct readiness {
    int fd;
    struct supervisor *supervisor;
    sd_event_source *turn;
};

static void tell_ready(struct readiness *r)
{
    (void) !write(r->fd, "\n", 1);
    close(take_fd(&r->fd));
}

static int on_turn(sd_event_source *source, void *userdata)
{
    struct readiness *r = userdata;

    (void) source;
    if (!supervisor_has_runtime(r->supervisor))
        return 0;
    tell_ready(r);
    r->turn = sd_event_source_disable_unref(r->turn);
    return 0;
}

/* a successor is ready when it has taken over what runs; anybody else when it can be asked */
static int report_ready(sd_event *loop, struct readiness *r, bool successor)
{
    if (r->fd < 0)
        return 0;
    if (successor && supervisor_connect(r->supervisor, NULL) == 0)
        return sd_event_add_post(loop, &r->turn, on_turn, r);
    tell_ready(r);
    return 0;
}

static void write_event(void *journal, const json_t *event)
{
    journal_write(journal, event);
}

/* which host this is, so that not all do the same at the same moment; malloc'd */
static char *host_id(void)
{
    char *id = NULL;

    if (fsio_read(AT_FDCWD, "/etc/machine-id", HOST_ID_MAX, &id, NULL) == 0 && id[0] != '\0')
        return id;
    free(id);
    id = calloc(1, HOST_ID_MAX);
    if (!id || gethostname(id, HOST_ID_MAX - 1) < 0)
        abort();
    return id;
}

static int run(const struct options *o, struct err *e)
{
    auto_free char *socket_path = paths_join("%s/manager/control.sock", paths_run());
    auto_free char *state_dir = paths_join("%s/manager/projects", paths_state());
    auto_free char *schedule_dir = paths_join("%s/manager/schedules", paths_state());
    auto_free char *operations_dir = paths_join("%s/operations", paths_state());
    auto_free char *host = host_id();
    struct supervisor_config config = { .state_dir = state_dir,
                                        .log_dir = paths_log(),
                                        .operations_dir = operations_dir,
                                        .schedule_dir = schedule_dir,
                                        .host = host,
                                        .exit_idle = o->exit_idle,
                                        .milli_cpus =
                                            (uint64_t) sysconf(_SC_NPROCESSORS_ONLN) * 1000 };
    struct server_config control = { .path = socket_path,
                                     .heritage = HERITAGE_NONE,
                                     .exit_idle = o->exit_idle };
    struct readiness readiness = { .fd = o->ready_fd };
    struct supervisor *supervisor;
    struct runtime_listener listener;
    struct server *server = NULL;
    struct native *native;
    int r = take_heritage(o, &control.heritage, e);

    if (r < 0)
        return r;
    if ((r = fsio_mkdir_p(state_dir, 0700)) < 0)
        return err_set(e, r, "%s: %s", state_dir, strerror(-r));
    if ((r = sd_event_default(&config.loop)) < 0)
        return err_set(e, r, "event loop: %s", strerror(-r));
    (void) sd_event_add_signal(config.loop, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
    (void) sd_event_add_signal(config.loop, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
    config.timers = timers_new(config.loop);
    config.observer = journal_new(config.log_dir);
    config.observe = write_event;
    supervisor = supervisor_new(&config);
    listener = supervisor_listener(supervisor);
    native = native_new(config.loop, &listener);
    supervisor_use(supervisor, &native_ops, native);
    control.loop = config.loop;
    control.supervisor = readiness.supervisor = supervisor;
    r = server_new(&control, &server, e);
    if (r == 0)
        r = supervisor_load(supervisor, e);
    if (r == 0)
        r = report_ready(config.loop, &readiness, o->heritage);
    if (r == 0)
        r = sd_event_loop(config.loop);
    sd_event_source_disable_unref(readiness.turn);
    server_free(server);
    supervisor_free(supervisor);
    native_free(native);
    timers_free(config.timers);
    journal_free(config.observer);
    sd_event_unref(config.loop);
    return r;
}

int main(int argc, char **argv)
{
    struct options o = { .ready_fd = -1 };
    struct err e = ERR_INIT;

    (void) umask(0027);
    /* the secrets of every project are in its memory */
    (void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
    (void) signal(SIGPIPE, SIG_IGN);
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return ERR_USAGE;
    if (run(&o, &e) < 0) {
        log_err(&e, "ipam-orchd");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
