/* unpack.h -- files out of a tar stream that a service may have written, onto the caller's disk.
 * Runs in: CLI, in a process of its own.  Owns: nothing.
 * The stream is believed nothing: names stay below the directory given and go through no symbolic
 * link; devices, FIFOs and hard links are left out; set-id bits are never set; a file must fit on
 * the disk with room to spare; an archive that ends early is an error.
 * Fails: negative errno, with the name in the archive.
 * Source: tar(5) as GNU tar writes it with --format=gnu. */
#ifndef IPAM_CLI_UNPACK_H
#define IPAM_CLI_UNPACK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct unpack {
    FILE *from;
    int dir;         /* where it goes */
    const char *top; /* what the first part of every name becomes; "" = nothing: right into dir */
    bool directory;  /* the first thing must be one */
    bool owners;     /* keep uid and gid, which takes the right to */
};

int unpack_run(const struct unpack *u, struct err *e);

#endif
