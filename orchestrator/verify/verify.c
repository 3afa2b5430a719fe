#include "verify/verify.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/member.h"
#include "ops/inside.h"
#include "verify/verify_impl.h"

const char *const verify_status_text[VERIFY_STATUS_COUNT] = {
    [VERIFY_OK] = "ok",
    [VERIFY_WARN] = "warn",
    [VERIFY_FAIL] = "fail",
    [VERIFY_SKIP] = "skip",
};
static_assert(ARRAY_LEN(verify_status_text) == VERIFY_STATUS_COUNT, "a status has no text");

/* What a command inside a service may take, and say. */
#define INSIDE_US (20 * USEC_PER_SEC)
enum { INSIDE_MAX = 256 * 1024 };

const struct verify_check verify_checks[] = {
    { "service.probe", "R9.1 R5.3", "a fresh health check of every service", true,
      verify_service_probe },
    { "service.restarts", "R9.1", "no service has been restarted", false, verify_service_restarts },
    { "service.limits", "R9.1", "the kernel has the limits of the file", true,
      verify_service_limits },
    { "service.sandbox", "R9.1", "the kernel has the sandbox of the file", true,
      verify_service_sandbox },
    { "service.log", "R9.1 R6.2", "a line that a service writes is in its log", false,
      verify_service_log },
    { "monitoring.targets", "R9.1 R6.1", "Prometheus reaches what it watches", false,
      verify_monitoring },
    { "monitoring.rules", "R6.4", "Prometheus has rules, and understands them", false,
      verify_monitoring_rules },
    { "monitoring.alerts", "R6.4", "Prometheus tells Alertmanager, and that one somebody", false,
      verify_monitoring_alerts },
    { "monitoring.panel", "R6.1 R6.3", "the panel answers", false, verify_monitoring_panel },
    { "monitoring.collector", "R6.2", "Filebeat runs with a configuration it accepts", false,
      verify_monitoring_collector },
    { "frontend.page", "R9.2", "the page is there, with its root element", true,
      verify_frontend_page },
    { "frontend.assets", "R9.2", "every script and style it refers to is there", true,
      verify_frontend_assets },
    { "frontend.redirect", "R9.2", "plain HTTP leads to it", true, verify_frontend_redirect },
    { "backend.health", "R9.3", "the API is well, and answers in time", true,
      verify_backend_health },
    { "backend.openapi", "R9.3", "the API describes itself", true, verify_backend_openapi },
    { "backend.direct", "R9.3", "the same without the proxy", true, verify_backend_direct },
    { "backend.login", "R9.3", "a round trip with an account", false, verify_backend_login },
    { "database.operations", "R9.4", "the application's account can work on tables", true,
      verify_database_operations },
    { "database.schema", "R9.4 R4.2", "every migration has been applied", true,
      verify_database_schema },
    { "database.cache", "R9.4", "the application's account can work in the cache", true,
      verify_database_cache },
    { "network.reach", "R8.1", "services reach those they share a network with", false,
      verify_network_reach },
    { "network.isolation", "R8.1", "services reach no others", false, verify_network_isolation },
    { "network.out", "R8.1", "internal networks have no way out", false, verify_network_out },
    { "db-hardening.accounts", "R8.2", "no remote root, no anonymous account, no test schema",
      false, verify_db_accounts },
    { "db-hardening.settings", "R8.2", "no files from clients or for them", false,
      verify_db_settings },
    { "db-hardening.application", "R8.2", "the application's account has its schema only", false,
      verify_db_application },
    { "db-hardening.root-login", "R8.2", "root is refused over TCP", false, verify_db_root },
    { "redis.password", "R8.3", "without a password nothing is answered", false,
      verify_redis_password },
    { "redis.settings", "R8.3", "protected mode, a ceiling of memory, persistence", false,
      verify_redis_settings },
    { "redis.acl", "R8.3", "the application has its keys and no dangerous command", false,
      verify_redis_acl },
    { "nginx.headers", "R8.4", "security headers, on refusals too", false, verify_nginx_headers },
    { "nginx.version", "R8.4", "no version is told", false, verify_nginx_version },
    { "nginx.tls", "R8.4", "TLS before 1.2 is refused", false, verify_nginx_tls },
    { "nginx.certificate", "R3.1", "the certificate it shows is the project's, and valid", false,
      verify_certificate },
    { "nginx.body", "R8.4", "bodies that are too large are refused", false, verify_nginx_body },
    { "nginx.rate", "R8.4", "who asks too often is refused, earlier at the login", false,
      verify_nginx_rate },
    { "secrets.strength", "R2.3 R2.4 R8.2", "secrets are set, strong and different", false,
      verify_secrets_strength },
    { "secrets.argv", "R2.3 R8.3", "no process has a secret in its arguments", false,
      verify_secrets_argv },
    { "secrets.file", "R2.1", "the file with the secrets is its owner's only", false,
      verify_secrets_file },
    { 0 },
};

