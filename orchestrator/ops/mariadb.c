#include "ops/mariadb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"

enum { ARGUMENTS_MAX = 60, ANSWER_MAX = 16 * 1024 * 1024 };

#define ASK_TIMEOUT_US (600 * USEC_PER_SEC)

/* The options of the connection are a here-document, which the shell makes a pipe. */
static const char script[] =
    "set -eu\n"
    "socket=/run/mysqld/mysqld.sock user=$(id -un) secret=\n"
    "if ! mariadb --no-defaults -S $socket -u \"$user\" -e 'do 0' </dev/null >/dev/null 2>&1; "
    "then\n"
    "  user=root\n"
    "  for name in MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD; do\n"
    "    eval \"direct=\\${$name-} path=\\${${name}_FILE-}\"\n"
    "    [ -z \"$direct\" ] || secret=$direct\n"
    "    [ -z \"$path\" ] || secret=$(cat \"$path\")\n"
    "  done\n"
    "  secret=$(printf %s \"$secret\" | sed -e 's/\\\\/\\\\\\\\/g' -e 's/\"/\\\\\"/g')\n"
    "fi\n"
    "tool=$1; shift\n"
    "exec \"$tool\" --defaults-file=/dev/fd/3 \"$@\" 3<<E\n"
    "[client]\n"
    "user=$user\n"
    "socket=$socket\n"
    "password=\"$secret\"\n"
    "E\n";

int mariadb_start(const struct procedure *p, const struct mariadb_tool *tool, struct tool_run *run,
                  struct err *e)
{
    const char *argv[ARGUMENTS_MAX + 5] = { "/bin/sh", "-c", script, "sh" };
    size_t n = 0;

    *run = TOOL_NONE;
    for (; tool->argv[n]; n++) {
        if (n == ARGUMENTS_MAX)
            return err_set(e, -E2BIG, "%s: more than %d arguments", tool->argv[0], ARGUMENTS_MAX);
        argv[4 + n] = tool->argv[n];
    }
    return tool_start(p,
                      &(struct tool){ .service = tool->service,
                                      .argv = argv,
                                      .env = tool->env,
                                      .name = tool->argv[0],
                                      .in = tool->in,
                                      .out = tool->out },
                      run, e);
}

int mariadb_ask(const struct procedure *p, const char *service, const char *sql, char **rows,
                struct err *e)
{
    const char *const argv[] = {
        "mariadb", "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4",
        NULL
    };
    struct tool_run run = TOOL_NONE;
    auto_free char *text = NULL;
    auto_fd in = fsio_memfd("sql", sql, strlen(sql));
    auto_fd out = memfd_create("rows", MFD_CLOEXEC);
    struct mariadb_tool tool = { .service = service, .argv = argv, .in = in, .out = out };
    int r = in < 0 || out < 0 ? err_set(e, -ENOMEM, "a file in memory: %s", strerror(errno))
                              : mariadb_start(p, &tool, &run, e);

    if (r == 0)
        r = tool_end(&run, ASK_TIMEOUT_US, 0, e);
    tool_stop(&run);
    if (r < 0)
        return r;
    if (lseek(out, 0, SEEK_SET) < 0 || (r = fsio_read_fd(out, ANSWER_MAX, &text, NULL)) < 0)
        return err_set(e, r < 0 ? r : -errno, "the answer of %s: %s", service,
                       strerror(r < 0 ? -r : errno));
    if (rows)
        *rows = take_ptr(text);
    return 0;
}

static char *quoted(const char *text, char quote, bool backslash)
{
    char *out = malloc(2 * strlen(text) + 3), *to = out;

    if (!out)
        abort();
    *to++ = quote;
    for (; *text; text++) {
        if (*text == quote || (backslash && *text == '\\'))
            *to++ = *text;
        *to++ = *text;
    }
    *to++ = quote;
    *to = '\0';
    return out;
}

char *mariadb_quote(const char *text)
{
    return quoted(text, '\'', true);
}

char *mariadb_name(const char *text)
{
    return quoted(text, '`', false);
}

char *mariadb_sql(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    return text;
}
