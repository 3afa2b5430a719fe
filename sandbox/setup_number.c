#include "sandbox/setup_number.h"

#include <inttypes.h>
#include <stdio.h>

struct setup_number setup_number(uint64_t n)
{
    struct setup_number t;

    (void) snprintf(t.text, sizeof t.text, "%" PRIu64, n);
    return t;
}

struct setup_number setup_number_octal(unsigned n)
{
    struct setup_number t;

    (void) snprintf(t.text, sizeof t.text, "%o", n);
    return t;
}
