/* Does the API answer, in time and in shape, through the proxy and without it (R9.3)? */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "model/member.h"
#include "verify/verify_impl.h"

enum { FOUND = 200, UNAUTHORISED = 401, OPENAPI_MAX = 2 * 1024 * 1024 };

static int status_of(const json_t *answer)
{
    return (int) json_integer_value(json_object_get(answer, "status"));
}

static double ms_of(const json_t *answer)
{
    return (double) json_integer_value(json_object_get(answer, "us")) / 1000;
}

/* what one that is well says of itself, where it says so at all */
static bool is_well(const json_t *body)
{
    static const char *const well[] = { "ok", "healthy", "up", "pass" };
    const char *status = member_text(body, "status");

    for (size_t i = 0; i < ARRAY_LEN(well); i++)
        if (strcasecmp(status, well[i]) == 0)
            return true;
    return status[0] == '\0';
}

/* The JSON at `path` (new reference), or what is wrong is said and NULL. */
static json_t *get(struct verify *v, const char *path, json_t **answer)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *request = verify_request_for(v, path), *body;
    struct err e = ERR_INIT;

    (void) json_object_set_new(request, "max", json_integer(OPENAPI_MAX));
    if (verify_ask(v, request, answer, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return NULL;
    }
    if (verify_in_maintenance(v, *answer))
        return NULL;
    body = json_loads(member_text(*answer, "body"), 0, NULL);
    if (member_text(*answer, "error")[0] != '\0')
        verify_say(v, VERIFY_FAIL, NULL, "%s: %s", member_text(*answer, "url"),
                   member_text(*answer, "error"));
    else if (status_of(*answer) != FOUND)
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d: %.200s", member_text(*answer, "url"),
                   status_of(*answer), member_text(*answer, "body"));
    else if (!json_is_object(body))
        verify_say(v, VERIFY_FAIL, NULL, "%s: the answer is no JSON object",
                   member_text(*answer, "url"));
    else
        return body;
    verify_next(v, "ipam-orch logs %s", spec->backend[0] ? spec->backend : spec->proxy);
    json_decref(body);
    return NULL;
}

static void tell_more(struct verify *v, const json_t *answer)
{
    verify_detail(v, "status %d in %.1f ms, %lld bytes, SHA-256 %s", status_of(answer),
                  ms_of(answer), (long long) json_integer_value(json_object_get(answer, "size")),
                  member_text(answer, "sha256"));
}

static bool has_paths(struct verify *v, const char *path)
{
    if (!verify_needs(v, v->project->verify.proxy, "verify.proxy"))
        return false;
    if (path[0] == '/')
        return true;
    verify_say(v, VERIFY_SKIP, NULL, "the compose file names no such path (x-ipam-orch.verify)");
    return false;
}

void verify_backend_health(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *answer = NULL, *body;
    double most = (double) spec->latency_us / 1000;

    if (!has_paths(v, spec->health))
        return;
    body = get(v, spec->health, &answer);
    if (body && !is_well(body))
        verify_say(v, VERIFY_FAIL, NULL, "%s says '%s'", member_text(answer, "url"),
                   member_text(body, "status"));
    else if (body && ms_of(answer) > most)
        verify_say(v, VERIFY_FAIL, NULL, "%s takes %.0f ms, at most %.0f ms are wanted",
                   member_text(answer, "url"), ms_of(answer), most);
    else if (body)
        verify_say(v, VERIFY_OK, NULL, "%s: 200, '%s', within %.0f ms", member_text(answer, "url"),
                   member_text(body, "status"), most);
    if (body)
        tell_more(v, answer);
    json_decref(body);
    json_decref(answer);
}

void verify_backend_openapi(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *answer = NULL, *body;

    if (!has_paths(v, spec->openapi))
        return;
    body = get(v, spec->openapi, &answer);
    if (body && (member_text(body, "openapi")[0] == '\0' || !json_object_get(body, "info") ||
                 json_object_size(json_object_get(body, "paths")) == 0))
        verify_say(v, VERIFY_FAIL, NULL, "%s: no description of an API (openapi, info, paths)",
                   member_text(answer, "url"));
    else if (body)
        verify_say(v, VERIFY_OK, NULL, "%s: OpenAPI %s, '%s' %s, %zu paths",
                   member_text(answer, "url"), member_text(body, "openapi"),
                   member_text(json_object_get(body, "info"), "title"),
                   member_text(json_object_get(body, "info"), "version"),
                   json_object_size(json_object_get(body, "paths")));
    if (body)
        tell_more(v, answer);
    json_decref(body);
    json_decref(answer);
}

