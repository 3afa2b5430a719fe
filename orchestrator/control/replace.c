#include "control/replace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/upkeep.h"

#define SUPERVISOR "ipam-orchd"
#define BROKER     "ipam-sandboxd"

struct replacement {
    struct replacement_config config;
    sd_event_source *turn;
    void *client; /* NULL: nobody asks */
    bool broker;  /* it is the one to be replaced */
    bool asked;   /* and has been told so */
    char told[256];
};

static void on_broker_done(void *owner, const struct runtime_answer *how)
{
    struct replacement *r = owner;
    void *client = r->client;
    struct err e = ERR_INIT;

    r->client = NULL;
    if (!client)
        return;
    if (how->ok) {
        r->config.say(
            client, json_pack("{s:b,s:O}", "done", 1, "pid", json_object_get(how->fields, "pid")));
        return;
    }
    (void) err_set(&e, how->error > 0 ? -how->error : -EIO, "%s", how->output);
    r->config.say_error(client, &e);
}

static void replace_broker(struct replacement *r)
{
    struct exec_watcher watcher = { .owner = r, .done = on_broker_done };
    struct err e = ERR_INIT;

    r->asked = true;
    if (supervisor_ask_runtime(r->config.supervisor, "reexec", NULL, &watcher, &e) == 0)
        return;
    r->config.say_error(r->client, &e);
    r->client = NULL;
}

/* does not return: one of the two programs goes on */
static void replace_supervisor(struct replacement *r)
{
    struct heritage h = r->config.heritage;
    struct err e = ERR_INIT;
    pid_t pid = 0;

    supervisor_save(r->config.supervisor);
    r->config.hand_over(r->config.owner, r->client, &h);
    if (successor_start(SUPERVISOR, &h, r->config.exit_idle, &pid, &e) == 0) {
        log_line(LOG_NOTE, "replaced by process %d", (int) pid);
        r->config.say(r->client, json_pack("{s:b,s:i}", "done", 1, "pid", (int) pid));
        successor_leave();
    }
    log_err(&e, "staying what this is");
    r->config.say_error(r->client, &e);
    successor_come_back(SUPERVISOR, &h, r->config.socket, r->config.exit_idle);
}

/* after whatever else happened */
static int on_turn(sd_event_source *source, void *userdata)
{
    struct replacement *r = userdata;
    char why[sizeof r->told] = "";

    (void) source;
    if (!r->client || r->asked)
        return 0;
    if (supervisor_is_busy(r->config.supervisor, why, sizeof why)) {
        if (strcmp(why, r->told) != 0)
            r->config.say(r->client, json_pack("{s:s}", "waiting", why));
        memcpy(r->told, why, sizeof r->told);
    } else if (r->broker) {
        replace_broker(r);
    } else {
        replace_supervisor(r);
    }
    return 0;
}

int replacement_new(const struct replacement_config *config, struct replacement **out,
                    struct err *e)
{
    struct replacement *r = calloc(1, sizeof *r);
    int code;

    if (!r)
        abort();
    r->config = *config;
    code = sd_event_add_post(config->loop, &r->turn, on_turn, r);
    if (code < 0) {
        replacement_free(r);
        return err_set(e, code, "event loop: %s", strerror(-code));
    }
    *out = r;
    return 0;
}

void replacement_free(struct replacement *r)
{
    if (!r)
        return;
    sd_event_source_disable_unref(r->turn);
    free(r);
}

int replacement_ask(struct replacement *r, const char *program, void *client, struct err *e)
{
    bool broker = strcmp(program, BROKER) == 0;

    if (!broker && strcmp(program, SUPERVISOR) != 0)
        return err_set(e, -EINVAL, "request: there is no program '%s'", program);
    if (r->client) {
        err_set(e, -EBUSY, "a program is being replaced already");
        return err_classify(e, ERR_LOCKED);
    }
    r->client = client;
    r->broker = broker;
    r->asked = false;
    r->told[0] = '\0';
    return 0;
}

void replacement_forget(struct replacement *r, const void *client)
{
    if (r && r->client == client)
        r->client = NULL;
}
