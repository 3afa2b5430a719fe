/* Is what runs watched, are alarms sent, is there a panel (R6)? */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/image.h"
#include "model/member.h"
#include "ops/web.h"
#include "verify/verify_impl.h"

enum { PANEL_PORT = 3000, STATUS_OK = 200 };

#define CURL "curl -sS --noproxy '*' --max-time 10 "

/* one that runs and has that image */
static const struct unit *find(const struct verify *v, const char *image)
{
    for (size_t i = 0; i < v->project->n_units; i++) {
        const struct unit *u = &v->project->units[i];

        if (image_is(u->image, image) && verify_instance(v, u->name))
            return u;
    }
    return NULL;
}

/* the first of a kind; without one that is said */
static const struct unit *needs(struct verify *v, const char *image)
{
    const struct unit *u = find(v, image);

    if (u)
        return u;
    verify_say(v, VERIFY_SKIP, NULL, "no %s runs in this project", image);
    verify_next(v, "ipam-orch --profile monitoring up");
    return NULL;
}

/* What it answers about itself; what went wrong is said.  New reference, NULL: nothing. */
static json_t *ask(struct verify *v, const struct unit *u, const char *script)
{
    auto_free char *output = NULL;
    struct err e = ERR_INIT;
    json_t *answer = NULL;

    if (verify_inside(v, u->name, script, NULL, &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return NULL;
    }
    answer = json_loads(output, 0, NULL);
    if (!answer)
        verify_say(v, VERIFY_FAIL, NULL, "'%s' does not answer in JSON", u->name);
    return answer;
}

/* {"data":{"activeTargets":[{"scrapeUrl":..,"health":"up|down|unknown","lastError":..}]}} */
static void judge_targets(struct verify *v, const struct unit *u, const json_t *answer)
{
    const json_t *list = json_object_get(json_object_get(answer, "data"), "activeTargets"), *one;
    size_t i, down = 0;

    json_array_foreach (list, i, one)
        if (strcmp(member_text(one, "health"), "up") != 0) {
            down++;
            verify_say(v, VERIFY_FAIL, member_text(json_object_get(one, "labels"), "job"),
                       "%s is %s%s%s", member_text(one, "scrapeUrl"), member_text(one, "health"),
                       member_text(one, "lastError")[0] ? ": " : "", member_text(one, "lastError"));
            verify_next(v, "ipam-orch logs %s", u->name);
        }
    if (json_array_size(list) == 0)
        verify_say(v, VERIFY_FAIL, NULL, "'%s' watches nothing", u->name);
    else if (down == 0)
        verify_say(v, VERIFY_OK, NULL, "%zu targets, all up", json_array_size(list));
}

void verify_monitoring(struct verify *v)
{
    const struct unit *u = needs(v, "prometheus");
    json_t *answer =
        u ? ask(v, u, CURL "'http://127.0.0.1:9090/api/v1/targets?state=active'") : NULL;

    if (answer)
        judge_targets(v, u, answer);
    json_decref(answer);
}

/* {"data":{"groups":[{"rules":[{"name":..,"health":"ok|err|unknown","lastError":..}]}]}} */
void verify_monitoring_rules(struct verify *v)
{
    const struct unit *u = needs(v, "prometheus");
    json_t *answer = u ? ask(v, u, CURL "'http://127.0.0.1:9090/api/v1/rules?type=alert'") : NULL;
    const json_t *group, *rule;
    size_t i, k, all = 0, broken = 0;

    json_array_foreach (json_object_get(json_object_get(answer, "data"), "groups"), i, group)
        json_array_foreach (json_object_get(group, "rules"), k, rule) {
            all++;
            if (strcmp(member_text(rule, "health"), "err") != 0)
                continue;
            broken++;
            verify_say(v, VERIFY_FAIL, member_text(rule, "name"), "%s",
                       member_text(rule, "lastError"));
        }
    if (answer && all == 0)
        verify_say(v, VERIFY_FAIL, NULL, "'%s' has no rules: nothing is ever alarming", u->name);
    else if (answer && broken == 0)
        verify_say(v, VERIFY_OK, NULL, "%zu rules, none is broken", all);
    json_decref(answer);
}

/* does Prometheus know of an Alertmanager, and that one of somebody to tell? */
void verify_monitoring_alerts(struct verify *v)
{
    const struct unit *u = needs(v, "alertmanager"), *p = find(v, "prometheus");
    json_t *receivers = u ? ask(v, u, CURL "http://127.0.0.1:9093/api/v2/receivers") : NULL;
    json_t *known =
        receivers && p ? ask(v, p, CURL "http://127.0.0.1:9090/api/v1/alertmanagers") : NULL;
    size_t told =
        json_array_size(json_object_get(json_object_get(known, "data"), "activeAlertmanagers"));

    if (receivers && known && told == 0) {
        verify_say(v, VERIFY_FAIL, NULL, "'%s' tells no Alertmanager", p->name);
    } else if (known && json_array_size(receivers) <= 1) {
        verify_say(v, VERIFY_WARN, NULL, "'%s' has nobody to tell", u->name);
        verify_next(v, "set ALERT_EMAIL_TO or ALERT_WEBHOOK_URL in .env.prod, then: ipam-orch up");
    } else if (known) {
        verify_say(v, VERIFY_OK, NULL,
                   "%zu receivers; to see one of them get something: "
                   "ipam-orch alert test --receiver NAME",
                   json_array_size(receivers) - 1);
    }
    json_decref(known);
    json_decref(receivers);
}

void verify_monitoring_panel(struct verify *v)
{
    const struct unit *u = find(v, "grafana");
    const char *address = "";
    json_t *answers = NULL;
    uint16_t port = 0;
    struct err e = ERR_INIT;
    json_int_t status;

    for (size_t i = 0; i < v->project->n_units && port == 0; i++) {
        const struct unit *one = &v->project->units[i];

        if ((one == u || (!u && image_is(one->image, "ipam-orch"))) &&
            verify_instance(v, one->name) &&
            verify_published(v, one->name, PANEL_PORT, false, &address, &port))
            u = one;
    }
    if (port == 0) {
        verify_say(v, VERIFY_SKIP, NULL, "no panel runs in this project");
        verify_next(v, "ipam-orch --profile monitoring up");
        return;
    }
    if (web_ask(json_pack("[{s:o}]", "url",
                          json_sprintf("http://%s:%u/api/health", address, (unsigned) port)),
                &answers, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    status = json_integer_value(json_object_get(json_array_get(answers, 0), "status"));
    verify_say(v, status == STATUS_OK ? VERIFY_OK : VERIFY_FAIL, NULL,
               "'%s' at %s:%u/api/health: status %d", u->name, address, (unsigned) port,
               (int) status);
    json_decref(answers);
}

void verify_monitoring_collector(struct verify *v)
{
    const struct unit *u = needs(v, "filebeat");
    auto_free char *output = NULL;
    struct err e = ERR_INIT;

    if (!u)
        return;
    if (verify_inside(v, u->name,
                      "/usr/share/filebeat/bin/filebeat test config "
                      "--path.home=/usr/share/filebeat --path.config=/usr/share/filebeat "
                      "--path.data=/tmp --strict.perms=false",
                      NULL, &output, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else
        verify_say(v, VERIFY_OK, NULL, "'%s' runs, and accepts its configuration", u->name);
}