/* ---- results ---- */

static char *format(const char *fmt, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, args) < 0)
        abort();
    return text;
}

void verify_say(struct verify *v, enum verify_status status, const char *part, const char *fmt, ...)
{
    struct verify_results *out = v->out;
    struct verify_result *one;
    uint64_t now = clock_now_us();
    va_list args;

    out->items = reallocarray(out->items, out->n + 1, sizeof *out->items);
    if (!out->items)
        abort();
    one = &out->items[out->n++];
    *one = (struct verify_result){ .criterion = v->check->criterion,
                                   .status = status,
                                   .took_us = now - v->began_us };
    v->began_us = now;
    (void) snprintf(one->id, sizeof one->id, "%s%s%s", v->check->id, part ? "." : "",
                    part ? part : "");
    va_start(args, fmt);
    one->evidence = format(fmt, args);
    va_end(args);
}

static void put(char **out, const char *fmt, va_list args)
{
    free(*out);
    *out = format(fmt, args);
}

void verify_next(struct verify *v, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put(&v->out->items[v->out->n - 1].next, fmt, args);
    va_end(args);
}

void verify_detail(struct verify *v, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put(&v->out->items[v->out->n - 1].detail, fmt, args);
    va_end(args);
}

static void result_clear(struct verify_result *r)
{
    free(r->evidence);
    free(r->next);
    free(r->detail);
}

void verify_results_clear(struct verify_results *r)
{
    for (size_t i = 0; i < r->n; i++)
        result_clear(&r->items[i]);
    free(r->items);
    *r = (struct verify_results){ 0 };
}

size_t verify_count(const struct verify_results *r, enum verify_status status)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += r->items[i].status == status;
    return n;
}

unsigned verify_score(const struct verify_results *r)
{
    size_t all = r->n - verify_count(r, VERIFY_SKIP);
    size_t half = 2 * verify_count(r, VERIFY_OK) + verify_count(r, VERIFY_WARN);

    return all ? (unsigned) (half * 100 / (2 * all)) : 100;
}

static unsigned badness(enum verify_status s)
{
    static const unsigned of[] = {
        [VERIFY_SKIP] = 0, [VERIFY_OK] = 1, [VERIFY_WARN] = 2, [VERIFY_FAIL] = 3
    };

    return of[s];
}

void verify_merge(struct verify_results *all, struct verify_results *more)
{
    for (size_t i = 0; i < more->n; i++) {
        struct verify_result *one = &more->items[i], *old = NULL;

        for (size_t k = 0; k < all->n && !old; k++)
            if (strcmp(all->items[k].id, one->id) == 0)
                old = &all->items[k];
        if (!old) {
            all->items = reallocarray(all->items, all->n + 1, sizeof *all->items);
            if (!all->items)
                abort();
            old = &all->items[all->n++];
        } else if (badness(one->status) <= badness(old->status)) {
            result_clear(one);
            continue;
        } else {
            result_clear(old);
        }
        *old = *one;
    }
    free(more->items);
    *more = (struct verify_results){ 0 };
}

/* ---- which ---- */

bool verify_matches(char *const *list, const char *id)
{
    for (; list && *list; list++) {
        size_t len = strlen(*list);

        if (strncmp(*list, id, len) == 0 && (id[len] == '\0' || id[len] == '.'))
            return true;
    }
    return false;
}

/* a check, what it belongs to, or a part that it may have */
bool verify_knows(const char *name)
{
    for (const struct verify_check *c = verify_checks; c->id; c++) {
        size_t len = strlen(name), own = strlen(c->id);

        if ((strncmp(name, c->id, len) == 0 && (c->id[len] == '\0' || c->id[len] == '.')) ||
            (strncmp(name, c->id, own) == 0 && name[own] == '.'))
            return true;
    }
    return false;
}

