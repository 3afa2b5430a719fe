/* store.h -- what survives a restart of the supervisor and of the machine.
 * Runs in: supervisor.  Owns: DIR/PROJECT/{project,next,state}.json, mode 0600 (a project holds
 * secrets). Files are replaced atomically: a crash leaves the old or the new one. */
#ifndef IPAM_ENGINE_STORE_H
#define IPAM_ENGINE_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "engine/deployment.h"

int store_save_project(const char *dir, const struct project *p, struct err *e);
/* the definition that one of its services is about to have, see rollout.h */
int store_save_next(const char *dir, const struct project *p, struct err *e);
int store_load_next(const char *dir, const char *project, struct project **out, struct err *e);
void store_remove_next(const char *dir, const char *project); /* absent is fine */
/* `durable`: also a machine that stops at once has it then. */
int store_save_state(const char *dir, const struct deployment *d, bool durable, struct err *e);
/* With everything that is in its folder, for good: it does not come back with a machine that
 * stopped at once. */
int store_remove(const char *dir, const char *project, struct err *e);
struct store_reader {
    void *owner;
    /* a saved project (taken) and its state (borrowed, NULL if there is none or it cannot be read)
     */
    void (*each)(void *owner, struct project *p, json_t *state);
    /* one that cannot be read; its files stay as they are */
    void (*unreadable)(void *owner, const char *project, const struct err *why);
};

/* Half-written files and half-removed projects go. */
int store_load(const char *dir, const struct store_reader *to, struct err *e);

#endif
