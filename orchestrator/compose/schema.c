/* The tables of a file and its resources, and looking things up in tables. */
#include "compose/schema.h"

#include <string.h>

#include "compose/schema_rows.h"

/* clang-format off */
#define EXTERNAL_ .accepts = BOOL_TEXT | IS_MAP, .form = FORM_BOOL, .cast = CAST_BOOL

static const struct attribute pool_list[] = {
    { "subnet", TEXT_, YES("one for IPv4, one for IPv6; free ones without it") },
    { "gateway", TEXT_, YES("the host's address, the first without it") },
    { "ip_range", TEXT_, YES("where addresses of services are taken from") },
    { "aux_addresses", .accepts = IS_MAP, .values = IS_TEXT, .form = FORM_MAPPING, YES("never given to a service") },
};
KIND(pool, "address pool");

static const struct attribute ipam_list[] = {
    { "driver", TEXT_, ONLY("default", ""), YES("default") },
    { "config", OBJECTS_, .kind = &pool, .merge = MERGE_IPAM, YES("see its attributes") },
    { "options", .accepts = IS_MAP, .values = IS_TEXT, .form = FORM_DROPPED, IDLE("there are none") },
};
KIND(ipam, "ipam section");

static const struct attribute network_list[] = {
    { "name", TEXT_, YES("of the bridge's record") },
    { "driver", TEXT_, ONLY("bridge", "default"), YES("bridge") },
    { "driver_opts", OPTIONS_, YES("com.docker.network.driver.mtu") },
    { "ipam", OBJECT_, .kind = &ipam, .always = true, YES("see its attributes") },
    { "external", EXTERNAL_, YES("of another project that is up, by its full name") },
    { "internal", CASTED_, YES("no route to the outside") },
    { "attachable", CASTED_, IDLE("for clusters") },
    { "labels", PAIRS_, .form = FORM_LABELS, .merge = MERGE_SEQUENCE, .unique = UNIQUE_KEY, IDLE("labels have no reader") },
    { "enable_ipv4", CASTED_, .keep = true, YES("networks have IPv4 unless this is false; published ports are then on addresses of the host other than ::1") },
    { "enable_ipv6", CASTED_, .keep = true, YES("networks have IPv6 unless this is false, or the host has it switched off") },
};
const struct kind schema_network = { .what = "network", .list = network_list, .n = ARRAY_LEN(network_list) };

static const struct attribute volume_list[] = {
    { "name", TEXT_, YES("of the directory") },
    { "driver", TEXT_, ONLY("local", "default"), YES("local") },
    { "driver_opts", OPTIONS_, YES("type none, o bind or rbind, and an absolute device: a directory of the host") },
    { "external", EXTERNAL_, YES("must exist; never removed") },
    { "labels", PAIRS_, .form = FORM_LABELS, .merge = MERGE_SEQUENCE, IDLE("labels have no reader") },
};
const struct kind schema_volume = { .what = "volume", .list = volume_list, .n = ARRAY_LEN(volume_list) };

#define FILE_OBJECT                                                                                           \
    { "name", TEXT_, YES("name of the record") },                                                             \
    { "file", TEXT_, .path = PATH_LOCAL, .empty = true, YES("read at every `up`") },                          \
    { "environment", TEXT_, .empty = true, YES("read at every `up`") },                                       \
    { "external", EXTERNAL_, YES("the file of that name in /etc/ipam-orch/secrets or configs") },             \
    { "labels", PAIRS_, .form = FORM_LABELS, IDLE("labels have no reader") },                                 \
    { "template_driver", TEXT_, NO("no templates") }
static const struct attribute secret_list[] = {
    FILE_OBJECT,
    { "driver", TEXT_, NO("no drivers") },
    { "driver_opts", OPTIONS_, NO("no drivers") },
};
const struct kind schema_secret = { .what = "secret", .list = secret_list, .n = ARRAY_LEN(secret_list) };

static const struct attribute config_list[] = {
    FILE_OBJECT,
    { "content", TEXT_, .empty = true, YES("text of the file") },
};
const struct kind schema_config = { .what = "config", .list = config_list, .n = ARRAY_LEN(config_list) };

static const struct attribute model_list[] = {
    { "name", TEXT_ },
    { "model", TEXT_, .required = true },
    { "context_size", .accepts = IS_INT, .form = FORM_INT },
    { "runtime_flags", TEXTS_ },
};
KIND(model, "model");

static const struct attribute include_list[] = {
    { "path", TEXT_SET, YES("read when the project is loaded") },
    { "project_directory", TEXT_, YES("what its relative paths are relative to") },
    { "env_file", TEXT_SET, YES("variables of what is included") },
};
const struct kind schema_include = { .what = "include", .list = include_list, .n = ARRAY_LEN(include_list), .closed = true };

