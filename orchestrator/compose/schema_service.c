/* The tables of a service and of everything in it. */
#include <ctype.h>
#include <string.h>

#include "compose/schema_rows.h"

static bool is_container_name(const char *text)
{
    /* two characters that may stand in a name, as the specification's unanchored pattern has it */
    for (; *text; text++)
        if (isalnum((unsigned char) text[0]) &&
            (isalnum((unsigned char) text[1]) || (text[1] && strchr("_.-", text[1]))))
            return true;
    return false;
}

/* every_ and numbers with units */
static bool is_interval(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && text[digits] != '\0' && strchr("wdhms", text[digits]);
}

static bool is_pull_policy(const char *text)
{
    static const char *const words[] = { "always",  "never",   "build", "if_not_present",
                                         "missing", "refresh", "daily", "weekly" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(text, words[i]))
            return true;
    text = strstr(text, "every_");
    return text && is_interval(text + strlen("every_"));
}

/* clang-format off */
static const struct attribute healthcheck_list[] = {
    { "test", .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_TEST, .merge = MERGE_REPLACE,
      YES("in the instance, or as the protocol probe that stands for it") },
    { "timeout", TIME_, .keep = true, YES("a check that lasts longer has failed") },
    { "interval", TIME_, .keep = true, YES("between two checks") },
    { "retries", .accepts = NUMBER_TEXT, .form = FORM_COUNT, .cast = CAST_INT, .keep = true, YES("failures in a row until unhealthy") },
    { "start_period", TIME_, .keep = true, YES("failures do not count while it lasts") },
    { "start_interval", TIME_, .keep = true, YES("between two checks in the start period") },
    { "disable", CASTED_, YES("no check at all") },
};
KIND(healthcheck, "healthcheck");

static const struct attribute hook_list[] = {
    { "command", .accepts = IS_NULL | IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_COMMAND, .required = true, .keep = true, YES("in the instance") },
    { "user", TEXT_, YES("the service's own if it says nothing") },
    { "privileged", BOOL_, NO("a hook has no more rights than its service") },
    { "working_dir", TEXT_, YES("the service's own if it says nothing") },
    { "environment", PAIRS_, .form = FORM_VARIABLES, YES("besides the service's") },
};
KIND(hook, "hook");

static const char *const watch_actions[] = { "rebuild", "sync", "restart", "sync+restart", "sync+exec", NULL };
static const struct attribute watch_list[] = {
    { "path", TEXT_, .path = PATH_LINK, .required = true, .keep = true },
    { "action", TEXT_, .words = watch_actions, .required = true, .keep = true },
    { "target", TEXT_ },
    { "exec", OBJECT_, .kind = &hook, .always = true },
    { "include", TEXT_SET, .listed = true },
    { "ignore", TEXT_SET, .listed = true },
    { "initial_sync", .accepts = IS_BOOL, .form = FORM_BOOL },
};
KIND(watch, "watch rule");

static const struct attribute develop_list[] = {
    { "watch", OBJECTS_, .kind = &watch },
};
KIND(develop, "develop section");

static const struct attribute device_request_list[] = {
    { "capabilities", SET_, .required = true },
    { "driver", TEXT_ },
    { "count", .accepts = INT_TEXT, .form = FORM_DEVICE_COUNT },
    { "device_ids", SET_ },
    { "options", PAIRS_, .form = FORM_MAPPING },
};
KIND(device_request, "device request");

static const struct attribute gpu_list[] = {
    { "capabilities", SET_ },
    { "driver", TEXT_ },
    { "count", .accepts = INT_TEXT, .form = FORM_DEVICE_COUNT },
    { "device_ids", SET_ },
    { "options", PAIRS_, .form = FORM_MAPPING },
};
static const struct kind gpu = { .what = "GPU request",
                                 .list = gpu_list,
                                 .n = ARRAY_LEN(gpu_list),
                                 .open = true };

static const struct attribute discrete_list[] = {
    { "kind", TEXT_, .keep = true },
    { "value", .accepts = NUMBER_TEXT, .form = FORM_INT, .keep = true },
};
KIND(discrete, "discrete resource");

static const struct attribute generic_list[] = {
    { "discrete_resource_spec", OBJECT_, .kind = &discrete },
};
KIND(generic, "generic resource");

static const struct attribute limits_list[] = {
    { "cpus", .accepts = NUMBER_TEXT, .form = FORM_CPUS, YES("cgroup cpu controller") },
    { "memory", .accepts = IS_TEXT, .form = FORM_BYTES, YES("cgroup memory controller") },
    { "pids", .accepts = INT_TEXT, .form = FORM_INT, YES("cgroup pids controller") },
};
KIND(limits, "limits section");

