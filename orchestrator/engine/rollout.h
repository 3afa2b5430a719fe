/* rollout.h -- the instances of one service replaced by those of another definition of it, as its
 * update or rollback section says: so many at a time, the next one beside the present one or after
 * it, watched for a while, with an end to it when too many fail.
 * Runs in: supervisor.  Part of a deployment, like its operation; it outlives a supervisor.
 * Owns: the next definition, until it is the deployment's.
 *
 * What is beside an instance is no instance of the service yet or any more: names, dependencies and
 * commands mean the regular one.  The next one takes its place when it is ready: published ports
 * first, then names, then those who depend on it are told to reload.  What leaves is stopped when
 * nobody has a connection to it and no process that was there before the reload is left, at the
 * latest after its grace period. */
#ifndef IPAM_ENGINE_ROLLOUT_H
#define IPAM_ENGINE_ROLLOUT_H

#include "engine/supervisor.h"

struct rollout {
    struct project *next;
    char *service;
    bool back;       /* the rollback section holds */
    bool giving_up;  /* too many have failed: what is on its way ends */
    bool in_group;   /* some were begun, and then comes the delay */
    unsigned failed; /* instances */
    uint64_t pause_until_us;
    struct timer timer; /* when to look again */
};

/* Begins to replace the service by its definition in `next` (taken).  -ENOTSUP (ERR_MISSING) when
 * more than the service would have to change.  `canaries`: so many of its instances only, the
 * others stay what they are until it is asked for again; 0 = all. */
int rollout_begin(struct deployment *d, struct project *next, const char *service, bool back,
                  unsigned canaries, struct err *e);
/* one that a supervisor before this one had begun; `next` is taken */
void rollout_resume(struct deployment *d, struct project *next, const json_t *saved);
json_t *rollout_to_json(const struct deployment *d); /* NULL: there is none */
/* it is what somebody asks for now */
bool rollout_is_same(const struct deployment *d, const struct project *next, const char *service,
                     bool back);
/* Goes on with what can go on; true when something changed. */
bool rollout_advance(struct deployment *d);
/* true when the tag belonged to one */
bool rollout_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a);
/* The time for getting ready is over. */
void rollout_expire(struct deployment *d);
/* one of those beside is about to be forgotten */
void rollout_forget(struct instance *i);
/* before the deployment ends */
void rollout_free(struct deployment *d);

#endif
