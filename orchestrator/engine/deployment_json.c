#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/deployment.h"
#include "engine/rollout.h"
#include "model/member.h"

/* who asks before the broker has told anything is to see them too */
static json_t *ports_to_json(const struct instance *i)
{
    json_t *ports = json_array();

    for (size_t n = 0; n < i->n_ports; n++)
        (void) json_array_append_new(ports, json_integer(i->ports[n]));
    return ports;
}

static void ports_from_json(struct instance *i, const json_t *json)
{
    size_t n = json_array_size(json);
    auto_free uint16_t *ports = calloc(n + 1, sizeof *ports);

    if (!ports)
        abort();
    for (size_t k = 0; k < n; k++)
        ports[k] = (uint16_t) json_integer_value(json_array_get(json, k));
    deployment_keep_ports(i, ports, n);
}

static json_t *instance_to_json(const struct instance *i)
{
    json_t *json = json_pack(
        "{s:s,s:s,s:i,s:s,s:b,s:i,s:i,s:i,s:s,s:i,s:I,s:I,s:b,s:i,s:i,s:b,s:s}", "service", i->name,
        "id", i->id, "incarnation", (int) i->incarnation, "state", state_text[i->state], "run",
        i->want == WANT_RUN, "restarts", (int) i->restarts, "streak", (int) i->crash_streak, "pid",
        i->pid, "digest", i->digest, "stop_signal", i->stop_signal, "stop_grace_us",
        (json_int_t) i->stop_grace_us, "since_us", (json_int_t) i->since_wall_us, "ended",
        i->has_last, "last_code", i->last.code, "last_signal", i->last.signal, "last_oom",
        i->last.oom, "lodges", i->lodges[SHARED_NETWORK]);

    (void) json_object_set_new(json, "lodges_ipc", json_string(i->lodges[SHARED_IPC]));
    (void) json_object_set_new(json, "lodges_pid", json_string(i->lodges[SHARED_PID]));
    (void) json_object_set_new(json, "ports", ports_to_json(i));
    (void) json_object_set_new(json, "index", json_integer(i->index));
    (void) json_object_set_new(json, "release", json_string(i->release));
    (void) json_object_set_new(json, "part", json_integer(i->part));
    (void) json_object_set_new(json, "slot", json_integer(i->slot));
    (void) json_object_set_new(json, "spent", json_integer(i->spent));
    (void) json_object_set_new(json, "roll", json_string(roll_text[i->rolling.roll]));
    (void) json_object_set_new(json, "next",
                               json_boolean(deployment_project_of(i) != i->in->project));
    (void) json_object_set_new(json, "was_ready", json_boolean(i->ready_seen));
    /* what runs once is forgotten with this supervisor, and its names have to be */
    (void) json_object_set_new(json, "named",
                               json_boolean(i->names == i->in->names && !i->in->names_pass));
    (void) json_object_set_new(json, "last_memory_limit",
                               json_integer((json_int_t) i->last.memory_limit));
    return json;
}

static json_t *cidr_to_json(const struct cidr *c)
{
    char text[CIDR_TEXT];

    cidr_format(c, text);
    return json_string(text);
}

static json_t *lease_to_json(const struct lease *l)
{
    json_t *places = json_object();

    for (size_t i = 0; i < l->n_places; i++)
        (void) json_object_set_new(
            places, l->places[i].who,
            json_pack("[o,o]", cidr_to_json(&l->places[i].ipv4), cidr_to_json(&l->places[i].ipv6)));
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "definition", l->definition, "bridge", l->bridge,
                     "ipv4", cidr_to_json(&l->ipv4), "ipv6", cidr_to_json(&l->ipv6), "places",
                     places);
}

json_t *deployment_end_to_json(const struct exit_info *x)
{
    return json_pack("{s:i,s:i,s:i,s:s,s:b,s:I}", "code", x->code, "signal", x->signal, "errno",
                     x->error, "stage", x->stage, "oom", x->oom, "memory_limit",
                     (json_int_t) x->memory_limit);
}

