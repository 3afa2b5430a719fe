#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/profile.h"

/* profiles in use at once; when they are all taken the oldest is made again */
enum { CACHE = 16, PROFILE_BYTES_MAX = 1024 * 1024 };

static struct cached {
    char name[65];
    int fd;
} cache[CACHE];
static unsigned cached_so_far;

static int load(const char *name, json_t **out, struct err *e)
{
    auto_free char *path = paths_join("%s/configs/seccomp/%s.json", paths_data(), name);
    auto_free char *text = NULL;
    json_error_t why;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, PROFILE_BYTES_MAX, &text, &len);

    if (r < 0)
        return err_set(e, r, "syscall profile %s: %s", path, strerror(-r));
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    return *out ? 0 : err_set(e, -EINVAL, "syscall profile %s:%d: %s", path, why.line, why.text);
}

static int make(const char *name, struct err *e)
{
    auto_fd fd = memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    json_t *profile = NULL;
    int r;

    if (fd < 0)
        return err_set(e, -errno, "memory file for a syscall filter: %s", strerror(errno));
    r = load(name, &profile, e);
    if (r == 0)
        r = profile_export(profile, name, fd, e);
    json_decref(profile);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return err_set(e, -errno, "sealing a syscall filter: %s", strerror(errno));
    return take_fd(&fd);
}

int seccomp_program(const char *name, struct err *e)
{
    struct cached *slot = &cache[cached_so_far % CACHE];
    int fd;

    for (unsigned i = 0; i < CACHE && i < cached_so_far; i++)
        if (strcmp(cache[i].name, name) == 0)
            return cache[i].fd;
    fd = make(name, e);
    if (fd < 0)
        return fd;
    if (cached_so_far >= CACHE)
        close(slot->fd);
    (void) snprintf(slot->name, sizeof slot->name, "%s", name);
    slot->fd = fd;
    cached_so_far++;
    return fd;
}

void seccomp_clear(void)
{
    for (unsigned i = 0; i < CACHE && i < cached_so_far; i++)
        close(cache[i].fd);
    cached_so_far = 0;
}
