/* probe.h -- what is asked of a running unit, how often, and how many wrong answers count.
 * Runs in: CLI (makes it), supervisor (asks), tests.  Owns: nothing; part of a project, whose rules
 * for strings hold.
 * Source of the times and their defaults: compose-spec, `healthcheck`. */
#ifndef IPAM_MODEL_PROBE_H
#define IPAM_MODEL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum probe_kind {
    PROBE_NONE,   /* no health check: ready when started */
    PROBE_EXEC,   /* argv inside the sandbox as the service user */
    PROBE_HTTP,   /* url; any other worker probe runs in the unit's network namespace */
    PROBE_TCP,    /* host, port */
    PROBE_MYSQL,  /* host, port, user, password, database: login and `select 1` */
    PROBE_REDIS,  /* host, port, user, password: AUTH, PING, not loading */
    PROBE_UNIX,   /* path: a stream socket inside the sandbox accepts the service's user */
    PROBE_TLS,    /* host, port, server_name, days, ca, insecure: the certificate it shows */
    PROBE_LOG,    /* pattern: nobody is asked, a line of its output says that it is ready */
    PROBE_NOTIFY, /* nobody is asked, it says so itself: sd_notify(3) */
    PROBE_KIND_COUNT
};

struct probe {
    enum probe_kind kind;
    const char *const *argv; /* PROBE_EXEC */
    const char *url;         /* PROBE_HTTP */
    bool insecure;           /* HTTP, TLS: accept any certificate */
    const char *host;        /* TCP, MYSQL, REDIS, TLS */
    uint16_t port;
    const char *user, *database; /* "" if none */
    const char *password_secret; /* name in project.secrets, "" if none */
    const char *path;            /* PROBE_UNIX */
    const char *server_name;     /* PROBE_TLS: whose certificate it must be, "" = host */
    const char *ca_secret;       /* PROBE_TLS: who may have signed it, "" = whom the host trusts */
    const char *pattern;         /* PROBE_LOG: base/pattern.h */
    uint64_t watchdog_us;        /* PROBE_NOTIFY: sick if it says nothing for so long, 0 = never */
    unsigned days;               /* PROBE_TLS: that it must be valid for */
};

/* without any text; no member may be NULL but argv */
#define PROBE_BLANK                                                                                \
    {                                                                                              \
        .url = "", .host = "", .user = "", .database = "", .password_secret = "", .path = "",      \
        .server_name = "", .ca_secret = "", .pattern = ""                                          \
    }

struct health_spec {
    struct probe probe;
    uint64_t interval_us, timeout_us, start_period_us, start_interval_us;
    unsigned retries;
};

extern const char *const probe_kind_text[PROBE_KIND_COUNT]; /* none, exec, http, ... */

#endif
