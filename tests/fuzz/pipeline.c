/* The way from texts to a model, without the command line around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/consistency.h"
#include "compose/layers.h"
#include "compose/normalise.h"
#include "compose/select.h"
#include "compose/values.h"
#include "tests/fuzz/fuzz.h"

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

struct node *fuzz_model(struct arena *a, char *const *texts, size_t n)
{
    char *const all[] = { (char[]){ "*" }, NULL };
    struct warnings warnings = { .arena = a };
    struct variables v = { 0 };
    struct layers layers = { .arena = a,
                             .variables = &v,
                             .base = "/nonexistent",
                             .dir = "/nonexistent",
                             .interpolate = true };
    struct layer_file *files = arena_array(a, n, sizeof *files);
    struct node *document = NULL, *model = NULL, *disabled = NULL;
    struct err e = ERR_INIT;

    variables_init(&v, a, NULL);
    v.warnings = &warnings;
    variables_fix(&v, "SET", "value");
    for (size_t i = 0; i < n; i++) {
        files[i].path = arena_printf(a, "/nonexistent/%zu.yaml", i);
        if (yaml_parse(a, files[i].path, texts[i], strlen(texts[i]), &files[i].stream, &e) < 0)
            return NULL;
    }
    if (layers_load(&layers, files, n, &document, &e) < 0)
        return NULL;
    normalise_document(a, "fuzz", &v, document);
    if (values_document(a, document, &model, &e) < 0)
        return NULL;
    select_profiles(a, model, all, &disabled);
    return consistency_check(a, model, disabled, &e) < 0 ? NULL : model;
}

void fuzz_round_trip(struct arena *a, const struct node *model)
{
    struct node *written = node_copy(a, model), *again;
    auto_free char *text = NULL;
    struct err e = ERR_INIT;

    values_for_yaml(a, written);
    if (yaml_emit(written, true, &text, &e) < 0)
        return; /* not valid UTF-8: refused when it is written */
    again = fuzz_model(a, &text, 1);
    if (again && node_equal(model, again))
        return;
    fprintf(stderr, "%s\n", text);
    abort();
}
