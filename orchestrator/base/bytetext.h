/* bytetext.h -- any bytes as text that JSON can carry: each byte is the character of its number, so
 * that ASCII stays what it is.
 * Runs in: everywhere.  Fails: -EBADMSG.  Source: ISO 8859-1, UTF-8. */
#ifndef IPAM_BASE_BYTETEXT_H
#define IPAM_BASE_BYTETEXT_H

#include <stddef.h>

/* UTF-8 of at most twice the length, malloc'd; *text_len is without the final NUL.  It may hold
 * NULs. */
char *bytetext_encode(const char *bytes, size_t len, size_t *text_len);
/* Turns `text` back into bytes, in place. */
int bytetext_decode(char *text, size_t text_len, size_t *len);

#endif
