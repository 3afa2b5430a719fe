#include "cli/up.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/breakdown.h"
#include "cli/certificate.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/documents.h"
#include "cli/drift.h"
#include "cli/forward.h"
#include "cli/init.h"
#include "cli/mode.h"
#include "cli/options.h"
#include "cli/ports.h"
#include "cli/request.h"
#include "cli/verified.h"
#include "cli/wizard.h"
#include "compose/load.h"
#include "compose/replicas.h"
#include "model/project_json.h"
#include "ops/canary.h"
#include "ops/release.h"
#include "ops/workdir.h"

/* what a first `up` makes */
struct first {
    const struct cli *cli;
    bool secrets;
};

static void say_created(void *owner, const char *path, const char *what)
{
    struct first *first = owner;
    const char *name = strrchr(path, '/');

    first->secrets |= name && strcmp(name, "/.env.prod") == 0;
    if (!first->cli->quiet)
        fprintf(stderr, "created %s (%s)\n", path, what);
}

/* Nothing is made that nobody has asked for: whoever sits at a terminal is asked, and others say it
 * with --yes. */
static int missing_project(const char *dir, bool yes, const struct init_options *o, struct err *e)
{
    auto_free char *question =
        paths_join("There is no project yet. Make the IPAM project in %s?", dir);

    if (yes || (o->ask && wizard_agrees(question))) {
        *e = ERR_INIT;
        return init_project(dir, o, e);
    }
    err_set(e, -ENOENT, "there is no project yet: no compose file here, and no %s/.env.prod", dir);
    err_hint(e, "ipam-orch init");
    return err_classify(e, ERR_CONFIG);
}

static int missing_variables(const char *dir, bool yes, const struct init_options *o, struct err *e)
{
    int r = init_check(dir, e);

    if (r == 0 || (!o->ask && !yes))
        return r;
    if (!yes)
        fprintf(stderr, "%s\n", e->msg);
    if (!yes && !wizard_agrees("Make it now?"))
        return r;
    *e = ERR_INIT;
    return init_variables(dir, o, e);
}

/* a first `up` has no configuration yet */
static int prepare(struct cli *cli, struct first *first, struct err *e)
{
    const struct init_options o = { .ask = !cli->quiet && !cli->yes && wizard_has_person(),
                                    .say = say_created,
                                    .owner = first };
    struct load_options load = options_load(cli);
    auto_free char *dir = NULL, *certificate = NULL;
    int r = load_project_dir(&load, &dir, e);

    if (r == -ENOENT && !cli->files && !cli->project_dir && !cli->env_files)
        r = missing_project(load_default_dir(), cli->yes, &o, e);
    else if (r == 0 && !cli->env_files)
        r = missing_variables(dir, cli->yes, &o, e);
    if (r < 0)
        return r;
    r = certificate_ensure(&load, &certificate, e);
    if (r == 0 && certificate)
        say_created(first, certificate,
                    "self-signed, for trying out; ipam-orch cert issue gets a real one");
    return r;
}

static bool runs_already(const json_t *status, const char *service)
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(s, "service"));
        if (name && strcmp(name, service) == 0)
            return json_integer_value(json_object_get(s, "pid")) > 0;
    }
    return false;
}

/* what short forms of binds ask for: a missing directory is made, by whoever runs `up` */
static int make_sources(const struct project *p, struct err *e)
{
    for (size_t i = 0; i < p->n_units; i++)
        for (size_t k = 0; k < p->units[i].n_mounts; k++) {
            const struct mount *m = &p->units[i].mounts[k];
            int r = m->create && access(m->source, F_OK) < 0 ? fsio_mkdir_p(m->source, 0755) : 0;

            if (r < 0)
                return err_set(e, r, "service '%s': creating %s: %s", p->units[i].name, m->source,
                               strerror(-r));
        }
    return 0;
}

/* before anything is started: a port found busy half way would leave half a project */
static int check_ports(const struct cli *cli, const struct project *p, struct err *e)
{
    struct cli named = *cli;
    auto_free char *path = options_socket(cli), *name = NULL;
    auto_client client = NULL;
    json_t *status = NULL;
    int r = 0;

    named.project_name = p->name;
    if (client_open(path, &client, NULL) == 0)
        (void) request_project(&named, client, &name, &status, NULL);
    for (size_t i = 0; r == 0 && i < p->n_units; i++)
        if (!runs_already(status, p->units[i].name))
            r = ports_check(&p->units[i], e);
    json_decref(status);
    return r;
}

static json_t *request_of(const struct up *in, const struct project *p)
{
    json_t *services = json_array();
    json_t *request;

    for (char **s = in->services; s && *s; s++)
        (void) json_array_append_new(services, json_string(*s));
    request = json_pack("{s:s,s:s,s:o,s:o,s:b,s:b,s:b}", "op", "begin", "operation", "up",
                        "definition", project_to_tree(p), "services", services, "keep", in->keep,
                        "no_wait", in->no_wait, "no_deps", in->no_deps);
    patience_tell(&in->patience, request);
    return request;
}

static void warn_of_shut(const struct cli *cli, const char *project, struct client *client)
{
    struct cli named = *cli;
    auto_free char *name = NULL;
    json_t *status = NULL, *s;
    size_t i;

    named.project_name = project;
    if (!cli->quiet && request_project(&named, client, &name, &status, NULL) == 0)
        json_array_foreach (json_object_get(status, "services"), i, s)
            ports_warn_shut(json_string_value(json_object_get(s, "name")),
                            json_object_get(s, "ports"));
    json_decref(status);
}

