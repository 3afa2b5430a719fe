/* Runs a target over files: replay FILE... */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1024 * 1024 };

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        auto_free char *text = NULL;
        size_t size = 0;

        if (fsio_read(AT_FDCWD, argv[i], INPUT_MAX, &text, &size) < 0) {
            fprintf(stderr, "%s cannot be read\n", argv[i]);
            return EXIT_FAILURE;
        }
        (void) LLVMFuzzerTestOneInput((const uint8_t *) text, size);
    }
    printf("%d inputs\n", argc - 1);
    return EXIT_SUCCESS;
}
