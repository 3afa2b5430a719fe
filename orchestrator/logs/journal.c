#include "logs/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "logs/rotation.h"

enum { MAX_SIZE = 2 * 1024 * 1024, FILES = 4 };

struct journal {
    char *log_dir, *project;
    int fd; /* of `project` */
    uint64_t size, missing;
};

struct journal *journal_new(const char *log_dir)
{
    struct journal *j = calloc(1, sizeof *j);

    if (!j || !(j->log_dir = strdup(log_dir)))
        abort();
    j->fd = -1;
    return j;
}

static void leave(struct journal *j)
{
    if (j->fd >= 0)
        close(take_fd(&j->fd));
    free(take_ptr(j->project));
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    leave(j);
    free(j->log_dir);
    free(j);
}

static int enter(struct journal *j, const char *project)
{
    auto_free char *dir = paths_join("%s/%s", j->log_dir, project);
    auto_free char *path = paths_join("%s/%s", dir, JOURNAL_FILE);
    struct stat st;
    int r;

    if (j->project && strcmp(j->project, project) == 0 && j->size < MAX_SIZE)
        return 0;
    leave(j);
    if ((r = fsio_mkdir_p(dir, 0750)) < 0)
        return r;
    if (stat(path, &st) == 0 && st.st_size >= MAX_SIZE && (r = rotation_shift(path, FILES)) < 0)
        return r;
    j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (j->fd < 0)
        return -errno;
    if ((r = fsio_end_line(j->fd)) < 0)
        return r;
    if (fstat(j->fd, &st) < 0)
        return -errno;
    j->size = (uint64_t) st.st_size;
    j->project = strdup(project);
    return j->project ? 0 : -ENOMEM;
}

static int append(struct journal *j, const json_t *event)
{
    json_t *line = json_copy((json_t *) (uintptr_t) event);
    auto_free char *text = NULL;
    size_t len;
    int r;

    if (j->missing > 0)
        (void) json_object_set_new(line, "missing", json_integer((json_int_t) j->missing));
    text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (!text)
        return -ENOMEM;
    len = strlen(text);
    text[len] = '\n'; /* in the place of the NUL: one write, one line */
    r = fsio_write_all(j->fd, text, len + 1);
    if (r < 0)
        (void) !ftruncate(j->fd, (off_t) j->size);
    else
        j->size += len + 1;
    return r;
}

void journal_write(struct journal *j, const json_t *event)
{
    const char *project = json_string_value(json_object_get(event, "project"));
    int r = project ? enter(j, project) : -EINVAL;

    if (r == 0)
        r = append(j, event);
    if (r == 0) {
        j->missing = 0;
        return;
    }
    if (j->missing++ == 0)
        log_line(LOG_WARN, "events are lost: %s", strerror(-r));
    leave(j);
}
