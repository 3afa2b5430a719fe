/* A project as JSON text: its tables and its secrets. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"
#include "model/json_table.h"
#include "model/project.h"
#include "model/project_check.h"
#include "model/project_json.h"

static const struct json_member dep_members[] = {
    TEXT(dep, unit),
    ENUM(dep, condition, dep_condition_text, DEP_CONDITION_COUNT),
    PLAIN(dep, restart, T_BOOL),
    PLAIN(dep, required, T_BOOL),
};
static const struct json_kind dep_kind = KIND(dep, "dependency", dep_members);

static const struct json_member mount_members[] = {
    ENUM(mount, kind, mount_kind_text, MOUNT_KIND_COUNT),
    TEXT(mount, source),
    TEXT(mount, target),
    PLAIN(mount, read_only, T_BOOL),
    PLAIN(mount, noexec, T_BOOL),
    PLAIN(mount, size, T_U64),
    PLAIN(mount, mode, T_UINT),
    TEXT(mount, subpath),
    PLAIN(mount, external, T_BOOL),
    ENUM(mount, reach, mount_reach_text, MOUNT_REACH_COUNT),
    PLAIN(mount, follows, T_BOOL),
};
static const struct json_kind mount_kind = KIND(mount, "mount", mount_members);

static const struct json_member file_members[] = {
    TEXT(secret_file, secret),        TEXT(secret_file, target),
    PLAIN(secret_file, uid, T_U32),   PLAIN(secret_file, gid, T_U32),
    PLAIN(secret_file, mode, T_UINT),
};
static const struct json_kind file_kind = KIND(secret_file, "secret file", file_members);

static const struct json_member attachment_members[] = {
    TEXT(attachment, network),
    PLAIN(attachment, aliases, T_LIST),
    TEXT(attachment, ipv4),
    TEXT(attachment, ipv6),
    TEXT(attachment, mac),
    TEXT(attachment, interface),
    PLAIN(attachment, gw_priority, T_SIGNED),
};
static const struct json_kind attachment_kind =
    KIND(attachment, "network of a unit", attachment_members);

static const struct json_member link_members[] = { TEXT(unit_link, unit), TEXT(unit_link, name) };
static const struct json_kind link_kind = KIND(unit_link, "link", link_members);

static const struct json_member port_members[] = {
    TEXT(port, address),        PLAIN(port, published, T_U16), PLAIN(port, last, T_U16),
    PLAIN(port, target, T_U16), PLAIN(port, udp, T_BOOL),
};
static const struct json_kind port_kind = KIND(port, "port", port_members);

static const struct json_member keep_members[] = {
    PLAIN(log_keep, budget, T_U64),
    PLAIN(log_keep, max_age_us, T_U64),
};
static const struct json_kind keep_kind = KIND(log_keep, "logs", keep_members);

static const struct json_member forward_members[] = {
    TEXT(log_forward, driver), TEXT(log_forward, address),           TEXT(log_forward, format),
    TEXT(log_forward, tag),    PLAIN(log_forward, facility, T_UINT),
};
static const struct json_kind forward_kind = KIND(log_forward, "log driver", forward_members);

static const struct json_member limits_members[] = {
    PLAIN(limits, memory, T_U64),
    PLAIN(limits, milli_cpus, T_U64),
    PLAIN(limits, pids, T_U64),
    PLAIN(limits, memory_low, T_U64),
    PLAIN(limits, memory_swap, T_U64),
    PLAIN(limits, cpu_shares, T_U64),
    PLAIN(limits, cpu_quota_us, T_U64),
    PLAIN(limits, cpu_period_us, T_U64),
    TEXT(limits, cpuset),
    PLAIN(limits, nofile, T_U64),
};
static const struct json_kind limits_kind = KIND(limits, "limits", limits_members);

static const struct json_member disk_members[] = {
    TEXT(disk_limit, path),
    PLAIN(disk_limit, weight, T_U64),
    PLAIN(disk_limit, read_bps, T_U64),
    PLAIN(disk_limit, write_bps, T_U64),
    PLAIN(disk_limit, read_iops, T_U64),
    PLAIN(disk_limit, write_iops, T_U64),
};
static const struct json_kind disk_kind = KIND(disk_limit, "disk", disk_members);

static const struct json_member host_members[] = { TEXT(extra_host, name),
                                                   TEXT(extra_host, address) };
static const struct json_kind host_kind = KIND(extra_host, "host", host_members);

static const struct json_member ulimit_members[] = {
    TEXT(ulimit, resource),
    PLAIN(ulimit, soft, T_U64),
    PLAIN(ulimit, hard, T_U64),
};
static const struct json_kind ulimit_kind = KIND(ulimit, "ulimit", ulimit_members);

static const struct json_member group_members[] = {
    TEXT(extra_group, name),
    PLAIN(extra_group, gid, T_U32),
};
static const struct json_kind group_kind = KIND(extra_group, "group", group_members);

static const struct json_member device_members[] = {
    TEXT(device, source),
    TEXT(device, target),
    TEXT(device, access),
};
static const struct json_kind device_kind = KIND(device, "device", device_members);

static const struct json_member probe_members[] = {
    ENUM(probe, kind, probe_kind_text, PROBE_KIND_COUNT),
    PLAIN(probe, argv, T_LIST),
    TEXT(probe, url),
    PLAIN(probe, insecure, T_BOOL),
    TEXT(probe, host),
    PLAIN(probe, port, T_U16),
    TEXT(probe, user),
    TEXT(probe, database),
    TEXT(probe, password_secret),
    TEXT(probe, path),
    TEXT(probe, server_name),
    TEXT(probe, ca_secret),
    PLAIN(probe, days, T_UINT),
    TEXT(probe, pattern),
    PLAIN(probe, watchdog_us, T_U64),
};
static const struct json_kind probe_kind = KIND(probe, "probe", probe_members);

static const struct json_member health_members[] = {
    ONE(health_spec, probe, probe_kind),          PLAIN(health_spec, interval_us, T_U64),
    PLAIN(health_spec, timeout_us, T_U64),        PLAIN(health_spec, start_period_us, T_U64),
    PLAIN(health_spec, start_interval_us, T_U64), PLAIN(health_spec, retries, T_UINT),
};
static const struct json_kind health_kind = KIND(health_spec, "health check", health_members);

static const struct json_member restart_members[] = {
    ENUM(restart_spec, policy, restart_policy_text, RESTART_POLICY_COUNT),
    PLAIN(restart_spec, max_attempts, T_UINT),
    PLAIN(restart_spec, window_us, T_U64),
    PLAIN(restart_spec, delay_us, T_U64),
    PLAIN(restart_spec, max_delay_us, T_U64),
    PLAIN(restart_spec, reset_us, T_U64),
    PLAIN(restart_spec, patient, T_BOOL),
    PLAIN(restart_spec, jitter, T_UINT),
};
static const struct json_kind restart_kind = KIND(restart_spec, "restart policy", restart_members);

static const struct json_member sickness_members[] = {
    ENUM(sickness, action, unhealthy_action_text, UNHEALTHY_ACTION_COUNT),
    PLAIN(sickness, grace_us, T_U64),
    PLAIN(sickness, reload_signal, T_INT),
    PLAIN(sickness, reload_test, T_LIST),
};
static const struct json_kind sickness_kind = KIND(sickness, "sickness", sickness_members);

static const struct json_member rollout_members[] = {
    PLAIN(rollout_spec, parallelism, T_UINT),
    PLAIN(rollout_spec, delay_us, T_U64),
    PLAIN(rollout_spec, monitor_us, T_U64),
    PLAIN(rollout_spec, max_failure_permill, T_UINT),
    ENUM(rollout_spec, order, rollout_order_text, ROLLOUT_ORDER_COUNT),
    ENUM(rollout_spec, on_failure, rollout_failure_text, ROLLOUT_FAILURE_COUNT),
};
static const struct json_kind rollout_kind = KIND(rollout_spec, "rollout", rollout_members);

static const struct json_member hook_members[] = {
    PLAIN(hook, argv, T_LIST), PLAIN(hook, env, T_LIST),       TEXT(hook, workdir),
    TEXT(hook, user),          PLAIN(hook, timeout_us, T_U64),
};
static const struct json_kind hook_kind = KIND(hook, "hook", hook_members);

static const struct json_member listener_members[] = {
    TEXT(held_socket, name),
    TEXT(held_socket, address),
    PLAIN(held_socket, port, T_U16),
};
static const struct json_kind listener_kind = KIND(held_socket, "held socket", listener_members);

static const struct json_member unit_members[] = {
    TEXT(unit, name),
    TEXT(unit, image),
    TEXT(unit, recipe),
    TEXT(unit, digest),
    TEXT(unit, release),
    PLAIN_OR(unit, replicas, T_UINT, 1),
    MANY(unit, deps, dep_kind),
    PLAIN(unit, argv, T_LIST),
    PLAIN(unit, env, T_LIST),
    TEXT(unit, workdir),
    TEXT(unit, hostname),
    TEXT(unit, domainname),
    MANY(unit, hosts, host_kind),
    PLAIN(unit, dns, T_LIST),
    PLAIN(unit, dns_search, T_LIST),
    PLAIN(unit, dns_options, T_LIST),
    TEXT(unit, user),
    TEXT(unit, home),
    PLAIN(unit, uid, T_U32),
    PLAIN(unit, gid, T_U32),
    MANY(unit, mounts, mount_kind),
    MANY(unit, files, file_kind),
    PLAIN(unit, etc, T_LIST),
    MANY(unit, networks, attachment_kind),
    TEXT(unit, network_of),
    TEXT(unit, ipc_of),
    PLAIN(unit, no_shm, T_BOOL),
    TEXT(unit, pid_of),
    PLAIN(unit, proc_all, T_BOOL),
    MANY(unit, links, link_kind),
    MANY(unit, ports, port_kind),
    ONE(unit, limits, limits_kind),
    MANY(unit, ulimits, ulimit_kind),
    MANY(unit, groups, group_kind),
    MANY(unit, disks, disk_kind),
    PLAIN(unit, disk_weight, T_U64),
    PLAIN(unit, reserved_milli_cpus, T_U64),
    TEXT(unit, swappiness),
    PLAIN(unit, oom_score_adj, T_SIGNED),
    PLAIN(unit, stdin_open, T_BOOL),
    PLAIN(unit, own_users, T_BOOL),
    PLAIN(unit, host_uts, T_BOOL),
    PLAIN(unit, host_cgroup, T_BOOL),
    PLAIN(unit, tty, T_BOOL),
    PLAIN(unit, sysctls, T_LIST),
    TEXT(unit, seccomp),
    TEXT(unit, seccomp_profile),
    PLAIN(unit, capabilities, T_LIST),
    MANY(unit, devices, device_kind),
    PLAIN(unit, device_rules, T_LIST),
    TEXT(unit, apparmor),
    ONE(unit, health, health_kind),
    ONE(unit, restart, restart_kind),
    ONE(unit, sickness, sickness_kind),
    ONE(unit, update, rollout_kind),
    ONE(unit, rollback, rollout_kind),
    MANY(unit, post_start, hook_kind),
    MANY(unit, pre_stop, hook_kind),
    MANY(unit, pre_start, hook_kind),
    MANY(unit, listen, listener_kind),
    PLAIN(unit, inherits, T_BOOL),
    PLAIN_OR(unit, stop_signal, T_INT, SIGTERM),
    PLAIN(unit, stop_grace_us, T_U64),
    PLAIN(unit, log_silent, T_BOOL),
    PLAIN(unit, log_max_size, T_U64),
    PLAIN_OR(unit, log_files, T_UINT, 1),
    PLAIN(unit, log_compress, T_BOOL),
    ONE(unit, logs, keep_kind),
    ONE(unit, log_forward, forward_kind),
};
static const struct json_kind unit_kind = KIND(unit, "unit", unit_members);

static const struct json_member range_members[] = {
    TEXT(address_range, subnet),
    TEXT(address_range, gateway),
    TEXT(address_range, pool),
    PLAIN(address_range, reserved, T_LIST),
};
static const struct json_kind range_kind = KIND(address_range, "range of addresses", range_members);

static const struct json_member network_members[] = {
    TEXT(network, key),
    TEXT(network, name),
    PLAIN(network, internal, T_BOOL),
    PLAIN(network, external, T_BOOL),
    PLAIN(network, no_ipv4, T_BOOL),
    PLAIN(network, no_ipv6, T_BOOL),
    PLAIN(network, mtu, T_UINT),
    ONE(network, ipv4, range_kind),
    ONE(network, ipv6, range_kind),
};
static const struct json_kind network_kind = KIND(network, "network", network_members);

static const struct json_member volume_members[] = {
    TEXT(volume, key),
    TEXT(volume, name),
    PLAIN(volume, external, T_BOOL),
};
static const struct json_kind volume_kind = KIND(volume, "volume", volume_members);

static const struct json_member database_members[] = {
    TEXT(database, unit),
    TEXT(database, schema),
    TEXT(database, user),
    TEXT(database, password_secret),
    TEXT(database, migrations),
    TEXT(database, seeds),
    PLAIN(database, port, T_U16),
    PLAIN(database, seed_sets, T_LIST),
    PLAIN(database, no_production, T_BOOL),
    PLAIN(database, migrate_command, T_LIST),
};
static const struct json_kind database_kind = KIND(database, "database", database_members);

static const struct json_member backup_members[] = {
    TEXT(backup_policy, directory),
    TEXT(backup_policy, compress),
    TEXT(backup_policy, encrypt),
    TEXT(backup_policy, method),
    PLAIN(backup_policy, keep_days, T_UINT),
    PLAIN(backup_policy, keep_last, T_UINT),
    PLAIN(backup_policy, keep_daily, T_UINT),
    PLAIN(backup_policy, keep_weekly, T_UINT),
    PLAIN(backup_policy, keep_monthly, T_UINT),
    PLAIN(backup_policy, after, T_LIST),
};
static const struct json_kind backup_kind = KIND(backup_policy, "backup", backup_members);

static const struct json_member certificate_members[] = {
    TEXT(certificate, certificate),
    TEXT(certificate, key),
    TEXT(certificate, certificate_secret),
    TEXT(certificate, key_secret),
    PLAIN(certificate, names, T_LIST),
    TEXT(certificate, directory),
    TEXT(certificate, email),
    TEXT(certificate, webroot),
    TEXT(certificate, dns_hook),
};
static const struct json_kind certificate_kind =
    KIND(certificate, "certificate", certificate_members);
static const struct json_member schedule_members[] = {
    TEXT(schedule, name),
    TEXT(schedule, when),
    PLAIN(schedule, run, T_LIST),
    PLAIN(schedule, spread_us, T_U64),
    PLAIN(schedule, timeout_us, T_U64),
    PLAIN(schedule, no_catch_up, T_BOOL),
    PLAIN(schedule, disabled, T_BOOL),
    PLAIN(schedule, builtin, T_BOOL),
};
static const struct json_kind schedule_kind = KIND(schedule, "schedule", schedule_members);

static const struct json_member verify_members[] = {
    TEXT(verify_spec, proxy),      TEXT(verify_spec, url),
    TEXT(verify_spec, frontend),   TEXT(verify_spec, root),
    TEXT(verify_spec, backend),    PLAIN(verify_spec, backend_port, T_U16),
    TEXT(verify_spec, health),     TEXT(verify_spec, openapi),
    TEXT(verify_spec, login),      TEXT(verify_spec, account),
    TEXT(verify_spec, user),       TEXT(verify_spec, password_secret),
    TEXT(verify_spec, cache),      PLAIN(verify_spec, latency_us, T_U64),
    TEXT(verify_spec, cache_user), TEXT(verify_spec, cache_secret),
    TEXT(verify_spec, cache_keys), TEXT(verify_spec, logout),
};
static const struct json_kind verify_kind =
    KIND(verify_spec, "what is to be verified", verify_members);

static const struct json_member maintenance_members[] = {
    TEXT(maintenance_spec, unit),
    TEXT(maintenance_spec, directory),
};
static const struct json_kind maintenance_kind =
    KIND(maintenance_spec, "maintenance page", maintenance_members);

static const struct json_member project_members[] = {
    TEXT(project, name),
    TEXT(project, dir),
    TEXT(project, release),
    MANY(project, units, unit_kind),
    MANY(project, networks, network_kind),
    MANY(project, volumes, volume_kind),
    ONE(project, database, database_kind),
    ONE(project, backup, backup_kind),
    MANY(project, certificates, certificate_kind),
    ONE(project, verify, verify_kind),
    ONE(project, maintenance, maintenance_kind),
    PLAIN(project, urls, T_LIST),
    PLAIN(project, absent, T_LIST),
    ONE(project, logs, keep_kind),
    MANY(project, schedules, schedule_kind),
    PLAIN_OR(project, trash_us, T_U64, (int64_t) PROJECT_TRASH_US),
};
static const struct json_kind project_kind = KIND(project, "project", project_members);

/* Of what is saved.  A member may be added under the same number if its default, see json_table.h,
 * means what there was before; one that changes its meaning needs the next number. */
