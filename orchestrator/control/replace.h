/* replace.h -- the programs of the manager replaced by those that are installed now, on request.
 * Runs in: supervisor.  Owns: the one request that waits for a quiet moment.
 * What runs is waited for (supervisor_is_busy), nothing of it is broken off; clients that only look
 * keep their connections.  The broker is replaced by its own doing, the supervisor here; either
 * comes back as it was if the new program does not get ready (base/successor.h). */
#ifndef IPAM_CONTROL_REPLACE_H
#define IPAM_CONTROL_REPLACE_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/successor.h"
#include "engine/supervisor.h"

struct replacement;

struct replacement_config {
    sd_event *loop;
    struct supervisor *supervisor;
    struct heritage heritage; /* without connections */
    const char *socket;       /* path of the listening one; outlives it */
    bool exit_idle;
    /* to the client that asked; `message` is taken */
    void (*say)(void *client, json_t *message);
    void (*say_error)(void *client, const struct err *e);
    /* the connections on which nobody waits for an answer, but that of `client` */
    void (*hand_over)(void *owner, const void *client, struct heritage *out);
    void *owner;
};

int replacement_new(const struct replacement_config *config, struct replacement **out,
                    struct err *e);
void replacement_free(struct replacement *r); /* accepts NULL */
/* `program` is ipam-orchd or ipam-sandboxd; -EBUSY (ERR_LOCKED) while another request waits.
 * {"waiting":what for} is said any number of times, {"done":true,"pid":N} in the end. */
int replacement_ask(struct replacement *r, const char *program, void *client, struct err *e);
/* The client went away: what waits for it is not done. */
void replacement_forget(struct replacement *r, const void *client); /* accepts NULL */

#endif
