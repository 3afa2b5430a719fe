#include "cli/bundle.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/strv.h"

enum { BLOCK = 512 };

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
static_assert(sizeof(struct header) == BLOCK, "a tar header is a block");

static void write_header(const struct bundle *b, const char *name, size_t len)
{
    struct header h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
    const unsigned char *bytes = (const unsigned char *) &h;
    unsigned sum = 0;

    (void) snprintf(h.prefix, sizeof h.prefix, "%s", b->dir);
    (void) snprintf(h.name, sizeof h.name, "%s", name);
    (void) snprintf(h.mode, sizeof h.mode, "%07o", 0600u);
    (void) snprintf(h.uid, sizeof h.uid, "%07o", 0u);
    (void) snprintf(h.gid, sizeof h.gid, "%07o", 0u);
    (void) snprintf(h.size, sizeof h.size, "%011zo", len);
    (void) snprintf(h.mtime, sizeof h.mtime, "%011llo",
                    (unsigned long long) (b->now_us / USEC_PER_SEC) %
                        (1ull << 33)); /* eleven digits */
    memset(h.sum, ' ', sizeof h.sum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += bytes[i];
    (void) snprintf(h.sum, sizeof h.sum, "%06o", sum);
    (void) fwrite(&h, sizeof h, 1, b->out);
}

static void write_padding(const struct bundle *b, size_t len)
{
    static const char zeros[BLOCK];

    (void) fwrite(zeros, 1, (BLOCK - len % BLOCK) % BLOCK, b->out);
}

void bundle_text(struct bundle *b, const char *name, const char *text, size_t len)
{
    size_t clean_len = 0;
    auto_free char *clean = scrub_text(b->secrets, text, len, &clean_len);

    if (strlen(name) >= sizeof((struct header *) NULL)->name) {
        strv_appendf(&b->missing, "%s: %s", name, strerror(ENAMETOOLONG));
        return;
    }
    write_header(b, name, clean_len);
    (void) fwrite(clean, 1, clean_len, b->out);
    write_padding(b, clean_len);
}

void bundle_file(struct bundle *b, const char *name, const char *path, size_t max)
{
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    auto_free char *text = NULL;
    const char *from;
    struct stat st = { 0 };
    size_t len = 0;
    bool cut;
    int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

    if (r == -ENOENT)
        return;
    if (r == 0 && !S_ISREG(st.st_mode))
        r = -EINVAL;
    cut = st.st_size > 0 && (size_t) st.st_size > max;
    if (r == 0 && cut && lseek(fd, st.st_size - (off_t) max, SEEK_SET) < 0)
        r = -errno;
    if (r == 0) /* it may grow meanwhile */
        r = fsio_read_fd(fd, max * 2, &text, &len);
    if (r < 0) {
        strv_appendf(&b->missing, "%s: %s", name, strerror(-r));
        return;
    }
    /* half a line may begin with half a secret */
    from = cut ? memchr(text, '\n', len) : text;
    from = from ? from + cut : text + len;
    bundle_text(b, name, from, len - (size_t) (from - text));
}

void bundle_end(struct bundle *b)
{
    static const char zeros[2 * BLOCK];
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *list = b->missing ? open_memstream(&text, &len) : NULL;

    for (char **m = b->missing; list && *m; m++)
        fprintf(list, "%s\n", *m);
    if (list && fclose(list) == 0)
        bundle_text(b, "missing.txt", text, len);
    (void) fwrite(zeros, sizeof zeros, 1, b->out);
}