enum { PROJECT_SCHEMA = 1 };

json_t *project_limits_to_json(const struct limits *l)
{
    return json_table_encode(&limits_kind, l);
}

/* Secret values may hold any byte: they travel as lists of numbers when they are not text. */
static json_t *encode_secret(const struct secret *s)
{
    json_t *value = memchr(s->value, '\0', s->len) ? NULL : json_stringn(s->value, s->len);

    if (!value) {
        value = json_array();
        for (size_t i = 0; i < s->len; i++)
            (void) json_array_append_new(value, json_integer((unsigned char) s->value[i]));
    }
    return json_pack("{s:s,s:o}", "name", s->name, "value", value);
}

json_t *project_to_tree(const struct project *p)
{
    json_t *json = json_table_encode(&project_kind, p);
    json_t *secrets = json_array();

    for (size_t i = 0; i < p->n_secrets; i++)
        (void) json_array_append_new(secrets, encode_secret(&p->secrets[i]));
    (void) json_object_set_new(json, "secrets", secrets);
    return json;
}

static int encode(const struct project *p, int schema, char **out_json, struct err *e)
{
    json_t *json = project_to_tree(p);

    if (schema > 0)
        (void) json_object_set_new(json, "schema", json_integer(schema));
    *out_json = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return *out_json ? 0 : err_set(e, -ENOMEM, "project '%s' cannot be encoded", p->name);
}

