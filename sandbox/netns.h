/* netns.h -- doing something in another network namespace, and coming back.
 * Runs in: broker.  Owns: the caller's place; between the two calls everything that asks the kernel
 * about networks, and every process made, is in the other namespace.
 * Fails: negative errno, and the caller is where it was. */
#ifndef IPAM_SANDBOX_NETNS_H
#define IPAM_SANDBOX_NETNS_H

/* `target` is a namespace or a pidfd; *home is for netns_leave, which closes it */
int netns_enter(int target, int *home);
/* aborts if there is no way back: a broker in the wrong namespace must not do anything any more */
void netns_leave(int home);

/* The loopback of the namespace the caller is in; there is nothing else in a new one. */
int netns_loopback_up(void);

#endif
