/* Short forms, sizes and durations; a duration that was written is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/short.h"
#include "compose/values.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size);
    auto_arena a = arena_new();
    const struct node *n = node_text(a, text, (struct mark){ 0 });
    struct node *list = node_new(a, NODE_LIST, n->at), *out = NULL;
    struct err e = ERR_INIT;
    int64_t value = 0, again = 0;

    (void) short_ports(a, n, NULL, list, &e);
    (void) short_volume(a, n, NULL, &out, &e);
    (void) short_device(a, n, NULL, &out, &e);
    (void) short_words(a, n, NULL, &out, &e);
    if (values_bytes(text, &value) == 0 && value < 0)
        abort();
    if (values_duration(text, &value) == 0 &&
        (values_duration(values_duration_text(a, value), &again) < 0 || again != value))
        abort();
    return 0;
}
