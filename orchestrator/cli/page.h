/* page.h -- one page over HTTP, made anew for whoever asks.
 * Runs in: CLI, until it is told to end; needs no right.  Owns: the listening socket.
 * Each connection has a process of its own with PAGE_SECONDS to live, PAGE_AT_ONCE of them at a
 * time: nobody who is slow keeps others waiting for longer, and nothing is shared between two.
 * GET and HEAD of one path; no request body, no second request.
 * Fails: negative errno, for the address and the socket.  Source: RFC 9112. */
#ifndef IPAM_CLI_PAGE_H
#define IPAM_CLI_PAGE_H

#include <stddef.h>

#include "base/err.h"

enum { PAGE_SECONDS = 10, PAGE_AT_ONCE = 32, PAGE_HEAD_MAX = 8192 };

struct page {
    const char *path, *type;
    /* *text is malloc'd */
    int (*make)(const void *self, char **text, size_t *len, struct err *e);
    const void *self;
};

/* `address`: 127.0.0.1:9464, [::1]:9464, or :9464 for all; says where on standard error.  Does not
 * come back but with a failure. */
int page_serve(const struct page *p, const char *address, struct err *e);

#endif
