/* ipam-worker VERB: one bounded piece of work, then the end.
 * `pack COMMENT` compresses the file on stdin into the one on stdout (units/pack.h); for the
 * others, one JSON object on stdin says what, one line of JSON on stdout says how it went (`fetch`:
 * a line for each of its requests). Exit status: 0 done, 1 it failed, 2 the request is wrong.
 * Secrets come on stdin only; nothing of them goes out. */
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "units/fetch.h"
#include "units/pack.h"
#include "units/probe.h"

enum { DONE = 0, FAILED = 1, WRONG = 2 };
enum { REQUEST_MAX = 64 * 1024, FETCHES_MAX = 64 };

static int wrong(const char *what)
{
    printf("{\"ok\":false,\"output\":\"request: %s\"}\n", what);
    return WRONG;
}

static int probe(json_t *request)
{
    static const struct probe_ops *const all[] = { &probe_http, &probe_tcp, &probe_mysql,
                                                   &probe_redis, &probe_tls };
    struct probe_request r = { .url = "",
                               .host = "127.0.0.1",
                               .user = "",
                               .password = "",
                               .database = "",
                               .server_name = "",
                               .ca = "" };
    const struct probe_ops *ops = NULL;
    struct err e = ERR_INIT;
    json_int_t timeout = 0;
    json_error_t where;
    int insecure = 0, code;

    if (json_unpack_ex(
            request, &where, JSON_STRICT, "{s:s,s:I,s?s,s?b,s?s,s?i,s?s,s?s,s?s,s?s,s?s,s?i}",
            "kind", &r.kind, "timeout_us", &timeout, "url", &r.url, "insecure", &insecure, "host",
            &r.host, "port", &r.port, "user", &r.user, "password", &r.password, "database",
            &r.database, "server_name", &r.server_name, "ca", &r.ca, "days", &r.days) < 0)
        return wrong(where.text);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (strcmp(all[i]->name, r.kind) == 0)
            ops = all[i];
    if (!ops || timeout <= 0)
        return wrong("an unknown kind, or no time-out");
    r.insecure = insecure;
    r.timeout_us = (uint64_t) timeout;
    code = ops->run(&r, &e);
    if (code < 0)
        fputs(e.msg, stdout);
    return code < 0 ? FAILED : DONE;
}

static void print(json_t *answer)
{
    (void) json_dumpf(answer, stdout, JSON_COMPACT);
    (void) putchar('\n');
    (void) fflush(stdout);
    json_decref(answer);
}

/* It reads what strangers send: not as root. */
static int become_nobody(void)
{
    enum { NOBODY = 65534 };
    const struct passwd *worker = geteuid() == 0 ? getpwnam("ipam-worker") : NULL;
    uid_t uid = worker ? worker->pw_uid : NOBODY;
    gid_t gid = worker ? worker->pw_gid : NOBODY;

    if (geteuid() == 0 &&
        (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
        return -errno;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int fetch(json_t *request)
{
    json_t *list = json_object_get(request, "requests"), *one;
    struct err e = ERR_INIT;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > FETCHES_MAX)
        return wrong("a list of requests is needed");
    if (become_nobody() < 0)
        return wrong("not as root");
    json_array_foreach (list, i, one) {
        json_t *answer = NULL;

        if (fetch_run(one, &answer, &e) < 0)
            return wrong(e.msg);
        print(answer);
    }
    return DONE;
}

static const struct {
    const char *name;
    int (*run)(json_t *request);
} verbs[] = {
    { "probe", probe },
    { "fetch", fetch },
};

static int run_verb(const char *name)
{
    auto_free char *text = NULL;
    json_error_t where;
    json_t *request;
    size_t len = 0;
    int status = WRONG;

    if (fsio_read_fd(STDIN_FILENO, REQUEST_MAX, &text, &len) < 0)
        return wrong("cannot be read");
    request = json_loadb(text, len, 0, &where);
    explicit_bzero(text, len);
    if (!request)
        return wrong(where.text);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            status = verbs[i].run(request);
    json_decref(request);
    return status;
}

int main(int argc, char **argv)
{
    static const struct rlimit none = { 0 };

    /* a core file would hold passwords */
    (void) setrlimit(RLIMIT_CORE, &none);
    (void) prctl(PR_SET_DUMPABLE, 0);
    if (argc == 3 && strcmp(argv[1], "pack") == 0)
        return pack_file(STDIN_FILENO, STDOUT_FILENO, argv[2]) < 0 ? FAILED : DONE;
    if (argc != 2) {
        fputs("usage: ipam-worker probe|fetch < REQUEST\n"
              "       ipam-worker pack COMMENT < FILE > PACKED\n",
              stderr);
        return WRONG;
    }
    return run_verb(argv[1]);
}
