#include "sandbox/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"

int netns_enter(int target, int *home)
{
    auto_fd here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (here < 0 || setns(target, CLONE_NEWNET) < 0)
        return -errno;
    *home = take_fd(&here);
    return 0;
}

void netns_leave(int home)
{
    if (setns(home, CLONE_NEWNET) < 0)
        abort();
    close(home);
}
