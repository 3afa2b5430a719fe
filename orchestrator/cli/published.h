/* published.h -- a published port as people write it.
 * Runs in: CLI.  Pure. */
#ifndef IPAM_CLI_PUBLISHED_H
#define IPAM_CLI_PUBLISHED_H

enum { PUBLISHED_TEXT = 80 };

/* "127.0.0.1:80", "[::1]:80"; `all` instead of the address when that is "" */
const char *published_text(const char *address, const char *all, int port,
                           char out[PUBLISHED_TEXT]);

#endif
