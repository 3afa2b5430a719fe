/* fuzz.h -- what the fuzz targets share.
 * Every target is LLVMFuzzerTestOneInput: libFuzzer calls it with inputs of its own making (make
 * fuzz), replay.c with the files of a corpus (make fuzz-regress).  A target that finds an identity
 * broken aborts.  Source: https://llvm.org/docs/LibFuzzer.html */
#ifndef IPAM_TESTS_FUZZ_H
#define IPAM_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "compose/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a text, with NUL behind it; malloc'd. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Texts of compose files, one laid over the other, as a model; NULL when they are refused.  No file
 * is read but what the texts name by absolute paths. */
struct node *fuzz_model(struct arena *a, char *const *texts, size_t n);
/* The model written as YAML and read again is the same; or else it aborts. */
void fuzz_round_trip(struct arena *a, const struct node *model);

#endif
