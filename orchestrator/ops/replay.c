#include "ops/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/strv.h"

enum { FILES_MAX = 1000, TIME_TEXT = 32 };

/* the files of the log from `first` on, with their directory */
static int list_logs(const struct procedure *p, const struct database *db, const char *first,
                     char ***out, struct err *e)
{
    auto_free char *rows = NULL, *base = NULL;
    bool found = false;
    char *rest = NULL, *slash;
    int r = mariadb_ask(p, db->unit, "select @@log_bin_basename", &base, e);

    /* a new file: what was logged so far is in files that nobody writes to */
    if (r == 0)
        r = mariadb_ask(p, db->unit, "flush binary logs; show binary logs", &rows, e);
    if (r < 0)
        return r;
    slash = strrchr(base, '/');
    if (!slash)
        return err_set(e, -ENOENT, "%s writes no binary log", db->unit);
    *slash = '\0';
    for (char *l = strtok_r(rows, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
        l[strcspn(l, "\t")] = '\0';
        found = found || strcmp(l, first) == 0;
        if (found)
            strv_appendf(out, "%s/%s", base, l);
    }
    if (found)
        return 0;
    err_set(e, -ENOENT, "the binary log '%s' is not there any more", first);
    return err_hint(e, "choose a moment after a younger backup, or restore without --at");
}

/* A run of the tool for each file: what it says of the chosen database holds for one. */
static const char script[] =
    "only=$1 start=$2 stop=$3; shift 3\n"
    "for file; do\n"
    "  mariadb-binlog --no-defaults $only $start \"$stop\" \"$file\" || exit\n"
    "  start=\n"
    "done\n";

static int pipe_through(const struct procedure *p, const struct database *db, char *const *logs,
                        const char *start, const char *stop, struct err *e)
{
    static const char *const env[] = { "TZ=UTC0", NULL };
    static const char *const client[] = { "mariadb", "--batch", "--binary-mode",
                                          "--max-allowed-packet=1G", NULL };
    auto_free char *only = paths_join("--database=%s", db->schema);
    const char *argv[FILES_MAX + 8] = { "/bin/sh", "-c", script, "sh", only, start, stop };
    struct tool from = {
        .service = db->unit, .argv = argv, .env = env, .name = "mariadb-binlog", .in = -1
    };
    struct mariadb_tool to = { .service = db->unit, .argv = client, .out = -1 };
    struct tool_run reads = TOOL_NONE, writes = TOOL_NONE;
    int ends[2] = { -1, -1 };
    size_t n = strv_len(logs);
    int r = 0;

    if (n > FILES_MAX)
        return err_set(e, -E2BIG, "more than %d files of the binary log: take a backup after them",
                       FILES_MAX);
    for (size_t i = 0; i < n; i++)
        argv[7 + i] = logs[i];
    if (pipe2(ends, O_CLOEXEC) < 0)
        r = err_set(e, -errno, "a pipe: %s", strerror(errno));
    from.out = ends[1];
    to.in = ends[0];
    if (r == 0)
        r = mariadb_start(p, &to, &writes, e);
    if (r == 0)
        r = tool_start(p, &from, &reads, e);
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    if (r == 0)
        r = tool_end(&writes, 0, 0, e);
    if (r == 0)
        r = tool_end(&reads, 0, 0, e);
    tool_stop(&reads);
    tool_stop(&writes);
    return r;
}

int replay_until(const struct procedure *p, const struct database *db, const char *log_file,
                 uint64_t position, uint64_t until_s, struct err *e)
{
    auto_free char *start = paths_join("--start-position=%llu", (unsigned long long) position);
    auto_free char *stop = NULL;
    auto_strv logs = NULL;
    char when[TIME_TEXT] = "";
    time_t at = (time_t) until_s;
    struct tm tm;
    int r = list_logs(p, db, log_file, &logs, e);

    if (r < 0)
        return r;
    if (gmtime_r(&at, &tm))
        (void) strftime(when, sizeof when, "%F %T", &tm);
    stop = paths_join("--stop-datetime=%s", when);
    procedure_say(p, "repeating what came after it, up to %s UTC", when);
    r = pipe_through(p, db, logs, start, stop, e);
    return r < 0 ? err_wrap(e, "repeating the binary log") : 0;
}
