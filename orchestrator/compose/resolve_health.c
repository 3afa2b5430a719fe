/* Health checks: the test of the file, or the stronger probe that stands for it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/pattern.h"
#include "compose/resolve.h"

enum { DAYS_MAX = 36500 };

#define WATCHDOG_LEAST_US (100 * USEC_PER_MSEC)

static bool word_is(const char *word, const char *name)
{
    const char *slash = strrchr(word, '/');

    return strcmp(slash ? slash + 1 : word, name) == 0;
}

/* the program a test runs; for a shell line its first word */
static const char *test_program(struct arena *a, const struct node *test)
{
    const char *text;

    if (test->n < 2)
        return "";
    text = test->items[1]->text;
    return strcmp(test->items[0]->text, "CMD-SHELL") == 0
               ? arena_strndup(a, text, strcspn(text, " \t"))
               : text;
}

static bool is_replaced(const struct resolve *r, const char *program)
{
    const struct node *list = node_get(r->recipe, "healthcheck_replaces");

    for (size_t i = 0; list && i < list->n; i++)
        if (word_is(program, list->items[i]->text))
            return true;
    return false;
}

/* `curl -fsk URL` and `wget -q URL` ask for something we can ask ourselves: no such program has to
 * be installed on the host */
static bool as_http(const struct resolve *r, const struct node *test, struct probe *out)
{
    const char *program = test_program(r->arena, test);
    bool curl = word_is(program, "curl");

    if (strcmp(test->items[0]->text, "CMD") != 0 || (!curl && !word_is(program, "wget")))
        return false;
    for (size_t i = 2; i < test->n; i++) {
        const char *word = test->items[i]->text;

        if (strncmp(word, "http://", 7) == 0 || strncmp(word, "https://", 8) == 0)
            out->url = word;
        else if (strcmp(word, "--insecure") == 0 || strcmp(word, "--no-check-certificate") == 0 ||
                 (curl && word[0] == '-' && word[1] != '-' && strchr(word, 'k')))
            out->insecure = true;
    }
    if (out->url[0] == '\0')
        return false;
    out->kind = PROBE_HTTP;
    return true;
}

static int as_exec(const struct resolve *r, const struct node *test, struct probe *out,
                   struct err *e)
{
    const char *form = test->n > 0 ? test->items[0]->text : "";
    const char **argv = arena_array(r->arena, test->n + 4, sizeof *argv);
    size_t n = 0;

    if (strcmp(form, "NONE") == 0) {
        out->kind = PROBE_NONE;
        return 0;
    }
    if (test->n < 2 || (strcmp(form, "CMD") != 0 && strcmp(form, "CMD-SHELL") != 0))
        return resolve_refuse(test, e,
                              "a test begins with CMD, CMD-SHELL or NONE and says what to run");
    if (strcmp(form, "CMD-SHELL") == 0) {
        argv[n++] = "/bin/sh";
        argv[n++] = "-c";
    }
    for (size_t i = 1; i < test->n; i++)
        argv[n++] = test->items[i]->text;
    out->kind = PROBE_EXEC;
    out->argv = argv;
    return 0;
}

static const char *env_value(const struct resolve *r, const char *name)
{
    return node_get_text(node_get(r->service, "environment"), name, NULL);
}

/* the secret a password variable stands for: NAME_FILE points to one, NAME holds the value */
static const char *password_secret(struct resolve *r, const char *variable)
{
    const char *path = env_value(r, arena_printf(r->arena, "%s_FILE", variable));
    const char *value = env_value(r, variable);
    struct project *p = r->project;
    struct secret *s;

    for (size_t i = 0; path && i < r->unit->n_files; i++)
        if (strcmp(r->unit->files[i].target, path) == 0)
            return r->unit->files[i].secret;
    if (!value)
        return "";
    s = &p->secrets[p->n_secrets++]; /* room for one per service was made */
    s->name = arena_printf(r->arena, "%s.probe", r->unit->name);
    s->value = value;
    s->len = strlen(value);
    return s->name;
}

