#include "cli/drift.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/operate.h"
#include "cli/options.h"
#include "cli/request.h"
#include "control/client.h"
#include "ops/account.h"

static bool runs_with(const struct project *project, const struct secret_item *item)
{
    const struct secret *s = item->secret ? project_secret(project, item->secret) : NULL;

    return s && strcmp(s->value, item->value) == 0;
}

static void look(const struct procedure *p, const struct project *project,
                 const struct secret_item *item, struct drift *out)
{
    const struct account a =
        item->secret ? account_of(project, item->secret) : (struct account){ 0 };
    struct err e = ERR_INIT;
    bool accepted = false;

    *out = (struct drift){ .state = DRIFT_NONE };
    if (a.kind == ACCOUNT_NONE || item->value[0] == '\0')
        return;
    out->in_data = a.kind == ACCOUNT_MARIADB;
    (void) snprintf(out->service, sizeof out->service, "%s", a.service);
    (void) snprintf(out->user, sizeof out->user, "%s", a.user);
    if (account_accepts(p, &a, item->value, &accepted, &e) < 0) {
        out->state = DRIFT_UNKNOWN;
        (void) snprintf(out->why, sizeof out->why, "%.*s", (int) sizeof out->why - 1, e.msg);
    } else {
        out->state = accepted ? DRIFT_ACCEPTED : DRIFT_REFUSED;
    }
}

bool drift_has_manager(const struct cli *cli, const char *project)
{
    auto_free char *socket = options_socket(cli), *name = NULL;
    auto_client client = NULL;
    struct err none = ERR_INIT;
    struct cli named = *cli;

    named.project_name = project;
    return client_open(socket, &client, &none) == 0 &&
           request_project(&named, client, &name, NULL, &none) == 0;
}

/* `all`: also what the running project has already */
static int look_at_all(const struct cli *cli, const struct secret_list *l, bool all,
                       struct drift **out, struct err *e)
{
    auto_free char *socket = options_socket(cli);
    auto_client client = NULL;
    struct operate o = OPERATE_NONE;
    struct project *project = NULL;
    struct err none = ERR_INIT;
    int r;

    *out = NULL;
    if (client_open(socket, &client, &none) < 0)
        return 0;
    r = operate_look(cli, l->loaded.name, &o, &none);
    if (r == 0)
        r = procedure_definition(&o.procedure, &project, &none);
    if (r == 0) {
        *out = calloc(l->n + 1, sizeof **out);
        if (!*out)
            abort();
        for (size_t i = 0; i < l->n; i++)
            if (all || !runs_with(project, &l->items[i]))
                look(&o.procedure, project, &l->items[i], &(*out)[i]);
    } else if (none.class == ERR_DENIED) {
        *e = none;
    } else {
        r = 0;
    }
    project_free(project);
    operate_end(&o, r);
    return r;
}

int drift_look(const struct cli *cli, const struct secret_list *l, struct drift **out,
               struct err *e)
{
    return look_at_all(cli, l, true, out, e);
}

int drift_check(const struct cli *cli, struct err *e)
{
    auto_free struct drift *drift = NULL;
    struct secret_list l = { 0 };
    struct err none = ERR_INIT;
    int r = secret_list_read(cli, &l, &none);

    if (r == 0)
        r = look_at_all(cli, &l, false, &drift, &none);
    for (size_t i = 0; r == 0 && drift && i < l.n; i++) {
        if (drift[i].state != DRIFT_REFUSED || !drift[i].in_data)
            continue;
        err_set(e, -EACCES,
                "%s in %s is not the password that %s accepts for '%s': its data keeps the one it "
                "was made with",
                l.items[i].name, l.env_path ? l.env_path : "the environment", drift[i].service,
                drift[i].user);
        err_hint(e, "bring the old value back, or: ipam-orch secrets rotate %s --adopt",
                 l.items[i].name);
        r = err_classify(e, ERR_CONFIG);
    }
    secret_list_clear(&l);
    return e->code < 0 ? e->code : 0;
}

void drift_explain(const struct cli *cli, const struct project *p, struct err *e)
{
    struct secret_list l = { 0 };
    struct err none = ERR_INIT;

    if (e->code == 0 || !strstr(e->msg, "Access denied for user") ||
        secret_list_read(cli, &l, &none) < 0) {
        secret_list_clear(&l);
        return;
    }
    for (size_t i = 0; i < l.n; i++) {
        const struct secret_item *item = &l.items[i];
        const struct account a = item->secret ? account_of(p, item->secret) : (struct account){ 0 };
        auto_free char *quoted = NULL;

        if (a.kind != ACCOUNT_MARIADB)
            continue;
        if (asprintf(&quoted, "'%s'@", a.user) < 0)
            abort();
        if (strstr(e->msg, quoted))
            err_hint(e,
                     "the data keeps the password it was made with: bring the old value of %s "
                     "back, or: ipam-orch up --keep, then ipam-orch secrets rotate %s --adopt",
                     item->name, item->name);
    }
    secret_list_clear(&l);
}
