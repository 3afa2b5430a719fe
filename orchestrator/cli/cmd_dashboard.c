/* dashboard: the built-in panel, where there is no Grafana. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "cli/cmd.h"
#include "cli/page.h"
#include "cli/panel.h"

enum { OPT_LISTEN = 256, OPT_PROMETHEUS, OPT_PASSWORD_FILE };
enum { FILE_MOST = 256 * 1024, PASSWORD_MOST = 512 };

struct input {
    const char *listen, *prometheus, *password_file;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_LISTEN: in->listen = arg; return 0;
    case OPT_PROMETHEUS: in->prometheus = arg; return 0;
    case OPT_PASSWORD_FILE: in->password_file = arg; return 0;
    case ARGP_KEY_END:
        if (!in->listen || !in->password_file)
            argp_error(state, "--listen and --password-file are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "listen", OPT_LISTEN, "ADDRESS:PORT", 0, "where people reach it, until it is ended", 0 },
    { "password-file", OPT_PASSWORD_FILE, "FILE", 0,
      "what they have to know; any name goes with it", 0 },
    { "prometheus", OPT_PROMETHEUS, "URL", 0, "where Prometheus is, if not where it is published",
      0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc =
        "A read-only panel in a browser: services, the last lines of their logs, alerts, figures "
        "of the last hour, schedules.  It needs no right but to look, and may show logs to whom "
        "may not read them: hence the password."
};

/* ---- pages ---- */

static int make_file(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    auto_free char *path = paths_join("%s/configs/panel/%s", paths_data(), (const char *) self);
    int r = fsio_read(AT_FDCWD, path, FILE_MOST, text, len);

    (void) query;
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int as_text(json_t *json, char **text, size_t *len)
{
    *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!*text)
        abort();
    *len = strlen(*text);
    return 0;
}

/* that it serves; whether what it shows is well, is to be seen there */
static int make_health(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    (void) self;
    (void) query;
    (void) e;
    return as_text(json_pack("{s:s,s:s}", "panel", "ipam-orch", "status", "ok"), text, len);
}

static int make_overview(const void *self, const char *query, char **text, size_t *len,
                         struct err *e)
{
    json_t *json = NULL;
    int r = panel_overview(self, &json, e);

    (void) query;
    return r < 0 ? r : as_text(json, text, len);
}

static int make_logs(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    auto_free char *service = page_parameter(query, "service"),
                   *search = page_parameter(query, "q");
    json_t *json = NULL;
    int r = panel_logs(self, service, search, &json, e);

    return r < 0 ? r : as_text(json, text, len);
}

static int make_watch(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    json_t *json = NULL;
    int r = panel_watch(self, &json, e);

    (void) query;
    return r < 0 ? r : as_text(json, text, len);
}

static int make_series(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    json_t *json = NULL;
    int r = panel_series(self, &json, e);

    (void) query;
    return r < 0 ? r : as_text(json, text, len);
}

/* ---- the site ---- */

/* Lines of logs are text whatever is in them: nothing but our own files runs, or is fetched. */
static const char headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: "
    "no-store\r\n";

static int serve(const struct panel *panel, const char *password, const char *listen, struct err *e)
{
#define JSON_TYPE "application/json"
    const struct page pages[] = {
        { "/", "text/html; charset=utf-8", false, make_file, "index.html" },
        { "/panel.js", "text/javascript; charset=utf-8", false, make_file, "panel.js" },
        { "/panel.css", "text/css; charset=utf-8", false, make_file, "panel.css" },
        { "/api/health", JSON_TYPE, true, make_health, NULL },
        { "/api/overview", JSON_TYPE, false, make_overview, panel },
        { "/api/logs", JSON_TYPE, false, make_logs, panel },
        { "/api/watch", JSON_TYPE, false, make_watch, panel },
        { "/api/series", JSON_TYPE, false, make_series, panel },
    };
    const struct site site = {
        .pages = pages, .n = ARRAY_LEN(pages), .password = password, .headers = headers
    };

    return page_serve(&site, listen, e);
}

static int read_password(const char *path, char **out, struct err *e)
{
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, PASSWORD_MOST, out, &len);

    if (r < 0)
        return err_set(e, r, "%s: %s", path, strerror(-r));
    (*out)[strcspn(*out, "\r\n")] = '\0';
    if ((*out)[0] != '\0')
        return 0;
    err_set(e, -EINVAL, "%s: there is no password in it", path);
    return err_classify(e, ERR_CONFIG);
}

int cmd_dashboard(struct cli *cli, int argc, char **argv)
{
    auto_free char *password = NULL;
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = read_password(in.password_file, &password, &e);
    if (r == 0)
        r = serve(&(struct panel){ cli, in.prometheus }, password, in.listen, &e);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