static int number(const struct node *map, const char *key, uint16_t *out, struct err *e)
{
    const struct node *n = node_get(map, key);

    if (n && num_port(n->text, out) < 0)
        return resolve_refuse(n, e, "'%s' must be a port", key);
    return 0;
}

/* The caller reads it: nobody else may be able to, and what was checked is what is used. */
static int trusted(struct resolve *r, const struct node *map, const char **out, struct err *e)
{
    const struct node *file = node_get(map, "ca");
    struct project *p = r->project;
    auto_free char *text = NULL;
    size_t len = 0;
    int code;

    if (!file)
        return 0;
    code = fsio_read(AT_FDCWD, file->text, LIMIT_PROBE_CA, &text, &len);
    if (code < 0)
        return resolve_refuse(file, e, "'ca': %s: %s", file->text,
                              code == -EFBIG ? "it is larger than 32 KiB" : strerror(-code));
    if (!strstr(text, "-----BEGIN CERTIFICATE-----"))
        return resolve_refuse(file, e, "'ca': %s: there is no certificate in it (PEM)", file->text);
    struct secret *s = &p->secrets[p->n_secrets++]; /* room for two per service was made */
    s->name = arena_printf(r->arena, "%s.probe.ca", r->unit->name);
    s->value = arena_strndup(r->arena, text, len);
    s->len = len;
    *out = s->name;
    return 0;
}

static int certificate(struct resolve *r, const struct node *map, struct probe *out, struct err *e)
{
    const struct node *days = node_get(map, "days");
    uint64_t n = 0;

    if (days && num_u64(days->text, DAYS_MAX, &n) < 0)
        return resolve_refuse(days, e, "'days' must be a number, at most %d", DAYS_MAX);
    if (out->port == 0)
        return resolve_refuse(map, e, "a tls probe says which port it asks");
    if (out->insecure && node_get(map, "ca"))
        return resolve_refuse(map, e, "'insecure' accepts any certificate; 'ca' does not");
    out->days = (unsigned) n;
    out->server_name = node_get_text(map, "server_name", "");
    return trusted(r, map, &out->ca_secret, e);
}

static int socket_path(const struct node *map, struct probe *out, struct err *e)
{
    const struct node *path = node_get(map, "path");

    out->path = path ? path->text : "";
    if (out->path[0] != '/')
        return resolve_refuse(path ? path : map, e,
                              "a unix probe says which socket: 'path' begins with /, inside the "
                              "service");
    if (strlen(out->path) >= sizeof((struct sockaddr_un *) NULL)->sun_path)
        return resolve_refuse(path, e, "'path' is longer than a socket's may be, 107 bytes");
    return 0;
}

static int line(const struct node *map, struct probe *out, struct err *e)
{
    const struct node *pattern = node_get(map, "pattern");
    struct err why = ERR_INIT;

    if (!pattern)
        return resolve_refuse(map, e, "a log probe says which line: 'pattern'");
    out->pattern = pattern->text;
    return pattern_compile(pattern->text, NULL, &why) < 0
               ? resolve_refuse(pattern, e, "%s", why.msg)
               : 0;
}

/* what only some kinds have */
static int of_kind(struct resolve *r, const struct node *map, struct probe *out, struct err *e)
{
    if (out->kind == PROBE_UNIX)
        return socket_path(map, out, e);
    if (out->kind == PROBE_LOG)
        return line(map, out, e);
    return out->kind == PROBE_TLS ? certificate(r, map, out, e) : 0;
}