static const struct attribute reservations_list[] = {
    { "cpus", .accepts = NUMBER_TEXT, .form = FORM_CPUS, YES("counted: what all projects that are up reserve is no more than the host has; `cpu_shares` weighs") },
    { "memory", .accepts = IS_TEXT, .form = FORM_BYTES, YES("taken back last when memory is short") },
    { "generic_resources", OBJECTS_, .kind = &generic, NO("for clusters") },
    { "devices", OBJECTS_, .kind = &device_request, NO("no device requests") },
};
KIND(reservations, "reservations section");

static const struct attribute resources_list[] = {
    { "limits", OBJECT_, .kind = &limits, YES("cgroup of the instance") },
    { "reservations", OBJECT_, .kind = &reservations, YES("see its attributes") },
};
KIND(resources, "resources section");

static const struct attribute restart_policy_list[] = {
    { "condition", TEXT_, YES("none, on-failure, any; with its section `restart` says nothing any more") },
    { "delay", TIME_, .keep = true, YES("before every restart; without it they back off") },
    { "max_attempts", COUNT_, .cast = CAST_INT, .keep = true, YES("restarts in a row that failed, then it stays down") },
    { "window", TIME_, .keep = true, YES("a restart that lived so long has not failed") },
};
KIND(restart_policy, "restart policy");

static const struct attribute preference_list[] = {
    { "spread", TEXT_ },
};
KIND(preference, "placement preference");

static const struct attribute placement_list[] = {
    { "constraints", TEXTS_ },
    { "preferences", OBJECTS_, .kind = &preference },
    { "max_replicas_per_node", COUNT_, .cast = CAST_INT },
};
KIND(placement, "placement section");

static const char *const update_orders[] = { "start-first", "stop-first", NULL };
static const struct attribute update_list[] = {
    { "parallelism", COUNT_, .cast = CAST_INT, .keep = true, YES("so many instances at a time, 0 = all") },
    { "delay", TIME_, YES("between one group of instances and the next") },
    { "failure_action", TEXT_, YES("pause, continue, rollback; without the section `update` goes back") },
    { "monitor", TIME_, YES("so long a new instance has to stay well") },
    { "max_failure_ratio", .accepts = NUMBER_TEXT, .form = FORM_REAL, .cast = CAST_REAL, YES("of the instances; more is a failure of the update") },
    { "order", TEXT_, .words = update_orders, YES("start-first: the next one is healthy before the present one stops") },
};
KIND(update, "update section");

static const struct attribute deploy_list[] = {
    { "mode", TEXT_, ONLY("replicated"), YES("replicated") },
    { "replicas", .accepts = INT_TEXT, .form = FORM_INT, .cast = CAST_INT, .keep = true, YES("so many instances, each with an address; names lead to all of them") },
    { "labels", PAIRS_, .form = FORM_LABELS, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, IDLE("labels have no reader") },
    { "update_config", OBJECT_, .kind = &update, YES("see its attributes") },
    { "rollback_config", OBJECT_, .kind = &update, YES("see its attributes") },
    { "resources", OBJECT_, .kind = &resources, .always = true, YES("see its attributes") },
    { "restart_policy", OBJECT_, .kind = &restart_policy, YES("see its attributes") },
    { "placement", OBJECT_, .kind = &placement, .always = true, IDLE("for clusters") },
    { "endpoint_mode", TEXT_, IDLE("for clusters") },
};
KIND(deploy, "deploy section");

static const struct attribute file_use_list[] = {
    { "source", TEXT_, YES("a secret of this file") },
    { "target", TEXT_, YES("a file in memory, /run/secrets/NAME when it is not said") },
    { "uid", TEXT_, YES("owner of the file, the user of the service for root") },
    { "gid", TEXT_, YES("group of the file") },
    { "mode", .accepts = NUMBER_TEXT, .form = FORM_MODE, .keep = true, YES("of the file") },
};
KIND(file_use, "reference");
#define FILE_USES .accepts = IS_LIST, .items = IS_TEXT | IS_MAP, .form = FORM_OBJECTS, .kind = &file_use

