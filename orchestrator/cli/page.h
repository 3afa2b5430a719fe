/* page.h -- a few pages over HTTP, each made anew for whoever asks.
 * Runs in: CLI, until it is told to end; needs no right.  Owns: the listening socket.
 * Each connection has a process of its own with PAGE_SECONDS to live, PAGE_AT_ONCE of them at a
 * time: nobody who is slow keeps others waiting for longer, and nothing is shared between two.
 * GET and HEAD; no request body, no second request.
 * Fails: negative errno, for the address and the socket.  Source: RFC 9112, RFC 7617. */
#ifndef IPAM_CLI_PAGE_H
#define IPAM_CLI_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { PAGE_SECONDS = 10, PAGE_AT_ONCE = 32, PAGE_HEAD_MAX = 8192 };

struct page {
    const char *path, *type;
    bool open; /* also without the password of its site */
    /* `query`: what is behind the `?`, encoded; *text is malloc'd */
    int (*make)(const void *self, const char *query, char **text, size_t *len, struct err *e);
    const void *self;
};

struct site {
    const struct page *pages;
    size_t n;
    /* NULL: there is none.  With one, only who asks for an address or for localhost is answered: a
     * page of somebody else in the same browser cannot read this one under a name of its own. */
    const char *password;
    const char *headers; /* each with its CR LF */
};

/* `address`: 127.0.0.1:9464, [::1]:9464, or :9464 for all; says where on standard error.  Does not
 * come back but with a failure. */
int page_serve(const struct site *s, const char *address, struct err *e);

/* A parameter of a query, decoded; "" if it is not there; malloc'd. */
char *page_parameter(const char *query, const char *name);

#endif
