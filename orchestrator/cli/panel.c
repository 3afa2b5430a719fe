#include "cli/panel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/log_reader.h"
#include "cli/log_watch.h"
#include "cli/request.h"
#include "cli/watcher.h"
#include "model/member.h"

/* lines that are searched, and that are shown, of each instance; a line is cut where it is longer
 */
enum { LINES_READ = 5000, LINES_SHOWN = 200, LINE_MOST = 4096 };

enum { SERIES_SPAN_S = 3600, SERIES_STEP_S = 30 };

int panel_overview(const struct panel *p, json_t **out, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *used = NULL;
    int r = request_open(p->cli, NULL, &client, &project, &status, e);

    if (r == 0) /* what ends meanwhile is none of our business */
        (void) request_ask(client, project, "stats", NULL, NULL, &used, NULL);
    if (r == 0)
        *out =
            json_pack("{s:s,s:I,s:O?,s:O?,s:O?,s:O?,s:O?}", "project", project, "time_us",
                      (json_int_t) clock_wall_us(), "services", json_object_get(status, "services"),
                      "used", used, "schedules", json_object_get(status, "schedules"), "absent",
                      json_object_get(status, "absent"), "kept", json_object_get(status, "kept"));
    json_decref(used);
    json_decref(status);
    return r;
}

/* ---- logs ---- */

/* what is no UTF-8 is shown as far as it is */
static json_t *text_of(const char *text)
{
    size_t len = strcspn(text, "\n");
    auto_free char *copy = strndup(text, len < LINE_MOST ? len : LINE_MOST);
    json_t *out;

    if (!copy)
        abort();
    for (out = json_string(copy); !out; out = json_string(copy))
        for (char *c = copy; *c; c++)
            *c = (char) (*c & 0x80 ? '?' : *c);
    return out;
}

static void read_lines(const char *project, const char *name, const char *search, json_t *lines)
{
    struct log_reader *r = log_reader_new(project, name);
    const struct log_line *line;
    json_t *own = json_array();

    log_reader_tail(r, LINES_READ);
    while (log_reader_next(r, &line) == 0) {
        if (search[0] && !strcasestr(line->text, search))
            continue;
        (void) json_array_append_new(own, json_pack("{s:s,s:s,s:s,s:o}", "time", line->time, "name",
                                                    name, "stream", line->stream, "text",
                                                    text_of(line->text)));
        if (json_array_size(own) > LINES_SHOWN)
            (void) json_array_remove(own, 0);
    }
    (void) json_array_extend(lines, own);
    json_decref(own);
    log_reader_free(r);
}

int panel_logs(const struct panel *p, const char *service, const char *search, json_t **out,
               struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *lines = json_array();
    struct err denied = ERR_INIT;
    const json_t *one;
    size_t i;
    int r = request_open(p->cli, NULL, &client, &project, &status, e);

    /* names are those of the manager: what somebody asks for is compared, never opened */
    if (r == 0 && log_watch_allowed(project, &denied) == 0)
        json_array_foreach (json_object_get(status, "services"), i, one)
            if (service[0] == '\0' || strcmp(member_text(one, "service"), service) == 0)
                read_lines(project, member_text(one, "name"), search, lines);
    if (r == 0)
        *out = json_pack("{s:O,s:s}", "lines", lines, "error", denied.msg);
    json_decref(lines);
    json_decref(status);
    return r;
}

/* ---- what Prometheus says ---- */

static int find_prometheus(const struct panel *p, char url[WATCHER_URL], struct err *e)
{
    if (!p->prometheus)
        return watcher_of(p->cli, WATCHER_PROMETHEUS, url, NULL, e);
    (void) snprintf(url, WATCHER_URL, "%.*s", WATCHER_URL - 1, p->prometheus);
    return 0;
}

/* a list of its answer, "error" in `answer` otherwise */
static void ask(const char *url, const char *path, const char *query, const char *key,
                json_t *answer)
{
    const char *inside = strcmp(key, "alerts") == 0 ? "alerts" : "result";
    struct err e = ERR_INIT;
    json_t *all = NULL;
    json_t *list;
    int r = watcher_ask(url, path, query, &all, &e);

    list = json_object_get(json_object_get(all, "data"), inside);
    (void) json_object_set_new(answer, key, list ? json_incref(list) : json_array());
    if (r < 0)
        (void) json_object_set_new(answer, "error", json_string(e.msg));
    json_decref(all);
}

int panel_watch(const struct panel *p, json_t **out, struct err *e)
{
    char url[WATCHER_URL];
    struct err why = ERR_INIT;

    (void) e;
    *out = json_object();
    if (find_prometheus(p, url, &why) < 0) {
        (void) json_object_set_new(*out, "error", json_string(why.msg));
        return 0;
    }
    ask(url, "/api/v1/alerts", "", "alerts", *out);
    ask(url, "/api/v1/query",
        "?query=%7B__name__%3D~%22ipam_orch_certificate_not_after_seconds%7Cipam_orch_backup_.*%7C"
        "ipam_orch_drill_.*%22%7D",
        "figures", *out);
    return 0;
}

static const struct {
    const char *title, *unit, *query; /* encoded */
} shown[] = {
    { "Processors of the host", "%",
      "100*(1-avg(rate(node_cpu_seconds_total%7Bmode%3D%22idle%22%7D%5B2m%5D)))" },
    { "Memory of the host", "%",
      "100*(1-node_memory_MemAvailable_bytes/node_memory_MemTotal_bytes)" },
    { "Processors per service", "%",
      "100*sum+by(service)(rate(ipam_orch_cpu_seconds_total%5B2m%5D))" },
    { "Memory per service", "B", "sum+by(service)(ipam_orch_memory_bytes)" },
    { "Requests per second", "", "sum(rate(ipam_http_requests_total%5B2m%5D))" },
    { "Database queries per second", "", "rate(mysql_global_status_queries%5B2m%5D)" },
};

int panel_series(const struct panel *p, json_t **out, struct err *e)
{
    uint64_t now_s = clock_wall_us() / USEC_PER_SEC;
    char url[WATCHER_URL];
    struct err why = ERR_INIT;
    int r = find_prometheus(p, url, &why);
    json_t *list = json_array();

    (void) e;
    for (size_t i = 0; i < ARRAY_LEN(shown) && r == 0; i++) {
        json_t *one = json_pack("{s:s,s:s}", "title", shown[i].title, "unit", shown[i].unit);
        auto_free char *query = NULL;

        if (asprintf(&query, "?query=%s&start=%llu&end=%llu&step=%d", shown[i].query,
                     (unsigned long long) now_s - SERIES_SPAN_S, (unsigned long long) now_s,
                     SERIES_STEP_S) < 0)
            abort();
        ask(url, "/api/v1/query_range", query, "lines", one);
        (void) json_array_append_new(list, one);
    }
    *out = json_pack("{s:o,s:s}", "series", list, "error", why.msg);
    return 0;
}
