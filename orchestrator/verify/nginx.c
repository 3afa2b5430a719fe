/* Is the proxy as careful as it should be (R8.4), and whose certificate does it show (R3.1)? */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "model/member.h"
#include "ops/web.h"
#include "verify/verify_impl.h"

enum { TOO_LARGE = 413, QUICK = 50, DAY = 24 * 3600, DAYS_WARN = 21, DAYS_FAIL = 1 };

static int status_of(const json_t *answer)
{
    return (int) json_integer_value(json_object_get(answer, "status"));
}

static bool has_proxy(struct verify *v)
{
    return verify_needs(v, v->project->verify.proxy, "verify.proxy");
}

/* one answer, new reference; NULL when it is said that there is none */
static json_t *ask(struct verify *v, const char *path)
{
    json_t *answer = NULL;
    struct err e = ERR_INIT;

    if (verify_ask(v, verify_request_for(v, path), &answer, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else if (member_text(answer, "error")[0] != '\0')
        verify_say(v, VERIFY_FAIL, NULL, "%s: %s", member_text(answer, "url"),
                   member_text(answer, "error"));
    else
        return answer;
    verify_next(v, "ipam-orch logs %s", v->project->verify.proxy);
    json_decref(answer);
    return NULL;
}

/* a header whose value has to have something in it, "" = anything */
static const struct {
    const char *name, *has;
} headers[] = {
    { "strict-transport-security", "max-age=" },
    { "content-security-policy", "default-src" },
    { "x-content-type-options", "nosniff" },
    { "x-frame-options", "" },
    { "referrer-policy", "" },
    { "permissions-policy", "" },
};

static void missing_headers(const json_t *answer, char *out, size_t room)
{
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        const char *value = verify_header(answer, headers[i].name);
        size_t used = strlen(out);

        if (value[0] != '\0' && strstr(value, headers[i].has))
            continue;
        (void) snprintf(out + used, room - used, "%s%s %s%s (%s, status %d)", used ? "; " : "",
                        value[0] ? "wrong" : "no", headers[i].name, "", member_text(answer, "url"),
                        status_of(answer));
        return; /* one of a page says enough */
    }
}

void verify_nginx_headers(struct verify *v)
{
    /* a page, a refusal of the proxy, one of the API: only `always` puts them on all three */
    const char *const paths[] = { "/", "/.ipam-orch-verify", "/api/ipam-orch-verify" };
    char wrong[1024] = "";

    if (!has_proxy(v))
        return;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        json_t *answer = ask(v, paths[i]);

        if (!answer)
            return;
        missing_headers(answer, wrong, sizeof wrong);
        json_decref(answer);
    }
    if (wrong[0]) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", wrong);
        verify_next(v, "add_header ... always; in the configuration of '%s'",
                    v->project->verify.proxy);
    } else {
        verify_say(v, VERIFY_OK, NULL,
                   "HSTS, CSP, X-Content-Type-Options, X-Frame-Options, Referrer-Policy, "
                   "Permissions-Policy on pages and refusals");
    }
}

static bool has_digit(const char *s)
{
    return s[strcspn(s, "0123456789")] != '\0';
}

void verify_nginx_version(struct verify *v)
{
    json_t *answer = has_proxy(v) ? ask(v, "/.ipam-orch-verify") : NULL;
    const char *server = verify_header(answer, "server");
    const char *powered = verify_header(answer, "x-powered-by");

    if (!answer)
        return;
    if (has_digit(server) || powered[0] || strstr(member_text(answer, "body"), "nginx/")) {
        verify_say(v, VERIFY_FAIL, NULL, "it tells what it is: '%s'%s",
                   server[0] ? server : powered,
                   strstr(member_text(answer, "body"), "nginx/") ? ", and in its error page" : "");
        verify_next(v, "server_tokens off; in the configuration of '%s'", v->project->verify.proxy);
    } else {
        verify_say(v, VERIFY_OK, NULL, "Server: %s", server[0] ? server : "(none)");
    }
    json_decref(answer);
}

void verify_nginx_tls(struct verify *v)
{
    static const char *const old[] = { "1.0", "1.1" };

    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        json_t *request, *answer = NULL;
        struct err e = ERR_INIT;
        const char *error;

        if (i == 0 && !has_proxy(v))
            return;
        request = verify_request_for(v, "/");
        (void) json_object_set_new(request, "tls_max", json_string(old[i]));
        if (verify_ask(v, request, &answer, &e) < 0) {
            verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
            return;
        }
        error = member_text(answer, "error");
        if (error[0] == '\0')
            verify_say(v, VERIFY_FAIL, old[i], "TLS %s is spoken", old[i]);
        else if (strstr(error, "alert"))
            verify_say(v, VERIFY_OK, old[i], "refused: %s", error);
        else
            verify_say(v, VERIFY_SKIP, old[i], "it cannot be tried from here: %s", error);
        if (error[0] == '\0')
            verify_next(v, "ssl_protocols TLSv1.2 TLSv1.3; in the configuration of '%s'",
                        v->project->verify.proxy);
        json_decref(answer);
    }
}