static const struct attribute build_list[] = {
    { "context", TEXT_, .path = PATH_CONTEXT, .empty = true },
    { "dockerfile", TEXT_, .empty = true },
    { "dockerfile_inline", TEXT_ },
    { "entitlements", TEXTS_ },
    { "args", PAIRS_, .form = FORM_VARIABLES, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY },
    { "provenance", .accepts = BOOL_TEXT, .form = FORM_TEXT },
    { "sbom", .accepts = BOOL_TEXT, .form = FORM_TEXT },
    { "ssh", PAIRS_, .form = FORM_SSH, .path = PATH_LOCALS },
    { "labels", PAIRS_, .form = FORM_LABELS, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY },
    { "cache_from", TEXTS_ },
    { "cache_to", TEXTS_ },
    { "no_cache", BOOL_ },
    { "additional_contexts", PAIRS_, .form = FORM_MAPPING, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, .path = PATH_CONTEXTS },
    { "pull", BOOL_ },
    { "extra_hosts", .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .values = IS_TEXT | IS_LIST, .distinct = true, .form = FORM_HOSTS, .merge = MERGE_HOSTS },
    { "isolation", TEXT_ },
    { "network", TEXT_ },
    { "target", TEXT_ },
    { "secrets", FILE_USES },
    { "shm_size", .accepts = INT_TEXT, .form = FORM_BYTES },
    { "tags", TEXTS_, .unique = UNIQUE_KEY },
    { "ulimits", .accepts = IS_MAP, .form = FORM_ULIMITS },
    { "platforms", TEXTS_ },
    { "privileged", BOOL_ },
};
const struct kind schema_build = { .what = "build section", .list = build_list, .n = ARRAY_LEN(build_list) };

static const struct attribute throttle_list[] = {
    { "path", TEXT_, YES("a disk below /dev, not a part of one") },
    { "rate", .accepts = INT_TEXT, .form = FORM_BYTES, YES("bytes or operations in a second") },
};
static const struct kind throttle = { .what = "device limit",
                                      .list = throttle_list,
                                      .n = ARRAY_LEN(throttle_list),
                                      .closed = true,
                                      .capitals = true };

static const struct attribute weight_list[] = {
    { "path", TEXT_, YES("a disk below /dev, not a part of one") },
    { "weight", COUNT_, YES("where the disk has the scheduler bfq, else refused") },
};
static const struct kind weight = { .what = "device weight",
                                    .list = weight_list,
                                    .n = ARRAY_LEN(weight_list),
                                    .closed = true,
                                    .capitals = true };

static const struct attribute blkio_list[] = {
    { "weight", COUNT_, YES("where a disk has the scheduler bfq, else refused") },
    { "weight_device", OBJECTS_, .kind = &weight, YES("see its attributes") },
    { "device_read_bps", OBJECTS_, .kind = &throttle, YES("cgroup io or blkio controller") },
    { "device_read_iops", OBJECTS_, .kind = &throttle, YES("cgroup io or blkio controller") },
    { "device_write_bps", OBJECTS_, .kind = &throttle, YES("on cgroup v1 of direct and synced writes only") },
    { "device_write_iops", OBJECTS_, .kind = &throttle, YES("on cgroup v1 of direct and synced writes only") },
};
CLOSED_KIND(blkio, "blkio_config section");

static const struct attribute credential_list[] = {
    { "config", TEXT_ },
    { "file", TEXT_ },
    { "registry", TEXT_ },
};
KIND(credential, "credential_spec section");

static const char *const conditions[] = { "service_started", "service_healthy", "service_completed_successfully", NULL };
static const struct attribute dependency_list[] = {
    { "condition", TEXT_, .words = conditions, .required = true, YES("what is waited for before the service is launched") },
    { "restart", BOOL_, YES("restarted when that one is, or is replaced, by a command") },
    { "required", .accepts = IS_BOOL, .form = FORM_BOOL, .keep = true, YES("whether the dependency may be missing") },
};
KIND(dependency, "dependency");

static const struct attribute device_list[] = {
    { "source", TEXT_, .required = true, YES("a node below the host's /dev") },
    { "target", TEXT_, .empty = true, YES("below /dev in the instance") },
    { "permissions", TEXT_, YES("r, w; m is nothing without the capability to make nodes") },
};
KIND(device, "device");

static const struct attribute extends_list[] = {
    { "file", TEXT_, .path = PATH_FILE, YES("read when the project is loaded") },
    { "service", TEXT_, .required = true, YES("merged when the project is loaded") },
};
CLOSED_KIND(extends, "extends section");

static const struct attribute provider_list[] = {
    { "type", TEXT_, .required = true },
    { "options", .accepts = IS_MAP, .values = SCALARS | IS_LIST, .form = FORM_LISTS },
};
KIND(provider, "provider");

