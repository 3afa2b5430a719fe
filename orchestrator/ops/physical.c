#include "ops/physical.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "ops/feed.h"
#include "ops/tool.h"

#define DATA "/var/lib/mysql"
#define NEW  DATA "/.ipam-orch-new"
#define OLD  DATA "/.ipam-orch-old"

/* what is there but the two directories of ours */
#define OTHERS "find " DATA " -mindepth 1 -maxdepth 1 ! -name .ipam-orch-new ! -name .ipam-orch-old"

static const char create_script[] =
    "exec mariadb-backup --no-defaults --backup --stream=mbstream --datadir=" DATA
    " --socket=/run/mysqld/mysqld.sock --user=\"$(id -un)\" --target-dir=/tmp\n";

/* Everything that takes long or may fail comes before the first file is moved.  `.all` is in what
 * is kept when all of it is there: until then nothing but moving back is right, and from then on
 * what lies beside it is the new state. */
static const char swap_script[] =
    "set -eu\n"
    "[ ! -d " OLD " ] || { echo '" OLD " is there already' >&2; exit 1; }\n"
    "rm -rf " NEW "; mkdir -m 700 " NEW "\n"
    "mbstream -x -C " NEW "\n"
    "mariadb-backup --no-defaults --prepare --target-dir=" NEW "\n"
    "mkdir -m 700 " OLD "\n" OTHERS " -exec mv -t " OLD " {} +\n"
    "sync; : >" OLD "/.all; sync\n"
    "find " NEW " -mindepth 1 -maxdepth 1 ! -name 'xtrabackup_*' ! -name 'mariadb_backup_*' "
    "-exec mv -t " DATA " {} +\n"
    "rm -rf " NEW "; sync\n";

static const char back_script[] = "set -eu\n"
                                  "[ -d " OLD " ] || { rm -rf " NEW "; exit 0; }\n"
                                  "[ ! -e " OLD "/.all ] || {\n" OTHERS " -exec rm -rf {} +\n"
                                  "sync; rm " OLD "/.all; sync; }\n"
                                  "find " OLD " -mindepth 1 -maxdepth 1 -exec mv -t " DATA " {} +\n"
                                  "rmdir " OLD "; rm -rf " NEW "; sync\n";

bool physical_is(const struct backup *b)
{
    const char *method = json_string_value(json_object_get(b->manifest, "method"));

    return method && strcmp(method, "physical") == 0;
}

int physical_create(const struct procedure *p, const struct database *db, struct flow *to,
                    struct err *e)
{
    const char *const argv[] = { "/bin/sh", "-c", create_script, NULL };
    struct tool_run run = TOOL_NONE;
    int ends[2] = { -1, -1 };
    int r = flow_pipe(ends, e);
    struct tool t = {
        .service = db->unit, .argv = argv, .name = "mariadb-backup", .in = -1, .out = ends[1]
    };

    if (r == 0)
        r = tool_start(p, &t, &run, e);
    if (ends[1] >= 0)
        close(ends[1]);
    if (r == 0)
        r = flow_pump(ends[0], to, e);
    if (r == 0)
        r = tool_end(&run, 0, 0, e);
    tool_stop(&run);
    if (ends[0] >= 0)
        close(ends[0]);
    if (r == -ECHILD)
        err_hint(e, "apt-get install mariadb-backup, or leave out --method physical");
    return r;
}

/* a script where the files are, the server being stopped */
static int run_beside(const struct procedure *p, const char *service, const char *script,
                      const struct restore_wish *w, struct err *e)
{
    const json_t *part = w ? backup_part(w->backup, "physical") : NULL;
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };

    return feed_beside(
        p, w, part,
        &(struct tool){ .service = service, .argv = argv, .name = "mariadb-backup", .out = -1 }, e);
}

int physical_swap(const struct procedure *p, const struct restore_wish *w, struct err *e)
{
    procedure_say(p, "unpacking and preparing the files of %s", w->backup->name);
    return run_beside(p, w->definition->database.unit, swap_script, w, e);
}

int physical_back(const struct procedure *p, const char *service, struct err *e)
{
    procedure_say(p, "putting back the files that were there");
    return run_beside(p, service, back_script, NULL, e);
}

int physical_forget(const struct procedure *p, const char *service, struct err *e)
{
    static const char *const argv[] = { "/bin/rm", "-rf", OLD, NULL };
    struct tool_run run = TOOL_NONE;
    struct tool t = { .service = service, .argv = argv, .in = -1, .out = -1 };
    int r = tool_start(p, &t, &run, e);

    if (r == 0)
        r = tool_end(&run, 0, 0, e);
    tool_stop(&run);
    return r;
}
