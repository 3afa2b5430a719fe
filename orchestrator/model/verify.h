/* verify.h -- what of a project is worth verifying, beyond what holds for every service
 * (x-ipam-orch.verify), and where its maintenance page is switched (x-ipam-orch.maintenance).
 * Runs in: CLI (makes it, uses it), supervisor (keeps it), tests.  Owns: nothing; part of a
 * project, whose rules for strings hold: "" is what is not said, and then not verified. */
#ifndef IPAM_MODEL_VERIFY_H
#define IPAM_MODEL_VERIFY_H

#include <stdint.h>

struct verify_spec {
    const char *proxy;    /* the unit that people reach, and at which address they do */
    const char *url;      /* https://NAME[:PORT]/ */
    const char *frontend; /* the unit with the pages */
    const char *root;     /* id of the element the application lives in */
    const char *backend;  /* the unit with the API */
    uint16_t backend_port;
    const char *health, *openapi;         /* paths */
    const char *login, *logout, *account; /* path that gives a token, takes it; one that needs it */
    const char *user, *password_secret;   /* of a round trip with an account */
    uint64_t latency_us;                  /* that an answer may take */
    const char *cache;                    /* the unit with Redis */
    const char *cache_user, *cache_secret; /* the application's account there */
    const char *cache_keys;                /* what the names of its keys begin with */
};

struct maintenance_spec {
    const char *unit;      /* the proxy that shows the page */
    const char *directory; /* inside it, where page and switch are */
};

/* without any text; no member may be NULL */
#define VERIFY_BLANK                                                                               \
    {                                                                                              \
        .proxy = "", .url = "", .frontend = "", .root = "", .backend = "", .health = "",           \
        .openapi = "", .login = "", .logout = "", .account = "", .user = "",                       \
        .password_secret = "", .cache = "", .cache_user = "", .cache_secret = "", .cache_keys = "" \
    }
#define MAINTENANCE_BLANK                                                                          \
    {                                                                                              \
        .unit = "", .directory = ""                                                                \
    }

#endif
