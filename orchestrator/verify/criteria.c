#include "verify/criteria.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

const char *const criterion_status_text[CRITERION_STATUS_COUNT] = {
    [CRITERION_OK] = "ok",     [CRITERION_PARTLY] = "partly", [CRITERION_WARN] = "warn",
    [CRITERION_FAIL] = "fail", [CRITERION_SKIP] = "skip",     [CRITERION_ELSEWHERE] = "elsewhere",
};
static_assert(ARRAY_LEN(criterion_status_text) == CRITERION_STATUS_COUNT, "a status has no text");

/* clang-format off */
const struct criterion criteria[CRITERIA] = {
    { "R1.1", "Docker and Docker Compose are looked for", "ipam-orch check docker; tests/cli/check.bats", false },
    { "R1.2", "without Docker there is guidance", "ipam-orch --mode compose check; tests/cli/check.bats", false },
    { "R1.3", "memory and disk space are enough", "ipam-orch check memory disk; tests/cli/check.bats", false },
    { "R1.4", "ports are free, or it is said who has them", "ipam-orch check port; tests/e2e/check.bats", false },
    { "R2.1", "a template of the configuration is made", "ipam-orch init; tests/cli/init.bats", true },
    { "R2.2", "a missing configuration is asked for", "ipam-orch up without .env.prod; tests/cli/init.bats", false },
    { "R2.3", "passwords and keys are generated", "ipam-orch secrets generate; tests/e2e/secrets.bats", true },
    { "R2.4", "all required variables are checked", "ipam-orch config --check; tests/cli/config.bats", true },
    { "R3.1", "the certificate is checked", "ipam-orch cert status; tests/e2e/cert.bats", false },
    { "R3.2", "a self-signed certificate for tests", "ipam-orch up without certs/; tests/e2e/cert.bats", false },
    { "R3.3", "Let's Encrypt", "ipam-orch cert issue --acme-directory URL; tests/e2e/cert.bats", false },
    { "R3.4", "certificates are renewed", "ipam-orch cert renew; tests/e2e/cert.bats", false },
    { "R4.1", "a first start initialises the database", "ipam-orch up with an empty volume; tests/e2e/migrate.bats", false },
    { "R4.2", "later starts apply migrations", "ipam-orch migrate status; tests/e2e/migrate.bats", true },
    { "R4.3", "a migration that fails is undone", "ipam-orch migrate up with wrong SQL; tests/e2e/migrate.bats", false },
    { "R4.4", "seeds", "ipam-orch seed --if-empty; tests/e2e/migrate.bats", false },
    { "R5.1", "services start in order", "ipam-orch up --progress json; tests/e2e/stack.bats", false },
    { "R5.2", "a service that fails stops the deployment, with details", "tests/e2e/errors.bats", false },
    { "R5.3", "health checks are waited for", "ipam-orch up; tests/e2e/stack.bats", true },
    { "R5.4", "health checks are retried, then reported", "tests/e2e/errors.bats", false },
    { "R6.1", "Prometheus and Grafana", "ipam-orch --profile monitoring up; tests/e2e/monitoring.bats", false },
    { "R6.2", "logs are collected", "ipam-orch export filebeat; tests/e2e/logs.bats", true },
    { "R6.3", "a panel shows figures and logs", "the panel, port 3000; tests/e2e/monitoring.bats", true },
    { "R6.4", "alerts are sent", "ipam-orch alert test --receiver NAME; tests/e2e/monitoring.bats", true },
    { "R7.1", "a backup every day", "ipam-orch schedule ls; tests/e2e/schedule.bats", false },
    { "R7.2", "backups are compressed", "ipam-orch backup create; tests/e2e/backup.bats", false },
    { "R7.3", "old backups are removed", "ipam-orch backup prune; tests/e2e/backup.bats", false },
    { "R7.4", "a backup can be restored", "ipam-orch restore latest; tests/e2e/backup.bats", false },
    { "R8.1", "networks isolate services", "ipam-orch verify network; tests/e2e/verify.bats", false },
    { "R8.2", "the database has no remote root", "ipam-orch verify db-hardening; tests/e2e/verify.bats", false },
    { "R8.3", "Redis wants a password and is safe", "ipam-orch verify redis; tests/e2e/verify.bats", false },
    { "R8.4", "nginx sends security headers and limits rates", "ipam-orch verify nginx; tests/e2e/verify.bats", false },
    { "R9.1", "every service is verified", "ipam-orch verify service; tests/e2e/verify.bats", false },
    { "R9.2", "the web interface is verified", "ipam-orch verify frontend; tests/e2e/verify.bats", false },
    { "R9.3", "the API is verified", "ipam-orch verify backend; tests/e2e/verify.bats", false },
    { "R9.4", "the database is verified", "ipam-orch verify database; tests/e2e/verify.bats", false },
    { "R10.1", "start, stop, restart, status", "ipam-orch stop, start, status; tests/e2e/stack.bats", false },
    { "R10.2", "logs as they come", "ipam-orch logs -f; tests/e2e/logs.bats", false },
    { "R10.3", "rolling update and rollback", "ipam-orch update, rollback; tests/e2e/update.bats", false },
    { "R10.4", "what is not needed is removed", "ipam-orch clean --dry-run; tests/e2e/schedule.bats", false },
};
/* clang-format on */

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