static const struct attribute logging_list[] = {
    { "driver", TEXT_, ONLY("json-file", "local", "journald", "syslog", "none"), YES("json-file, and local, which is the same; journald and syslog get each line as well; none keeps nothing") },
    { "options", .accepts = IS_MAP, .values = IS_TEXT | IS_NUMBER | IS_NULL, .form = FORM_MAPPING, YES("max-size (16m if it is not said; -1 = any), max-file (5), compress (false): rotated files by gzip; tag of journald and syslog; syslog-address, syslog-facility, syslog-format") },
};
KIND(logging, "logging section");

static const struct attribute model_use_list[] = {
    { "endpoint_var", TEXT_ },
    { "model_var", TEXT_ },
};
KIND(model_use, "use of a model");

static const struct attribute attachment_list[] = {
    { "aliases", SET_, .unique = UNIQUE_KEY, YES("names in /etc/hosts of the others") },
    { "driver_opts", OPTIONS_, NO("one driver only") },
    { "gw_priority", .accepts = IS_NUMBER, .form = FORM_INT, YES("the highest carries the default route") },
    { "interface_name", TEXT_, YES("of the interface; eth0, eth1 without it") },
    { "ipv4_address", TEXT_, YES("its own, in a network with a subnet") },
    { "ipv6_address", TEXT_, YES("its own, in a network with a subnet") },
    { "link_local_ips", SET_, .unique = UNIQUE_KEY, NO("the kernel makes them") },
    { "mac_address", TEXT_, YES("of the interface; made from the address without it") },
    { "priority", .accepts = IS_NUMBER, .form = FORM_INT, IDLE("order of networks") },
};
KIND(attachment, "network of a service");

static const struct attribute port_list[] = {
    { "name", TEXT_, IDLE("a label") },
    { "mode", TEXT_, YES("one host: ingress and host are the same") },
    { "host_ip", TEXT_, YES("listens on this address of the host only") },
    { "target", .accepts = INT_TEXT, .form = FORM_COUNT, .cast = CAST_INT, YES("port in the instance") },
    { "published", .accepts = INT_TEXT, .form = FORM_TEXT, YES("port or range of the host; the first that is free, any without it") },
    { "protocol", TEXT_, YES("tcp or udp") },
    { "app_protocol", TEXT_, IDLE("a label") },
};
KIND(port, "port");

static const char *const recursive_words[] = { "enabled", "disabled", "writable", "readonly", NULL };
static const char *const selinux_words[] = { "z", "Z", NULL };
static const char *const propagation_words[] = { "private", "rprivate", "slave", "rslave", "shared", "rshared", NULL };
static const struct attribute mount_bind_list[] = {
    { "selinux", TEXT_, .words = selinux_words, IDLE("services have the domain of the broker, which needs no label on files") },
    { "propagation", TEXT_, .words = propagation_words, YES("where policy.conf permits it, and on a shared mount: what the host mounts below it later comes in; shared as slave, for no service can mount") },
    { "create_host_path", BOOL_, YES("true: `up` makes a missing directory with the rights of its caller; else it is refused") },
    { "recursive", TEXT_, .words = recursive_words, YES("whether mounts below come along, and as read-only as the rest") },
};
KIND(mount_bind, "bind section");

static const struct attribute mount_volume_list[] = {
    { "labels", PAIRS_, .form = FORM_MAPPING, IDLE("labels have no reader") },
    { "nocopy", CASTED_, YES("there is no image to copy from") },
    { "subpath", TEXT_, YES("a directory or file in the volume, which must exist; symbolic links are refused") },
};
KIND(mount_volume, "volume section");

static const struct attribute mount_tmpfs_list[] = {
    { "size", .accepts = INT_TEXT, .form = FORM_BYTES, .min = 0, .max = INT64_MAX, YES("size of the file system") },
    { "mode", .accepts = NUMBER_TEXT, .form = FORM_COUNT, YES("mode of its root") },
};
KIND(mount_tmpfs, "tmpfs section");

static const struct attribute mount_image_list[] = {
    { "subpath", TEXT_ },
};
KIND(mount_image, "image section");

static const char *const mount_types[] = { "bind", "volume", "tmpfs", "cluster", "npipe", "image", NULL };
static const struct attribute mount_list[] = {
    { "type", TEXT_, .words = mount_types, .required = true, ONLY("bind", "volume", "tmpfs"), YES("bind, volume and tmpfs") },
    { "source", TEXT_, YES("path of the host, or a named volume; without one the volume is the service's own, until `down -v`") },
    { "target", TEXT_, YES("place in the instance") },
    { "read_only", CASTED_, YES("mounted read-only") },
    { "consistency", TEXT_, IDLE("for other systems") },
    { "bind", OBJECT_, .kind = &mount_bind, YES("see its attributes") },
    { "volume", OBJECT_, .kind = &mount_volume, YES("see its attributes") },
    { "tmpfs", OBJECT_, .kind = &mount_tmpfs, YES("see its attributes") },
    { "image", OBJECT_, .kind = &mount_image, NO("there are no images") },
};
KIND(mount, "volume");

