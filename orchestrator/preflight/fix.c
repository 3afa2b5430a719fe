#include "preflight/fix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "preflight/program.h"
#include "preflight/sysctl.h"

#define SYSCTL_FILE "/etc/sysctl.d/90-ipam-orch.conf"

enum { FILE_MAX = 64 * 1024, USERADD_MS = 30000 };

/* `line` is added to what an earlier run has written */
static int keep_setting(const char *line, struct err *e)
{
    auto_free char *text = NULL, *now = NULL;
    int r = fsio_read(AT_FDCWD, SYSCTL_FILE, FILE_MAX, &text, NULL);

    if (r == -ENOENT)
        r = fsio_mkdir_p("/etc/sysctl.d", 0755);
    if (r == 0 && text && strstr(text, line))
        return 0;
    now = paths_join("%s%s\n", text ? text : "# made by: ipam-orch check --fix\n", line);
    if (r == 0)
        r = fsio_write_atomic(AT_FDCWD, SYSCTL_FILE, now, strlen(now), 0644);
    return r < 0 ? err_set(e, r, SYSCTL_FILE ": %s", strerror(-r)) : 0;
}

static int fix_setting(const char *name, fix_say *say, void *owner, struct err *e)
{
    const struct sysctl_setting *s = sysctl_find(name);
    auto_free char *value = NULL, *line = NULL;
    int r;

    if (!s)
        return 0;
    value = paths_join("%ld", s->least);
    line = paths_join("%s = %ld", s->name, s->least);
    r = fsio_write_pseudo(AT_FDCWD, s->path, value);
    if (r < 0)
        return err_set(e, r, "%s: %s", s->path, strerror(-r));
    r = keep_setting(line, e);
    if (r == 0)
        say(owner, line);
    return r;
}

static int fix_huge_pages(fix_say *say, void *owner, struct err *e)
{
    int r = fsio_write_pseudo(AT_FDCWD, SYSCTL_HUGE_PAGES, "madvise");

    if (r < 0)
        return err_set(e, r, SYSCTL_HUGE_PAGES ": %s", strerror(-r));
    say(owner, "transparent huge pages = madvise, until the next boot");
    return 0;
}

static int fix_user(const char *name, fix_say *say, void *owner, struct err *e)
{
    const char *const argv[] = { "useradd",          "--system", "--user-group",
                                 "--no-create-home", name,       NULL };
    auto_free char *what = paths_join("user %s", name);
    int r = program_ask(argv, USERADD_MS, NULL);

    if (r != 0)
        return err_set(e, r < 0 ? r : -EIO, "useradd %s did not work", name);
    say(owner, what);
    return 0;
}

int fix_findings(const struct findings *found, fix_say *say, void *owner, struct err *e)
{
    int r = 0;

    if (geteuid() != 0) {
        err_set(e, -EPERM, "permission denied: --fix changes the host");
        err_hint(e, "sudo ipam-orch check --fix");
        return err_classify(e, ERR_DENIED);
    }
    for (size_t i = 0; i < found->n && r == 0; i++) {
        const struct finding *f = &found->items[i];

        if (f->status != FINDING_FAIL && f->status != FINDING_WARN)
            continue;
        if (strcmp(f->id, "sysctl.transparent_hugepage") == 0)
            r = fix_huge_pages(say, owner, e);
        else if (strncmp(f->id, "sysctl.", 7) == 0)
            r = fix_setting(f->id + 7, say, owner, e);
        else if (strncmp(f->id, "user.", 5) == 0)
            r = fix_user(f->id + 5, say, owner, e);
    }
    return r;
}
