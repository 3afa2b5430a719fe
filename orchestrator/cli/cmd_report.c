/* report: one file with what somebody needs who was not there, and no secret in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/bundle.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/request.h"
#include "compose/canonical.h"
#include "compose/mask.h"
#include "compose/values.h"
#include "compose/yaml.h"

enum { OPT_NO_LOGS = 256, TAIL = 256 * 1024, WHOLE = 4 * 1024 * 1024 };

struct input {
    const char *output;
    bool no_logs;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'o': in->output = arg; return 0;
    case OPT_NO_LOGS: in->no_logs = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "output", 'o', "FILE", 0, "the file; otherwise ipam-report-PROJECT-TIME.tar", 0 },
    { "no-logs", OPT_NO_LOGS, NULL, 0, "leave out what services printed", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Writes one tar file with state, events, failures, the ends of logs, versions and the "
           "configuration.  What the compose files and their variables call a secret is replaced "
           "by stars everywhere.",
};

/* of a secret that is a file, here or in the configuration of the host */
static void learn_file(struct scrub *s, const struct node *secret, const char *key)
{
    const char *file = node_get_text(secret, "file", NULL);
    auto_free char *path =
        file ? strdup(file)
             : paths_join("%s/secrets/%s", paths_conf(), node_get_text(secret, "name", key));
    auto_free char *text = NULL;
    size_t len = 0;

    if (path && fsio_read(AT_FDCWD, path, LIMIT_SECRET, &text, &len) == 0)
        scrub_add(s, text, len);
}

static void learn_secrets(struct scrub *s, const struct node *secrets)
{
    for (uint32_t i = 0; i < node_count(secrets); i++) {
        const struct node *one = secrets->entries[i].value;
        const char *value = node_get_text(one, CANONICAL_VALUE, NULL);

        value = value ? value : node_get_text(one, "content", NULL);
        if (value)
            scrub_add(s, value, strlen(value));
        else
            learn_file(s, one, secrets->entries[i].key);
    }
}

static void learn_variables(struct scrub *s, const struct node *map)
{
    for (uint32_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++) {
        const char *value = map->entries[i].value->text;

        if (value)
            scrub_add_variable(s, map->entries[i].key, value);
    }
}

static void learn(struct scrub *s, const struct loaded *l)
{
    const struct node *services = node_get(l->model, "services");

    learn_secrets(s, node_get(l->model, "secrets"));
    learn_variables(s, variables_all(l->variables));
    for (uint32_t i = 0; i < node_count(services); i++)
        learn_variables(s, node_get(services->entries[i].value, "environment"));
}

static void add_config(struct bundle *b, struct loaded *l)
{
    auto_free char *text = NULL;
    struct err e = ERR_INIT;

    mask_values(l->model);
    mask_secrets(l->arena, l->model, l->variables);
    values_for_yaml(l->arena, l->model);
    if (yaml_emit(l->model, true, &text, &e) < 0)
        strv_appendf(&b->missing, "config.yaml: %s", e.msg);
    else
        bundle_text(b, "config.yaml", text, strlen(text));
}

static void add_status(const struct cli *cli, struct bundle *b, const char *project)
{
    auto_free char *path = options_socket(cli), *name = NULL, *text = NULL;
    auto_client client = NULL;
    struct cli named = *cli;
    struct err e = ERR_INIT;
    json_t *status = NULL;

    named.project_name = project;
    if (client_open(path, &client, &e) < 0 ||
        request_project(&named, client, &name, &status, &e) < 0)
        strv_appendf(&b->missing, "status.json: %s", e.msg);
    text = status ? json_dumps(status, JSON_INDENT(2)) : NULL;
    if (text)
        bundle_text(b, "status.json", text, strlen(text));
    json_decref(status);
}

static void add_versions(struct bundle *b)
{
    auto_free char *text = NULL;
    struct utsname u;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out || uname(&u) < 0)
        abort();
    fprintf(out, "ipam-orch %s\n%s %s %s %s\n", VERSION, u.sysname, u.release, u.version,
            u.machine);
    if (fclose(out) == 0)
        bundle_text(b, "versions.txt", text, len);
    bundle_file(b, "os-release", "/etc/os-release", WHOLE);
    bundle_file(b, "meminfo", "/proc/meminfo", WHOLE);
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), n = strlen(end);

    return len >= n && strcmp(name + len - n, end) == 0;
}

/* events and failures always, of logs the files that are written to */
static void add_directory(struct bundle *b, const char *dir, const char *below, bool logs)
{
    auto_dir d = opendir(dir);

    if (!d)
        strv_appendf(&b->missing, "%s: %s", dir, strerror(errno));
    for (const struct dirent *one; d && (one = readdir(d));) {
        auto_free char *path = paths_join("%s/%s", dir, one->d_name);
        auto_free char *name = paths_join("%s%s", below, one->d_name);

        if (one->d_name[0] == '@')
            bundle_file(b, name, path, WHOLE);
        else if (logs && ends_with(one->d_name, ".log"))
            bundle_file(b, name, path, TAIL);
    }
}

static int collect(const struct cli *cli, const struct input *in, struct loaded *l, FILE *out)
{
    auto_scrub secrets = scrub_new();
    auto_free char *dir = paths_join("report-%s", l->name);
    auto_free char *logs = paths_join("%s/%s", paths_log(), l->name);
    struct bundle b = { .out = out, .dir = dir, .secrets = secrets, .now_us = clock_wall_us() };

    learn(secrets, l);
    add_versions(&b);
    add_status(cli, &b, l->name);
    add_directory(&b, logs, "", !in->no_logs);
    add_directory(&b, paths_log(), "daemons/", true);
    add_config(&b, l);
    bundle_end(&b);
    strv_free(b.missing);
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

static int report(const struct cli *cli, const struct input *in, struct err *e)
{
    static char every_profile[] = "*";
    char *profiles[] = { every_profile, NULL };
    struct load_options load = options_load(cli);
    time_t now = (time_t) (clock_wall_us() / USEC_PER_SEC);
    auto_free char *path = in->output ? strdup(in->output) : NULL;
    struct loaded l = { 0 };
    char stamp[32];
    struct tm tm;
    int r;

    load.profiles = profiles; /* what is switched off may have left traces too */
    r = load_model(&load, &l, e);
    (void) strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    if (r == 0 && !path)
        path = paths_join("ipam-report-%s-%s.tar", l.name, stamp);
    if (r == 0) {
        auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        auto_file out = fd < 0 ? NULL : fdopen(fd, "w");

        if (!out) {
            r = err_set(e, -errno, "%s: %s", path, strerror(errno));
        } else {
            (void) take_fd(&fd);
            r = collect(cli, in, &l, out);
        }
        if (out && r < 0)
            err_set(e, r, "writing %s: %s", path, strerror(-r));
        else if (out)
            puts(path);
    } else {
        err_wrap(e, "without the compose files nobody knows what is a secret");
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int cmd_report(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return report(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}
