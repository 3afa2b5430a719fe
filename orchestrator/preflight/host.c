/* Clock, entropy, names, users. */
#include <limits.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/auto.h"
#include "preflight/preflight.h"
#include "preflight/program.h"

enum { LOOKUP_MS = 3000 };

static void check_clock(struct findings *out)
{
    struct timex t = { 0 };
    bool synchronous = adjtimex(&t) != TIME_ERROR;
    struct finding *f = findings_add(out, synchronous ? FINDING_OK : FINDING_WARN, "host.clock");

    finding_measured(f, synchronous ? "synchronised" : "not synchronised");
    finding_required(f, "synchronised: certificates and logs go by it");
    if (!synchronous)
        finding_remedy(f, "enable systemd-timesyncd or chrony");
}

static void check_entropy(struct findings *out)
{
    unsigned char byte;
    bool ready = getrandom(&byte, 1, GRND_NONBLOCK) == 1;
    struct finding *f = findings_add(out, ready ? FINDING_OK : FINDING_FAIL, "host.entropy");

    finding_measured(f, ready ? "the generator is ready" : "the generator is not ready");
    finding_required(f, "ready: secrets come from it");
    if (!ready)
        finding_remedy(f, "wait, or install rng-tools");
}

static bool resolves(const char *name)
{
    const char *const argv[] = { "getent", "ahosts", name, NULL };

    return program_ask(argv, LOOKUP_MS, NULL) == 0;
}

static void check_names(struct findings *out)
{
    char host[HOST_NAME_MAX + 1] = "localhost";
    bool own, local = resolves("localhost");
    struct finding *f;

    (void) gethostname(host, sizeof host - 1);
    own = resolves(host);
    f = findings_add(out, own && local ? FINDING_OK : FINDING_WARN, "host.names");
    finding_measured(f, "%s %s", local ? host : "localhost",
                     own && local ? "has an address" : "has no address within 3 s");
    finding_required(f, "localhost and the host's own name have addresses");
    if (!own || !local)
        finding_remedy(f, "add the name to /etc/hosts, or look at /etc/resolv.conf");
}

void preflight_host(const struct preflight *in, struct findings *out)
{
    (void) in;
    check_clock(out);
    check_entropy(out);
    check_names(out);
}

void preflight_users(const struct preflight *in, struct findings *out)
{
    static const char *const users[] = { "ipam-orch", "ipam-worker" };

    for (size_t i = 0; !in->compose && i < ARRAY_LEN(users); i++) {
        bool there = getpwnam(users[i]) != NULL;
        struct finding *f =
            findings_add(out, there ? FINDING_OK : FINDING_FAIL, "user.%s", users[i]);

        finding_measured(f, there ? "exists" : "does not exist");
        finding_required(f, "exists: what is no root runs as it");
        if (!there)
            finding_remedy(f, "useradd --system --user-group --no-create-home %s", users[i]);
    }
}
