/* Timers fire once, in the order they are due, on a clock that only the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "engine/timers.h"

struct bell {
    struct timer timer;
    struct timers *in;
    uint64_t rang_us, again_us;
    unsigned rings;
};

static void ring(void *owner)
{
    struct bell *b = owner;

    b->rings++;
    b->rang_us = timers_now(b->in);
    if (b->again_us > 0)
        timers_set(b->in, &b->timer, b->rang_us + b->again_us, ring, b);
}

static void test_order(void **state)
{
    struct timers *t = timers_new(NULL);
    struct bell bells[200];

    (void) state;
    for (size_t n = 0; n < ARRAY_LEN(bells); n++) {
        bells[n] = (struct bell){ .in = t };
        timers_set(t, &bells[n].timer, 1 + n * 7919 % ARRAY_LEN(bells), ring, &bells[n]);
    }
    for (size_t n = 0; n < ARRAY_LEN(bells); n += 3)
        timers_cancel(t, &bells[n].timer);
    for (uint64_t last = 0; timers_next(t, 1000); last = timers_now(t))
        assert_true(timers_now(t) >= last);
    for (size_t n = 0; n < ARRAY_LEN(bells); n++) {
        assert_int_equal(bells[n].rings, n % 3 != 0);
        if (n % 3 != 0)
            assert_int_equal(bells[n].rang_us, 1 + n * 7919 % ARRAY_LEN(bells));
    }
    assert_int_equal(timers_now(t), 1000);
    timers_free(t);
}

static void test_set_again(void **state)
{
    struct timers *t = timers_new(NULL);
    struct bell b = { .in = t, .again_us = 10 };

    (void) state;
    timers_set(t, &b.timer, 50, ring, &b);
    timers_set(t, &b.timer, 5, ring, &b);
    while (timers_next(t, 44))
        ;
    assert_int_equal(b.rings, 4); /* 5, 15, 25, 35 */
    assert_true(timer_is_set(&b.timer));
    timers_cancel(t, &b.timer);
    timers_cancel(t, &b.timer);
    assert_false(timers_next(t, 1000));
    timers_free(t);
}

static void test_loop(void **state)
{
    struct bell soon = { 0 }, later = { 0 };
    sd_event *loop = NULL;
    struct timers *t;

    (void) state;
    assert_true(sd_event_new(&loop) >= 0);
    t = soon.in = later.in = timers_new(loop);
    timers_set(t, &later.timer, timers_now(t) + 2000, ring, &later);
    timers_set(t, &soon.timer, timers_now(t), ring, &soon);
    while (later.rings == 0)
        assert_true(sd_event_run(loop, UINT64_MAX) >= 0);
    assert_int_equal(soon.rings, 1);
    assert_true(soon.rang_us <= later.rang_us);
    assert_false(timer_is_set(&later.timer));
    timers_free(t);
    sd_event_unref(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_set_again),
        cmocka_unit_test(test_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
