/* num.h -- strict numbers from text: the whole text is the number or it is refused.
 * Runs in: every program.  Fails: -EINVAL (not a number), -ERANGE (outside); *out untouched.
 * Sizes follow the Compose specification ("Specifying byte values"). */
#ifndef IPAM_BASE_NUM_H
#define IPAM_BASE_NUM_H

#include <stdint.h>

int num_u64(const char *text, uint64_t max, uint64_t *out);
int num_port(const char *text, uint16_t *out);  /* 1 to 65535 */
int num_bytes(const char *text, uint64_t *out); /* 300, 2b 2k 2kb 2m 2mb 2g 2gb, factor 1024 */
/* "64 MiB", "1.5 GiB", "300 bytes": the largest unit of which there is one, at most one decimal */
enum { NUM_BYTES_TEXT = 32 };
void num_bytes_text(uint64_t bytes, char out[NUM_BYTES_TEXT]);
int num_milli_cpus(const char *text, uint64_t *out); /* "0.25" is 250 */
int num_signal(const char *text);                    /* HUP, SIGHUP or 1; the number is returned */

#endif
