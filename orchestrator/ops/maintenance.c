#include "ops/maintenance.h"
#include "base/markup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/auto.h"
#include "base/cidr.h"
#include "base/clock.h"
#include "model/member.h"
#include "ops/inside.h"
#include "ops/intent.h"
#include "ops/reload.h"

#define INSIDE_US (20 * USEC_PER_SEC)
/* What a reload may take to be seen. */
#define SHOWS_US (15 * USEC_PER_SEC)
enum { FILE_MAX = 64 * 1024, LOOK_AGAIN_MS = 50 };

static const char usual[] = "We are working on the system. It will be back soon.";

/* Each argument is a text; a file is there as a whole or not at all. */
static const char read_script[] = "cat \"$1/$2\" 2>/dev/null || true";
static const char write_script[] = "set -eu; cd \"$1\"\n"
                                   "printf '%s' \"$3\" >\".$2.new\"; mv \".$2.new\" \"$2\"";
/* nginx reads no file that is not there */
static const char remove_script[] = ": >\"$1/$2\"";
/* the processes that take new connections; those that have read something new leave that to others
 */
static const char workers_script[] =
    "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | "
    "grep -q 'nginx: worker process *$' && printf '%s ' \"${p#/proc/}\"; done; true";
/* as the proxy answers itself: "503 on" while the page is shown; nothing while one of $3 goes on */
static const char look_script[] =
    "for p in $3; do tr '\\0' ' ' <\"/proc/$p/cmdline\" 2>/dev/null | "
    "grep -q 'nginx: worker process *$' && exit 0; done\n"
    "curl -sk --noproxy '*' --max-time 5 -o /dev/null -w '%{http_code} %header{x-maintenance}' "
    "https://127.0.0.1/ || true";

static const char geo_file[] = "maintenance.geo", page_file[] = "page.html";

static int inside(const struct procedure *p, const struct maintenance_spec *spec,
                  const char *script, const char *file, const char *text, char **out, struct err *e)
{
    const char *const argv[] = { "/bin/sh", "-c", script, "sh", spec->directory, file, text, NULL };
    const struct inside command = { .service = spec->unit, .argv = argv, .in = -1 };
    auto_free char *output = NULL;
    int r = inside_output(p, &command, INSIDE_US, FILE_MAX, &output, e);

    if (r == 0 && out)
        *out = take_ptr(output);
    return r;
}

/* what is there now; "" for a file that is not */
static int put_file(const struct procedure *p, const struct maintenance_spec *spec,
                    const char *file, const char *text, struct err *e)
{
    return inside(p, spec, text[0] ? write_script : remove_script, file, text, NULL, e);
}

static int find_spec(const struct procedure *p, struct project **project, struct err *e)
{
    int r = procedure_definition(p, project, e);

    if (r < 0 || (*project)->maintenance.unit[0] != '\0')
        return r;
    err_set(e, -ENOTSUP, "the compose file names no proxy that shows a maintenance page");
    err_hint(e, "x-ipam-orch.maintenance: {service: NAME, directory: PATH}");
    return err_classify(e, ERR_CONFIG);
}

bool maintenance_has_volume(const struct project *d, const char *volume)
{
    const struct unit *u = d->maintenance.unit[0] ? project_unit(d, d->maintenance.unit) : NULL;

    for (size_t k = 0; u && k < u->n_mounts; k++)
        if (u->mounts[k].kind == MOUNT_VOLUME && strcmp(u->mounts[k].source, volume) == 0 &&
            strcmp(u->mounts[k].target, d->maintenance.directory) == 0)
            return true;
    return false;
}

/* ---- what is written ---- */

static char *geo_text(const struct maintenance *m)
{
    json_t *allow = json_array(), *state;
    auto_free char *head = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out;

    for (const char *const *a = m->allow; a && *a; a++)
        (void) json_array_append_new(allow, json_string(*a));
    state = json_pack("{s:I,s:s,s:o}", "since", (json_int_t) time(NULL), "message", m->message,
                      "allow", allow);
    head = json_dumps(state, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(state);
    out = open_memstream(&text, &len);
    if (!out || !head)
        abort();
    fprintf(out, "# %s\ndefault 1;\n", head);
    for (const char *const *a = m->allow; a && *a; a++)
        fprintf(out, "%s 0;\n", *a);
    (void) fclose(out);
    return text;
}

static char *page_text(const struct maintenance *m)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
          "<title>Maintenance</title></head>\n<body style=\"font-family: sans-serif; margin: 15vh "
          "auto; max-width: 40em; padding: 0 1em\"><h1>Maintenance</h1>\n<p>",
          out);
    markup_put(out, m->message[0] ? m->message : usual);
    fputs("</p></body></html>\n", out);
    (void) fclose(out);
    return text;
}

static int check(const struct maintenance *m, struct err *e)
{
    size_t n = 0;

    for (const char *const *a = m->allow; a && *a; a++, n++) {
        struct cidr c;

        if (cidr_parse(*a, &c) < 0 && cidr_parse_address(*a, &c) < 0) {
            err_set(e, -EINVAL, "'%s' is no address or range such as 192.0.2.0/24", *a);
            return err_classify(e, ERR_USAGE);
        }
    }
    if (n > MAINTENANCE_ALLOW || strlen(m->message) > MAINTENANCE_MESSAGE ||
        strpbrk(m->message, "\r\n")) {
        err_set(e, -E2BIG,
                "a message is one line of %d bytes at most, and %d ranges may be allowed",
                MAINTENANCE_MESSAGE, MAINTENANCE_ALLOW);
        return err_classify(e, ERR_USAGE);
    }
    return 0;
}