/* the check, or a part of it, is asked for */
static bool is_asked(const struct verify_request *q, const struct verify_check *c)
{
    size_t own = strlen(c->id);

    if ((q->quick && !c->quick) || verify_matches(q->skip, c->id))
        return false;
    if (!q->only || verify_matches(q->only, c->id))
        return true;
    for (char *const *o = q->only; *o; o++)
        if (strncmp(*o, c->id, own) == 0 && (*o)[own] == '.')
            return true;
    return false;
}

static void keep_asked(const struct verify_request *q, struct verify_results *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        struct verify_result *one = &r->items[i];

        if ((q->only && !verify_matches(q->only, one->id)) || verify_matches(q->skip, one->id))
            result_clear(one);
        else
            r->items[n++] = *one;
    }
    r->n = n;
}

int verify_run(const struct procedure *p, const struct verify_request *request,
               struct verify_results *out, struct err *e)
{
    struct verify v = { .p = p, .request = request, .out = out };
    int r = procedure_status(p, &v.status, e);

    if (r == 0)
        r = procedure_definition(p, &v.project, e);
    for (v.check = verify_checks; r == 0 && v.check->id; v.check++) {
        size_t before = out->n;

        if (!is_asked(request, v.check))
            continue;
        v.began_us = clock_now_us();
        v.check->run(&v);
        if (out->n == before)
            verify_say(&v, VERIFY_SKIP, NULL, "there is nothing to check");
    }
    keep_asked(request, out);
    json_decref(v.status);
    project_free(v.project);
    return r;
}

/* ---- what checks ask with ---- */

bool verify_is_running(const json_t *instance)
{
    const char *state = member_text(instance, "state");

    return json_integer_value(json_object_get(instance, "pid")) > 0 &&
           (strcmp(state, "up") == 0 || strcmp(state, "sick") == 0 ||
            strcmp(state, "starting") == 0);
}

bool verify_any_runs(const struct verify *v)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(v->status, "services"), i, one)
        if (verify_is_running(one))
            return true;
    return false;
}

const json_t *verify_instance(const struct verify *v, const char *service)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(v->status, "services"), i, one)
        if (strcmp(member_text(one, "service"), service) == 0 && verify_is_running(one))
            return one;
    return NULL;
}

bool verify_needs(struct verify *v, const char *unit, const char *what)
{
    if (unit[0] == '\0') {
        verify_say(v, VERIFY_SKIP, NULL, "the compose file names no %s (x-ipam-orch)", what);
        return false;
    }
    if (verify_instance(v, unit))
        return true;
    verify_say(v, v->request->quick ? VERIFY_SKIP : VERIFY_FAIL, NULL,
               "the service '%s' does not run", unit);
    verify_next(v, "ipam-orch start %s", unit);
    return false;
}

int verify_inquire(const struct verify *v, const char *op, json_t **instances, struct err *e)
{
    json_t *answer = NULL;
    int r = procedure_ask(
        v->p, json_pack("{s:s,s:s,s:[]}", "op", op, "project", v->p->project, "services"), &answer,
        e);

    if (r == 0)
        *instances = json_incref(json_object_get(answer, "instances"));
    json_decref(answer);
    return r;
}

int verify_inside(const struct verify *v, const char *service, const char *script,
                  const char *const *args, char **out, struct err *e)
{
    enum { ARGS_MAX = 16 };
    const char *argv[ARGS_MAX] = { "/bin/sh", "-c", script, "sh" };
    struct inside command = { .service = service, .argv = argv, .in = -1 };

    for (size_t n = 0; args && args[n]; n++)
        if (n + 5 < ARGS_MAX)
            argv[n + 4] = args[n];
    return inside_output(v->p, &command, INSIDE_US, INSIDE_MAX, out, e);
}

const char *verify_secret_path(const struct verify *v, const char *service, const char *secret)
{
    const struct unit *u = project_unit(v->project, service);

    for (size_t i = 0; u && i < u->n_files; i++)
        if (strcmp(u->files[i].secret, secret) == 0)
            return u->files[i].target;
    return NULL;
}

const char *verify_secret(const struct verify *v, const char *name)
{
    const struct secret *s = project_secret(v->project, name);

    return s && strlen(s->value) == s->len ? s->value : NULL;
}
