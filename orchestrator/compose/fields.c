#include "compose/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
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
    { "test",           TEXT | LIST, NULL, false },
    { "interval",       TEXT,        NULL, false },
    { "timeout",        TEXT,        NULL, false },
    { "retries",        TEXT,        NULL, false },
    { "start_period",   TEXT,        NULL, false },
    { "start_interval", TEXT,        NULL, false },
    { "disable",        TEXT,        NULL, false },
};
FIELDS(healthcheck, "healthcheck");

static const struct field limits_list[] = {
    { "cpus",   TEXT, NULL, false },
    { "memory", TEXT, NULL, false },
    { "pids",   TEXT, NULL, false },
};
FIELDS(limits, "limits");

static const struct field resources_list[] = {
    { "limits", MAP, &limits, false },
};
FIELDS(resources, "resources");

static const struct field deploy_list[] = {
    { "resources", MAP, &resources, false },
};
FIELDS(deploy, "deploy");

static const struct field dependency_list[] = {
    { "condition", TEXT, NULL, false },
    { "required",  TEXT, NULL, false },
    { "restart",   TEXT, NULL, false },
};
FIELDS(dependency, "dependency");

static const struct field port_list[] = {
    { "target",    TEXT, NULL, false },
    { "published", TEXT, NULL, false },
    { "host_ip",   TEXT, NULL, false },
    { "protocol",  TEXT, NULL, false },
    { "mode",      TEXT, NULL, false },
};
FIELDS(port, "port");

static const struct field mount_list[] = {
    { "type",      TEXT, NULL, false },
    { "source",    TEXT, NULL, false },
    { "target",    TEXT, NULL, false },
    { "read_only", TEXT, NULL, false },
    { "bind",      MAP | NIL, NULL, false },
    { "volume",    MAP | NIL, NULL, false },
};
FIELDS(mount, "volume");

static const struct field secret_use_list[] = {
    { "source", TEXT, NULL, false },
    { "target", TEXT, NULL, false },
    { "uid",    TEXT, NULL, false },
    { "gid",    TEXT, NULL, false },
    { "mode",   TEXT, NULL, false },
};
FIELDS(secret_use, "secret");

static const struct field attachment_list[] = {
    { "aliases", LIST, NULL, false },
};
FIELDS(attachment, "network");

static const struct field native_probe_list[] = {
    { "kind",     TEXT, NULL, false },
    { "url",      TEXT, NULL, false },
    { "insecure", TEXT, NULL, false },
    { "host",     TEXT, NULL, false },
    { "port",     TEXT, NULL, false },
    { "user",     TEXT, NULL, false },
    { "password", TEXT, NULL, false },
    { "database", TEXT, NULL, false },
};
FIELDS(native_probe, "probe");

static const struct field native_list[] = {
    { "command",     TEXT | LIST, NULL, false },
    { "user",        TEXT,        NULL, false },
    { "working_dir", TEXT,        NULL, false },
    { "binds",       LIST,        NULL, false },
    { "tmpfs",       LIST,        NULL, false },
    { "etc",         LIST,        NULL, false },
    { "environment", MAP | LIST,  NULL, false },
    { "packages",    LIST,        NULL, false },
    { "programs",    LIST,        NULL, false },
    { "probe",       MAP,         &native_probe, false },
};
FIELDS(native, "x-native");

static const struct field service_list[] = {
    { "image",             TEXT,        NULL,         false },
    { "build",             TEXT | MAP,  NULL,         false },
    { "command",           TEXT | LIST | NIL, NULL,   false },
    { "entrypoint",        TEXT | LIST | NIL, NULL,   false },
    { "environment",       MAP | LIST,  NULL,         false },
    { "user",              TEXT,        NULL,         false },
    { "working_dir",       TEXT,        NULL,         false },
    { "hostname",          TEXT,        NULL,         false },
    { "depends_on",        LIST | MAP,  &dependency,  true  },
    { "networks",          LIST | MAP,  &attachment,  true  },
    { "ports",             LIST,        &port,        false },
    { "volumes",           LIST,        &mount,       false },
    { "tmpfs",             TEXT | LIST, NULL,         false },
    { "secrets",           LIST,        &secret_use,  false },
    { "healthcheck",       MAP,         &healthcheck, false },
    { "deploy",            MAP,         &deploy,      false },
    { "restart",           TEXT,        NULL,         false },
    { "stop_signal",       TEXT,        NULL,         false },
    { "stop_grace_period", TEXT,        NULL,         false },
    { "read_only",         TEXT,        NULL,         false },
    { "init",              TEXT,        NULL,         false },
    { "cap_drop",          LIST,        NULL,         false },
    { "security_opt",      LIST,        NULL,         false },
    { "x-native",          MAP,         &native,      false },
};
FIELDS(service, "service");

static const struct field network_list[] = {
    { "internal", TEXT, NULL, false },
    { "name",     TEXT, NULL, false },
};
FIELDS(network, "network");

static const struct field volume_list[] = {
    { "name", TEXT, NULL, false },
};
FIELDS(volume, "volume");

static const struct field secret_list[] = {
    { "file",        TEXT, NULL, false },
    { "environment", TEXT, NULL, false },
    { "name",        TEXT, NULL, false },
};
FIELDS(secret, "secret");

static const struct field database_list[] = {
    { "service",         TEXT, NULL, false },
    { "name",            TEXT, NULL, false },
    { "user",            TEXT, NULL, false },
    { "password_secret", TEXT, NULL, false },
    { "port",            TEXT, NULL, false },
    { "migrations",      TEXT, NULL, false },
    { "seeds",           TEXT, NULL, false },
};
FIELDS(database, "x-ipam-orch.database");

static const struct field certificate_list[] = {
    { "certificate", TEXT, NULL, false },
    { "key",         TEXT, NULL, false },
    { "names",       LIST, NULL, false },
};
FIELDS(certificate, "x-ipam-orch.certificate");

static const struct field ours_list[] = {
    { "release",     TEXT, NULL,         false },
    { "database",    MAP,  &database,    false },
    { "certificate", MAP,  &certificate, false },
    { "urls",        LIST, NULL,         false },
};
FIELDS(ours, "x-ipam-orch");

static const struct field project_list[] = {
    { "name",        TEXT,      NULL,     false },
    { "version",     TEXT,      NULL,     false },
    { "services",    MAP,       &service, true  },
    { "networks",    MAP | NIL, &network, true  },
    { "volumes",     MAP | NIL, &volume,  true  },
    { "secrets",     MAP | NIL, &secret,  true  },
    { "x-ipam-orch", MAP,       &ours,    false },
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
        if (field->inner && (field->each || entry->value->kind == NODE_LIST))
            r = check_each(field, entry->value, e);
        else if (field->inner)
            r = fields_check(field->inner, entry->value, e);
        if (r < 0)
            return r;
    }
    return 0;
}