static const struct attribute env_file_list[] = {
    { "path", TEXT_, .path = PATH_FILE, .required = true, YES("read when the project is loaded") },
    { "format", TEXT_, YES("Docker's dialect, or raw") },
    { "required", BOOL_, .keep = true, YES("whether the file may be missing") },
};
CLOSED_KIND(env_file, "env file");

static const struct attribute probe_list[] = {
    { "kind", TEXT_, YES("of the protocol probe") },
    { "url", TEXT_, YES("of the protocol probe") },
    { "insecure", BOOL_, YES("of the protocol probe") },
    { "host", TEXT_, YES("of the protocol probe") },
    { "port", .accepts = INT_TEXT, .form = FORM_ANY, YES("of the protocol probe") },
    { "user", TEXT_, YES("of the protocol probe") },
    { "password", TEXT_, YES("of the protocol probe") },
    { "database", TEXT_, YES("of the protocol probe") },
    { "path", TEXT_, YES("of a unix probe: a stream socket inside the service that accepts its user") },
    { "pattern", TEXT_, YES("of a log probe: a POSIX extended regular expression; the first line of a life that matches says that it is ready") },
    { "server_name", TEXT_, YES("of a tls probe: whom the certificate must name; the host") },
    { "days", .accepts = INT_TEXT, .form = FORM_ANY, YES("of a tls probe: how long the certificate must be valid yet; 0") },
    { "ca", TEXT_, .path = PATH_FILE, YES("of a tls probe: a file with whom to trust, instead of whom the host does; read by the caller") },
};
KIND(probe, "probe");

static const struct attribute restart_delay_list[] = {
    { "first", TIME_, YES("before the second restart in a row; 100 ms") },
    { "longest", TIME_, YES("each delay is twice the one before, up to this; 1 m") },
    { "reset_after", TIME_, YES("so long a life makes the next crash a first one; 10 s") },
    { "jitter", .accepts = INT_TEXT, .form = FORM_ANY, YES("percent by which a delay varies; 10") },
};
KIND(restart_delay, "restart delay");
static const struct attribute listen_list[] = {
    { "port", .accepts = INT_TEXT, .form = FORM_ANY, .required = true, YES("of the service's network; TCP") },
    { "address", TEXT_, YES("all if it says nothing, IPv6 and IPv4") },
    { "name", TEXT_, YES("in LISTEN_FDNAMES; the port if it says nothing") },
};
KIND(listen, "held socket");

static const struct attribute pre_start_list[] = {
    { "command", .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_COMMAND, .required = true, YES("in the sandbox, as the service's user") },
    { "working_dir", TEXT_, YES("the service's own if it says nothing") },
    { "environment", PAIRS_, .form = FORM_VARIABLES, YES("besides the service's") },
    { "timeout", TIME_, YES("then it has failed; 1 m") },
};
KIND(pre_start, "command before the program");
static const struct attribute log_keep_list[] = {
    { "budget", .accepts = INT_TEXT, .form = FORM_BYTES, YES("bytes of all files together; the oldest rotated ones go first") },
    { "max_age", TIME_, YES("of a rotated file since its last line; of the service instead of the project's") },
};
const struct kind schema_log_keep = { .what = "logs section", .list = log_keep_list, .n = ARRAY_LEN(log_keep_list) };
static const char *const proc_words[] = { "own", "all", NULL };
static const char *const unhealthy_words[] = { "ignore", "restart", "reload", "stop", NULL };