static int from_map(struct resolve *r, const struct node *map, struct probe *out, struct err *e)
{
    const char *kind = node_get_text(map, "kind", "");
    const char *variable;
    int code;

    out->kind = PROBE_KIND_COUNT;
    for (int k = 0; k < PROBE_KIND_COUNT; k++)
        if (strcmp(probe_kind_text[k], kind) == 0 && k != PROBE_EXEC)
            out->kind = (enum probe_kind) k;
    if (out->kind == PROBE_KIND_COUNT)
        return resolve_refuse(map, e,
                              "unknown probe '%s'; expected http, tcp, mysql, redis, unix, tls, "
                              "log, notify or none",
                              kind);
    out->url = node_get_text(map, "url", "");
    out->insecure = node_is_true(node_get(map, "insecure"));
    out->host = node_get_text(map, "host", "127.0.0.1");
    out->user = node_get_text(map, "user", "");
    out->database = node_get_text(map, "database", "");
    out->password_secret = node_get_text(map, "password", "");
    if ((variable = node_get_text(map, "user_variable", NULL)) && env_value(r, variable))
        out->user = env_value(r, variable);
    if ((variable = node_get_text(map, "database_variable", NULL)) && env_value(r, variable))
        out->database = env_value(r, variable);
    if ((variable = node_get_text(map, "password_variable", NULL)))
        out->password_secret = password_secret(r, variable);
    code = number(map, "port", &out->port, e);
    return code < 0 ? code : of_kind(r, map, out, e);
}

static int choose_probe(struct resolve *r, const struct node *test, struct probe *out,
                        struct err *e)
{
    const struct node *own = node_get(r->native, "probe");
    const struct node *recipe = node_get(r->recipe, "probe");

    if (own)
        return from_map(r, own, out, e);
    if (!test)
        return recipe ? from_map(r, recipe, out, e) : 0;
    if (recipe && is_replaced(r, test_program(r->arena, test)))
        return from_map(r, recipe, out, e);
    return as_http(r, test, out) ? 0 : as_exec(r, test, out, e);
}

/* x-native.watchdog, and how sd_watchdog_enabled(3) learns of it */
static int watchdog(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->native, "watchdog");
    struct probe *q = &r->unit->health.probe;
    const char **env;
    size_t count = 0;
    int code;

    if (!n)
        return 0;
    if (q->kind != PROBE_NOTIFY)
        return resolve_refuse(n, e, "'watchdog' needs probe: {kind: notify}");
    code = resolve_duration(r->native, "watchdog", 0, &q->watchdog_us, e);
    if (code == 0 && q->watchdog_us < WATCHDOG_LEAST_US)
        code = resolve_refuse(n, e, "'watchdog' is at least 100ms");
    if (code < 0)
        return code;
    while (r->unit->env && r->unit->env[count])
        count++;
    env = arena_array(r->arena, count + 2, sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[i] = r->unit->env[i];
    env[count] = arena_printf(r->arena, "WATCHDOG_USEC=%" PRIu64, q->watchdog_us);
    r->unit->env = env;
    return 0;
}

int resolve_health(struct resolve *r, struct err *e)
{
    const struct node *check = node_get(r->service, "healthcheck");
    const struct node *retries = node_get(check, "retries");
    struct health_spec *h = &r->unit->health;
    uint64_t n = 3;
    int code;

    h->probe = (struct probe) PROBE_BLANK;
    /* the defaults are those of the specification */
    if ((code = resolve_duration(check, "interval", 30 * USEC_PER_SEC, &h->interval_us, e)) < 0 ||
        (code = resolve_duration(check, "timeout", 30 * USEC_PER_SEC, &h->timeout_us, e)) < 0 ||
        (code = resolve_duration(check, "start_period", 0, &h->start_period_us, e)) < 0 ||
        (code = resolve_duration(check, "start_interval", 5 * USEC_PER_SEC, &h->start_interval_us,
                                 e)) < 0)
        return code;
    if (retries && num_u64(retries->text, UINT32_MAX, &n) < 0)
        return resolve_refuse(retries, e, "'retries' must be a number");
    h->retries = n > 0 ? (unsigned) n : 3;
    code = node_is_true(node_get(check, "disable"))
               ? 0
               : choose_probe(r, node_get(check, "test"), &h->probe, e);
    return code < 0 ? code : watchdog(r, e);
}
