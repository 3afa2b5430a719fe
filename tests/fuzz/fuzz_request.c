/* Requests to the broker, one frame per line, through its dispatcher and its tables.  The ends that
 * reach the kernel (processes, interfaces, packet rules, control groups) are replaced below: the
 * linker takes these and leaves the archive's. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/log.h"
#include "sandbox/broker.h"
#include "sandbox/net.h"
#include "tests/fuzz/fuzz.h"

/* ---- the ends ---- */

int launch(struct broker *b, struct guest *g, const int *files, struct err *e)
{
    (void) b, (void) files, (void) e;
    g->state = g->id[0] == 'e' ? GUEST_ENDED : GUEST_RUNNING;
    return 0;
}

int zygote_fork(struct zygote *z, const struct zygote_wish *wish, struct launched *out,
                struct err *e)
{
    (void) z, (void) wish, (void) out;
    return err_set(e, -EAGAIN, "no process while fuzzing");
}

int launch_admit(struct broker *b, const char *id, int socket, struct err *e)
{
    (void) b, (void) id, (void) socket, (void) e;
    return 0;
}

int lifecycle_watch(struct broker *b, struct guest *g, struct err *e)
{
    (void) e;
    HASH_ADD_KEYPTR(hh, b->guests, g->id, strlen(g->id), g);
    return 0;
}

int lifecycle_remove(struct broker *b, struct guest *g, const struct request *r, struct err *e)
{
    (void) r, (void) e;
    HASH_DEL(b->guests, g);
    guest_free(g);
    return 0;
}

void lifecycle_finish_removals(struct broker *b)
{
    (void) b;
}

void broker_answer(struct broker *b, const struct connection *to, uint64_t tag, json_t *json)
{
    (void) b, (void) to, (void) tag;
    json_decref(json);
}

char *broker_socket(void)
{
    return strdup("/nowhere");
}

void broker_let_go(struct broker *b)
{
    (void) b;
}

int successor_start(const char *name, const struct heritage *h, bool exit_idle, pid_t *pid,
                    struct err *e)
{
    (void) name, (void) h, (void) exit_idle, (void) pid;
    return err_set(e, -EAGAIN, "no process while fuzzing");
}

int net_bridge_create(const struct net_bridge *b, struct err *e)
{
    (void) b, (void) e;
    return 0;
}

int net_bridge_remove(const char *name, struct err *e)
{
    (void) name, (void) e;
    return 0;
}

int net_rules_replace(const char *project, const struct net_table *t, struct err *e)
{
    (void) project, (void) t, (void) e;
    return 0;
}

int publish_judge(struct broker *b, struct guest *g, struct err *e)
{
    (void) b, (void) g, (void) e;
    return 0;
}

int publish_take(struct broker *b, struct guest *g, struct err *e)
{
    (void) b, (void) g, (void) e;
    return 0;
}

int leftovers(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    (void) b, (void) r, (void) a, (void) e;
    return 0;
}

json_t *publish_shut(const struct guest *g)
{
    (void) g;
    return json_array();
}

int net_forwarding_on(bool ipv4, bool ipv6, struct err *e)
{
    (void) ipv4, (void) ipv6, (void) e;
    return 0;
}

void net_forwarding_restore(void)
{
}

static int group_stats(const char *id, struct cgroup_stats *out)
{
    (void) id;
    *out = (struct cgroup_stats){ .pids = 1 };
    return 0;
}

static int group_ok(const char *id)
{
    (void) id;
    return 0;
}

static int group_freeze(const char *id, bool frozen)
{
    (void) frozen;
    return id[0] == 'f' ? -ENOTSUP : 0;
}

static int group_update(const char *id, const struct spec_limits *was,
                        const struct spec_limits *now, struct err *e)
{
    (void) was;
    return id[0] == 'f' && now->pids ? err_set(e, -EIO, "no such group") : 0;
}

static bool group_is_frozen(const char *id)
{
    return id[0] == 'f';
}

static const struct cgroup_ops groups = { .name = "v1",
                                          .open = group_ok,
                                          .stats = group_stats,
                                          .kill = group_ok,
                                          .freeze = group_freeze,
                                          .update = group_update,
                                          .is_frozen = group_is_frozen,
                                          .destroy = group_ok };

/* ---- the target ---- */

/* a place for the records of networks, which the broker writes by itself */
static char house[] = "/tmp/ipam-fuzz.XXXXXX", networks[64];

static void remove_house(void)
{
    auto_dir dir = opendir(networks);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
    (void) rmdir(networks);
    (void) rmdir(house);
}

static void make_house(void)
{
    if (networks[0])
        return;
    if (!mkdtemp(house) || setenv("IPAM_ORCH_RUN_DIR", house, 1) < 0 ||
        setenv("IPAM_ORCH_CONF_DIR", house, 1) < 0)
        abort();
    (void) snprintf(networks, sizeof networks, "%s/networks", house);
    if (mkdir(networks, 0700) < 0 || atexit(remove_house) != 0)
        abort();
}

static void run_frame(struct broker *b, const char *frame, size_t len)
{
    struct request r = { .n_fds = 0 };
    struct answer a = { 0 };
    struct err e = ERR_INIT;

    memset(r.fds, -1, sizeof r.fds);
    r.fields = json_loadb(frame, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(r.fields) && requests_run(b, &r, &a, &e) < 0 && e.msg[0] == '\0')
        abort(); /* a refusal without a reason */
    json_decref(a.fields);
    json_decref(r.fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct broker b = { .cgroup = &groups };
    const char *at = (const char *) data, *end = at + size;
    struct guest *g, *next;

    make_house();
    if (permit_load(&b.permit, NULL) < 0)
        abort();
    log_set_level(LOG_ERROR);
    while (at < end) {
        const char *line = memchr(at, '\n', (size_t) (end - at));
        size_t len = (size_t) ((line ? line : end) - at);

        run_frame(&b, at, len < LIMIT_SANDBOX_PACKET ? len : LIMIT_SANDBOX_PACKET);
        at += len + 1;
    }
    join_close(&b);
    HASH_ITER (hh, b.guests, g, next) {
        HASH_DEL(b.guests, g);
        guest_free(g);
    }
    network_forget(&b);
    permit_free(b.permit);
    return 0;
}