#define WORDS_ .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT | IS_NUMBER, .form = FORM_COMMAND
static const struct attribute native_list[] = {
    { "command", WORDS_, YES("instead of command and entrypoint") },
    { "user", .accepts = INT_TEXT, .form = FORM_ANY, YES("a user of this host; never root") },
    { "working_dir", TEXT_, YES("in the instance") },
    { "binds", .accepts = IS_LIST, .items = IS_TEXT | IS_MAP, .form = FORM_OBJECTS, .kind = &mount, .unique = UNIQUE_TARGET, YES("more files of the host") },
    { "tmpfs", TEXTS_, YES("more directories in memory") },
    { "etc", TEXTS_, YES("files of the host's /etc") },
    { "environment", PAIRS_, .form = FORM_VARIABLES, YES("more variables") },
    { "packages", TEXTS_, YES("named when they are missing") },
    { "programs", TEXTS_, YES("looked for before the start") },
    { "probe", OBJECT_, .kind = &probe, YES("instead of the health check") },
    { "watchdog", TIME_, YES("unhealthy when sd_notify says no WATCHDOG=1 for so long; with probe: {kind: notify}") },
    { "proc", TEXT_, .words = proc_words, YES("own: of processes what it may trace; all: every one of its PID namespace, as in Docker") },
    { "on_unhealthy", TEXT_, .words = unhealthy_words, YES("ignore, restart, reload or stop; restart if it has a restart policy and is no database") },
    { "unhealthy_grace", TIME_, YES("from unhealthy to what is done about it") },
    { "optional", BOOL_, YES("left out, with a warning, where one of its programs is missing") },
    { "instead_of", TEXT_, YES("a service; this one runs only where that one is left out, at its ports") },
    { "reload_signal", TEXT_, YES("that makes it read its configuration again") },
    { "reload_test", WORDS_, YES("a command in it that has to succeed before `reload` sends that signal") },
    { "pre_start", OBJECTS_, .kind = &pre_start, YES("commands before the program, in its sandbox; one that does not exit 0 in time is a failed start") },
    { "listen", OBJECTS_, .kind = &listen, YES("sockets that NAME.sockets holds and each life is handed as sd_listen_fds says: while it is restarted connections wait") },
    { "listen_variable", TEXT_, YES("gets their descriptors too, as in NGINX=3;4;") },
    { "restart_delay", OBJECT_, .kind = &restart_delay, YES("how restarts back off") },
    { "logs", OBJECT_, .kind = &schema_log_keep, YES("see its attributes") },
    { "seccomp", TEXT_, YES("name of a shipped system call profile: default, nginx, redis, mariadb, python") },
};
const struct kind schema_native = { .what = "x-native section", .list = native_list, .n = ARRAY_LEN(native_list) };

