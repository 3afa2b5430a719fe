#include "logs/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define CURSOR_VERSION 2u

int cursor_open(const char *path, struct cursor **out, struct err *e)
{
    auto_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct cursor *c;

    if (fd < 0 || ftruncate(fd, sizeof *c) < 0)
        return err_set(e, -errno, "log cursor %s: %s", path, strerror(errno));
    c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (c == MAP_FAILED)
        return err_set(e, -errno, "log cursor %s: %s", path, strerror(errno));
    (void) madvise(c, sizeof *c, MADV_RANDOM); /* only the pages of tails that there are */
    if (c->version != CURSOR_VERSION || c->tail_now > 1 || c->tail_after > 1 ||
        c->tail_len[0] > LIMIT_LOG_LINE || c->tail_len[1] > LIMIT_LOG_LINE) {
        memset(c, 0, offsetof(struct cursor, tail)); /* no page of what nobody has written */
        c->version = CURSOR_VERSION;
    }
    *out = c;
    return 0;
}

void cursor_close(struct cursor *c)
{
    if (c)
        (void) munmap(c, sizeof *c);
}

bool cursor_is_in_flight(const char *path)
{
    struct cursor *c = NULL;
    bool in_flight;

    if (cursor_open(path, &c, NULL) < 0)
        return false;
    in_flight = c->in_flight;
    cursor_close(c);
    return in_flight;
}

/* the flag is stored last when a write begins and last when it ends: release order keeps the
 * compiler from moving the other fields across it */
void cursor_begin(struct cursor *c, uint64_t log_size, uint64_t staged)
{
    c->log_size = log_size;
    c->staged = staged;
    c->tail_after = !c->tail_now;
    __atomic_store_n(&c->in_flight, 1, __ATOMIC_SEQ_CST);
}

void cursor_commit(struct cursor *c)
{
    __atomic_store_n(&c->tail_now, c->tail_after, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->in_flight, 0, __ATOMIC_SEQ_CST);
}

void cursor_abandon(struct cursor *c)
{
    __atomic_store_n(&c->in_flight, 0, __ATOMIC_SEQ_CST);
}
