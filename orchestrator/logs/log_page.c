#include "logs/log_page.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/auto.h"
#include "logs/rotation.h"

/* as far as it goes: of a file that a disk has spoiled, what is before that */
static FILE *unpack(int packed)
{
    char block[64 * 1024], last = '\n';
    auto_fd again = fcntl(packed, F_DUPFD_CLOEXEC, 3);
    gzFile from = again < 0 ? NULL : gzdopen(again, "rb");
    FILE *to = from ? tmpfile() : NULL;

    if (from)
        (void) take_fd(&again);
    for (int n; to && (n = gzread(from, block, sizeof block)) > 0; last = block[n - 1])
        if (fwrite(block, 1, (size_t) n, to) != (size_t) n)
            break;
    if (from)
        (void) gzclose(from);
    if (to && last != '\n')
        (void) fputc('\n', to);
    if (to)
        rewind(to);
    return to;
}

struct log_page log_page_open(const char *path, unsigned n)
{
    auto_free char *name = rotation_name(path, n), *packed = rotation_packed_name(path, n);
    struct log_page p = { .text = fopen(name, "re"), .packed = -1 };
    struct stat st = { 0 };

    if (p.text && fstat(fileno(p.text), &st) == 0)
        p.inode = st.st_ino;
    if (p.text || n == 0)
        return p;
    p.inode = rotation_source(packed);
    p.packed = open(packed, O_RDONLY | O_CLOEXEC);
    if (p.packed >= 0 && !(p.text = unpack(p.packed)))
        close(take_fd(&p.packed));
    return p;
}

void log_page_close(struct log_page *p)
{
    if (p->text)
        fclose(p->text);
    if (p->packed >= 0)
        close(p->packed);
    *p = LOG_PAGE_NONE;
}

bool log_page_is(const struct log_page *p, const char *path, unsigned n)
{
    auto_free char *plain = rotation_name(path, n), *packed = rotation_packed_name(path, n);
    struct stat ours, there;

    if (fstat(p->packed >= 0 ? p->packed : fileno(p->text), &ours) < 0)
        return false;
    if (stat(p->packed >= 0 ? packed : plain, &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev)
        return true;
    return p->packed < 0 && n > 0 && rotation_source(packed) == ours.st_ino;
}
