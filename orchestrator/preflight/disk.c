/* Free space, once per file system, however many of our directories are on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/paths.h"
#include "preflight/preflight.h"

/* the nearest directory above a path that exists */
static char *existing(const char *path)
{
    char *here = strdup(path), *slash;

    while (here && access(here, F_OK) < 0 && (slash = strrchr(here, '/'))) {
        slash[slash == here] = '\0';
        if (slash == here)
            break;
    }
    return here;
}

struct place {
    const char *what, *path;
    dev_t device;
};

static void check_disk(const struct preflight *in, const struct place *places, size_t n, size_t i,
                       struct findings *out)
{
    auto_free char *here = existing(places[i].path), *names = NULL;
    char text[NUM_BYTES_TEXT], need[NUM_BYTES_TEXT];
    struct finding *f;
    struct statvfs fs;
    uint64_t have;
    size_t len = 0;
    FILE *list = open_memstream(&names, &len);

    if (!here || !list || statvfs(here, &fs) < 0)
        abort();
    for (size_t k = i; k < n; k++)
        if (places[k].device == places[i].device)
            fprintf(list, "%s%s", k == i ? "" : ", ", places[k].what);
    (void) fclose(list);
    have = (uint64_t) fs.f_bavail * fs.f_frsize;
    f = findings_add(out, have >= in->min_disk ? FINDING_OK : FINDING_FAIL, "disk.%s",
                     places[i].what);
    num_bytes_text(have, text);
    num_bytes_text(in->min_disk, need);
    finding_measured(f, "%s free on the file system of %s (%s)", text, here, names);
    finding_required(f, "%s", need);
    if (have < in->min_disk)
        finding_remedy(f, "make room there, or move %s to a larger disk", places[i].path);
    if (fs.f_files > 0 && fs.f_favail < fs.f_files / 20) {
        f = findings_add(out, FINDING_WARN, "disk.%s.inodes", places[i].what);
        finding_measured(f, "%llu free inodes", (unsigned long long) fs.f_favail);
        finding_required(f, "one in twenty");
        finding_remedy(f, "many small files fill %s: remove some", here);
    }
}

void preflight_disk(const struct preflight *in, struct findings *out)
{
    struct place places[] = {
        { "data", paths_state(), 0 },
        { "logs", paths_log(), 0 },
        { "docker", "/var/lib/docker", 0 },
    };
    size_t n = in->compose ? 3 : 2;

    for (size_t i = 0; i < n; i++) {
        auto_free char *here = existing(places[i].path);
        struct stat st;

        if (!here || stat(here, &st) < 0)
            abort(); /* "/" is always there */
        places[i].device = st.st_dev;
    }
    for (size_t i = 0; i < n; i++) {
        bool told = false;

        for (size_t k = 0; k < i; k++)
            told |= places[k].device == places[i].device;
        if (!told)
            check_disk(in, places, n, i, out);
    }
}
