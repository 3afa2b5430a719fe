/* A launch specification: decoded, written and decoded again, then held against policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "sandbox/etc.h"
#include "sandbox/policy.h"
#include "sandbox/profile.h"
#include "tests/fuzz/fuzz.h"

enum { DESCRIPTORS = 4 };

static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "accepted: %s\n", what);
    abort();
}

static bool has_up(const char *path)
{
    size_t len = strlen(path);

    return strstr(path, "/../") || (len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

/* what no accepted specification may say, whatever the rules are called */
static void check_accepted(const struct spec *s)
{
    demand(s->uid != 0 && s->gid != 0, "root");
    demand(s->id[0] && !strchr(s->id, '/') && s->id[0] != '.', "an id that is a path");
    demand(!strchr(s->project, '/') && !strchr(s->seccomp, '/'), "a name that is a path");
    demand(!strchr(s->user, ':') && !strchr(s->user, '\n'), "a line in /etc/passwd");
    for (size_t i = 0; i < s->n_mounts; i++) {
        const struct spec_mount *m = &s->mounts[i];

        demand(m->target[0] == '/' && m->target[1] && !has_up(m->target), "a mount's target");
        demand(m->kind != SPEC_TMPFS || (m->mode & ~01777u) == 0, "a setuid mode");
        demand(m->kind == SPEC_TMPFS || !has_up(m->source), "a mount's source");
        demand(m->kind != SPEC_VOLUME || !strchr(m->source, '/'), "a volume that is a path");
        demand(m->kind != SPEC_BIND || strncmp(m->source, "/proc/", 6) != 0, "a source in /proc");
    }
    for (size_t i = 0; i < s->n_files; i++) {
        const struct spec_file *f = &s->files[i];

        demand(f->fd < DESCRIPTORS, "a descriptor that was not sent");
        demand(f->mode <= 0777 && f->target[0] == '/' && !has_up(f->target), "a file");
    }
    for (size_t i = 0; i < s->n_devices; i++)
        demand(strncmp(s->devices[i].source, "/dev/", 5) == 0 && !has_up(s->devices[i].source) &&
                   strncmp(s->devices[i].target, "/dev/", 5) == 0 && !has_up(s->devices[i].target),
               "a device outside of /dev");
    for (const char *const *c = s->capabilities; c && *c; c++)
        demand(!strstr(*c, "SYS_ADMIN") && !strstr(*c, "ALL"), "a capability that is root");
    for (size_t i = 0; i < s->n_links; i++)
        demand(strncmp(s->links[i].bridge, "io", 2) == 0, "an interface of the host");
}

/* a filter is made of it, or an error says why not */
static void check_profile(const struct spec *s)
{
    auto_fd fd = memfd_create("filter", MFD_CLOEXEC);
    json_t *profile = json_loads(s->seccomp_profile, JSON_REJECT_DUPLICATES, NULL);
    struct err e = ERR_INIT;

    demand(!profile || profile_export(profile, "fuzzed", 0, fd, &e) == 0 || e.msg[0] != '\0',
           "a profile without a word");
    json_decref(profile);
}

static void check_round_trip(struct arena *a, const struct spec *s)
{
    json_t *written = spec_encode(s), *again = NULL;
    struct spec copy;
    struct err e = ERR_INIT;

    demand(spec_decode(written, a, &copy, &e) == 0, e.msg);
    again = spec_encode(&copy);
    demand(json_equal(written, again), "a specification that changes when it is written");
    json_decref(written);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena a = arena_new();
    json_t *json = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES, NULL);
    struct spec s;
    struct err e = ERR_INIT;

    if (spec_decode(json, a, &s, &e) == 0) {
        check_round_trip(a, &s);
        if (policy_spec(&s, DESCRIPTORS, &e) == 0) {
            check_accepted(&s);
            check_profile(&s);
            for (enum etc_file f = 0; f < ETC_COUNT; f++)
                free(etc_text(f, &s));
        }
    }
    json_decref(json);
    return 0;
}
