/* A YAML document written and read again is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/yaml.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = fuzz_text(data, size), *written = NULL;
    auto_arena a = arena_new();
    struct yaml_stream s = { 0 }, again = { 0 };
    struct err e = ERR_INIT;

    if (yaml_parse(a, "fuzz", text, size, &s, &e) < 0 || s.n == 0 ||
        yaml_emit(s.documents[0].root, false, &written, &e) < 0)
        return 0;
    if (yaml_parse(a, "again", written, strlen(written), &again, &e) == 0 && again.n == 1 &&
        node_equal(s.documents[0].root, again.documents[0].root))
        return 0;
    fprintf(stderr, "%s\n%s\n", written, e.msg);
    abort();
}