static const struct attribute database_list[] = {
    { "service", TEXT_, YES("for initialisation and migrations") },
    { "name", TEXT_, YES("for initialisation and migrations") },
    { "user", TEXT_, YES("for initialisation and migrations") },
    { "password_secret", TEXT_, YES("for initialisation and migrations") },
    { "port", .accepts = INT_TEXT, .form = FORM_ANY, YES("for initialisation and migrations") },
    { "migrations", TEXT_, .path = PATH_FILE, YES("for initialisation and migrations") },
    { "seeds", TEXT_, .path = PATH_FILE, YES("for initialisation and migrations") },
    { "migrate_command", TEXTS_, YES("run after the files of `migrations`, such as `alembic upgrade head`") },
    { "migrate_service", TEXT_, YES("in whose sandbox `migrate_command` runs") },
    { "seed_sets", TEXTS_, YES("folders of `seeds` that `up` puts in as well; not demo data in production") },
};
KIND(database, "x-ipam-orch.database section");

static const struct attribute acme_list[] = {
    { "directory", TEXT_, .empty = true, YES("of an ACME server; empty: Let's Encrypt") },
    { "email", TEXT_, .empty = true, YES("of the account, for `cert issue` and `cert renew`") },
    { "webroot", TEXT_, .path = PATH_FILE, YES("the directory that is served below http://NAME/, for challenges") },
    { "dns_hook", TEXT_, .path = PATH_FILE, .empty = true, YES("a program that answers dns-01 challenges, called as uacme(1) calls hooks") },
};
KIND(acme, "acme section");

static const struct attribute certificate_list[] = {
    { "certificate", TEXT_, .path = PATH_FILE, YES("made by the first `up` when it is missing") },
    { "key", TEXT_, .path = PATH_FILE, YES("made by the first `up` when it is missing") },
    { "names", TEXTS_, YES("made by the first `up` when it is missing") },
    { "acme", OBJECT_, .kind = &acme, YES("see its attributes") },
};
KIND(certificate, "x-ipam-orch.certificate section");

static const struct attribute backup_list[] = {
    { "directory", TEXT_, .path = PATH_FILE, YES("where `backup create` keeps backups") },
    { "compress", TEXT_, YES("of `backup create`") },
    { "encrypt", TEXT_, YES("of `backup create`: the secret that is the passphrase") },
    { "method", TEXT_, YES("of `backup create`") },
    { "keep_days", COUNT_, .cast = CAST_INT, YES("by `backup prune`") },
    { "keep_last", COUNT_, .cast = CAST_INT, YES("by `backup prune`") },
    { "keep_daily", COUNT_, .cast = CAST_INT, YES("by `backup prune`") },
    { "keep_weekly", COUNT_, .cast = CAST_INT, YES("by `backup prune`") },
    { "keep_monthly", COUNT_, .cast = CAST_INT, YES("by `backup prune`") },
    { "after", TEXTS_, YES("run by `backup create`") },
};
KIND(backup, "x-ipam-orch.backup section");

#define NAMED_(kind_) .form = FORM_NAMED, .kind = &(kind_)
static const struct attribute schedule_list[] = {
    { "when", TEXT_, YES("04:30, 'Mon-Fri 04:30', daily, weekly, ..., or the five fields of cron; local time") },
    { "run", TEXTS_, YES("a verb and its words, as in [clean, --logs]; run as the manager's user") },
    { "spread", TIME_, YES("begins up to so much later, always the same on one host; of daily and the like an hour") },
    { "timeout", TIME_, YES("ended after that; two hours where nothing is said") },
    { "catch_up", BOOL_, .keep = true, YES("false: what was missed while nothing ran is not made up for") },
    { "enabled", BOOL_, .keep = true, YES("false: only `schedule run` runs it") },
};
KIND(schedule, "schedule");

#define VERIFIED_ YES("for `verify`")
static const struct attribute verify_list[] = {
    { "proxy", TEXT_, VERIFIED_ },
    { "url", TEXT_, VERIFIED_ },
    { "frontend", TEXT_, VERIFIED_ },
    { "root", TEXT_, VERIFIED_ },
    { "backend", TEXT_, VERIFIED_ },
    { "backend_port", .accepts = INT_TEXT, .form = FORM_ANY, VERIFIED_ },
    { "health", TEXT_, VERIFIED_ },
    { "openapi", TEXT_, VERIFIED_ },
    { "login", TEXT_, VERIFIED_ },
    { "logout", TEXT_, VERIFIED_ },
    { "account", TEXT_, VERIFIED_ },
    { "user", TEXT_, VERIFIED_ },
    { "password_secret", TEXT_, VERIFIED_ },
    { "latency", TIME_, VERIFIED_ },
    { "cache", TEXT_, VERIFIED_ },
    { "cache_user", TEXT_, VERIFIED_ },
    { "cache_secret", TEXT_, VERIFIED_ },
    { "cache_keys", TEXT_, VERIFIED_ },
};
KIND(verify, "x-ipam-orch.verify section");

