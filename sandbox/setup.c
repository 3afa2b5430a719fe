#include "sandbox/setup.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/auto.h"

static const struct {
    const char *name;
    size_t args;
} forms[] = {
    [SETUP_HOSTNAME] = { "hostname", 1 },
    [SETUP_DOMAIN] = { "domain", 1 },
    [SETUP_SYSCTL] = { "sysctl", 2 },
    [SETUP_ROOT] = { "root", 1 },
    [SETUP_DIR] = { "dir", 2 },
    [SETUP_LINK] = { "link", 2 },
    [SETUP_TEXT] = { "text", 3 },
    [SETUP_BIND] = { "bind", 4 },
    [SETUP_TMPFS] = { "tmpfs", 3 },
    [SETUP_PROC] = { "proc", 1 },
    [SETUP_DEV] = { "dev", 0 },
    [SETUP_FILE] = { "file", 5 },
    [SETUP_PIVOT] = { "pivot", 0 },
    [SETUP_USER] = { "user", 2 },
    [SETUP_NOFILE] = { "nofile", 1 },
    [SETUP_WORKDIR] = { "workdir", 1 },
    [SETUP_GROUP] = { "group", 1 },
    [SETUP_ULIMIT] = { "ulimit", 3 },
    [SETUP_OOM] = { "oom-score", 1 },
    [SETUP_STDIN] = { "stdin", 0 },
    [SETUP_ARG] = { "arg", 1 },
    [SETUP_ENV] = { "env", 1 },
    [SETUP_PROGRAM] = { "program", 1 },
    [SETUP_NODE] = { "node", 5 },
    [SETUP_DEV_DONE] = { "dev-done", 0 },
    [SETUP_JOIN] = { "join", 1 },
    [SETUP_FENCE] = { "fence", 1 },
    [SETUP_LOG] = { "log-denied", 0 },
    [SETUP_CAPS] = { "capabilities", 1 },
    [SETUP_USERS] = { "users", 2 },
    [SETUP_APPARMOR] = { "apparmor", 1 },
    [SETUP_TTY] = { "tty", 0 },
    [SETUP_CONNECT] = { "connect", 1 },
    [SETUP_NOTIFY] = { "notify", 4 },
    [SETUP_HOOK] = { "hook", 1 },
    [SETUP_CGROUP] = { "cgroup", 0 },
    [SETUP_LOW_PORTS] = { "low-ports", 0 },
    [SETUP_LISTEN] = { "listen", 2 },
    [SETUP_HOLD] = { "hold", 0 },
    [SETUP_SOCKET] = { "socket", 1 },
    [SETUP_SHM] = { "shm", 0 },
};
static_assert(ARRAY_LEN(forms) == SETUP_COUNT, "an operation has no form");

static void put_string(FILE *f, const char *s)
{
    (void) fwrite(s, 1, strlen(s) + 1, f);
}

void setup_begin(FILE *f)
{
    put_string(f, SETUP_MAGIC);
}

void setup_put(FILE *f, enum setup_code code, ...)
{
    va_list ap;

    put_string(f, forms[code].name);
    va_start(ap, code);
    for (size_t i = 0; i < forms[code].args; i++)
        put_string(f, va_arg(ap, const char *));
    va_end(ap);
}

/* the next string, or NULL at the end; the text ends with NUL, so every string does */
static const char *next_string(struct setup_reader *r)
{
    const char *s = r->at;

    if (s >= r->end)
        return NULL;
    r->at = s + strlen(s) + 1;
    return s;
}

int setup_read_begin(struct setup_reader *r, const char *text, size_t len)
{
    *r = (struct setup_reader){ .at = text, .end = text + len };
    if (len == 0 || text[len - 1] != '\0')
        return -EINVAL;
    return strcmp(next_string(r), SETUP_MAGIC) == 0 ? 0 : -EINVAL;
}

int setup_read(struct setup_reader *r, struct setup_op *out)
{
    struct setup_op op = { .code = SETUP_COUNT };
    const char *name = next_string(r);

    if (!name)
        return 0;
    for (enum setup_code c = 0; c < SETUP_COUNT; c++)
        if (strcmp(forms[c].name, name) == 0)
            op.code = c;
    if (op.code == SETUP_COUNT)
        return -EINVAL;
    for (size_t i = 0; i < forms[op.code].args; i++) {
        op.arg[i] = next_string(r);
        if (!op.arg[i])
            return -EINVAL;
    }
    *out = op;
    return 1;
}