int project_to_json(const struct project *p, char **out_json, struct err *e)
{
    return encode(p, 0, out_json, e);
}

int project_to_saved(const struct project *p, char **out_json, struct err *e)
{
    return encode(p, PROJECT_SCHEMA, out_json, e);
}

static int decode_secret(const struct json_decoder *d, const json_t *json, struct secret *out)
{
    const json_t *value = json_object_get(json, "value");
    int r = json_table_text(d, "name", json_object_get(json, "name"), &out->name);
    char *bytes;

    if (r < 0)
        return r;
    if (d->lenient && !d->lenient->foreign && json_object_size(json) > 2)
        d->lenient->foreign = "a member of a secret";
    if (!json_is_string(value) && !json_is_array(value))
        return json_table_wrong(d, "value", "text or bytes");
    out->len = json_is_string(value) ? json_string_length(value) : json_array_size(value);
    if (out->len > LIMIT_SECRET)
        return err_set(d->e, -E2BIG, "secret '%s' has %zu bytes, the limit is %d", out->name,
                       out->len, LIMIT_SECRET);
    bytes = arena_alloc(d->arena, out->len + 1);
    if (json_is_string(value))
        memcpy(bytes, json_string_value(value), out->len);
    for (size_t i = 0; json_is_array(value) && i < out->len; i++)
        bytes[i] = (char) json_integer_value(json_array_get(value, i));
    out->value = bytes;
    return 0;
}

