#include "cli/storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum { DEPTH_MAX = 64, BLOCK = 512 };

int storage_ask(struct client *c, const char *what, json_t *fields, json_t **answer, struct err *e)
{
    bool leftovers = strcmp(what, "leftovers") == 0;
    json_t *message = leftovers ? fields : json_pack("{s:s,s:o*}", "what", what, "fields", fields);
    json_t *got = NULL;
    int r;

    (void) json_object_set_new(message, "op", json_string(leftovers ? what : "storage"));
    r = client_send(c, message, e);
    do {
        if (r == 0 || r == -EINTR)
            r = client_receive(c, -1, &got, e);
    } while (r == -EINTR);
    if (r == 0)
        r = client_error(got, e);
    if (r == 0)
        *answer = json_incref(json_object_get(got, "answer"));
    json_decref(got);
    return r;
}

bool storage_is_of(const char *project, const json_t *names, const char *volume)
{
    size_t len = strlen(project);

    for (size_t i = 0; i < json_array_size(names); i++)
        if (strcmp(json_string_value(json_array_get(names, i)), volume) == 0)
            return true;
    return strncmp(volume, project, len) == 0 && volume[len] == '_';
}

static int add_up(int dir, const char *name, unsigned depth, uint64_t *sum)
{
    struct stat st;
    auto_dir list = NULL;
    const struct dirent *entry;
    int fd, r = 0;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno; /* it may go while we look */
    *sum += (uint64_t) st.st_blocks * BLOCK;
    if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
        return 0;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    list = fdopendir(fd);
    while (r == 0 && list && (entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = add_up(dirfd(list), entry->d_name, depth + 1, sum);
    return r;
}

int storage_bytes(int dir, const char *name, uint64_t *out)
{
    uint64_t sum = 0;
    int r = add_up(dir, name, 0, &sum);

    if (r == 0)
        *out = sum;
    return r;
}

static int remove_below(int dir, const char *name, unsigned depth)
{
    auto_dir list = NULL;
    const struct dirent *entry;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;

    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return unlinkat(dir, name, 0) < 0 ? -errno : 0;
    if (fd < 0)
        return -errno;
    list = fdopendir(fd);
    while (r == 0 && list && (entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = depth == DEPTH_MAX ? -ELOOP : remove_below(dirfd(list), entry->d_name, depth + 1);
    return r < 0 ? r : unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int storage_remove(int dir, const char *name)
{
    return remove_below(dir, name, 0);
}
