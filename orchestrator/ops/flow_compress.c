/* Stages that make bytes fewer, and that many again. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/auto.h"
#include "ops/flow.h"

enum { PIECE = 128 * 1024, ZSTD_LEVEL = 3, GZIP_LEVEL = 6, GZIP_WINDOW = 15 + 16 };

const char *const compression_text[COMPRESS_COUNT] = { "none", "gzip", "zstd" };
const char *const compression_suffix[COMPRESS_COUNT] = { "", ".gz", ".zst" };

struct codec {
    ZSTD_CStream *compress;
    ZSTD_DStream *expand;
    z_stream gzip;
    bool deflates, inflates, whole;
    unsigned char piece[PIECE];
};

static void free_codec(void *self)
{
    struct codec *c = self;

    (void) ZSTD_freeCStream(c->compress);
    (void) ZSTD_freeDStream(c->expand);
    if (c->deflates)
        (void) deflateEnd(&c->gzip);
    if (c->inflates)
        (void) inflateEnd(&c->gzip);
    free(c);
}

static struct codec *new_codec(void)
{
    struct codec *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    return c;
}

/* ---- zstd ---- */

static int zstd_step(struct codec *c, struct flow *next, ZSTD_inBuffer *in, ZSTD_EndDirective how,
                     struct err *e)
{
    size_t left;

    do {
        ZSTD_outBuffer out = { c->piece, PIECE, 0 };
        int r;

        left = ZSTD_compressStream2(c->compress, &out, in, how);
        if (ZSTD_isError(left))
            return err_set(e, -EIO, "zstd: %s", ZSTD_getErrorName(left));
        if (out.pos > 0 && (r = flow_write(next, c->piece, out.pos, e)) < 0)
            return r;
    } while (how == ZSTD_e_end ? left > 0 : in->pos < in->size);
    return 0;
}

static int zstd_write(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    ZSTD_inBuffer in = { data, len, 0 };

    return zstd_step(self, next, &in, ZSTD_e_continue, e);
}

static int zstd_finish(void *self, struct flow *next, struct err *e)
{
    ZSTD_inBuffer in = { NULL, 0, 0 };

    return zstd_step(self, next, &in, ZSTD_e_end, e);
}

static int unzstd_write(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct codec *c = self;
    ZSTD_inBuffer in = { data, len, 0 };
    ZSTD_outBuffer out;

    do {
        size_t left;
        int r;

        out = (ZSTD_outBuffer){ c->piece, PIECE, 0 };
        left = ZSTD_decompressStream(c->expand, &out, &in);
        if (ZSTD_isError(left))
            return err_set(e, -EBADMSG, "zstd: %s", ZSTD_getErrorName(left));
        c->whole = left == 0;
        if (out.pos > 0 && (r = flow_write(next, c->piece, out.pos, e)) < 0)
            return r;
    } while (in.pos < in.size || out.pos == PIECE);
    return 0;
}

static int expand_finish(void *self, struct flow *next, struct err *e)
{
    const struct codec *c = self;

    (void) next;
    return c->whole ? 0 : err_set(e, -EBADMSG, "the compressed data ends too early");
}

/* ---- gzip ---- */

static int gzip_step(struct codec *c, struct flow *next, const void *data, size_t len, int flush,
                     struct err *e)
{
    c->gzip.next_in = (Bytef *) (size_t) data;
    c->gzip.avail_in = (uInt) len;
    do {
        size_t n;
        int r;

        c->gzip.next_out = c->piece;
        c->gzip.avail_out = PIECE;
        if (deflate(&c->gzip, flush) == Z_STREAM_ERROR)
            return err_set(e, -EIO, "gzip: %s", c->gzip.msg ? c->gzip.msg : "failed");
        n = PIECE - c->gzip.avail_out;
        if (n > 0 && (r = flow_write(next, c->piece, n, e)) < 0)
            return r;
    } while (c->gzip.avail_out == 0);
    return 0;
}

static int gzip_write(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    return gzip_step(self, next, data, len, Z_NO_FLUSH, e);
}

static int gzip_finish(void *self, struct flow *next, struct err *e)
{
    return gzip_step(self, next, NULL, 0, Z_FINISH, e);
}

static int gunzip_write(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct codec *c = self;

    if (c->whole && len > 0)
        return err_set(e, -EBADMSG, "gzip: there is more behind its end");
    c->gzip.next_in = (Bytef *) (size_t) data;
    c->gzip.avail_in = (uInt) len;
    do {
        size_t n;
        int state, r;

        c->gzip.next_out = c->piece;
        c->gzip.avail_out = PIECE;
        state = inflate(&c->gzip, Z_NO_FLUSH);
        c->whole = state == Z_STREAM_END;
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
            return err_set(e, -EBADMSG, "gzip: %s", c->gzip.msg ? c->gzip.msg : "damaged");
        n = PIECE - c->gzip.avail_out;
        if (n > 0 && (r = flow_write(next, c->piece, n, e)) < 0)
            return r;
    } while (!c->whole && (c->gzip.avail_in > 0 || c->gzip.avail_out == 0));
    return 0;
}

/* ---- which ---- */

struct flow *flow_compress(enum compression how, struct flow *next)
{
    static const struct flow_kind zstd = { zstd_write, zstd_finish, free_codec };
    static const struct flow_kind gzip = { gzip_write, gzip_finish, free_codec };
    struct codec *c;

    if (how == COMPRESS_NONE)
        return next;
    c = new_codec();
    if (how == COMPRESS_ZSTD) {
        c->compress = ZSTD_createCStream();
        if (!c->compress ||
            ZSTD_isError(
                ZSTD_CCtx_setParameter(c->compress, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
            ZSTD_isError(ZSTD_CCtx_setParameter(c->compress, ZSTD_c_checksumFlag, 1)))
            abort();
        /* beside reading and writing, as the program does it; not every build of the library can */
        (void) ZSTD_CCtx_setParameter(c->compress, ZSTD_c_nbWorkers, 1);
        return flow_new(&zstd, c, next);
    }
    c->deflates = true;
    if (deflateInit2(&c->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    return flow_new(&gzip, c, next);
}

struct flow *flow_expand(enum compression how, struct flow *next)
{
    static const struct flow_kind zstd = { unzstd_write, expand_finish, free_codec };
    static const struct flow_kind gzip = { gunzip_write, expand_finish, free_codec };
    struct codec *c;

    if (how == COMPRESS_NONE)
        return next;
    c = new_codec();
    if (how == COMPRESS_ZSTD) {
        c->expand = ZSTD_createDStream();
        if (!c->expand)
            abort();
        return flow_new(&zstd, c, next);
    }
    c->inflates = true;
    if (inflateInit2(&c->gzip, GZIP_WINDOW) != Z_OK)
        abort();
    return flow_new(&gzip, c, next);
}
