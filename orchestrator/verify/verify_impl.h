/* verify_impl.h -- what the files of checks share; included by them only. */
#ifndef IPAM_VERIFY_VERIFY_IMPL_H
#define IPAM_VERIFY_VERIFY_IMPL_H

#include <jansson.h>

#include "base/clock.h"
#include "verify/verify.h"

struct verify {
    const struct procedure *p;
    const struct verify_request *request;
    struct project *project;
    json_t *status;                   /* of the project */
    const struct verify_check *check; /* that is being made */
    uint64_t began_us;
    struct verify_results *out;
};

/* What the check found; `part` (NULL: none) is added to its id. */
void verify_say(struct verify *v, enum verify_status status, const char *part, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* of the last one said */
void verify_next(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void verify_detail(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Is `unit` named, and does it run?  If not, that is said, and false. */
bool verify_needs(struct verify *v, const char *unit, const char *what);
/* a running instance of the service, NULL if there is none */
const json_t *verify_instance(const struct verify *v, const char *service);
bool verify_is_running(const json_t *instance);
bool verify_any_runs(const struct verify *v);

/* "stats", "limits" or "probe" of control/proto.h, for all that runs; new reference */
int verify_inquire(const struct verify *v, const char *op, json_t **instances, struct err *e);

/* `sh -c script sh ARG...` inside the service; *out is all that it wrote on stdout */
int verify_inside(const struct verify *v, const char *service, const char *script,
                  const char *const *args, char **out, struct err *e);
/* Redis commands, one per line, as `user` of x-ipam-orch.verify.cache ("" = default, NULL = without
 * AUTH); *out has the answer to AUTH, then one line for each that has one. */
int verify_redis(const struct verify *v, const char *user, const char *commands, char **out,
                 struct err *e);
/* where the service finds a secret; NULL if it has none */
const char *verify_secret_path(const struct verify *v, const char *service, const char *secret);
/* the value, as text; NULL if it is none */
const char *verify_secret(const struct verify *v, const char *name);

/* ---- HTTP, through ipam-worker (decision 022) ---- */

/* A request for `path` of the project's address, as people reach it; new reference. */
json_t *verify_request_for(const struct verify *v, const char *path);
/* One request (stolen); a refusal for asking too often is waited out once.  new reference */
int verify_ask(const struct verify *v, json_t *request, json_t **answer, struct err *e);
/* the host address and port at which a unit's port is published; false if it is not */
bool verify_published(const struct verify *v, const char *unit, uint16_t target, bool by_published,
                      const char **address, uint16_t *published);
const char *verify_header(const json_t *answer, const char *name); /* "" if it is not there */
/* the page of `maintenance on` answers instead of the application */
bool verify_in_maintenance(struct verify *v, const json_t *answer);

/* each check in the file of its subject */
void verify_service_probe(struct verify *v), verify_service_restarts(struct verify *v),
    verify_service_limits(struct verify *v), verify_service_sandbox(struct verify *v),
    verify_service_log(struct verify *v);
void verify_monitoring(struct verify *v), verify_monitoring_rules(struct verify *v),
    verify_monitoring_alerts(struct verify *v), verify_monitoring_panel(struct verify *v),
    verify_monitoring_collector(struct verify *v);
void verify_frontend_redirect(struct verify *v), verify_frontend_page(struct verify *v),
    verify_frontend_assets(struct verify *v);
void verify_backend_health(struct verify *v), verify_backend_direct(struct verify *v),
    verify_backend_openapi(struct verify *v), verify_backend_login(struct verify *v);
void verify_database_operations(struct verify *v), verify_database_schema(struct verify *v),
    verify_database_cache(struct verify *v);
void verify_network_reach(struct verify *v), verify_network_isolation(struct verify *v),
    verify_network_out(struct verify *v);
void verify_db_accounts(struct verify *v), verify_db_settings(struct verify *v),
    verify_db_application(struct verify *v), verify_db_root(struct verify *v);
void verify_redis_password(struct verify *v), verify_redis_settings(struct verify *v),
    verify_redis_acl(struct verify *v);
void verify_nginx_headers(struct verify *v), verify_nginx_version(struct verify *v),
    verify_nginx_tls(struct verify *v), verify_nginx_body(struct verify *v),
    verify_nginx_rate(struct verify *v), verify_certificate(struct verify *v);
void verify_secrets_strength(struct verify *v), verify_secrets_argv(struct verify *v),
    verify_secrets_file(struct verify *v);

#endif
