/* What uacme says when it fails, and the problem documents of servers (RFC 8555, 6.7), as what
 * failed, why, and what to do. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "model/member.h"
#include "ops/acme.h"

#define REACHABLE                                                                                  \
    "http://NAME/.well-known/acme-challenge/ must lead here from the internet, on port 80"

static const struct {
    const char *type, *what, *next;
} problems[] = {
    { "unauthorized", "the server did not get the right answer to its challenge", REACHABLE },
    { "incorrectResponse", "the server did not get the right answer to its challenge", REACHABLE },
    { "connection", "the server could not reach this host for its challenge", REACHABLE },
    { "dns", "the server could not resolve the name",
      "correct the name's DNS records, then again" },
    { "caa", "a CAA record of the name forbids this issuer", "change the CAA record, then again" },
    { "tls", "the server could not connect by TLS for its challenge", REACHABLE },
    { "rejectedIdentifier", "the server issues nothing for this name",
      "ipam-orch cert issue --domain NAME, with a public name" },
    { "unsupportedIdentifier", "the server issues nothing for this kind of name",
      "ipam-orch cert issue --domain NAME, with a public name" },
    { "rateLimited", "too many certificates were asked for",
      "wait as long as the server says; try things out with --staging" },
    { "accountDoesNotExist", "the server does not know the account",
      "ipam-orch cert issue --new-account" },
    { "externalAccountRequired", "the server wants an account of its operator",
      "ipam-orch cert issue --eab-key-id ID --eab-key-file FILE" },
    { "invalidContact", "the server does not take the e-mail address",
      "ipam-orch cert issue --email ADDRESS" },
    { "unsupportedContact", "the server does not take the e-mail address",
      "ipam-orch cert issue --email ADDRESS" },
    { "userActionRequired", "the server wants its terms to be agreed to anew",
      "visit the page it names" },
    { "serverInternal", "the server has a failure of its own", "ipam-orch cert issue, later" },
    { "badNonce", "the server lost track of the conversation", "ipam-orch cert issue, again" },
};

/* the last problem document in the text; new reference */
static json_t *find_problem(const char *text)
{
    json_t *found = NULL;

    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
        json_t *one = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);

        if (!json_is_object(one) || member_text(one, "type")[0] == '\0') {
            json_decref(one);
            continue;
        }
        json_decref(found);
        found = one;
    }
    return found;
}

static int explain_problem(const json_t *problem, const char *output, const char *directory,
                           struct err *e)
{
    const char *type = member_text(problem, "type"), *colon = strrchr(type, ':');
    const char *word = colon ? colon + 1 : type, *detail = member_text(problem, "detail");

    /* the same type for the account and for a challenge */
    if (strcmp(word, "unauthorized") == 0 && strstr(output, " account at ")) {
        err_set(e, -EACCES, "the account is refused by %s: %s", directory, detail);
        return err_hint(e, "ipam-orch cert issue --new-account");
    }
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (strcmp(problems[i].type, word) != 0)
            continue;
        err_set(e, -EPROTO, "%s: %s (%s of %s)", problems[i].what, detail, word, directory);
        return err_hint(e, "%s", problems[i].next);
    }
    return err_set(e, -EPROTO, "%s says: %s (%s)", directory, detail, word);
}

/* what stands behind `mark` in its line */
static bool rest_of_line(const char *text, const char *mark, char *out, size_t room)
{
    const char *at = strstr(text, mark);

    if (!at)
        return false;
    at += strlen(mark);
    (void) snprintf(out, room, "%.*s", (int) strcspn(at, "\n"), at);
    return true;
}

static const char *last_line(const char *text, char *out, size_t room)
{
    size_t len = strlen(text), begin;

    while (len > 0 && text[len - 1] == '\n')
        len--;
    for (begin = len; begin > 0 && text[begin - 1] != '\n';)
        begin--;
    (void) snprintf(out, room, "%.*s", (int) (len - begin), text + begin);
    return out;
}

int acme_explain(const char *output, const char *directory, struct err *e)
{
    json_t *problem = find_problem(output);
    char why[200];
    int r;

    if (problem) {
        r = explain_problem(problem, output, directory, e);
        json_decref(problem);
        return r;
    }
    if (strstr(output, "failed to fetch directory") || strstr(output, "curl_get") ||
        strstr(output, "curl_post")) {
        if (!rest_of_line(output, " failed: ", why, sizeof why))
            (void) snprintf(why, sizeof why, "no answer");
        err_set(e, -EHOSTUNREACH, "the ACME server %s does not answer: %s", directory, why);
        return err_hint(e,
                        "check the URL, the proxy and the firewall; ipam-orch cert issue, later");
    }
    if (strstr(output, "requires external credentials")) {
        err_set(e, -EACCES, "%s wants an account of its operator", directory);
        return err_hint(e, "ipam-orch cert issue --eab-key-id ID --eab-key-file FILE");
    }
    if (strstr(output, "no account associated")) {
        err_set(e, -ENOENT, "%s does not know the account whose key is kept here", directory);
        return err_hint(e, "ipam-orch cert issue --new-account");
    }
    if (strstr(output, "no challenge completed")) {
        err_set(e, -EACCES, "no challenge of %s could be answered from here%s%s", directory,
                rest_of_line(output, "acme-hook: ", why, sizeof why) ? ": " : "",
                strstr(output, "acme-hook: ") ? why : "");
        return err_hint(e, "is the web root writable for user ipam-orch? sudo ipam-orch init");
    }
    return err_set(e, -EIO, "uacme failed: %s", last_line(output, why, sizeof why));
}
