#include "preflight/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/strv.h"
#include "preflight/listener.h"
#include "preflight/program.h"

enum { FILE_MAX = 64 * 1024, SYSTEMCTL_MS = 90000 };

static int may(struct err *e)
{
    if (geteuid() != 0) {
        err_set(e, -EPERM, "permission denied: stopping units of the host needs root");
        return err_classify(e, ERR_DENIED);
    }
    return 0;
}

static char *memory(void)
{
    return paths_join("%s/taken-over", paths_state());
}

static int recall(char ***units, struct err *e)
{
    auto_free char *path = memory(), *text = NULL;
    char *rest;
    int r = fsio_read(AT_FDCWD, path, FILE_MAX, &text, NULL);

    if (r < 0 && r != -ENOENT)
        return err_set(e, r, "%s: %s", path, strerror(-r));
    rest = text;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (line[0] != '\0')
            strv_append(units, line);
    return 0;
}

static int remember(char *const *units, struct err *e)
{
    auto_free char *path = memory(), *text = strdup("");
    int r = fsio_mkdir_p(paths_state(), 0755);

    for (; units && *units; units++) {
        char *longer = paths_join("%s%s\n", text, *units);

        free(text);
        text = longer;
    }
    if (r == 0)
        r = fsio_write_atomic(AT_FDCWD, path, text, strlen(text), 0644);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int systemctl(const char *verb, const char *unit, struct err *e)
{
    const char *const argv[] = { "systemctl", verb, "--now", unit, NULL };
    int r = program_ask(argv, SYSTEMCTL_MS, NULL);

    if (r == 0)
        return 0;
    if (r == -ENOENT) {
        err_set(e, r, "systemctl is not installed: there are no units to take over");
        return err_classify(e, ERR_MISSING);
    }
    err_set(e, r < 0 ? r : -EIO, "systemctl %s --now %s did not work", verb, unit);
    return err_hint(e, "systemctl status %s", unit);
}

/* first remembered, then disabled: what is killed in between is undone by a release all the same */
static int take(const char *unit, char ***units, takeover_say *say, void *owner, struct err *e)
{
    int r = 0;

    if (!strv_has(*units, unit)) {
        strv_append(units, unit);
        r = remember(*units, e);
    }
    if (r == 0)
        r = systemctl("disable", unit, e);
    if (r == 0)
        say(owner, unit, "stopped and disabled");
    return r;
}

int takeover_take(const uint16_t *ports, size_t n, takeover_say *say, void *owner, struct err *e)
{
    auto_strv units = NULL;
    int r = may(e);

    if (r == 0)
        r = recall(&units, e);
    for (size_t i = 0; i < n && r == 0; i++) {
        struct listener l;

        if (!listener_has("", ports[i], false))
            continue;
        listener_find(ports[i], false, &l);
        if (l.unit[0] != '\0')
            r = take(l.unit, &units, say, owner, e);
    }
    return r;
}

int takeover_release(takeover_say *say, void *owner, struct err *e)
{
    auto_strv units = NULL;
    auto_free char *path = memory();
    int r = may(e);

    if (r == 0)
        r = recall(&units, e);
    for (char **u = units; u && *u && r == 0; u++) {
        r = systemctl("enable", *u, e);
        if (r == 0)
            say(owner, *u, "enabled and started");
    }
    if (r == 0 && unlink(path) < 0 && errno != ENOENT)
        r = err_set(e, -errno, "%s: %s", path, strerror(errno));
    return r;
}
