/* Is the web interface there, as a browser would have it (R9.2)? */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/member.h"
#include "ops/web.h"
#include "verify/html.h"
#include "verify/verify_impl.h"

enum { FOUND = 200, HTTP = 80 };

static int status_of(const json_t *answer)
{
    return (int) json_integer_value(json_object_get(answer, "status"));
}

static bool is_type(const json_t *answer, const char *word)
{
    return strcasestr(verify_header(answer, "content-type"), word) != NULL;
}

/* the page, or what is wrong with it is said; new reference */
static json_t *page(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *answer = NULL;
    struct err e = ERR_INIT;
    const char *url;

    if (!verify_needs(v, spec->proxy, "verify.proxy"))
        return NULL;
    if (verify_ask(v, verify_request_for(v, "/"), &answer, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return NULL;
    }
    url = member_text(answer, "url");
    if (verify_in_maintenance(v, answer)) {
        json_decref(answer);
        return NULL;
    }
    if (member_text(answer, "error")[0] != '\0')
        verify_say(v, VERIFY_FAIL, NULL, "%s: %s", url, member_text(answer, "error"));
    else if (status_of(answer) != FOUND)
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d, wanted is %d", url, status_of(answer),
                   FOUND);
    else if (!is_type(answer, "text/html"))
        verify_say(v, VERIFY_FAIL, NULL, "%s is '%s', wanted is text/html", url,
                   verify_header(answer, "content-type"));
    else
        return answer;
    verify_next(v, "ipam-orch logs %s", spec->proxy);
    json_decref(answer);
    return NULL;
}

void verify_frontend_page(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *answer = page(v);
    const char *url = member_text(answer, "url");

    if (!answer)
        return;
    if (spec->root[0] != '\0' && !html_has_id(member_text(answer, "body"), spec->root)) {
        verify_say(v, VERIFY_FAIL, NULL, "%s: the page has no element with the id '%s'", url,
                   spec->root);
        verify_next(v, "build the frontend again, then: ipam-orch restart %s",
                    spec->frontend[0] ? spec->frontend : spec->proxy);
    } else {
        verify_say(v, VERIFY_OK, NULL, "%s: 200, text/html, %lld bytes%s%s%s", url,
                   (long long) json_integer_value(json_object_get(answer, "size")),
                   spec->root[0] ? ", element '" : "", spec->root, spec->root[0] ? "'" : "");
    }
    verify_detail(v, "in %.1f ms, SHA-256 %s",
                  (double) json_integer_value(json_object_get(answer, "us")) / 1000,
                  member_text(answer, "sha256"));
    json_decref(answer);
}

/* "" when the answer is what a browser needs */
static void judge(enum html_kind kind, const json_t *answer, char *out, size_t room)
{
    static const char *const types[] = {
        [HTML_SCRIPT] = "javascript", [HTML_STYLE] = "text/css", [HTML_ICON] = "image/"
    };

    out[0] = '\0';
    if (member_text(answer, "error")[0] != '\0')
        (void) snprintf(out, room, "%s", member_text(answer, "error"));
    else if (status_of(answer) != FOUND)
        (void) snprintf(out, room, "it answers with %d", status_of(answer));
    else if (!is_type(answer, types[kind]))
        (void) snprintf(out, room, "it is '%s', no %s", verify_header(answer, "content-type"),
                        types[kind]);
}

static json_t *requests_for(const struct verify *v, const char *url,
                            const struct html_references *r, enum html_kind *kinds)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++) {
        auto_free char *path = html_path(url, r->items[i].target);
        json_t *request = path ? verify_request_for(v, path) : NULL;

        if (!request)
            continue;
        (void) json_object_set_new(request, "max", json_integer(0));
        kinds[json_array_size(list)] = r->items[i].kind;
        (void) json_array_append_new(list, request);
    }
    return list;
}

static void judge_all(struct verify *v, const json_t *answers, const enum html_kind *kinds)
{
    const struct verify_spec *spec = &v->project->verify;
    char what[256], wrong[1024] = "";
    json_int_t bytes = 0;
    size_t i, n = 0;
    const json_t *one;

    json_array_foreach (answers, i, one) {
        size_t used = strlen(wrong);

        bytes += json_integer_value(json_object_get(one, "size"));
        judge(kinds[i], one, what, sizeof what);
        if (!what[0])
            continue;
        n++;
        (void) snprintf(wrong + used, sizeof wrong - used, "%s%s: %s", used ? "; " : "",
                        member_text(one, "url"), what);
    }
    if (n == 0) {
        verify_say(v, VERIFY_OK, NULL, "%zu files, %lld bytes, each of the right type",
                   json_array_size(answers), (long long) bytes);
        return;
    }
    verify_say(v, VERIFY_FAIL, NULL, "%s", wrong);
    verify_next(v, "build the frontend again, then: ipam-orch restart %s",
                spec->frontend[0] ? spec->frontend : spec->proxy);
}

void verify_frontend_assets(struct verify *v)
{
    enum html_kind kinds[HTML_REFERENCES_MAX];
    struct html_references found = { 0 };
    json_t *answer = page(v), *answers = NULL, *requests;
    struct err e = ERR_INIT;

    if (!answer)
        return;
    html_references(member_text(answer, "body"), &found);
    requests = requests_for(v, member_text(answer, "url"), &found, kinds);
    html_references_clear(&found);
    json_decref(answer);
    if (json_array_size(requests) == 0) {
        json_decref(requests);
        verify_say(v, VERIFY_SKIP, NULL, "the page refers to no script or style of its own");
        return;
    }
    if (web_ask(requests, &answers, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else
        judge_all(v, answers, kinds);
    json_decref(answers);
}

/* NAME of https://NAME[:PORT]/ */
static char *name_of(const char *url)
{
    const char *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

    return strndup(host, len);
}

void verify_frontend_redirect(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    auto_free char *name = name_of(spec->url), *wanted = NULL;
    const char *address = "", *location;
    json_t *answers = NULL, *one;
    uint16_t port = 0;
    struct err e = ERR_INIT;

    if (!verify_needs(v, spec->proxy, "verify.proxy"))
        return;
    if (!name || !verify_published(v, spec->proxy, HTTP, false, &address, &port)) {
        verify_say(v, VERIFY_SKIP, NULL, "port 80 of '%s' is not published", spec->proxy);
        return;
    }
    if (web_ask(json_pack("[{s:o,s:s,s:I}]", "url", json_sprintf("http://%s:%u/", name, port),
                          "connect", address, "max", (json_int_t) 0),
                &answers, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    one = json_array_get(answers, 0);
    location = member_text(one, "location");
    if (asprintf(&wanted, "https://%s", name) < 0)
        abort();
    if (member_text(one, "error")[0] != '\0')
        verify_say(v, VERIFY_FAIL, NULL, "%s: %s", member_text(one, "url"),
                   member_text(one, "error"));
    else if (status_of(one) / 100 != 3 || strncmp(location, wanted, strlen(wanted)) != 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d and leads to '%s', wanted is %s/",
                   member_text(one, "url"), status_of(one), location, wanted);
    else if (strncmp(location, spec->url, strcspn(spec->url + 8, "/") + 8) != 0 &&
             !strstr(spec->url, ":443"))
        verify_say(v, VERIFY_WARN, NULL, "%s leads to %s, but people use %s",
                   member_text(one, "url"), location, spec->url);
    else
        verify_say(v, VERIFY_OK, NULL, "%s leads to %s with %d", member_text(one, "url"), location,
                   status_of(one));
    json_decref(answers);
}