/* curl's "STATUS SECONDS" on the last line, the body before it */
static void judge_direct(struct verify *v, char *output, const char *where)
{
    char *last = strrchr(output, '\n'), *space;
    json_t *body;
    uint64_t status = 0;

    if (last)
        *last++ = '\0';
    space = last ? strchr(last, ' ') : NULL;
    if (space)
        *space++ = '\0';
    if (!space || num_u64(last, 999, &status) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s: the answer is not readable", where);
        return;
    }
    body = json_loads(output, 0, NULL);
    if (status != FOUND || !json_is_object(body) || !is_well(body))
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d: %.200s", where, (int) status, output);
    else
        verify_say(v, VERIFY_OK, NULL, "%s: 200, '%s'", where, member_text(body, "status"));
    verify_detail(v, "in %s s", space);
    json_decref(body);
}

void verify_backend_direct(struct verify *v)
{
    static const char script[] =
        "curl -sS --noproxy '*' --max-time 10 -w '\\n%{http_code} %{time_total}' \"$1\"";
    const struct verify_spec *spec = &v->project->verify;
    auto_free char *url = NULL, *output = NULL;
    struct err e = ERR_INIT;

    if (!verify_needs(v, spec->proxy, "verify.proxy") ||
        !verify_needs(v, spec->backend, "verify.backend"))
        return;
    if (asprintf(&url, "http://%s:%u%s", spec->backend, spec->backend_port, spec->health) < 0)
        abort();
    if (verify_inside(v, spec->proxy, script, (const char *const[]){ url, NULL }, &output, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s, from %s: %s", url, spec->proxy, e.msg);
    else
        judge_direct(v, output, url);
    if (v->out->items[v->out->n - 1].status == VERIFY_FAIL)
        verify_next(v, "ipam-orch logs %s", spec->backend);
}

/* ---- a round trip with an account ---- */

static int page_with(const struct verify *v, const char *token, json_t **answer, struct err *e)
{
    json_t *request = verify_request_for(v, v->project->verify.account);

    if (token)
        (void) json_object_set_new(request, "token", json_string(token));
    return verify_ask(v, request, answer, e);
}

static void log_out(const struct verify *v, const char *token)
{
    json_t *request, *answer = NULL;

    if (v->project->verify.logout[0] == '\0')
        return;
    request = verify_request_for(v, v->project->verify.logout);
    (void) json_object_set_new(request, "token", json_string(token));
    (void) json_object_set_new(request, "method", json_string("POST"));
    (void) verify_ask(v, request, &answer, NULL);
    json_decref(answer);
}

static void judge_round_trip(struct verify *v, const char *token)
{
    const struct verify_spec *spec = &v->project->verify;
    json_t *with = NULL, *without = NULL;
    struct err e = ERR_INIT;

    if (page_with(v, token, &with, &e) < 0 || page_with(v, NULL, &without, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else if (status_of(with) != FOUND)
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d to who has logged in",
                   member_text(with, "url"), status_of(with));
    else if (status_of(without) != UNAUTHORISED)
        verify_say(v, VERIFY_FAIL, NULL,
                   "%s answers with %d to who has not logged in, wanted is %d",
                   member_text(without, "url"), status_of(without), UNAUTHORISED);
    else
        verify_say(v, VERIFY_OK, NULL, "'%s' logs in and sees %s; without a token it is 401",
                   spec->user, spec->account);
    json_decref(with);
    json_decref(without);
}

void verify_backend_login(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    const char *password = verify_secret(v, spec->password_secret);
    json_t *request, *answer = NULL, *body, *login;
    auto_free char *text = NULL;
    struct err e = ERR_INIT;

    if (!has_paths(v, spec->login))
        return;
    if (!password || spec->user[0] == '\0' || spec->account[0] != '/') {
        verify_say(v, VERIFY_SKIP, NULL, "the compose file names no account for it");
        return;
    }
    login = json_pack("{s:s,s:s}", "username", spec->user, "password", password);
    text = json_dumps(login, JSON_COMPACT);
    json_decref(login);
    request = verify_request_for(v, spec->login);
    (void) json_object_set_new(request, "body", json_string(text));
    (void) json_object_set_new(request, "headers",
                               json_pack("[s]", "Content-Type: application/json"));
    if (verify_ask(v, request, &answer, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    body = json_loads(member_text(answer, "body"), 0, NULL);
    if (verify_in_maintenance(v, answer))
        ; /* said */
    else if (status_of(answer) == UNAUTHORISED)
        verify_say(v, VERIFY_SKIP, NULL,
                   "'%s' has another password by now than the secret '%s' says", spec->user,
                   spec->password_secret);
    else if (status_of(answer) != FOUND || member_text(body, "access_token")[0] == '\0')
        verify_say(v, VERIFY_FAIL, NULL, "%s answers with %d, and no access_token",
                   member_text(answer, "url"), status_of(answer));
    else
        judge_round_trip(v, member_text(body, "access_token"));
    if (member_text(body, "access_token")[0] != '\0')
        log_out(v, member_text(body, "access_token"));
    json_decref(body);
    json_decref(answer);
}
