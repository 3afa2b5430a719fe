#include "ops/oplock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ops/workdir.h"

#define LOCK "lock"
#define HOLD "hold"

enum { TEXT_MAX = 4096, LOOK_AGAIN_MS = 20 };

/* Whoever only looks whether it is free has it for a moment: that is no operation. */
#define MOMENT_US (100 * USEC_PER_MSEC)

static json_t *describe(const char *verb, const char *message)
{
    const struct passwd *pw = getpwuid(getuid());

    return json_pack("{s:i,s:s,s:s,s:s,s:I}", "pid", (int) getpid(), "user", pw ? pw->pw_name : "?",
                     "verb", verb, "message", message, "since", (json_int_t) time(NULL));
}

static int write_text(int fd, json_t *what)
{
    auto_free char *text = json_dumps(what, JSON_COMPACT);

    json_decref(what);
    if (!text)
        abort();
    if (ftruncate(fd, 0) < 0)
        return -errno;
    return pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

static int taken(const json_t *holder, struct err *e)
{
    const char *user = "?", *verb = "?", *message = "";
    json_int_t pid = 0, since = 0;
    char when[32] = "";
    time_t at;
    struct tm tm;

    (void) json_unpack((json_t *) (size_t) holder, "{s?I,s?s,s?s,s?s,s?I}", "pid", &pid, "user",
                       &user, "verb", &verb, "message", &message, "since", &since);
    at = (time_t) since;
    if (localtime_r(&at, &tm))
        (void) strftime(when, sizeof when, "%F %T", &tm);
    err_set(e, -EBUSY, "the project is locked by %s (%s, pid %lld) since %s%s%s", user, verb,
            (long long) pid, when, message[0] ? ": " : "", message);
    err_hint(e, json_is_true(json_object_get(holder, "hold")) ? "ipam-orch lock release"
                                                              : "try again with --lock-wait");
    return err_classify(e, ERR_LOCKED);
}

static int acquire(int fd, uint64_t wait_us)
{
    uint64_t end = clock_now_us() + (wait_us > MOMENT_US ? wait_us : MOMENT_US);

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (clock_now_us() >= end)
            return -EBUSY;
        (void) poll(NULL, 0, LOOK_AGAIN_MS); /* flock(2) knows no deadline */
    }
    return 0;
}

int oplock_take(int dir, const char *verb, const char *message, uint64_t wait_us, int *fd,
                struct err *e)
{
    auto_fd lock = -1;
    json_t *other;
    int r = workdir_open_at(dir, LOCK, O_RDWR | O_CREAT, &lock, e);

    if (r < 0)
        return r;
    r = acquire(lock, wait_us);
    other = workdir_read_json(dir, r == -EBUSY ? LOCK : HOLD, TEXT_MAX);
    if (r == -EBUSY || other)
        r = taken(other, e);
    else if (r < 0 || (r = write_text(lock, describe(verb, message))) < 0)
        (void) err_set(e, r, "the lock of the project: %s", strerror(-r));
    json_decref(other);
    if (r == 0)
        *fd = take_fd(&lock);
    return r;
}

int oplock_holder(int dir, json_t **out, struct err *e)
{
    auto_fd lock = -1;
    int r = workdir_open_at(dir, LOCK, O_RDWR | O_CREAT, &lock, e);

    if (r < 0)
        return r;
    *out = workdir_read_json(dir, HOLD, TEXT_MAX);
    if (!*out && flock(lock, LOCK_SH | LOCK_NB) < 0)
        *out = workdir_read_json(dir, LOCK, TEXT_MAX);
    return 0;
}

int oplock_hold(int dir, const char *message, struct err *e)
{
    json_t *text = describe("lock", message);
    auto_fd fd = -1;
    int r = workdir_open_at(dir, HOLD, O_RDWR | O_CREAT, &fd, e);

    (void) json_object_set_new(text, "hold", json_true());
    if (r < 0) {
        json_decref(text);
        return r;
    }
    r = write_text(fd, text);
    return r < 0 ? err_set(e, r, "holding the project: %s", strerror(-r)) : 0;
}

int oplock_release(int dir, struct err *e)
{
    return unlinkat(dir, HOLD, 0) < 0 ? err_set(e, -errno, "nobody holds the project") : 0;
}
