#include "compose/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "compose/canonical.h"
#include "compose/database_ports.h"
#include "compose/explain.h"
#include "compose/optional.h"
#include "compose/recipe.h"
#include "compose/replicas.h"
#include "compose/scalar.h"
#include "compose/values.h"
#include "model/digest.h"

enum { MYSQL_PORT = 3306 };

const struct node *resolve_get(const struct resolve *r, const char *key)
{
    const struct node *n = node_get(r->native, key);

    if (!n)
        n = node_get(r->service, key);
    return n ? n : node_get(r->recipe, key);
}

int resolve_refuse(const struct node *n, struct err *e, const char *fmt, ...)
{
    char what[512];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    err_set(e, -EINVAL, "%s", what);
    err_classify(e, ERR_CONFIG);
    return err_at(e, n->at);
}

const char *const *resolve_strings(struct arena *a, const struct node *list)
{
    const char **out = arena_array(a, (list ? list->n : 0) + 1, sizeof *out);

    for (size_t i = 0; list && i < list->n; i++)
        out[i] = list->items[i]->text;
    return out;
}

int resolve_duration(const struct node *map, const char *key, uint64_t fallback, uint64_t *out,
                     struct err *e)
{
    const struct node *n = node_get(map, key);
    int64_t ns = 0;

    *out = fallback;
    if (!n)
        return 0;
    if (values_duration(n->text, &ns) < 0 || ns < 0)
        return resolve_refuse(n, e, "'%s' must be a duration such as 30s or 1m30s", key);
    *out = (uint64_t) ns / 1000;
    return 0;
}

void resolve_volume(struct project *p, struct volume v)
{
    struct volume *grown = arena_array(p->arena, p->n_volumes + 1, sizeof *grown);

    if (p->n_volumes > 0)
        memcpy(grown, p->volumes, p->n_volumes * sizeof *grown);
    grown[p->n_volumes++] = v;
    p->volumes = grown;
}

static void volumes(struct project *p, const struct node *document)
{
    const struct node *map = node_get(document, "volumes");

    for (size_t i = 0; i < node_count(map); i++) {
        const struct node *n = map->entries[i].value;

        resolve_volume(p,
                       (struct volume){ .key = map->entries[i].key,
                                        .name = node_get_text(n, "name", ""),
                                        .external = node_is_true(node_get(n, "external")) ||
                                                    node_count(node_get(n, "driver_opts")) > 0 });
    }
}

/* An external one is a file of this host, by its name: there is no engine to keep it. */
static const struct node *find_file(struct arena *a, const char *what, const struct node *n)
{
    const struct node *file = node_get(n, "file");
    const char *name = node_get_text(n, "name", "");

    if (!node_is_true(node_get(n, "external")))
        return file;
    return node_text(a, arena_printf(a, "%s/%ss/%s", paths_conf(), what, name), n->at);
}

static int value_from_file(const struct node *path, const char *what, const char *name,
                           struct secret *s, struct arena *a, struct err *e)
{
    auto_free char *text = NULL;
    int r = fsio_read(AT_FDCWD, path->text, LIMIT_SECRET, &text, &s->len);

    if (r < 0)
        return resolve_refuse(path, e, "%s '%s': %s: %s", what, name, path->text,
                              r == -EFBIG ? "larger than 512 KiB" : strerror(-r));
    s->value = arena_strndup(a, text, s->len);
    explicit_bzero(text, s->len);
    return 0;
}

static int refuse_empty(const struct loaded *l, const struct entry *secret,
                        const struct node *variable, const char *value, struct err *e)
{
    const struct entry *line = variable ? variables_in_file(l->variables, variable->text) : NULL;

    if (!variable)
        return resolve_refuse(secret->value, e, "secret '%s' has no value here: it is external",
                              secret->key);
    resolve_refuse(variable, e, "%s is %s; secret '%s' needs it", variable->text,
                   value ? "empty" : "not set", secret->key);
    if (line) {
        err_hint(e, "give it a value in %s", line->key_at.file);
        return err_at(e, line->key_at);
    }
    if (l->variables->env_file)
        return err_hint(e, "add %s to %s", variable->text, l->variables->env_file);
    return err_hint(e, "ipam-orch init");
}