json_t *deployment_to_json(const struct deployment *d)
{
    json_t *instances = json_array(), *leases = json_object();

    for (size_t i = 0; i < d->n_all; i++)
        (void) json_array_append_new(instances, instance_to_json(d->instances[i]));
    for (size_t i = 0; i < d->n_leases; i++)
        (void) json_object_set_new(leases, d->leases[i].key, lease_to_json(&d->leases[i]));
    return json_pack("{s:i,s:o*,s:b,s:b,s:b,s:o,s:o}", "schema", 1, "rollout", rollout_to_json(d),
                     "leaving", d->leaving, "volumes_too", d->leaving_with_volumes, "for_good",
                     d->leaving_for_good, "instances", instances, "networks", leases);
}

static enum roll roll_from_json(const json_t *json)
{
    const char *word = json_string_value(json);
    enum roll k = ROLL_NONE;

    while (word && k < ROLL_COUNT && strcmp(roll_text[k], word) != 0)
        k++;
    return k == ROLL_COUNT ? ROLL_NONE : k;
}

static unsigned number(const json_t *json, const char *key)
{
    return (unsigned) json_integer_value(json_object_get(json, key));
}

/* what it was while its service was being replaced; NULL: it is over with that */
static struct instance *part_from_json(struct instance *i, const json_t *json)
{
    struct deployment *d = i->in;
    bool next = json_is_true(json_object_get(json, "next"));
    enum part part = (enum part) number(json, "part");

    if (part != PART_REGULAR && !d->rollout)
        return NULL;
    if (part != PART_REGULAR)
        i = deployment_add_beside(i);
    if (part == PART_LEAVING) {
        deployment_leave(i);
        i->rolling.drains = true;
    }
    /* the next definition became the present one, and then the power failed */
    next = next && d->rollout;
    i->unit = project_unit(next ? d->rollout->next : d->project, i->name);
    i->slot = number(json, "slot");
    i->spent = number(json, "spent");
    i->rolling.roll = d->rollout ? roll_from_json(json_object_get(json, "roll")) : ROLL_NONE;
    return i;
}

static int instance_from_json(struct deployment *d, json_t *json, struct err *e)
{
    const char *name, *id, *state, *digest, *lodges;
    int incarnation, run, restarts, streak, pid, stop_signal, ended, code, signal, oom;
    json_int_t grace, since, memory_limit;
    json_error_t where;
    const json_t *index;
    struct instance *i;

    if (json_unpack_ex(json, &where, 0,
                       "{s:s,s:s,s:i,s:s,s:b,s:i,s:i,s:i,s:s,s:i,s:I,s:I,s:b,s:i,s:i,s:b,s:s}",
                       "service", &name, "id", &id, "incarnation", &incarnation, "state", &state,
                       "run", &run, "restarts", &restarts, "streak", &streak, "pid", &pid, "digest",
                       &digest, "stop_signal", &stop_signal, "stop_grace_us", &grace, "since_us",
                       &since, "ended", &ended, "last_code", &code, "last_signal", &signal,
                       "last_oom", &oom, "lodges", &lodges) < 0)
        return err_set(e, -EINVAL, "saved instance: %s", where.text);
    memory_limit = json_integer_value(json_object_get(json, "last_memory_limit"));
    index = json_object_get(json, "index");
    i = deployment_replica(d, name, index ? (unsigned) json_integer_value(index) : 1);
    if (i)
        i = part_from_json(i, json);
    if (!i || state_from_text(state) < 0)
        return 0; /* a service of an older project; the broker's list tells about leftovers */
    (void) snprintf(i->id, sizeof i->id, "%s", id);
    (void) snprintf(i->digest, sizeof i->digest, "%s", digest);
    (void) snprintf(i->lodges[SHARED_NETWORK], INSTANCE_ID, "%s", lodges);
    lodges = json_string_value(json_object_get(json, "lodges_ipc"));
    (void) snprintf(i->lodges[SHARED_IPC], INSTANCE_ID, "%s", lodges ? lodges : "");
    lodges = json_string_value(json_object_get(json, "lodges_pid"));
    (void) snprintf(i->lodges[SHARED_PID], INSTANCE_ID, "%s", lodges ? lodges : "");
    (void) snprintf(i->release, sizeof i->release, "%s", member_text(json, "release"));
    i->incarnation = (unsigned) incarnation;
    i->names = json_is_false(json_object_get(json, "named")) ? 0 : d->names;
    i->state = (enum state) state_from_text(state);
    ports_from_json(i, json_object_get(json, "ports"));
    i->ready_seen = json_is_true(json_object_get(json, "was_ready"));
    i->want = run ? WANT_RUN : WANT_REST;
    i->restarts = (unsigned) restarts;
    i->crash_streak = (unsigned) streak;
    i->pid = pid;
    i->stop_signal = stop_signal;
    i->stop_grace_us = (uint64_t) grace;
    if (i->rolling.drains) /* nobody knows how much of it was left */
        i->rolling.until_us = timers_now(d->timers) + i->stop_grace_us;
    i->since_wall_us = (uint64_t) since;
    i->has_last = ended;
    i->last = (struct exit_info){
        .code = code, .signal = signal, .oom = oom, .memory_limit = (uint64_t) memory_limit
    };
    return 0;
}

