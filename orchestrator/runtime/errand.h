/* errand.h -- commands of ipam-orch that the supervisor sends off: begun, awaited, found again.
 * Each is a process `ipam-orch errand`, which keeps the output, the deadline and the end in a file
 * (cli/cmd_errand.c): whoever is supervisor then reads it there.
 * Runs in: supervisor.  Owns: what watches them; the processes go on without us. */
#ifndef IPAM_RUNTIME_ERRAND_H
#define IPAM_RUNTIME_ERRAND_H

#include <systemd/sd-event.h>

#include "runtime/runtime.h"

struct errand;

struct errands {
    sd_event *loop;
    const struct runtime_listener *to;
    struct errand *list;
};

/* see runtime.h */
int errand_begin(struct errands *all, struct runtime_errand *x, uint64_t tag, struct err *e);
void errand_forget(struct errands *all);

#endif