static const char *const cgroup_words[] = { "host", "private", NULL };
static const char *const gpu_words[] = { "all", NULL };
static const struct attribute service_list[] = {
    { "profiles", SET_, .unique = UNIQUE_KEY, YES("active with --profile or COMPOSE_PROFILES") },
    { "annotations", PAIRS_, .form = FORM_MAPPING, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, IDLE("nobody reads them") },
    { "attach", BOOL_, .keep = true, IDLE("`up` shows no logs") },
    { "build", .accepts = IS_TEXT | IS_MAP, .form = FORM_OBJECT, .kind = &schema_build, .merge = MERGE_BUILD, IDLE("nothing is built: x-native or a recipe says what runs") },
    { "develop", .accepts = IS_MAP | IS_NULL, .form = FORM_OBJECT, .kind = &develop, IDLE("no watch mode") },
    { "blkio_config", OBJECT_, .kind = &blkio, YES("see its attributes") },
    { "cap_add", SET_, .unique = UNIQUE_KEY, YES("those that policy.conf permits, of which there are none unless it says so") },
    { "cap_drop", SET_, .unique = UNIQUE_KEY, YES("taken from those of cap_add; there are no others") },
    { "cgroup_parent", TEXT_, NO("each instance has its own place") },
    { "cgroup", TEXT_, .words = cgroup_words, YES("private; host where policy.conf permits it") },
    { "cpu_count", .accepts = INT_TEXT, .form = FORM_INT, .cast = CAST_INT, .min = 0, .max = INT64_MAX, NO("for Windows") },
    { "cpu_percent", .accepts = INT_TEXT, .form = FORM_REAL, .cast = CAST_REAL, .min = 0, .max = 100, NO("for Windows") },
    { "cpu_period", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, YES("cgroup cpu controller") },
    { "cpu_quota", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, YES("instead of `cpus`") },
    { "cpu_rt_period", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, NO("no real-time scheduling") },
    { "cpu_rt_runtime", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, NO("no real-time scheduling") },
    { "cpus", .accepts = NUMBER_TEXT, .form = FORM_REAL, .cast = CAST_REAL, YES("cgroup cpu controller") },
    { "cpuset", TEXT_, YES("cgroup cpuset controller") },
    { "cpu_shares", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, YES("on cgroup v2 the weight that corresponds") },
    { "command", .accepts = IS_NULL | IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_COMMAND, .merge = MERGE_REPLACE, .keep = true, YES("the first word is looked up in the recipe") },
    { "configs", FILE_USES, .unique = UNIQUE_CONFIG, YES("files in memory, mode 0444") },
    { "container_name", TEXT_, .fits = is_container_name, IDLE("instances are named PROJECT.SERVICE.N") },
    { "credential_spec", OBJECT_, .kind = &credential, NO("for Windows") },
    { "depends_on", .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .distinct = true, .form = FORM_NAMED, .kind = &dependency, .merge = MERGE_DEPENDS, YES("order of start and, reversed, of stop") },
    { "deploy", .accepts = IS_MAP | IS_NULL, .form = FORM_OBJECT, .kind = &deploy, YES("see its attributes") },
    { "device_cgroup_rules", SET_, YES("more access to nodes of `devices`, where policy.conf permits it; never making nodes") },
    { "devices", .accepts = IS_LIST, .items = IS_TEXT | IS_MAP, .form = FORM_OBJECTS, .kind = &device, .unique = UNIQUE_DEVICE, YES("nodes that policy.conf permits, of which there are none unless it says so") },
    { "dns", TEXT_SET, .listed = true, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("in the service's /etc/resolv.conf") },
    { "dns_opt", SET_, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("in the service's /etc/resolv.conf") },
    { "dns_search", TEXT_SET, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("in the service's /etc/resolv.conf") },
    { "domainname", TEXT_, YES("domain of the host name") },
    { "entrypoint", .accepts = IS_NULL | IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_COMMAND, .merge = MERGE_REPLACE, .keep = true, YES("replaces that of the recipe") },
    { "provider", OBJECT_, .kind = &provider, NO("no providers") },
    { "environment", PAIRS_, .form = FORM_VARIABLES, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("of the program") },
    { "env_file", .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT | IS_MAP, .form = FORM_ENV_FILES, .kind = &env_file, .merge = MERGE_SEQUENCE, .unique = UNIQUE_ENV_FILE, YES("read when the project is loaded") },
    { "expose", .accepts = IS_LIST, .items = NUMBER_TEXT, .form = FORM_TEXTS, .distinct = true, .unique = UNIQUE_VALUE, YES("services of one network reach each other") },
    { "extends", .accepts = IS_TEXT | IS_MAP, .form = FORM_OBJECT, .kind = &extends, YES("merged when the project is loaded") },
    { "external_links", SET_, NO("use networks and their aliases") },
    { "extra_hosts", .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .values = IS_TEXT | IS_LIST, .distinct = true, .form = FORM_HOSTS, .merge = MERGE_HOSTS, YES("in the service's /etc/hosts; on host-gateway, the host, published ports answer") },
    { "group_add", .accepts = IS_LIST, .items = NUMBER_TEXT, .form = FORM_TEXTS, .distinct = true, YES("groups of the host, never that of root") },
    { "gpus", .accepts = IS_TEXT | IS_LIST, .items = IS_MAP, .words = gpu_words, .form = FORM_OBJECTS, .kind = &gpu, NO("no device requests") },
    { "hostname", TEXT_, YES("UTS namespace") },
    { "healthcheck", OBJECT_, .kind = &healthcheck, YES("see its attributes") },
    { "image", TEXT_, YES("names the recipe") },
    { "init", CASTED_, .keep = true, YES("there always is one") },
    { "ipc", TEXT_, YES("private, shareable, none, service:NAME; host where policy.conf permits it") },
    { "isolation", TEXT_, NO("for Windows") },
    { "labels", PAIRS_, .form = FORM_LABELS, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, IDLE("labels have no reader") },
    { "label_file", .listed = true, .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_TEXTS, .merge = MERGE_SEQUENCE, .path = PATH_FILE, IDLE("labels have no reader") },
    { "links", SET_, .unique = UNIQUE_KEY, YES("one more name for a service, for this one only") },
    { "logging", OBJECT_, .kind = &logging, .merge = MERGE_LOGGING, YES("json-file") },
    { "mem_limit", BYTES_, YES("cgroup memory controller") },
    { "mem_reservation", .accepts = INT_TEXT, .form = FORM_BYTES, YES("taken back last when memory is short") },
    { "memswap_limit", BYTES_, YES("memory and swap together; without it there is no swap") },
    { "mem_swappiness", .accepts = INT_TEXT, .form = FORM_BYTES, YES("on cgroup v1; v2 has no such limit: refused") },
    { "mac_address", TEXT_, YES("on the first network") },
    { "models", .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .distinct = true, .nullable = true, .form = FORM_NAMED, .kind = &model_use, .loose = true, .values = IS_MAP | IS_NULL, .merge = MERGE_NAMES, NO("no models") },
    { "network_mode", TEXT_, YES("none, bridge, service:NAME; host where policy allows it") },
    { "networks", .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .distinct = true, .nullable = true, .form = FORM_NAMED, .kind = &attachment, .values = IS_MAP | IS_NULL, .merge = MERGE_NAMES, YES("a bridge and an interface for each") },
    { "oom_kill_disable", CASTED_, NO("a service without memory must end") },
    { "oom_score_adj", .accepts = INT_TEXT, .form = FORM_INT, .cast = CAST_INT, .min = -1000, .max = 1000, YES("from -900: the host must not lose its own services first") },
    { "pid", .accepts = IS_TEXT | IS_NULL, .form = FORM_TEXT, YES("service:NAME; host where policy.conf permits it; see x-native.proc") },
    { "pids_limit", .accepts = NUMBER_TEXT, .form = FORM_INT, .cast = CAST_INT, YES("cgroup pids controller") },
    { "platform", TEXT_, IDLE("there are no images") },
    { "ports", .accepts = IS_LIST, .items = NUMBER_TEXT | IS_MAP, .distinct = true, .form = FORM_OBJECTS, .kind = &port, .unique = UNIQUE_PORT, YES("packet rules and a socket that holds the port") },
    { "post_start", OBJECTS_, .kind = &hook, YES("inside, before the health check; one that fails ends the service") },
    { "pre_stop", OBJECTS_, .kind = &hook, YES("inside, before the stop signal, within the grace period") },
    { "privileged", CASTED_, NO("no service is privileged") },
    { "pull_policy", TEXT_, .fits = is_pull_policy, IDLE("there are no images") },
    { "pull_refresh_after", .accepts = IS_TEXT, .form = FORM_DROPPED, IDLE("there are no images") },
    { "read_only", CASTED_, YES("the root always is") },
    { "restart", TEXT_, YES("no, always, on-failure[:N], unless-stopped; who is unhealthy is restarted too, see x-native.on_unhealthy") },
    { "runtime", TEXT_, NO("there is one") },
    { "scale", .accepts = INT_TEXT, .form = FORM_INT, .cast = CAST_INT, .keep = true, YES("so many instances, each with an address; names lead to all of them") },
    { "secrets", FILE_USES, .unique = UNIQUE_SECRET, YES("files in memory, never variables") },
    { "security_opt", SET_, YES("no-new-privileges; seccomp, where policy.conf permits it; apparmor, where the host has it") },
    { "shm_size", BYTES_, YES("size of /dev/shm") },
    { "stdin_open", CASTED_, YES("its standard input never ends; nobody writes to it, `run` has one to write to") },
    { "stop_grace_period", TIME_, .keep = true, YES("then SIGKILL") },
    { "stop_signal", TEXT_, YES("to the program") },
    { "storage_opt", .accepts = IS_MAP, .form = FORM_MAPPING, NO("there are no images") },
    { "sysctls", PAIRS_, .form = FORM_MAPPING, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("those of namespaces: net.*, fs.mqueue.*, IPC of kernel.*") },
    { "tmpfs", TEXT_SET, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, YES("in memory; size, mode, ro and noexec") },
    { "tty", CASTED_, YES("a terminal of its own, whose output goes to the log as it is, CR LF and all") },
    { "ulimits", .accepts = IS_MAP, .form = FORM_ULIMITS, YES("all but nice and rtprio") },
    { "use_api_socket", .accepts = IS_BOOL, .form = FORM_BOOL, NO("there is no engine") },
    { "user", TEXT_, YES("a user of this host") },
    { "userns_mode", TEXT_, ONLY("host", "auto", "private"), YES("host: users of this host; auto or private: ids that nobody else has, and on disk those of the file; no other maps") },
    { "uts", TEXT_, ONLY("host"), YES("where policy.conf permits it; without it always private") },
    { "volumes", .accepts = IS_LIST, .items = IS_TEXT | IS_MAP, .distinct = true, .form = FORM_OBJECTS, .kind = &mount, .unique = UNIQUE_TARGET, YES("see their attributes") },
    { "volumes_from", SET_, YES("SERVICE[:ro]: the volumes of that service, at the same places") },
    { "working_dir", TEXT_, YES("in the instance") },
    { "x-native", OBJECT_, .kind = &schema_native, YES("how to run it without an image") },
};
const struct kind schema_service = { .what = "service", .list = service_list, .n = ARRAY_LEN(service_list) };
/* clang-format on */
