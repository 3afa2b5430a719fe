/* Is every service well, by itself and as the kernel has it (R9.1)? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/member.h"
#include "verify/verify_impl.h"

/* A life so long says that whatever restarted it is over. */
#define SETTLED_US (600 * USEC_PER_SEC)

static uint64_t number(const json_t *one, const char *key)
{
    return (uint64_t) json_integer_value(json_object_get(one, key));
}

static json_t *services(const struct verify *v)
{
    return json_object_get(v->status, "services");
}

/* ---- asked afresh ---- */

void verify_service_probe(struct verify *v)
{
    json_t *answers = NULL, *one;
    struct err e = ERR_INIT;
    size_t i;

    json_array_foreach (services(v), i, one)
        if (!verify_is_running(one) && strcmp(member_text(one, "state"), "done") != 0) {
            bool resting = v->request->quick && strcmp(member_text(one, "state"), "down") == 0;

            verify_say(v, resting ? VERIFY_SKIP : VERIFY_FAIL, member_text(one, "name"),
                       "it is %s%s%s", member_text(one, "state"),
                       member_text(one, "last_exit")[0] ? ": " : "", member_text(one, "last_exit"));
            verify_next(v, "ipam-orch why %s", member_text(one, "service"));
        }
    if (!verify_any_runs(v))
        return;
    if (verify_inquire(v, "probe", &answers, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    json_array_foreach (answers, i, one) {
        const char *kind = member_text(one, "kind"), *name = member_text(one, "name");
        double ms = (double) number(one, "took_us") / 1000;

        if (!json_is_true(json_object_get(one, "ok"))) {
            verify_say(v, VERIFY_FAIL, name, "%s: %.*s", kind,
                       (int) strcspn(member_text(one, "output"), "\n"),
                       member_text(one, "output")[0] ? member_text(one, "output")
                                                     : "the check fails");
            verify_next(v, "ipam-orch logs %s", member_text(one, "service"));
        } else if (strcmp(kind, "none") == 0) {
            verify_say(v, VERIFY_OK, name, "it runs; it has no health check");
        } else {
            verify_say(v, VERIFY_OK, name, "%s: healthy", kind);
            verify_detail(v, "in %.1f ms", ms);
        }
    }
    json_decref(answers);
}

void verify_service_restarts(struct verify *v)
{
    uint64_t now = clock_wall_us();
    const json_t *one;
    size_t i;

    json_array_foreach (services(v), i, one) {
        const char *name = member_text(one, "name"), *end = member_text(one, "last_exit");
        int n = (int) number(one, "restarts");
        uint64_t since = number(one, "since_us"), age = now > since ? now - since : 0;

        if (!verify_is_running(one))
            continue;
        if (n == 0) {
            verify_say(v, VERIFY_OK, name, "none since its start");
            continue;
        }
        verify_say(v, age < SETTLED_US ? VERIFY_FAIL : VERIFY_WARN, name,
                   "restarted %d times, the last time %.0f s ago%s%s", n, (double) age / 1e6,
                   end[0] ? ": it " : "", end);
        verify_next(v, "ipam-orch why --last-failure %s", member_text(one, "service"));
    }
}

/* ---- what the kernel has ---- */

/* "" if the kernel has what was asked for */
static void compare_limits(const json_t *stats, const struct limits *l, char *out, size_t room)
{
    uint64_t memory = number(stats, "memory_limit"), pids = number(stats, "pids_limit");

    out[0] = '\0';
    if (l->memory != memory)
        (void) snprintf(out, room, "memory: %" PRIu64 " bytes, the file says %" PRIu64, memory,
                        l->memory);
    if (l->pids != pids)
        (void) snprintf(out + strlen(out), room - strlen(out),
                        "%sprocesses: %" PRIu64 ", the file says %" PRIu64, out[0] ? "; " : "",
                        pids, l->pids);
}

/* somebody has changed them with `limits set`, which holds until the next start */
static bool are_changed(const json_t *limits, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach (limits, i, one)
        if (strcmp(member_text(one, "name"), name) == 0)
            return !json_equal(json_object_get(json_object_get(one, "limits"), "memory"),
                               json_object_get(json_object_get(one, "wanted"), "memory")) ||
                   !json_equal(json_object_get(json_object_get(one, "limits"), "pids"),
                               json_object_get(json_object_get(one, "wanted"), "pids"));
    return false;
}

void verify_service_limits(struct verify *v)
{
    json_t *stats = NULL, *limits = NULL, *one;
    struct err e = ERR_INIT;
    char what[256];
    size_t i;

    if (!verify_any_runs(v))
        return;
    if (verify_inquire(v, "stats", &stats, &e) < 0 || verify_inquire(v, "limits", &limits, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    json_array_foreach (stats, i, one) {
        const struct unit *u = project_unit(v->project, member_text(one, "service"));
        const char *name = member_text(one, "name");

        if (!u)
            continue;
        compare_limits(one, &u->limits, what, sizeof what);
        if (!what[0]) {
            verify_say(v, VERIFY_OK, name, "memory %" PRIu64 " MiB, processes %" PRIu64,
                       u->limits.memory / 1024 / 1024, u->limits.pids);
            continue;
        }
        if (are_changed(limits, name))
            verify_say(v, VERIFY_WARN, name, "%s (changed while it runs)", what);
        else
            verify_say(v, VERIFY_FAIL, name, "%s", what);
        verify_next(v, "ipam-orch restart %s", u->name);
    }
    json_decref(stats);
    json_decref(limits);
}