static enum criterion_status status_of(const struct criterion *c, enum verify_status worst)
{
    switch (worst) {
    case VERIFY_OK: return c->partly ? CRITERION_PARTLY : CRITERION_OK;
    case VERIFY_WARN: return CRITERION_WARN;
    case VERIFY_FAIL: return CRITERION_FAIL;
    case VERIFY_SKIP:
    case VERIFY_STATUS_COUNT: break;
    }
    return CRITERION_SKIP;
}

/* The worst of its results decides; what was skipped only if nothing else was found. */
static void judge(const struct criterion *c, const struct verify_results *r,
                  struct criterion_result *out)
{
    static const enum verify_status order[] = { VERIFY_FAIL, VERIFY_WARN, VERIFY_OK, VERIFY_SKIP };
    const struct verify_result *first[VERIFY_STATUS_COUNT] = { NULL }, *worst = NULL;
    size_t all = 0, good = 0;
    bool more;
    int n;

    for (size_t i = 0; i < r->n; i++) {
        const struct verify_result *one = &r->items[i];

        if (!has_word(one->criterion, c->id))
            continue;
        all++;
        good += one->status == VERIFY_OK;
        if (!first[one->status])
            first[one->status] = one;
    }
    for (size_t i = 0; i < ARRAY_LEN(order) && !worst; i++)
        worst = first[order[i]];
    *out = (struct criterion_result){ .criterion = c, .status = CRITERION_ELSEWHERE };
    if (worst)
        out->status = status_of(c, worst->status);
    more = out->status == CRITERION_SKIP || out->status == CRITERION_PARTLY;
    n = worst
            ? asprintf(&out->evidence, "%zu of %zu checks are ok; %s: %s%s%s", good, all, worst->id,
                       worst->evidence, more ? "; the rest: " : "", more ? c->shown_by : "")
            : asprintf(&out->evidence, "not shown by what runs; see: %s", c->shown_by);
    if (n < 0)
        abort();
}

struct criterion_result *criteria_judge(const struct verify_results *r)
{
    struct criterion_result *all = calloc(CRITERIA, sizeof *all);

    if (!all)
        abort();
    for (size_t i = 0; i < CRITERIA; i++)
        judge(&criteria[i], r, &all[i]);
    return all;
}

void criteria_free(struct criterion_result *r)
{
    for (size_t i = 0; r && i < CRITERIA; i++)
        free(r[i].evidence);
    free(r);
}
