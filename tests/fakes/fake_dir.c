#include "tests/fakes/fake_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int fake_tree_remove(const char *path)
{
    char command[96];

    (void) snprintf(command, sizeof command, "rm -rf %s", path);
    return system(command);
}

int fake_dir_set_up(void **state)
{
    struct fake_dir *f = calloc(1, sizeof *f);

    (void) snprintf(f->path, sizeof f->path, "/tmp/ipam-test.XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    (void) umask(022);
    f->top = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) mkdirat(f->top, "in", 0755);
    (void) mkdirat(f->top, "out", 0755);
    f->in = openat(f->top, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = f;
    return f->in < 0 ? -1 : 0;
}

int fake_dir_tear_down(void **state)
{
    struct fake_dir *f = *state;
    int empty = unlinkat(f->top, "out", AT_REMOVEDIR), r;

    close(f->in);
    close(f->top);
    r = fake_tree_remove(f->path);
    free(f);
    return empty < 0 ? empty : r;
}
