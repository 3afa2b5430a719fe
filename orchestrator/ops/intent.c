#include "ops/intent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/moment.h"
#include "ops/workdir.h"

#define FILE_NAME "intent"

enum { INTENT_MAX = 64 * 1024 * 1024 }; /* a saved project may be in it */

static int failed(int code, struct err *e)
{
    return err_set(e, code, "writing down what is about to be done: %s", strerror(-code));
}

/* one line, appended and on disk */
static int append(int fd, json_t *line)
{
    auto_free char *text = json_dumps(line, JSON_COMPACT);
    int r;

    json_decref(line);
    if (!text)
        abort();
    r = fsio_end_line(fd);
    if (r >= 0)
        r = fsio_write_all(fd, text, strlen(text));
    if (r >= 0)
        r = fsio_write_all(fd, "\n", 1);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    return r < 0 ? r : 0;
}

int intent_begin(int dir, json_t *meant, struct err *e)
{
    auto_fd fd = -1;
    int r = workdir_open_at(dir, FILE_NAME, O_RDWR | O_CREAT | O_EXCL | O_APPEND, &fd, e);

    if (r < 0) {
        json_decref(meant);
        return r == -EEXIST ? err_set(e, r, "an operation that was interrupted is unfinished") : r;
    }
    r = append(fd, meant);
    if (r == 0)
        r = fsync(dir) < 0 ? -errno : 0;
    if (r == 0) {
        MOMENT("intent", "begin");
        return 0;
    }
    (void) unlinkat(dir, FILE_NAME, 0);
    return failed(r, e);
}

int intent_step(int dir, const char *step, json_t *detail, struct err *e)
{
    json_t *line = detail ? detail : json_object();
    auto_fd fd = -1;
    int r = workdir_open_at(dir, FILE_NAME, O_RDWR | O_APPEND, &fd, e);

    (void) json_object_set_new(line, "step", json_string(step));
    if (r < 0) {
        json_decref(line);
        return r;
    }
    r = append(fd, line);
    MOMENT("intent", step);
    return r < 0 ? failed(r, e) : 0;
}

int intent_end(int dir, struct err *e)
{
    if (unlinkat(dir, FILE_NAME, 0) < 0 && errno != ENOENT)
        return failed(-errno, e);
    MOMENT("intent", "end");
    return fsync(dir) < 0 ? failed(-errno, e) : 0;
}

static json_t *read_lines(char *text)
{
    json_t *steps = json_array(), *meant = NULL;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *one = json_loads(line, 0, NULL);

        if (one && !meant)
            meant = one;
        else if (one)
            (void) json_array_append_new(steps, one);
    }
    /* torn before its first line was on disk: nothing had begun */
    if (!meant) {
        json_decref(steps);
        return NULL;
    }
    return json_pack("{s:o,s:o}", "meant", meant, "steps", steps);
}

int intent_load(int dir, json_t **out, struct err *e)
{
    auto_free char *text = NULL;
    auto_fd fd = -1;
    struct err none = ERR_INIT;
    int r = workdir_open_at(dir, FILE_NAME, O_RDONLY, &fd, &none);

    *out = NULL;
    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = fsio_read_fd(fd, INTENT_MAX, &text, NULL);
    if (r < 0)
        return err_set(e, r, "reading what was about to be done: %s", strerror(-r));
    *out = read_lines(text);
    return *out ? 0 : intent_end(dir, e);
}

const json_t *intent_find(const json_t *intent, const char *step)
{
    const json_t *steps = json_object_get(intent, "steps"), *found = NULL;

    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *one = json_array_get(steps, i);
        const char *name = json_string_value(json_object_get(one, "step"));

        if (name && strcmp(name, step) == 0)
            found = one;
    }
    return found;
}
