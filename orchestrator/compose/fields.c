#include "compose/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/suggest.h"

#define TEXT SHAPE_TEXT
#define LIST SHAPE_LIST
#define MAP  SHAPE_MAP
#define NIL  SHAPE_NULL

#define FIELDS(name, what_)                                                                        \
    static const struct fields name = { .what = what_,                                             \
                                        .list = name##_list,                                       \
                                        .n = ARRAY_LEN(name##_list) }

/* clang-format off */
static const struct field healthcheck_list[] = {
    { "test",           TEXT | LIST, NULL, false, VALUE_TEXT },
    { "interval",       TEXT,        NULL, false, VALUE_DURATION },
    { "timeout",        TEXT,        NULL, false, VALUE_DURATION },
    { "retries",        TEXT,        NULL, false, VALUE_COUNT },
    { "start_period",   TEXT,        NULL, false, VALUE_DURATION },
    { "start_interval", TEXT,        NULL, false, VALUE_DURATION },
    { "disable",        TEXT,        NULL, false, VALUE_BOOL },
};
FIELDS(healthcheck, "healthcheck");

static const struct field limits_list[] = {
    { "cpus",   TEXT, NULL, false, VALUE_CPUS },
    { "memory", TEXT, NULL, false, VALUE_BYTES },
    { "pids",   TEXT, NULL, false, VALUE_COUNT },
};
FIELDS(limits, "limits");

static const struct field resources_list[] = {
    { "limits", MAP, &limits, false, VALUE_TEXT },
};
FIELDS(resources, "resources");

static const struct field deploy_list[] = {
    { "resources", MAP, &resources, false, VALUE_TEXT },
};
FIELDS(deploy, "deploy");

static const struct field dependency_list[] = {
    { "condition", TEXT, NULL, false, VALUE_TEXT },
    { "required",  TEXT, NULL, false, VALUE_BOOL },
    { "restart",   TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(dependency, "dependency");

static const struct field port_list[] = {
    { "target",    TEXT, NULL, false, VALUE_TEXT },
    { "published", TEXT, NULL, false, VALUE_TEXT },
    { "host_ip",   TEXT, NULL, false, VALUE_TEXT },
    { "protocol",  TEXT, NULL, false, VALUE_TEXT },
    { "mode",      TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(port, "port");

static const struct field mount_list[] = {
    { "type",      TEXT, NULL, false, VALUE_TEXT },
    { "source",    TEXT, NULL, false, VALUE_TEXT },
    { "target",    TEXT, NULL, false, VALUE_TEXT },
    { "read_only", TEXT, NULL, false, VALUE_BOOL },
    { "bind",      MAP | NIL, NULL, false, VALUE_TEXT },
    { "volume",    MAP | NIL, NULL, false, VALUE_TEXT },
};
FIELDS(mount, "volume");

static const struct field secret_use_list[] = {
    { "source", TEXT, NULL, false, VALUE_TEXT },
    { "target", TEXT, NULL, false, VALUE_TEXT },
    { "uid",    TEXT, NULL, false, VALUE_TEXT },
    { "gid",    TEXT, NULL, false, VALUE_TEXT },
    { "mode",   TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(secret_use, "secret");

static const struct field attachment_list[] = {
    { "aliases", LIST, NULL, false, VALUE_TEXT },
};
FIELDS(attachment, "network");

static const struct field native_probe_list[] = {
    { "kind",     TEXT, NULL, false, VALUE_TEXT },
    { "url",      TEXT, NULL, false, VALUE_TEXT },
    { "insecure", TEXT, NULL, false, VALUE_BOOL },
    { "host",     TEXT, NULL, false, VALUE_TEXT },
    { "port",     TEXT, NULL, false, VALUE_TEXT },
    { "user",     TEXT, NULL, false, VALUE_TEXT },
    { "password", TEXT, NULL, false, VALUE_TEXT },
    { "database", TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(native_probe, "probe");

static const struct field native_list[] = {
    { "command",     TEXT | LIST, NULL, false, VALUE_TEXT },
    { "user",        TEXT,        NULL, false, VALUE_TEXT },
    { "working_dir", TEXT,        NULL, false, VALUE_TEXT },
    { "binds",       LIST,        NULL, false, VALUE_TEXT },
    { "tmpfs",       LIST,        NULL, false, VALUE_TEXT },
    { "etc",         LIST,        NULL, false, VALUE_TEXT },
    { "environment", MAP | LIST,  NULL, false, VALUE_TEXT },
    { "packages",    LIST,        NULL, false, VALUE_TEXT },
    { "programs",    LIST,        NULL, false, VALUE_TEXT },
    { "probe",       MAP,         &native_probe, false, VALUE_TEXT },
};
FIELDS(native, "x-native");

static const struct field service_list[] = {
    { "image",             TEXT,        NULL,         false, VALUE_TEXT },
    { "build",             TEXT | MAP,  NULL,         false, VALUE_TEXT },
    { "command",           TEXT | LIST | NIL, NULL,   false, VALUE_TEXT },
    { "entrypoint",        TEXT | LIST | NIL, NULL,   false, VALUE_TEXT },
    { "environment",       MAP | LIST,  NULL,         false, VALUE_TEXT },
    { "user",              TEXT,        NULL,         false, VALUE_TEXT },
    { "working_dir",       TEXT,        NULL,         false, VALUE_TEXT },
    { "hostname",          TEXT,        NULL,         false, VALUE_TEXT },
    { "depends_on",        LIST | MAP,  &dependency,  true, VALUE_TEXT },
    { "networks",          LIST | MAP,  &attachment,  true, VALUE_TEXT },
    { "ports",             LIST,        &port,        false, VALUE_TEXT },
    { "volumes",           LIST,        &mount,       false, VALUE_TEXT },
    { "tmpfs",             TEXT | LIST, NULL,         false, VALUE_TEXT },
    { "secrets",           LIST,        &secret_use,  false, VALUE_TEXT },
    { "healthcheck",       MAP,         &healthcheck, false, VALUE_TEXT },
    { "deploy",            MAP,         &deploy,      false, VALUE_TEXT },
    { "restart",           TEXT,        NULL,         false, VALUE_TEXT },
    { "stop_signal",       TEXT,        NULL,         false, VALUE_TEXT },
    { "stop_grace_period", TEXT,        NULL,         false, VALUE_DURATION },
    { "read_only",         TEXT,        NULL,         false, VALUE_BOOL },
    { "init",              TEXT,        NULL,         false, VALUE_BOOL },
    { "cap_drop",          LIST,        NULL,         false, VALUE_TEXT },
    { "security_opt",      LIST,        NULL,         false, VALUE_TEXT },
    { "x-native",          MAP,         &native,      false, VALUE_TEXT },
};
FIELDS(service, "service");

static const struct field network_list[] = {
    { "internal", TEXT, NULL, false, VALUE_BOOL },
    { "name",     TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(network, "network");

static const struct field volume_list[] = {
    { "name", TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(volume, "volume");

static const struct field secret_list[] = {
    { "file",        TEXT, NULL, false, VALUE_TEXT },
    { "environment", TEXT, NULL, false, VALUE_TEXT },
    { "name",        TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(secret, "secret");

static const struct field database_list[] = {
    { "service",         TEXT, NULL, false, VALUE_TEXT },
    { "name",            TEXT, NULL, false, VALUE_TEXT },
    { "user",            TEXT, NULL, false, VALUE_TEXT },
    { "password_secret", TEXT, NULL, false, VALUE_TEXT },
    { "port",            TEXT, NULL, false, VALUE_TEXT },
    { "migrations",      TEXT, NULL, false, VALUE_TEXT },
    { "seeds",           TEXT, NULL, false, VALUE_TEXT },
};
FIELDS(database, "x-ipam-orch.database");

static const struct field certificate_list[] = {
    { "certificate", TEXT, NULL, false, VALUE_TEXT },
    { "key",         TEXT, NULL, false, VALUE_TEXT },
    { "names",       LIST, NULL, false, VALUE_TEXT },
};
FIELDS(certificate, "x-ipam-orch.certificate");

static const struct field ours_list[] = {
    { "release",     TEXT, NULL,         false, VALUE_TEXT },
    { "database",    MAP,  &database,    false, VALUE_TEXT },
    { "certificate", MAP,  &certificate, false, VALUE_TEXT },
    { "urls",        LIST, NULL,         false, VALUE_TEXT },
};
FIELDS(ours, "x-ipam-orch");

static const struct field project_list[] = {
    { "name",        TEXT,      NULL,     false, VALUE_TEXT },
    { "version",     TEXT,      NULL,     false, VALUE_TEXT },
    { "services",    MAP,       &service, true, VALUE_TEXT },
    { "networks",    MAP | NIL, &network, true, VALUE_TEXT },
    { "volumes",     MAP | NIL, &volume,  true, VALUE_TEXT },
    { "secrets",     MAP | NIL, &secret,  true, VALUE_TEXT },
    { "x-ipam-orch", MAP,       &ours,    false, VALUE_TEXT },
};
/* clang-format on */

const struct fields fields_project = { .what = "compose file",
                                       .list = project_list,
                                       .n = ARRAY_LEN(project_list) };

static int refuse(struct mark at, struct err *e)
{
    err_classify(e, ERR_CONFIG);
    return err_at(e, at);
}

static int unknown(const struct fields *f, const struct entry *entry, struct err *e)
{
    auto_free const char **names = calloc(f->n + 1, sizeof(char *));
    const char *near;

    if (!names)
        abort();
    for (size_t i = 0; i < f->n; i++)
        names[i] = f->list[i].name;
    near = suggest(entry->key, names);
    err_set(e, -EINVAL, "'%s' is not an attribute of a %s that this version honours%s%s%s",
            entry->key, f->what, near ? ", did you mean '" : "", near ? near : "",
            near ? "'?" : "");
    return refuse(entry->key_at, e);
}

static int wrong_shape(const struct field *f, const struct entry *entry, struct err *e)
{
    char expected[96] = "";

    for (int kind = NODE_SCALAR; kind <= NODE_MAP; kind++) {
        if (!(f->shapes & 1u << kind))
            continue;
        size_t used = strlen(expected);
        (void) snprintf(expected + used, sizeof expected - used, "%s%s", used ? " or " : "",
                        node_kind_text((enum node_kind) kind));
    }
    err_set(e, -EINVAL, "'%s' must be %s, this is %s", entry->key, expected,
            node_kind_text(entry->value->kind));
    return refuse(entry->value->at, e);
}

static int check_value(const struct field *f, const struct entry *entry, struct err *e)
{
    static const char *const expected[] = { [VALUE_BOOL] = "true or false",
                                            [VALUE_COUNT] = "a number",
                                            [VALUE_CPUS] = "a number such as 0.5",
                                            [VALUE_BYTES] = "a size such as 512M",
                                            [VALUE_DURATION] = "a duration such as 30s or 1m30s" };
    const char *text = entry->value->text;
    uint64_t n = 0;
    bool good = true;

    switch (f->value) {
    case VALUE_TEXT: break;
    case VALUE_BOOL: good = strcmp(text, "true") == 0 || strcmp(text, "false") == 0; break;
    case VALUE_COUNT: good = num_u64(text, UINT32_MAX, &n) == 0; break;
    case VALUE_CPUS: good = num_milli_cpus(text, &n) == 0; break;
    case VALUE_BYTES: good = num_bytes(text, &n) == 0; break;
    case VALUE_DURATION: good = num_duration_us(text, &n) == 0; break;
    }
    if (good)
        return 0;
    err_set(e, -EINVAL, "'%s' must be %s", entry->key, expected[f->value]);
    return refuse(entry->value->at, e);
}

static int check_each(const struct field *f, const struct node *n, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        if (n->items[i]->kind == NODE_MAP)
            r = fields_check(f->inner, n->items[i], e);
    for (size_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++) {
        const struct entry *entry = &n->entries[i];

        if (entry->value->kind == NODE_MAP)
            r = fields_check(f->inner, entry->value, e);
        else if (entry->value->kind != NODE_NULL) {
            err_set(e, -EINVAL, "%s '%s' must be a map", f->inner->what, entry->key);
            r = refuse(entry->value->at, e);
        }
    }
    return r;
}

static const struct field *find(const struct fields *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return &f->list[i];
    return NULL;
}

int fields_check(const struct fields *f, const struct node *map, struct err *e)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct entry *entry = &map->entries[i];
        const struct field *field = find(f, entry->key);
        int r = 0;

        if (!field && strncmp(entry->key, "x-", 2) == 0)
            continue;
        if (!field)
            return unknown(f, entry, e);
        if (!(field->shapes & 1u << entry->value->kind))
            return wrong_shape(field, entry, e);
        if (entry->value->kind == NODE_SCALAR)
            r = check_value(field, entry, e);
        else if (field->inner && (field->each || entry->value->kind == NODE_LIST))
            r = check_each(field, entry->value, e);
        else if (field->inner)
            r = fields_check(field->inner, entry->value, e);
        if (r < 0)
            return r;
    }
    return 0;
}