static const struct attribute maintenance_list[] = {
    { "service", TEXT_, YES("the proxy that shows the page") },
    { "directory", TEXT_, YES("of page and switch, inside it") },
};
KIND(maintenance, "x-ipam-orch.maintenance section");

static const struct attribute ours_list[] = {
    { "release", TEXT_, YES("shown by `ps`; what runs uses copies of its files") },
    { "live", TEXTS_, .path = PATH_FILE, YES("paths of the project that are not copied: what runs sees how they change") },
    { "environment", TEXT_, YES("production, if it says nothing else: keeps demo seeds out") },
    { "database", OBJECT_, .kind = &database, YES("see its attributes") },
    { "backup", OBJECT_, .kind = &backup, YES("see its attributes") },
    { "certificate", OBJECT_, .kind = &certificate, YES("see its attributes") },
    { "urls", TEXTS_, YES("shown when all is up") },
    { "verify", OBJECT_, .kind = &verify, YES("see its attributes") },
    { "maintenance", OBJECT_, .kind = &maintenance, YES("see its attributes") },
    { "logs", OBJECT_, .kind = &schema_log_keep, YES("see its attributes") },
    { "schedules", .accepts = IS_MAP, .values = IS_MAP, NAMED_(schedule), YES("commands of ours that the manager runs") },
    { "trash", TIME_, .keep = true, YES("how long removed volumes can be brought back; 7d where nothing is said, 0s deletes at once") },
};
const struct kind schema_ours = { .what = "x-ipam-orch section", .list = ours_list, .n = ARRAY_LEN(ours_list) };

static const struct attribute project_list[] = {
    { "name", TEXT_, YES("of the project") },
    { "version", .accepts = IS_TEXT, .form = FORM_DROPPED, IDLE("obsolete") },
    { "include", .accepts = IS_LIST, .items = IS_TEXT | IS_MAP, .form = FORM_OBJECTS, .kind = &schema_include, YES("read when the project is loaded") },
    { "services", .accepts = IS_MAP, .values = IS_MAP, NAMED_(schema_service), .keep = true, YES("see their attributes") },
    { "networks", .accepts = IS_MAP, .values = IS_MAP | IS_NULL, NAMED_(schema_network), .loose = true, YES("see their attributes") },
    { "volumes", .accepts = IS_MAP, .values = IS_MAP | IS_NULL, NAMED_(schema_volume), YES("directories of the state directory") },
    { "secrets", .accepts = IS_MAP, .values = IS_MAP, NAMED_(schema_secret), YES("see their attributes") },
    { "configs", .accepts = IS_MAP, .values = IS_MAP, NAMED_(schema_config), YES("see their attributes") },
    { "models", .accepts = IS_MAP, .values = IS_MAP, NAMED_(model), .loose = true, .yaml_only = true, NO("no models") },
    { "x-ipam-orch", OBJECT_, .kind = &schema_ours, YES("what the IPAM procedures need") },
};
/* clang-format on */
const struct kind schema_project = { .what = "compose file",
                                     .list = project_list,
                                     .n = ARRAY_LEN(project_list) };

const struct attribute *schema_find(const struct kind *kind, const char *name)
{
    for (size_t i = 0; kind && i < kind->n; i++)
        if (kind->list[i].name[0] == name[0] && strcmp(kind->list[i].name, name) == 0)
            return &kind->list[i];
    return NULL;
}

struct shape schema_member(struct shape map, const char *key)
{
    static const struct attribute ulimit = { .form = FORM_ANY, .merge = MERGE_REPLACE };
    const struct attribute *a;

    if (map.attribute && map.attribute->form == FORM_ULIMITS)
        return (struct shape){ .attribute = &ulimit };
    if (map.attribute && map.attribute->form == FORM_NAMED)
        return (struct shape){ .kind = map.attribute->kind };
    a = schema_find(map.kind, key);
    return (struct shape){ .attribute = a, .kind = a && a->form == FORM_OBJECT ? a->kind : NULL };
}

struct shape schema_item(struct shape list)
{
    const struct attribute *a = list.attribute;

    return (struct shape){ .kind = a && (a->form == FORM_OBJECTS || a->form == FORM_ENV_FILES)
                                       ? a->kind
                                       : NULL };
}

bool schema_is_extension(const char *name)
{
    return strncmp(name, "x-", 2) == 0;
}

bool schema_is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return name[0] != '\0' && strspn(name, allowed) == strlen(name);
}
