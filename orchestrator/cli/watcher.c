#include "cli/watcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/request.h"
#include "model/image.h"
#include "model/member.h"
#include "ops/web.h"

enum { BODY_MOST = 1024 * 1024 };

static const struct {
    const char *image, *title;
    int port;
} watchers[] = {
    [WATCHER_PROMETHEUS] = { "prometheus", "Prometheus", 9090 },
    [WATCHER_ALERTMANAGER] = { "alertmanager", "Alertmanager", 9093 },
};

/* of one instance; false if its port is not published */
static bool published(const json_t *instance, int target, char url[WATCHER_URL])
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(instance, "ports"), i, one) {
        const char *address = member_text(one, "address");
        int port = (int) json_integer_value(json_object_get(one, "published"));
        bool any = address[0] == '\0' || strcmp(address, "0.0.0.0") == 0;

        if (json_integer_value(json_object_get(one, "target")) != target || port <= 0)
            continue;
        (void) snprintf(url, WATCHER_URL,
                        strchr(address, ':') ? "http://[%.50s]:%d" : "http://%.50s:%d",
                        any                          ? "127.0.0.1"
                        : strcmp(address, "::") == 0 ? "::1"
                                                     : address,
                        port);
        return true;
    }
    return false;
}

int watcher_find(const json_t *status, enum watcher which, char url[WATCHER_URL], struct err *e)
{
    const char *service = NULL;
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(status, "services"), i, one) {
        if (!image_is(member_text(one, "image"), watchers[which].image) ||
            json_integer_value(json_object_get(one, "pid")) <= 0)
            continue;
        if (published(one, watchers[which].port, url))
            return 0;
        service = member_text(one, "service");
    }
    if (service)
        err_set(e, -ENOENT, "port %d of '%s' is not published: nobody can ask it",
                watchers[which].port, service);
    else
        err_set(e, -ENOENT, "%s does not run in this project", watchers[which].title);
    if (!service)
        err_hint(e,
                 "COMPOSE_PROFILES=monitoring in .env.prod, or: ipam-orch --profile monitoring up");
    return err_classify(e, ERR_MISSING);
}

int watcher_of(const struct cli *cli, enum watcher which, char url[WATCHER_URL], char **project,
               struct err *e)
{
    auto_client client = NULL;
    auto_free char *name = NULL;
    json_t *status = NULL;
    int r = request_open(cli, NULL, &client, &name, &status, e);

    if (r == 0)
        r = watcher_find(status, which, url, e);
    json_decref(status);
    if (r == 0 && project) {
        *project = name;
        name = NULL;
    }
    return r;
}

int watcher_ask(const char *url, const char *path, const char *query, json_t **out, struct err *e)
{
    return web_json(
        json_pack("{s:o,s:i}", "url", json_sprintf("%s%s%s", url, path, query), "max", BODY_MOST),
        out, e);
}

int watcher_tell(const char *url, const char *path, json_t *body, json_t **out, struct err *e)
{
    auto_free char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    if (!text)
        abort();
    return web_json(json_pack("{s:o,s:s,s:[s],s:s}", "url", json_sprintf("%s%s", url, path),
                              "method", "POST", "headers", "Content-Type: application/json", "body",
                              text),
                    out, e);
}