/* "" is no address; what is no text of ours is none either */
static struct cidr cidr_from_json(const json_t *json)
{
    const char *text = json_string_value(json);
    struct cidr c = { 0 };

    if (text)
        (void) cidr_parse(text, &c);
    return c;
}

static int lease_from_json(struct deployment *d, const char *key, json_t *json, struct err *e)
{
    const char *definition, *bridge, *who;
    json_t *ipv4, *ipv6, *places, *item;
    json_error_t where;
    struct lease *l;

    if (json_unpack_ex(json, &where, 0, "{s:s,s:s,s:o,s:o,s:o}", "definition", &definition,
                       "bridge", &bridge, "ipv4", &ipv4, "ipv6", &ipv6, "places", &places) < 0)
        return err_set(e, -EINVAL, "saved network: %s", where.text);
    d->leases = reallocarray(d->leases, d->n_leases + 1, sizeof *d->leases);
    if (!d->leases)
        abort();
    l = &d->leases[d->n_leases++];
    *l = (struct lease){ .key = strdup(key),
                         .definition = strdup(definition),
                         .ipv4 = cidr_from_json(ipv4),
                         .ipv6 = cidr_from_json(ipv6),
                         .places = calloc(json_object_size(places) + 1, sizeof *l->places) };
    if (!l->key || !l->definition || !l->places)
        abort();
    (void) snprintf(l->bridge, sizeof l->bridge, "%s", bridge);
    json_object_foreach (places, who, item) {
        l->places[l->n_places++] =
            (struct place){ .who = strdup(who),
                            .ipv4 = cidr_from_json(json_array_get(item, 0)),
                            .ipv6 = cidr_from_json(json_array_get(item, 1)) };
    }
    return 0;
}

int deployment_from_json(struct deployment *d, const json_t *json, struct err *e)
{
    json_t *instances, *leases, *item;
    const char *key;
    size_t n;
    int leaving = 0, volumes_too = 0, for_good = 0, result = 0;

    if (json_unpack((json_t *) (size_t) json, "{s:b,s?b,s?b,s:o,s:o}", "leaving", &leaving,
                    "volumes_too", &volumes_too, "for_good", &for_good, "instances", &instances,
                    "networks", &leases) < 0)
        return err_set(e, -EINVAL, "saved state is not of this version");
    d->leaving = leaving;
    d->leaving_with_volumes = volumes_too;
    d->leaving_for_good = for_good;
    json_object_foreach (leases, key, item) {
        int r = lease_from_json(d, key, item, e);

        result = r < 0 ? r : result;
    }
    json_array_foreach (instances, n, item) {
        int r = instance_from_json(d, item, e);

        result = r < 0 ? r : result;
    }
    return result;
}
