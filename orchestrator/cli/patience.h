/* patience.h -- how long a verb that changes services waits: for them to be ready, and for them to
 * end by themselves.  Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_CLI_PATIENCE_H
#define IPAM_CLI_PATIENCE_H

#include <argp.h>
#include <jansson.h>
#include <stdint.h>

struct patience {
    const char *ready, *grace; /* as given, NULL = the files decide */
    uint64_t ready_us, grace_us;
};

enum { PATIENCE_READY = 1024 };

/* rows of an argp table */
#define PATIENCE_READY_OPTION                                                                      \
    {                                                                                              \
        "wait-timeout", PATIENCE_READY, "TIME", 0,                                                 \
            "seconds, or 1m30s, after which what is not ready has failed", 0                       \
    }
#define PATIENCE_GRACE_OPTION                                                                      \
    {                                                                                              \
        "timeout", 't', "TIME", 0, "seconds, or 1m30s, between the stop signal and the kill", 0    \
    }

/* seconds, or 1m30s; ends the program with anything else */
uint64_t patience_time(const char *arg, struct argp_state *state);
/* ARGP_ERR_UNKNOWN when the key is another one; ends the program with a wrong argument */
error_t patience_parse(struct patience *p, int key, const char *arg, struct argp_state *state);
/* into a `begin` of control/proto.h */
void patience_tell(const struct patience *p, json_t *message);

#endif
