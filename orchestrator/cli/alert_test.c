#include "cli/alert_test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/watcher.h"
#include "cli/when.h"
#include "model/member.h"

enum { LOOK_AGAIN_MS = 200 };

/* The nobody of monitoring/alertmanager/start.sh gets what nobody else wants. */
static int check_receiver(const char *url, const char *receiver, struct err *e)
{
    json_t *list = NULL, *one;
    bool known = false;
    char names[256] = "";
    size_t i, used = 0;
    int r = watcher_ask(url, "/api/v2/receivers", "", &list, e);

    if (r < 0)
        return r;
    json_array_foreach (list, i, one) {
        const char *name = member_text(one, "name");

        if (strcmp(name, "nobody") == 0)
            continue;
        known |= strcmp(name, receiver) == 0;
        if (used < sizeof names)
            used += (size_t) snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                      name);
    }
    json_decref(list);
    if (known)
        return 0;
    err_set(e, -ENOENT, "there is no receiver '%s'%s%s", receiver,
            names[0] ? "; there are: " : "; there is none at all", names);
    if (!names[0])
        err_hint(e, "set ALERT_EMAIL_TO or ALERT_WEBHOOK_URL in .env.prod, then: ipam-orch up");
    return err_classify(e, ERR_USAGE);
}

struct counts {
    double tried, failed;
};

/* of a line NAME{integration="KIND"} NUMBER; the kinds are those of receivers' names */
static double count(const char *text, const char *name, const char *kind)
{
    auto_free char *line = NULL;
    const char *at;

    if (asprintf(&line, "\nalertmanager_%s{integration=\"%s\"} ", name, kind) < 0)
        abort();
    at = strstr(text, line);
    return at ? strtod(at + strlen(line), NULL) : 0;
}

static int look(const char *url, const char *kind, struct counts *out, struct err *e)
{
    json_t *page = NULL;
    int r = watcher_ask(url, "/metrics", "", &page, e);
    const char *text = json_is_string(page) ? json_string_value(page) : "";

    if (r == 0)
        *out = (struct counts){ count(text, "notification_requests_total", kind),
                                count(text, "notification_requests_failed_total", kind) };
    json_decref(page);
    return r;
}

static int send(const char *url, const char *project, const char *receiver, struct err *e)
{
    char moment[WHEN_TEXT];
    json_t *answer = NULL;
    int r;

    /* a label of its own: Alertmanager says nothing twice */
    when_format_utc(clock_wall_us(), moment);
    r = watcher_tell(url, "/api/v2/alerts",
                     json_pack("[{s:{s:s,s:s,s:s,s:s,s:s},s:{s:s}}]", "labels", "alertname",
                               "IpamOrchTest", "severity", "none", "project", project, "service",
                               moment, "receiver", receiver, "annotations", "summary",
                               "ipam-orch alert test: nothing is wrong"),
                     &answer, e);
    json_decref(answer);
    return r;
}

int alert_test(const char *url, const char *project, const char *receiver, uint64_t patience_us,
               uint64_t *took_us, struct err *e)
{
    struct counts before = { 0 }, now = { 0 };
    uint64_t began = clock_now_us();
    int r = check_receiver(url, receiver, e);

    if (r == 0)
        r = look(url, receiver, &before, e);
    if (r == 0)
        r = send(url, project, receiver, e);
    now = before;
    while (r == 0 && now.tried == before.tried && clock_now_us() - began < patience_us) {
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
        r = look(url, receiver, &now, e);
    }
    if (r < 0)
        return r;
    if (now.failed > before.failed) {
        err_set(e, -EPROTO, "receiver '%s' did not take it", receiver);
        return err_hint(e, "ipam-orch logs alertmanager");
    }
    if (now.tried == before.tried) {
        err_set(e, -ETIMEDOUT, "nothing was sent to '%s' within %d s", receiver,
                (int) (patience_us / USEC_PER_SEC));
        return err_hint(e, "ipam-orch logs alertmanager");
    }
    *took_us = clock_now_us() - began;
    return 0;
}
