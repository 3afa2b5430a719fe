/* YAML text to a model, in JSON and YAML; its YAML means the same. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/values.h"
#include "compose/yaml.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size), *json = NULL;
    auto_arena a = arena_new();
    struct err e = ERR_INIT;
    struct node *model;

    if (strlen(text) != size)
        return 0;
    model = fuzz_model(a, &text, 1);
    if (!model)
        return 0;
    (void) yaml_emit_json(values_as_json(a, model), true, &json, &e);
    fuzz_round_trip(a, model);
    return 0;
}
