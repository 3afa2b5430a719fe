/* An env file in Docker's dialect. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/dotenv.h"
#include "tests/fuzz/fuzz.h"

static const char *get(const void *self, const char *name)
{
    (void) self;
    return name[0] == 'A' ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size);
    auto_arena a = arena_new();
    const struct dotenv_outside outside = { .get = get };
    struct node *out = node_new(a, NODE_MAP, (struct mark){ 0 });
    struct err e = ERR_INIT;

    if (dotenv_parse(a, "fuzz.env", text, &outside, out, &e) < 0)
        return 0;
    for (uint32_t i = 0; i < node_count(out); i++)
        if (out->entries[i].value->kind != NODE_TEXT || strlen(out->entries[i].key) > size)
            abort();
    return 0;
}
