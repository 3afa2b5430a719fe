#include "cli/likely.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "model/member.h"

enum { MIB = 1024 * 1024 };

/* what servers write, in the order in which one explains another: the first that is found counts */
static const struct sign {
    const char *kind, *words[6], *meaning, *next;
} signs[] = {
    { "port",
      { "Address already in use", "EADDRINUSE", "address in use" },
      "somebody else has the address it wants to listen on",
      "ipam-orch check port" },
    { "library",
      { "error while loading shared libraries", "cannot open shared object", "No module named",
        "ModuleNotFoundError", "ImportError" },
      "a library or module it needs is not installed",
      "ipam-orch check package" },
    { "disk",
      { "No space left on device", "ENOSPC" },
      "a file system is full",
      "ipam-orch check disk" },
    { "memory",
      { "Cannot allocate memory", "MemoryError", "Out of memory", "out of memory" },
      "it did not get the memory it asked for",
      "ipam-orch limits show %s" },
    { "call",
      { "Bad system call", "SIGSYS" },
      "a system call was refused",
      "ipam-orch harden --explain" },
    { "permission",
      { "Permission denied", "EACCES", "Operation not permitted", "EPERM" },
      "it may not do what it tries",
      "ipam-orch harden --show %s" },
    { "password",
      { "Access denied for user", "WRONGPASS", "NOAUTH", "invalid username-password" },
      "a password is not the one that the other side knows",
      "ipam-orch secrets check" },
    { "neighbour",
      { "Connection refused", "Can't connect to", "could not connect", "Name or service not known",
        "Temporary failure in name resolution", "No route to host" },
      "another service does not answer it",
      "ipam-orch why" },
    { "file",
      { "No such file or directory", "FileNotFoundError", "ENOENT" },
      "a file it needs is not there",
      "ipam-orch config" },
};

static void tell(struct likely *out, const char *kind, const char *service, const char *next)
{
    out->kind = kind;
    if (strstr(next, "%s")) /* one of ours, with the place of the service's name */
        (void) snprintf(out->next, sizeof out->next, "%.*s%s", (int) (strstr(next, "%s") - next),
                        next, service);
    else
        (void) snprintf(out->next, sizeof out->next, "%s", next);
}

/* what the kernel says needs no guessing */
static bool from_exit(const char *service, const json_t *end, struct likely *out)
{
    int error = (int) json_integer_value(json_object_get(end, "errno"));
    long long limit = (long long) json_integer_value(json_object_get(end, "memory_limit"));

    if (json_is_true(json_object_get(end, "oom"))) {
        tell(out, "memory", service, "ipam-orch limits show %s");
        (void) snprintf(out->text, sizeof out->text,
                        limit > 0 ? "the kernel ended it for lack of memory: its limit is %lld MiB"
                                  : "the kernel ended it for lack of memory",
                        limit / MIB);
    } else if (json_integer_value(json_object_get(end, "signal")) == SIGSYS) {
        tell(out, "call", service, "ipam-orch harden --explain");
        (void) snprintf(out->text, sizeof out->text, "a system call it made is refused");
    } else if (error == EACCES || error == EPERM || error == ENOENT) {
        tell(out, error == ENOENT ? "file" : "permission", service,
             error == ENOENT ? "ipam-orch check package" : "ipam-orch harden --show %s");
        (void) snprintf(out->text, sizeof out->text, "%s: %s", member_text(end, "stage"),
                        strerror(error));
    } else {
        return false;
    }
    return true;
}

static const struct sign *sign_of(const char *line)
{
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        for (size_t k = 0; k < ARRAY_LEN(signs[i].words) && signs[i].words[k]; k++)
            if (strstr(line, signs[i].words[k]))
                return &signs[i];
    return NULL;
}

static bool from_line(const char *service, const char *line, struct likely *out)
{
    const struct sign *sign = sign_of(line);

    if (!sign)
        return false;
    tell(out, sign->kind, service, sign->next);
    while (*line == ' ' || *line == '\t')
        line++;
    (void) snprintf(out->text, sizeof out->text, "%s: %.*s", sign->meaning,
                    (int) strcspn(line, "\n"), line);
    return true;
}

bool likely_cause(const char *service, const json_t *details, char *const *lines,
                  struct likely *out)
{
    const json_t *checks = json_object_get(details, "checks");
    size_t n = 0;

    *out = (struct likely){ .kind = NULL };
    if (from_exit(service, json_object_get(details, "exit"), out))
        return true;
    while (lines && lines[n])
        n++;
    /* the last thing it said is nearest to its end */
    while (n > 0)
        if (from_line(service, lines[--n], out))
            return true;
    return from_line(
        service,
        member_text(
            json_array_get(checks, json_array_size(checks) ? json_array_size(checks) - 1 : 0),
            "output"),
        out);
}
