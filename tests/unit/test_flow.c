/* Bytes through stages: what comes back is what went in, and what was damaged does not come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "ops/flow.h"
#include "ops/seal.h"

enum { MOST = 8 * 1024 * 1024 };
static const char secret[] = "correct horse battery staple";

static char *sample(size_t len)
{
    char *out = malloc(len + 1);

    assert_non_null(out);
    for (size_t i = 0; i < len; i++)
        out[i] = (char) (i % 251 < 200 ? 'a' : (int) (i * 2654435761U >> 24));
    return out;
}

static struct flow *there(enum compression how, bool sealed, struct flow_sum *sum, char **out,
                          size_t *len)
{
    struct flow *f = flow_summed(sum, flow_to_memory(MOST, out, len));

    return flow_compress(how, sealed ? seal_close(secret, sizeof secret - 1, f) : f);
}

static struct flow *back(enum compression how, bool sealed, const char *key, char **out,
                         size_t *len)
{
    struct flow *f = flow_expand(how, flow_to_memory(MOST, out, len));

    return sealed ? seal_open(key, strlen(key), f) : f;
}

static int feed(struct flow *f, const char *data, size_t len, size_t step, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < len; i += step)
        r = flow_write(f, data + i, len - i < step ? len - i : step, e);
    if (r == 0)
        r = flow_finish(f, e);
    flow_free(f);
    return r;
}

static void what_went_in_comes_back(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1000003 };
    struct err e = ERR_INIT;

    (void) state;
    for (int how = 0; how < COMPRESS_COUNT; how++)
        for (int sealed = 0; sealed < (how == COMPRESS_ZSTD ? 2 : 1); sealed++)
            for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                auto_free char *in = sample(sizes[i]), *mid = NULL, *out = NULL;
                struct flow_sum sum = { 0 };
                size_t mid_len = 0, len = 0;

                assert_int_equal(feed(there((enum compression) how, sealed, &sum, &mid, &mid_len),
                                      in, sizes[i], 70001, &e),
                                 0);
                assert_int_equal(sum.bytes, mid_len);
                assert_int_equal(strlen(sum.sha256), 64);
                assert_int_equal(feed(back((enum compression) how, sealed, secret, &out, &len), mid,
                                      mid_len, 4099, &e),
                                 0);
                assert_int_equal(len, sizes[i]);
                assert_memory_equal(in, out, len);
            }
}

/* every bit of the beginning and of the end, and every place to cut */
static void what_was_sealed_and_changed_does_not_open(void **state)
{
    enum { LEN = 300 };
    auto_free char *in = sample(LEN), *mid = NULL;
    struct flow_sum sum = { 0 };
    struct err e = ERR_INIT;
    size_t mid_len = 0;

    (void) state;
    assert_int_equal(feed(there(COMPRESS_NONE, true, &sum, &mid, &mid_len), in, LEN, 50, &e), 0);
    for (size_t i = 0; i < mid_len; i += i < 24 ? 6 : 67) {
        auto_free char *out = NULL;
        size_t len = 0;

        mid[i] ^= 1;
        assert_int_equal(
            feed(back(COMPRESS_NONE, true, secret, &out, &len), mid, mid_len, 1000, &e), -EBADMSG);
        mid[i] ^= 1;
        assert_int_equal(feed(back(COMPRESS_NONE, true, secret, &out, &len), mid, i, 1000, &e),
                         -EBADMSG);
    }
    auto_free char *out = NULL;
    size_t len = 0;
    assert_int_equal(feed(back(COMPRESS_NONE, true, "wrong", &out, &len), mid, mid_len, 1000, &e),
                     -EBADMSG);
}

static void what_was_compressed_and_cut_is_refused(void **state)
{
    enum { LEN = 200000 };
    auto_free char *in = sample(LEN);
    struct err e = ERR_INIT;

    (void) state;
    for (int how = COMPRESS_GZIP; how < COMPRESS_COUNT; how++) {
        auto_free char *mid = NULL, *out = NULL, *more = NULL;
        struct flow_sum sum = { 0 };
        size_t mid_len = 0, len = 0;

        assert_int_equal(
            feed(there((enum compression) how, false, &sum, &mid, &mid_len), in, LEN, LEN, &e), 0);
        assert_int_equal(
            feed(back((enum compression) how, false, "", &out, &len), mid, mid_len - 1, 1000, &e),
            -EBADMSG);
        mid[mid_len / 2] ^= 4;
        assert_int_equal(
            feed(back((enum compression) how, false, "", &more, &len), mid, mid_len, 1000, &e),
            -EBADMSG);
    }
}

/* a writer of small pieces, as programs are that write to pipes */
static void what_is_pumped_is_all_there_and_counted(void **state)
{
    enum { LEN = 700000, STEP = 997 };
    auto_free char *in = sample(LEN), *out = NULL;
    struct err e = ERR_INIT;
    uint64_t bytes = 7;
    size_t len = 0;
    auto_flow to = flow_counted(&bytes, flow_to_memory(MOST, &out, &len));
    int ends[2];
    pid_t writer;

    (void) state;
    assert_int_equal(flow_pipe(ends, &e), 0);
    writer = fork();
    if (writer == 0) {
        for (size_t i = 0; i < LEN; i += STEP)
            if (write(ends[1], in + i, LEN - i < STEP ? LEN - i : STEP) < 0)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(flow_pump(ends[0], to, &e), 0);
    assert_int_equal(flow_finish(to, &e), 0);
    close(ends[0]);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(bytes, LEN);
    assert_int_equal(len, LEN);
    assert_memory_equal(in, out, LEN);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
    auto_free char *out = NULL;
    struct err e = ERR_INIT;
    size_t len = 0;
    auto_flow f = flow_to_memory(10, &out, &len);

    (void) state;
    assert_int_equal(flow_write(f, "0123456789", 10, &e), 0);
    assert_int_equal(flow_write(f, "x", 1, &e), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_in_comes_back),
        cmocka_unit_test(what_was_sealed_and_changed_does_not_open),
        cmocka_unit_test(what_was_compressed_and_cut_is_refused),
        cmocka_unit_test(what_is_pumped_is_all_there_and_counted),
        cmocka_unit_test(more_than_there_is_room_for_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