static int decode_secrets(const struct json_decoder *d, const json_t *json, struct project *p)
{
    if (!json_is_array(json))
        return json_table_wrong(d, "secrets", "a list");
    p->secrets = arena_array(d->arena, json_array_size(json) + 1, sizeof *p->secrets);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int r = decode_secret(d, json_array_get(json, i), &p->secrets[i]);
        if (r < 0)
            return r;
        p->n_secrets++;
    }
    return 0;
}

static int decode(const struct json_decoder *d, json_t *json, struct project *p)
{
    int r = decode_secrets(d, json_object_get(json, "secrets"), p);

    (void) json_object_del(json, "secrets");
    if (r == 0)
        r = json_table_decode(d, &project_kind, json, p);
    return r < 0 ? r : project_check(p, d->e);
}

static int read_text(const char *text, size_t len, bool saved, struct project **out, struct err *e)
{
    json_error_t where;
    json_t *json = json_loadb(text, len, 0, &where);
    struct arena *arena = arena_new();
    struct project *p = arena_alloc(arena, sizeof *p);
    struct json_leniency lenient = { NULL };
    struct json_decoder d = { .arena = arena, .e = e, .lenient = saved ? &lenient : NULL };
    int r;

    p->arena = arena;
    if (!json) {
        r = err_set(e, -EINVAL, "project: line %d: %s", where.line, where.text);
    } else {
        if (saved && json_integer_value(json_object_get(json, "schema")) > PROJECT_SCHEMA)
            lenient.foreign = "its format";
        if (saved)
            (void) json_object_del(json, "schema");
        r = decode(&d, json, p);
        p->foreign = lenient.foreign;
    }
    json_decref(json);
    if (r < 0)
        arena_free(arena);
    else
        *out = p;
    return r;
}

int project_from_json(const char *text, size_t len, struct project **out, struct err *e)
{
    return read_text(text, len, false, out, e);
}

int project_from_saved(const char *text, size_t len, struct project **out, struct err *e)
{
    return read_text(text, len, true, out, e);
}

int project_copy(const struct project *p, struct project **out, struct err *e)
{
    auto_free char *text = NULL;
    int r = project_to_json(p, &text, e);

    if (r < 0)
        return r;
    r = project_from_json(text, strlen(text), out, e);
    explicit_bzero(text, strlen(text));
    return r;
}
