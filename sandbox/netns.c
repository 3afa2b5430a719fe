#include "sandbox/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
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

int netns_loopback_up(void)
{
    auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

    return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}
