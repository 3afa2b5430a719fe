#include "model/project.h"

#include <assert.h>
#include <string.h>

#include "base/auto.h"

const char *const dep_condition_text[] = {
    [DEP_STARTED] = "service_started",
    [DEP_HEALTHY] = "service_healthy",
    [DEP_COMPLETED] = "service_completed_successfully",
};
static_assert(ARRAY_LEN(dep_condition_text) == DEP_CONDITION_COUNT, "a condition has no text");

const char *const mount_reach_text[] = { [MOUNT_REACH_ALL] = "enabled",
                                         [MOUNT_REACH_TOP] = "disabled",
                                         [MOUNT_REACH_WRITABLE] = "writable",
                                         [MOUNT_REACH_SEALED] = "readonly" };
static_assert(ARRAY_LEN(mount_reach_text) == MOUNT_REACH_COUNT, "a reach has no text");

const char *const mount_kind_text[] = {
    [MOUNT_BIND] = "bind",
    [MOUNT_VOLUME] = "volume",
    [MOUNT_TMPFS] = "tmpfs",
};
static_assert(ARRAY_LEN(mount_kind_text) == MOUNT_KIND_COUNT, "a mount kind has no text");

const char *const probe_kind_text[] = {
    [PROBE_NONE] = "none",   [PROBE_EXEC] = "exec",     [PROBE_HTTP] = "http", [PROBE_TCP] = "tcp",
    [PROBE_MYSQL] = "mysql", [PROBE_REDIS] = "redis",   [PROBE_UNIX] = "unix", [PROBE_TLS] = "tls",
    [PROBE_LOG] = "log",     [PROBE_NOTIFY] = "notify",
};
static_assert(ARRAY_LEN(probe_kind_text) == PROBE_KIND_COUNT, "a probe kind has no text");

const struct unit *project_unit(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_units; i++)
        if (strcmp(p->units[i].name, name) == 0)
            return &p->units[i];
    return NULL;
}

const struct network *project_network(const struct project *p, const char *key)
{
    for (size_t i = 0; i < p->n_networks; i++)
        if (strcmp(p->networks[i].key, key) == 0)
            return &p->networks[i];
    return NULL;
}

const struct secret *project_secret(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_secrets; i++)
        if (strcmp(p->secrets[i].name, name) == 0)
            return &p->secrets[i];
    return NULL;
}

void project_free(struct project *p)
{
    if (p)
        arena_free(p->arena);
}
