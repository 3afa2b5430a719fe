#include "preflight/sysctl.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "preflight/preflight.h"

static const struct sysctl_setting settings[] = {
    { "vm.overcommit_memory", "/proc/sys/vm/overcommit_memory", 1,
      "1: Redis saves in a child process, which fails without" },
    { "net.core.somaxconn", "/proc/sys/net/core/somaxconn", 511,
      "511 or more: the queue Redis and Nginx ask for" },
    { "fs.file-max", "/proc/sys/fs/file-max", 200000,
      "200000 or more: descriptors of all servers" },
    { "kernel.pid_max", "/proc/sys/kernel/pid_max", 32768, "32768 or more" },
};

const struct sysctl_setting *sysctl_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

static void check_setting(const struct sysctl_setting *s, struct findings *out)
{
    auto_free char *text = NULL;
    struct finding *f;
    long value;

    if (fsio_read_pseudo(AT_FDCWD, s->path, 64, &text) < 0)
        return;
    value = strtol(text, NULL, 10);
    f = findings_add(out, value >= s->least ? FINDING_OK : FINDING_WARN, "sysctl.%s", s->name);
    finding_measured(f, "%ld", value);
    finding_required(f, "%s", s->why);
    if (value < s->least)
        finding_remedy(f, "ipam-orch check --fix, or: sysctl -w %s=%ld", s->name, s->least);
}

static void check_huge_pages(struct findings *out)
{
    auto_free char *text = NULL;
    struct finding *f;
    bool always;

    if (fsio_read_pseudo(AT_FDCWD, SYSCTL_HUGE_PAGES, 128, &text) < 0)
        return;
    always = strstr(text, "[always]");
    f = findings_add(out, always ? FINDING_WARN : FINDING_OK, "sysctl.transparent_hugepage");
    finding_measured(f, always ? "always" : "not always");
    finding_required(f, "madvise or never: Redis and MariaDB stall with always");
    if (always)
        finding_remedy(f, "ipam-orch check --fix, or: echo madvise >" SYSCTL_HUGE_PAGES);
}

void preflight_sysctl(const struct preflight *in, struct findings *out)
{
    (void) in;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        check_setting(&settings[i], out);
    check_huge_pages(out);
}
