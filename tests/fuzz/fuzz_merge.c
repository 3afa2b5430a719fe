/* Two or three documents, cut at lines of %%, one laid over the other. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tests/fuzz/fuzz.h"

enum { TEXTS_MAX = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size);
    auto_arena a = arena_new();
    char *texts[TEXTS_MAX] = { text };
    size_t n = 1;
    struct node *model;

    for (char *cut; n < TEXTS_MAX && (cut = strstr(texts[n - 1], "\n%%\n")); n++) {
        cut[1] = '\0';
        texts[n] = cut + 4;
    }
    model = fuzz_model(a, texts, n);
    if (model)
        fuzz_round_trip(a, model);
    return 0;
}
