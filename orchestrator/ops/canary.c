#include "ops/canary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/moment.h"
#include "model/member.h"
#include "ops/workdir.h"

#define FILE_NAME "canary"

enum { FILE_MAX = 4096 };

int canary_write(int dir, const struct canary *c, const char *service, unsigned instances,
                 struct err *e)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:i}", "from", c->from, "to", c->to, "service", service,
                             "instances", (int) instances);
    auto_free char *text = json_dumps(json, JSON_COMPACT);
    int r;

    json_decref(json);
    if (!text)
        abort();
    r = fsio_write_atomic(dir, FILE_NAME, text, strlen(text), WORKDIR_FILE_MODE);
    return r < 0 ? err_set(e, r, "noting the canary: %s", strerror(-r)) : 0;
}

bool canary_read(int dir, struct canary *out)
{
    auto_free char *text = NULL;
    auto_fd fd = -1;
    json_t *json;

    *out = (struct canary){ 0 };
    if (workdir_open_at(dir, FILE_NAME, O_RDONLY, &fd, NULL) < 0 ||
        fsio_read_fd(fd, FILE_MAX, &text, NULL) < 0)
        return false;
    json = json_loads(text, 0, NULL);
    (void) snprintf(out->from, sizeof out->from, "%s", member_text(json, "from"));
    (void) snprintf(out->to, sizeof out->to, "%s", member_text(json, "to"));
    json_decref(json);
    return out->from[0] != '\0' && out->to[0] != '\0';
}

int canary_end(int dir, struct err *e)
{
    if (unlinkat(dir, FILE_NAME, 0) < 0)
        return errno == ENOENT ? 0 : err_set(e, -errno, "ending the canary: %s", strerror(errno));
    MOMENT("forgot", FILE_NAME);
    return fsync(dir) < 0 ? err_set(e, -errno, "ending the canary: %s", strerror(errno)) : 0;
}
