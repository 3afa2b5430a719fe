/* setup_number.h -- numbers as set-up operations (setup.h) take them: as text.
 * Runs in: broker.  Owns: nothing. */
#ifndef IPAM_SANDBOX_SETUP_NUMBER_H
#define IPAM_SANDBOX_SETUP_NUMBER_H

#include <stdint.h>

enum { SETUP_NUMBER_TEXT = 32 };

/* a value, so that it can be made where it is used */
struct setup_number {
    char text[SETUP_NUMBER_TEXT];
};

struct setup_number setup_number(uint64_t n);
struct setup_number setup_number_octal(unsigned n);

#endif
