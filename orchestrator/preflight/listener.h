/* listener.h -- who has a port of the host.
 * Runs in: CLI; without root the processes of others are not seen.  Owns: nothing.
 * Source: bind(2); proc(5), /proc/net/tcp; systemd's naming of control groups. */
#ifndef IPAM_PREFLIGHT_LISTENER_H
#define IPAM_PREFLIGHT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
    pid_t pid; /* 0: nobody that can be seen */
    char program[32];
    char unit[128]; /* of systemd, "" without one */
};

/* Would a bind to this address ("" = all) fail because another program has the port? */
bool listener_has(const char *address, uint16_t port, bool udp);
void listener_find(uint16_t port, bool udp, struct listener *out);
/* "redis-server (pid 12, unit redis-server.service, package redis-server 5:7.0.15-1)"; malloc'd */
char *listener_text(const struct listener *l);

#endif