/* what runs uses copies of its files from now on */
static int make_release(struct project *p, char id[RELEASE_ID], struct err *e)
{
    id[0] = '\0';
    return p->release[0] != '\0' ? release_make(p, id, e) : 0;
}

/* everything is what the files say now */
static int end_canary(const char *project, struct err *e)
{
    auto_fd dir = -1;
    int r = workdir_open(project, NULL, &dir, e);

    return r == 0 ? canary_end(dir, e) : r;
}

/* `id` serves; what nobody needs any more goes.  Neither makes `up` a failure. */
static void note_release(const struct cli *cli, const char *project, const char *id,
                         struct client *client)
{
    struct cli named = *cli;
    char current[RELEASE_ID] = "", previous[RELEASE_ID];
    auto_free char *name = NULL;
    json_t *status = NULL;
    struct err e = ERR_INIT;
    int r = release_current(project, current, previous, &e);

    named.project_name = project;
    if (r == 0 && strcmp(current, id) != 0)
        r = release_note(project, id, "up", "", &e);
    if (r == 0)
        r = end_canary(project, &e);
    if (r == 0 && request_project(&named, client, &name, &status, NULL) == 0)
        r = release_prune(project, status, RELEASE_KEEP, NULL, &e);
    json_decref(status);
    if (r < 0)
        fprintf(stderr, "warning: %s\n", e.msg);
}

static int bring_up(struct cli *cli, const struct up *in, const struct project *p,
                    const char *release, struct err *e)
{
    struct forward forward = { 0 };
    auto_client client = NULL;
    bool ending = false;
    json_t *failure = NULL;
    int r = forward_run(cli, in, p, &forward, e);

    if (r < 0)
        failure = json_pack("{s:s,s:s}", "service", "", "phase", "migrate");
    if (r == 0)
        r = daemons_connect(cli, &client, e);
    if (r == 0) {
        r = request_run_told(cli, client, request_of(in, p), &ending, &failure, e);
        if (r < 0)
            forward_undo(cli, in, p, &forward);
    }
    forward_clear(&forward);
    if (r == 0)
        warn_of_shut(cli, p->name, client);
    if (r == 0 && release[0] != '\0')
        note_release(cli, p->name, release, client);
    if (r < 0)
        breakdown_show(cli, p->name, failure, e);
    json_decref(failure);
    if (ending)
        daemons_wait_end(client);
    if (r < 0 && !in->keep && e->class != ERR_LOCKED && !cli->quiet)
        fprintf(stderr, "what this run had started was stopped (--keep leaves it)\n");
    return r;
}

static void summarise_json(const struct project *p, double seconds)
{
    json_t *urls = json_array();

    for (const char *const *url = p->urls; url && *url; url++)
        (void) json_array_append_new(urls, json_string(*url));
    (void) documents_print(p->name, json_pack("{s:i,s:f,s:o}", "services", (int) p->n_units,
                                              "seconds", seconds, "urls", urls));
}

static void summarise(const struct cli *cli, const struct project *p, uint64_t began_us)
{
    double seconds = (double) (clock_now_us() - began_us) / 1e6;

    if (cli->format == FORMAT_JSON)
        summarise_json(p, seconds);
    if (cli->quiet || cli->progress == PROGRESS_JSON || cli->format == FORMAT_JSON)
        return;
    printf("%s is up: %zu services in %.1f s, native mode\n", p->name, p->n_units, seconds);
    for (const char *const *url = p->urls; url && *url; url++)
        printf("  %s\n", *url);
}

static int run(struct cli *cli, const struct up *in, struct err *e)
{
    uint64_t began_us = clock_now_us();
    struct load_options load = options_load(cli);
    struct project *p = NULL;
    struct warnings warnings = { 0 };
    struct first first = { .cli = cli };
    char release[RELEASE_ID] = "";
    int r = mode_check(cli, e);

    if (r == 0)
        r = prepare(cli, &first, e);

    if (r == 0)
        r = load_project(&load, &p, &warnings, e);
    if (r == 0 && !cli->quiet)
        warnings_print(&warnings, stderr);
    for (size_t i = 0; r == 0 && first.secrets && !cli->quiet && i < p->n_volumes; i++)
        if (!p->volumes[i].external && init_warn_of_data(p->volumes[i].name))
            break;
    for (char **s = in->scale; r == 0 && s && *s; s++)
        r = replicas_override(p, *s, e);
    if (r == 0)
        r = request_check_units(p, in->services, e);
    if (r == 0)
        r = make_sources(p, e);
    if (r == 0)
        r = check_ports(cli, p, e);
    if (r == 0 && p->n_secrets > 0)
        r = drift_check(cli, e);
    if (r == 0)
        r = make_release(p, release, e);
    if (r < 0 && cli->format == FORMAT_JSON)
        breakdown_show(cli, p ? p->name : "", NULL, e);
    if (r == 0)
        r = bring_up(cli, in, p, release, e);
    if (r < 0 && p)
        drift_explain(cli, p, e);
    if (r == 0)
        summarise(cli, p, began_us);
    if (r == 0 && !in->no_wait && !in->skip_verify && verified_is_wanted(p))
        r = verified_quickly(cli, p->name, e);
    project_free(p);
    return r;
}

int up_verb(struct cli *cli, const struct argp *argp, int argc, char **argv, struct up *in)
{
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, argp, argc, argv, in) != 0)
        return ERR_USAGE;
    r = daemons_may_change(cli, &e);
    if (r == 0)
        r = run(cli, in, &e);
    strv_free(in->services);
    strv_free(in->scale);
    *in = (struct up){ 0 };
    return r < 0 ? cli_fail(cli, &e) : 0;
}