/* ---- what is seen ---- */

/* the proxy itself is one of those who see the application */
static bool allows_itself(const struct maintenance *m)
{
    struct cidr self, range;

    (void) cidr_parse_address("127.0.0.1", &self);
    for (const char *const *a = m->allow; a && *a; a++)
        if ((cidr_parse(*a, &range) == 0 || cidr_parse_address(*a, &range) == 0) &&
            cidr_contains(&range, &self))
            return true;
    return false;
}

static int await(const struct procedure *p, const struct maintenance_spec *spec,
                 const struct maintenance *m, const char *workers, struct err *e)
{
    bool shown = m->on && !allows_itself(m);
    uint64_t end = clock_now_us() + SHOWS_US;

    while (clock_now_us() < end) {
        auto_free char *said = NULL;
        struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
        int r = inside(p, spec, look_script, "", workers, &said, e);

        if (r < 0)
            return r;
        if (said[0] && (strcmp(said, "503 on") == 0) == shown)
            return 0;
        (void) nanosleep(&pause, NULL);
    }
    err_set(e, -ETIMEDOUT, "'%s' has read the switch, but does not show it", spec->unit);
    return err_hint(e, "ipam-orch logs %s", spec->unit);
}

static int restore(const struct procedure *p, const struct maintenance_spec *spec, const char *geo,
                   const char *page, struct err *e)
{
    int r = put_file(p, spec, geo_file, geo, e);

    return r < 0 ? r : put_file(p, spec, page_file, page, e);
}

static int reload(const struct procedure *p, const struct maintenance_spec *spec, struct err *e)
{
    json_t *list = NULL;
    int r = reload_services(p, (const char *const[]){ spec->unit, NULL }, &list, e);

    json_decref(list);
    return r;
}

/* the two files as they are */
static int read_files(const struct procedure *p, const struct maintenance_spec *spec, char **geo,
                      char **page, struct err *e)
{
    int r = inside(p, spec, read_script, geo_file, "", geo, e);

    return r < 0 ? r : inside(p, spec, read_script, page_file, "", page, e);
}

/* The page before the switch, so that nobody is shown nothing. */
static int change(const struct procedure *p, const struct maintenance_spec *spec,
                  const struct maintenance *m, struct err *e)
{
    auto_free char *geo = m->on ? geo_text(m) : strdup("");
    auto_free char *page = m->on ? page_text(m) : strdup("");
    auto_free char *was_geo = NULL, *was_page = NULL, *workers = NULL;
    int r = read_files(p, spec, &was_geo, &was_page, e);

    if (r == 0 && m->on)
        r = put_file(p, spec, page_file, page, e);
    if (r == 0)
        r = put_file(p, spec, geo_file, geo, e);
    if (r == 0)
        r = inside(p, spec, workers_script, "", "", &workers, e);
    if (r == 0)
        r = reload(p, spec, e);
    if (r < 0 && was_geo && was_page) { /* it reads what it had before, whenever it reads again */
        (void) restore(p, spec, was_geo, was_page, NULL);
        return r;
    }
    return r < 0 ? r : await(p, spec, m, workers, e);
}

int maintenance_apply(const struct procedure *p, const struct maintenance *m, struct err *e)
{
    struct project *project = NULL;
    int r = check(m, e);

    if (r == 0)
        r = find_spec(p, &project, e);
    if (r == 0)
        r = change(p, &project->maintenance, m, e);
    if (r == 0)
        procedure_note(p, m->on ? "maintenance-on" : "maintenance-off", NULL);
    project_free(project);
    return r;
}

int maintenance_set(const struct procedure *p, const struct maintenance *m, struct err *e)
{
    struct project *project = NULL;
    auto_free char *geo = NULL, *page = NULL;
    int r = check(m, e);

    if (r == 0)
        r = find_spec(p, &project, e);
    if (r == 0)
        r = read_files(p, &project->maintenance, &geo, &page, e);
    project_free(project);
    if (r == 0)
        r = intent_begin(
            p->dir, json_pack("{s:s,s:s,s:s}", "verb", "maintenance", "geo", geo, "page", page), e);
    if (r < 0)
        return r;
    r = maintenance_apply(p, m, e);
    /* what failed has been put back already */
    if (intent_end(p->dir, r < 0 ? NULL : e) < 0 && r == 0)
        r = e->code;
    return r;
}

int maintenance_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    const json_t *meant = json_object_get(intent, "meant");
    struct project *project = NULL;
    int r = find_spec(p, &project, e);

    if (r == 0)
        r = restore(p, &project->maintenance, member_text(meant, "geo"), member_text(meant, "page"),
                    e);
    if (r == 0)
        r = reload(p, &project->maintenance, e);
    project_free(project);
    /* a proxy that does not run reads nothing but the files of next time */
    return r == -ESRCH ? 0 : r;
}

int maintenance_status(const struct procedure *p, json_t **out, struct err *e)
{
    struct project *project = NULL;
    auto_free char *geo = NULL;
    json_t *state = NULL;
    int r = find_spec(p, &project, e);

    if (r == 0)
        r = inside(p, &project->maintenance, read_script, geo_file, "", &geo, e);
    project_free(project);
    if (r < 0)
        return r;
    if (strncmp(geo, "# ", 2) == 0) {
        geo[strcspn(geo, "\n")] = '\0';
        state = json_loads(geo + 2, 0, NULL);
    }
    *out = state ? state : json_object();
    (void) json_object_set_new(*out, "on", json_boolean(geo[0] != '\0'));
    return 0;
}