void verify_nginx_body(struct verify *v)
{
    const json_int_t announced = 64 * 1024 * 1024;
    const char *path = v->project->verify.health;
    json_t *request, *answer = NULL;
    struct err e = ERR_INIT;

    if (!has_proxy(v))
        return;
    request = verify_request_for(v, path[0] ? path : "/");
    (void) json_object_set_new(request, "announce", json_integer(announced));
    (void) json_object_set_new(request, "method", json_string("POST"));
    if (verify_ask(v, request, &answer, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else if (status_of(answer) == TOO_LARGE)
        verify_say(v, VERIFY_OK, NULL, "a body of 64 MiB is refused with 413");
    else
        verify_say(v, VERIFY_FAIL, NULL, "a body of 64 MiB is answered with %d %s",
                   status_of(answer), member_text(answer, "error"));
    if (v->out->items[v->out->n - 1].status == VERIFY_FAIL)
        verify_next(v, "client_max_body_size in the configuration of '%s'",
                    v->project->verify.proxy);
    json_decref(answer);
}

/* QUICK requests at once; how many were refused, and how many got an answer of another kind */
static int flood(const struct verify *v, const char *path, json_int_t *refused, json_int_t *passed,
                 struct err *e)
{
    json_t *request = verify_request_for(v, path), *answers = NULL, *count;
    const char *status;
    int r;

    (void) json_object_set_new(request, "times", json_integer(QUICK));
    (void) json_object_set_new(request, "max", json_integer(0));
    r = web_ask(json_pack("[o]", request), &answers, e);
    if (r < 0)
        return r;
    *refused = *passed = 0;
    json_object_foreach (json_object_get(json_array_get(answers, 0), "counts"), status, count) {
        bool is_refusal = strcmp(status, "429") == 0;

        *(is_refusal ? refused : passed) += json_integer_value(count);
    }
    json_decref(answers);
    return 0;
}

void verify_nginx_rate(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    json_int_t refused = 0, passed = 0, login_refused = 0, login_passed = 0;
    struct err e = ERR_INIT;

    if (!has_proxy(v))
        return;
    if (spec->health[0] == '\0') {
        verify_say(v, VERIFY_SKIP, NULL, "the compose file names no path of the API");
        return;
    }
    if (flood(v, spec->health, &refused, &passed, &e) < 0 ||
        (spec->login[0] && flood(v, spec->login, &login_refused, &login_passed, &e) < 0)) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    if (refused == 0)
        verify_say(v, VERIFY_FAIL, "api", "%d quick requests to %s, and none is refused", QUICK,
                   spec->health);
    else
        verify_say(v, VERIFY_OK, "api", "%d quick requests to %s: %lld are refused with 429", QUICK,
                   spec->health, (long long) refused);
    if (refused == 0)
        verify_next(v, "limit_req in the configuration of '%s'", spec->proxy);
    if (spec->login[0] == '\0')
        return;
    if (login_refused == 0 || login_passed > passed) {
        verify_say(v, VERIFY_FAIL, "login",
                   "%s lets %lld of %d through, %s %lld: it must be stricter", spec->login,
                   (long long) login_passed, QUICK, spec->health, (long long) passed);
        verify_next(v, "a limit_req zone of its own in the configuration of '%s'", spec->proxy);
    } else {
        verify_say(v, VERIFY_OK, "login", "%d quick requests to %s: %lld are refused with 429",
                   QUICK, spec->login, (long long) login_refused);
    }
}

/* ---- the certificate ---- */

static void keep_letters(char *s)
{
    char *out = s;

    for (; *s; s++)
        if (!isspace((unsigned char) *s))
            *out++ = *s;
    *out = '\0';
}

/* a secret of the project begins with it */
static const char *secret_with(const struct verify *v, const char *pem)
{
    auto_free char *wanted = strdup(pem);

    if (!wanted)
        abort();
    keep_letters(wanted);
    for (size_t i = 0; i < v->project->n_secrets; i++) {
        auto_free char *value = strdup(v->project->secrets[i].value);

        if (!value)
            abort();
        keep_letters(value);
        if (wanted[0] && strncmp(value, wanted, strlen(wanted)) == 0)
            return v->project->secrets[i].name;
    }
    return NULL;
}

void verify_certificate(struct verify *v)
{
    json_t *answer = has_proxy(v) ? ask(v, "/") : NULL;
    json_int_t until = json_integer_value(json_object_get(answer, "not_after"));
    long long days = (long long) (until - time(NULL)) / DAY;
    const char *secret = answer ? secret_with(v, member_text(answer, "certificate")) : NULL;

    if (!answer)
        return;
    if (!secret)
        verify_say(v, VERIFY_FAIL, NULL, "the certificate it shows is none of the project's");
    else if (days < DAYS_FAIL)
        verify_say(v, VERIFY_FAIL, NULL, "the certificate ends in %lld days", days);
    else if (days < DAYS_WARN)
        verify_say(v, VERIFY_WARN, NULL, "the certificate ends in %lld days", days);
    else
        verify_say(v, VERIFY_OK, NULL, "it shows '%s', valid for %lld days", secret, days);
    if (v->out->items[v->out->n - 1].status != VERIFY_OK)
        verify_next(v, secret ? "renew the certificate" : "ipam-orch restart %s",
                    v->project->verify.proxy);
    json_decref(answer);
}
