/* ${NAME} in a text; one without a dollar stays. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/template.h"
#include "tests/fuzz/fuzz.h"

static const char *get(const void *self, const char *name)
{
    (void) self;
    return name[0] == 'A' ? "value" : name[0] == 'E' ? "" : NULL;
}

static void found(void *self, const struct template_use *use)
{
    *(size_t *) self += strlen(use->name) + strlen(use->fallback) + strlen(use->alternative);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size);
    auto_arena a = arena_new();
    const struct scope s = { .arena = a, .get = get };
    const char *out = NULL;
    struct err e = ERR_INIT;
    size_t length = 0;
    int r = template_expand(&s, text, (struct mark){ 0 }, &out, &e);

    template_uses(a, text, found, &length);
    if (!strchr(text, '$') && (r < 0 || strcmp(out, text) != 0 || length > 0))
        abort();
    return 0;
}
