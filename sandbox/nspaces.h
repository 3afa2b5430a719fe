/* nspaces.h -- doing something in other namespaces, and coming back.
 * Runs in: broker.  Owns: the caller's place; between the two calls everything that asks the kernel
 * about networks or IPC, and every process made, is in the other namespaces.
 * Fails: negative errno, and the caller is where it was. */
#ifndef IPAM_SANDBOX_NSPACES_H
#define IPAM_SANDBOX_NSPACES_H

enum { NSPACES_KINDS = 3 };

struct nspaces {
    int fd[NSPACES_KINDS];
};

/* nothing to come back to */
#define NSPACES_NONE ((struct nspaces){ .fd = { -1, -1, -1 } })

/* `target` is a namespace or a pidfd, `mask` made of CLONE_NEWNET, CLONE_NEWIPC and CLONE_NEWPID;
 * the last is only for processes made.  Where the caller was is added to *home. */
int nspaces_enter(int target, int mask, struct nspaces *home);
/* aborts if there is no way back: a broker in the wrong namespace must not do anything any more */
void nspaces_leave(struct nspaces *home);

#endif
