#include "units/pack.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fsio.h"

enum { BLOCK = 64 * 1024, GZIP = 16 };

static int deflate_all(z_stream *z, int in, int out)
{
    unsigned char plain[BLOCK], packed[BLOCK];
    off_t at = 0;

    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (z->avail_in == 0) {
            ssize_t n = pread(in, plain, sizeof plain, at);

            if (n < 0)
                return -errno;
            at += n;
            z->next_in = plain;
            z->avail_in = (uInt) n;
        }
        z->next_out = packed;
        z->avail_out = sizeof packed;
        state = deflate(z, z->avail_in == 0 ? Z_FINISH : Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END)
            return -EIO;
        int r = fsio_write_all(out, packed, sizeof packed - z->avail_out);
        if (r < 0)
            return r;
    }
    return 0;
}

int pack_file(int in, int out, const char *comment)
{
    gz_header header = { .comment = (Bytef *) (uintptr_t) comment, .os = 3 };
    z_stream z = { 0 };
    struct stat st;
    int r;

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, MAX_MEM_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    (void) deflateSetHeader(&z, &header);
    r = deflate_all(&z, in, out);
    (void) deflateEnd(&z);
    if (r < 0)
        return r;
    if (fstat(in, &st) < 0 || futimens(out, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ||
        fsync(out) < 0)
        return -errno;
    return 0;
}
