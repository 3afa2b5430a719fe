/* What checks ask over HTTP.  The answers are read by ipam-worker, which is nobody:
 * docs/decisions/022. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "model/member.h"
#include "ops/web.h"
#include "verify/verify_impl.h"

enum { TOO_MANY = 429, UNAVAILABLE = 503 };

/* what a refusal may ask to wait */
enum { RETRY_DEFAULT_S = 2, RETRY_MAX_S = 10 };

static uint16_t port_of_url(const char *url)
{
    const char *host = strstr(url, "://");
    const char *end = host ? host + 3 + strcspn(host + 3, "/") : NULL, *colon = end;
    char text[8] = "";
    uint16_t port = 443;

    while (colon && colon > host + 3 && colon[-1] != ':' && colon[-1] != ']')
        colon--;
    if (!colon || colon <= host + 3 || colon[-1] != ':')
        return port;
    (void) snprintf(text, sizeof text, "%.*s", (int) (end - colon), colon);
    return num_port(text, &port) < 0 ? 443 : port;
}

bool verify_published(const struct verify *v, const char *unit, uint16_t port, bool by_published,
                      const char **address, uint16_t *published)
{
    const struct unit *u = project_unit(v->project, unit);

    for (size_t i = 0; u && i < u->n_ports; i++) {
        const struct port *p = &u->ports[i];

        if (p->udp || (by_published ? p->published : p->target) != port)
            continue;
        *address = p->address[0] == '\0' || strcmp(p->address, "0.0.0.0") == 0 ? "127.0.0.1"
                   : strcmp(p->address, "::") == 0                             ? "[::1]"
                                                                               : p->address;
        *published = p->published;
        return true;
    }
    return false;
}

json_t *verify_request_for(const struct verify *v, const char *path)
{
    const struct verify_spec *spec = &v->project->verify;
    const char *address = "127.0.0.1", *end = strstr(spec->url, "://");
    uint16_t published = 0;
    int len = (int) strlen(spec->url);

    if (end)
        len = (int) (end + 3 - spec->url + (ptrdiff_t) strcspn(end + 3, "/"));
    (void) verify_published(v, spec->proxy, port_of_url(spec->url), true, &address, &published);
    return json_pack("{s:o,s:s}", "url", json_sprintf("%.*s%s", len, spec->url, path), "connect",
                     address);
}

static int64_t wait_of(const json_t *answer)
{
    uint64_t seconds = RETRY_DEFAULT_S;

    if (num_u64(verify_header(answer, "retry-after"), RETRY_MAX_S, &seconds) < 0)
        seconds = RETRY_DEFAULT_S;
    return (int64_t) seconds;
}

static int ask_once(json_t *request, json_t **answer, struct err *e)
{
    json_t *answers = NULL;
    int r = web_ask(json_pack("[O]", request), &answers, e);

    if (r == 0)
        *answer = json_incref(json_array_get(answers, 0));
    json_decref(answers);
    return r;
}

int verify_ask(const struct verify *v, json_t *request, json_t **answer, struct err *e)
{
    int r = ask_once(request, answer, e);

    (void) v;
    if (r == 0 && json_integer_value(json_object_get(*answer, "status")) == TOO_MANY) {
        /* others ask from this address too, an earlier run of ours among them */
        (void) poll(NULL, 0, (int) (1000 * wait_of(*answer)));
        json_decref(*answer);
        *answer = NULL;
        r = ask_once(request, answer, e);
    }
    json_decref(request);
    return r;
}

const char *verify_header(const json_t *answer, const char *name)
{
    return member_text(json_object_get(answer, "headers"), name);
}

bool verify_in_maintenance(struct verify *v, const json_t *answer)
{
    if (json_integer_value(json_object_get(answer, "status")) != UNAVAILABLE ||
        verify_header(answer, "x-maintenance")[0] == '\0')
        return false;
    verify_say(v, VERIFY_SKIP, NULL, "the maintenance page is on");
    verify_next(v, "ipam-orch maintenance off");
    return true;
}