static int secrets(const struct loaded *l, struct project *p, const struct node *document,
                   struct err *e)
{
    const struct node *map = node_get(document, "secrets");
    const struct node *services = node_get(document, "services");

    /* a probe may add two for its service */
    p->secrets = arena_array(
        p->arena, node_count(map) + node_count(node_get(document, "configs")) + 2 * services->n + 1,
        sizeof *p->secrets);
    for (size_t i = 0; map && i < map->n; i++) {
        const struct node *n = map->entries[i].value;
        const struct node *file = find_file(p->arena, "secret", n);
        const struct node *variable = node_get(n, "environment");
        const char *value = node_get_text(n, CANONICAL_VALUE, NULL);
        struct secret *s = &p->secrets[p->n_secrets++];
        int r = 0;

        s->name = map->entries[i].key;
        s->value = "";
        if (file)
            r = value_from_file(file, "secret", s->name, s, p->arena, e);
        else if (!value || value[0] == '\0')
            r = refuse_empty(l, &map->entries[i], variable, value, e);
        else {
            s->value = value;
            s->len = strlen(value);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* A config travels as a secret does; its contents may be empty and may stand in the file. */
static int configs(struct project *p, const struct node *document, struct err *e)
{
    const struct node *map = node_get(document, "configs");

    for (size_t i = 0; i < node_count(map); i++) {
        const struct node *n = map->entries[i].value;
        const struct node *file = find_file(p->arena, "config", n);
        struct secret *s = &p->secrets[p->n_secrets++];
        int r;

        s->name = arena_printf(p->arena, RESOLVE_CONFIG "%s", map->entries[i].key);
        s->value = node_get_text(n, "content", node_get_text(n, CANONICAL_VALUE, NULL));
        if (file && (r = value_from_file(file, "config", map->entries[i].key, s, p->arena, e)) < 0)
            return r;
        if (!s->value)
            return resolve_refuse(n, e, "config '%s' has no value here", map->entries[i].key);
        s->len = file ? s->len : strlen(s->value);
    }
    return 0;
}

static int find_recipe(struct resolve *r, struct err *e)
{
    const char *image = node_get_text(r->service, "image", "");
    int code = image[0] ? recipe_find(r->arena, image, &r->recipe, e) : 0;

    if (code < 0 || r->recipe || node_get(r->native, "command") ||
        (r->native && (node_get(r->service, "entrypoint") || node_get(r->service, "command"))))
        return code;
    resolve_refuse(r->service, e, "there is no recipe for image '%s'", image);
    err_classify(e, ERR_MISSING);
    return err_hint(e, "say how to run it: x-native: {command: [...], user: NAME, binds: [...]}");
}

static int services(struct resolve *r, struct err *e)
{
    const struct node *map = node_get(r->document, "services");

    /* and one beside each that holds its sockets */
    r->project->units = arena_array(r->arena, 2 * map->n, sizeof *r->project->units);
    r->project->n_units = map->n;
    for (size_t i = 0; i < map->n; i++)
        r->project->units[i].name = map->entries[i].key;
    for (size_t i = 0; i < map->n; i++) {
        r->service = map->entries[i].value;
        r->native = node_get(r->service, "x-native");
        r->recipe = NULL;
        r->unit = &r->project->units[i];
        if (find_recipe(r, e) < 0 || resolve_unit(r, e) < 0 || resolve_listen(r, e) < 0)
            return err_wrap(e, "service '%s'", r->unit->name);
    }
    return 0;
}

static int report_missing(const struct resolve *r, struct err *e)
{
    auto_free char *list = strv_join(r->missing, " ");

    err_set(e, -ENOENT, "missing on this host: %s", list);
    err_hint(e, "apt-get install -y --no-install-recommends %s", list);
    return err_classify(e, ERR_MISSING);
}

static const char *const *texts_of(struct arena *a, const struct node *list)
{
    const char **out = arena_array(a, (list ? list->n : 0) + 1, sizeof *out);

    for (size_t i = 0; list && i < list->n; i++)
        out[i] = list->items[i]->text;
    return out;
}

/* service and words in one list */
static int migrate_command(struct project *p, const struct node *database, struct err *e)
{
    const struct node *list = node_get(database, "migrate_command");
    const char *service = node_get_text(database, "migrate_service", "");
    const char **out = arena_array(p->arena, (list ? list->n : 0) + 2, sizeof *out);

    if (!list)
        return 0;
    if (!project_unit(p, service))
        return resolve_refuse(list, e,
                              "database: 'migrate_command' needs a 'migrate_service' of this file");
    out[0] = service;
    for (size_t i = 0; i < list->n; i++)
        out[i + 1] = list->items[i]->text;
    p->database.migrate_command = out;
    return 0;
}

static int database(const struct loaded *l, struct project *p, const struct node *document,
                    struct err *e)
{
    const struct node *n = node_get(node_get(document, "x-ipam-orch"), "database");
    const char *environment =
        node_get_text(node_get(document, "x-ipam-orch"), "environment", "production");
    struct database *db = &p->database;

    *db = (struct database){ .unit = node_get_text(n, "service", ""),
                             .schema = node_get_text(n, "name", ""),
                             .user = node_get_text(n, "user", ""),
                             .password_secret = node_get_text(n, "password_secret", ""),
                             .migrations = node_get_text(n, "migrations", ""),
                             .seeds = node_get_text(n, "seeds", ""),
                             .seed_sets = texts_of(p->arena, node_get(n, "seed_sets")),
                             .port = MYSQL_PORT,
                             .no_production = environment[0] != '\0' &&
                                              strcasecmp(environment, "production") != 0 &&
                                              strcasecmp(environment, "prod") != 0 };
    if (!n)
        return 0;
    /* without its service nothing is done about it */
    if (!project_unit(p, db->unit) && (l->partial || node_get(l->disabled, db->unit))) {
        *db = (struct database){ .unit = "",
                                 .schema = "",
                                 .user = "",
                                 .password_secret = "",
                                 .migrations = "",
                                 .seeds = "" };
        return 0;
    }
    if (!project_unit(p, db->unit))
        return resolve_refuse(n, e, "database: '%s' is not a service of this file", db->unit);
    if (!project_secret(p, db->password_secret))
        return resolve_refuse(n, e, "database: secret '%s' is not defined", db->password_secret);
    if (node_get(n, "port") && num_port(node_get_text(n, "port", ""), &db->port) < 0)
        return resolve_refuse(node_get(n, "port"), e, "'port' must be a port");
    return migrate_command(p, n, e);
}

/* the secret that is made of a file, "" if none is */
static const char *secret_of(const struct node *document, const char *file)
{
    const struct node *list = node_get(document, "secrets");

    for (uint32_t i = 0; i < node_count(list); i++)
        if (strcmp(node_get_text(list->entries[i].value, "file", ""), file) == 0)
            return list->entries[i].key;
    return "";
}

/* settings that say the same name mean one */
static const char *const *names_of(struct arena *a, const struct node *list)
{
    const char **out = arena_array(a, (list ? list->n : 0) + 1, sizeof *out);
    size_t n = 0;

    for (size_t i = 0; list && i < list->n; i++) {
        size_t k = 0;

        while (k < n && strcasecmp(out[k], list->items[i]->text) != 0)
            k++;
        if (k == n)
            out[n++] = list->items[i]->text;
    }
    return out;
}

bool resolve_certificate(struct arena *a, const struct node *document, struct certificate *out)
{
    const struct node *n = node_get(node_get(document, "x-ipam-orch"), "certificate");
    const struct node *acme = node_get(n, "acme");

    *out = (struct certificate){ .certificate = node_get_text(n, "certificate", ""),
                                 .key = node_get_text(n, "key", ""),
                                 .names = names_of(a, node_get(n, "names")),
                                 .directory = node_get_text(acme, "directory", ""),
                                 .email = node_get_text(acme, "email", ""),
                                 .webroot = node_get_text(acme, "webroot", ""),
                                 .dns_hook = node_get_text(acme, "dns_hook", "") };
    out->certificate_secret = secret_of(document, out->certificate);
    out->key_secret = secret_of(document, out->key);
    return out->certificate[0] != '\0' && out->key[0] != '\0';
}

static void certificates(struct project *p, const struct node *document)
{
    p->certificates = arena_array(p->arena, 1, sizeof *p->certificates);
    p->n_certificates = resolve_certificate(p->arena, document, p->certificates) ? 1 : 0;
}

/* https://host:443/ is https://host/ to people */
static const char *without_default_port(struct arena *a, const char *url)
{
    bool https = strncmp(url, "https://", 8) == 0;
    const char *port = strstr(url, https ? ":443" : ":80");
    size_t len = https ? 4 : 3;

    if (!port || (!https && strncmp(url, "http://", 7) != 0) || (port[len] && port[len] != '/'))
        return url;
    return arena_printf(a, "%.*s%s", (int) (port - url), url, port + len);
}

static void urls(struct project *p, const struct node *document)
{
    const struct node *list = node_get(node_get(document, "x-ipam-orch"), "urls");
    const char **out = arena_array(p->arena, (list ? list->n : 0) + 1, sizeof *out);

    for (size_t i = 0; list && i < list->n; i++)
        out[i] = without_default_port(p->arena, list->items[i]->text);
    p->urls = out;
}

/* after all else: what makes one of something impossible may stand anywhere */
static int replicas(struct project *p, const struct node *document, struct err *e)
{
    for (size_t i = 0; i < p->n_units; i++) {
        struct unit *u = &p->units[i];
        const struct node *service = node_get(node_get(document, "services"), u->name);
        const struct node *n = node_get(service, "scale"), *own;
        const char *obstacle;
        uint64_t number = 1;

        own = node_get(node_get(service, "deploy"), "replicas");
        n = n ? n : own;
        if (n && num_u64(scalar_print(p->arena, n), UINT32_MAX, &number) < 0)
            return resolve_refuse(n, e, "it must be a number of instances");
        obstacle = replicas_obstacle(p, u, (unsigned) number);
        if (obstacle)
            return resolve_refuse(n ? n : service, e, "service '%s' cannot have %u instances: %s",
                                  u->name, (unsigned) number, obstacle);
        u->replicas = (unsigned) number;
    }
    return 0;
}

int resolve_project(struct loaded *l, struct project **out, struct err *e)
{
    const struct node *document = l->model;
    struct project *p = arena_alloc(l->arena, sizeof *p);
    struct resolve r = { .loaded = l, .arena = l->arena, .document = document, .project = p };
    int code = explain_check(document, &l->warnings, e);

    if (code == 0)
        code = optional_prune(l, &p->absent, e);

    if (code < 0)
        return code;
    database_ports_warn(document, &l->warnings);
    p->arena = l->arena;
    p->name = l->name;
    p->dir = l->dir;
    p->release = node_get_text(node_get(document, "x-ipam-orch"), "release", "");
    p->live = resolve_strings(p->arena, node_get(node_get(document, "x-ipam-orch"), "live"));
    volumes(p, document);
    urls(p, document);
    certificates(p, document);
    code = resolve_networks(p, document, e);
    if (code == 0)
        code = secrets(l, p, document, e);
    if (code == 0)
        code = configs(p, document, e);
    if (code == 0)
        code = services(&r, e);
    if (code == 0 && r.missing)
        code = report_missing(&r, e);
    strv_free(r.missing);
    if (code == 0)
        code = database(l, p, document, e);
    if (code == 0)
        code = resolve_verify(l, p, document, e);
    if (code == 0)
        code = replicas(p, document, e);
    if (code == 0)
        code = resolve_backup(&r, e);
    if (code == 0)
        code =
            resolve_log_keep(&r, node_get(node_get(document, "x-ipam-orch"), "logs"), &p->logs, e);
    if (code == 0)
        code = resolve_schedules(&r, e);
    if (code == 0)
        code = digest_units(p, e);
    if (code == 0)
        *out = p;
    return code;
}
