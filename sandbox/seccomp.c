#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/capability.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/profile.h"

/* profiles in use at once; when they are all taken the oldest is made again */
enum { CACHE = 16, PROFILE_BYTES_MAX = 1024 * 1024 };

static struct cached {
    char *key; /* of what it was made: capabilities, name, text */
    int fd;
} cache[CACHE];
static unsigned cached_so_far;

struct source {
    const char *name, *text; /* text "": from the file of that name */
    uint64_t capabilities;
    bool floored; /* the floor comes first */
};

static int load(const struct source *s, json_t **out, struct err *e)
{
    auto_free char *path = paths_join("%s/configs/seccomp/%s.json", paths_data(), s->name);
    auto_free char *content = NULL;
    const char *text = s->text, *where = s->text[0] ? "of the service" : path;
    json_error_t why;
    size_t len = strlen(text);

    if (!text[0]) {
        int r = fsio_read(AT_FDCWD, path, PROFILE_BYTES_MAX, &content, &len);

        if (r < 0)
            return err_set(e, r, "syscall profile %s: %s", path, strerror(-r));
        text = content;
    }
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    return *out ? 0 : err_set(e, -EINVAL, "syscall profile %s:%d: %s", where, why.line, why.text);
}

/* appends to what is in `fd` */
static int export(const struct source *s, int fd, struct err *e)
{
    json_t *profile = NULL;
    int r = load(s, &profile, e);

    if (r == 0)
        r = profile_export(profile, s->text[0] ? "of the service" : s->name, s->capabilities, fd,
                           e);
    json_decref(profile);
    return r;
}

/* What the program in `fd` would allow, what follows is asked about. */
static int ask_on(int fd, struct err *e)
{
    struct sock_filter code[BPF_MAXINSNS];
    ssize_t size = pread(fd, code, sizeof code, 0);
    size_t n = size > 0 ? (size_t) size / sizeof *code : 0;

    for (size_t i = 0; i < n; i++)
        if (code[i].code == (BPF_RET | BPF_K) && code[i].k == SECCOMP_RET_ALLOW)
            code[i] = (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (n - i - 1));
    return n > 0 && pwrite(fd, code, (size_t) size, 0) == size
               ? 0
               : err_set(e, -EIO, "the floor of syscall filters");
}

static int put_floor(int fd, struct err *e)
{
    int r = export(&(struct source){ .name = SECCOMP_FLOOR, .text = "" }, fd, e);

    return r == 0 ? ask_on(fd, e) : r;
}

static int check_length(int fd, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set(e, -errno, "a syscall filter: %s", strerror(errno));
    if ((size_t) st.st_size > BPF_MAXINSNS * sizeof(struct sock_filter))
        return err_set(
            e, -E2BIG,
            "a syscall profile of %zu instructions, the floor among them: the kernel takes %d",
            (size_t) st.st_size / sizeof(struct sock_filter), BPF_MAXINSNS);
    return 0;
}

static int make(const struct source *s, struct err *e)
{
    auto_fd fd = memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r;

    if (fd < 0)
        return err_set(e, -errno, "memory file for a syscall filter: %s", strerror(errno));
    r = s->floored ? put_floor(fd, e) : 0;
    if (r == 0)
        r = export(s, fd, e);
    if (r == 0)
        r = check_length(fd, e);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return err_set(e, -errno, "sealing a syscall filter: %s", strerror(errno));
    return take_fd(&fd);
}

/* stays the cache's, and may be gone with the next call */
static int find_or_make(const struct source *s, struct err *e)
{
    struct cached *slot = &cache[cached_so_far % CACHE];
    auto_free char *key =
        paths_join("%d %" PRIx64 " %s\n%s", (int) s->floored, s->capabilities, s->name, s->text);
    int fd;

    for (unsigned i = 0; i < CACHE && i < cached_so_far; i++)
        if (strcmp(cache[i].key, key) == 0)
            return cache[i].fd;
    fd = make(s, e);
    if (fd < 0)
        return fd;
    if (cached_so_far >= CACHE) {
        close(slot->fd);
        free(slot->key);
    }
    slot->key = take_ptr(key);
    slot->fd = fd;
    cached_so_far++;
    return fd;
}

static int hand_out(const struct source *s, struct err *e)
{
    int fd = find_or_make(s, e), copy = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);

    return fd >= 0 && copy < 0 ? err_set(e, -errno, "a syscall filter: %s", strerror(errno)) : copy;
}

int seccomp_program(const char *name, struct err *e)
{
    return hand_out(&(struct source){ .name = name, .text = "" }, e);
}

int seccomp_of(const struct spec *s, struct err *e)
{
    struct source from = { .name = s->seccomp, .text = s->seccomp_profile, .floored = true };
    const char *wrong = NULL;

    if (from.text[0] == '\0' && strcmp(from.name, SPEC_UNCONFINED) == 0) {
        from.name = SECCOMP_FLOOR; /* what all services have is all that this one has */
        from.floored = false;
    }
    (void) capability_mask(s->capabilities, &from.capabilities, &wrong);
    return hand_out(&from, e);
}

int seccomp_of_worker(struct err *e)
{
    return hand_out(&(struct source){ .name = SECCOMP_DEFAULT, .text = "", .floored = true }, e);
}

void seccomp_clear(void)
{
    for (unsigned i = 0; i < CACHE && i < cached_so_far; i++) {
        close(cache[i].fd);
        free(cache[i].key);
    }
    cached_so_far = 0;
}
