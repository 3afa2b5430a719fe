#include "sandbox/etc.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"

enum { NOBODY = 65534, RESOLV_MAX = 64 * 1024 };

static const char *const paths[] = {
    [ETC_PASSWD] = "/etc/passwd",      [ETC_GROUP] = "/etc/group",
    [ETC_HOSTS] = "/etc/hosts",        [ETC_HOSTNAME] = "/etc/hostname",
    [ETC_RESOLV] = "/etc/resolv.conf", [ETC_NSSWITCH] = "/etc/nsswitch.conf",
};
static_assert(ARRAY_LEN(paths) == ETC_COUNT, "a file has no path");

const char *etc_path(enum etc_file which)
{
    return paths[which];
}

static const char *user_name(const struct spec *s)
{
    return s->user[0] ? s->user : "service";
}

static void write_passwd(FILE *f, const struct spec *s)
{
    static const char shell[] = "/usr/sbin/nologin";

    (void) fprintf(f, "root:x:0:0:root:/root:%s\n", shell);
    if (s->uid != NOBODY)
        (void) fprintf(f, "%s:x:%u:%u::%s:%s\n", user_name(s), s->uid, s->gid,
                       s->home[0] ? s->home : "/", shell);
    (void) fprintf(f, "nobody:x:%d:%d:nobody:/nonexistent:%s\n", NOBODY, NOBODY, shell);
}

static void write_group(FILE *f, const struct spec *s)
{
    (void) fputs("root:x:0:\n", f);
    if (s->gid != NOBODY)
        (void) fprintf(f, "%s:x:%u:\n", user_name(s), s->gid);
    for (size_t i = 0; i < s->n_groups; i++)
        if (s->groups[i].name[0] && s->groups[i].gid != s->gid && s->groups[i].gid != NOBODY)
            (void) fprintf(f, "%s:x:%u:%s\n", s->groups[i].name, s->groups[i].gid, user_name(s));
    (void) fprintf(f, "nogroup:x:%d:\n", NOBODY);
}

static void write_hosts(FILE *f, const struct spec *s)
{
    const char *own = s->n_links > 0 ? s->links[0].ipv4 : "127.0.1.1";

    (void) fputs("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", f);
    (void) fprintf(f, "%.*s\t%s\n", (int) strcspn(own, "/"), own, s->hostname);
    for (size_t i = 0; i < s->n_hosts; i++)
        (void) fprintf(f, "%s\t%s\n", s->hosts[i].address, s->hosts[i].names);
}

/* The host's own, without resolvers on its loopback: they are not there in another namespace. */
static void write_resolv(FILE *f)
{
    auto_free char *text = NULL;
    char *rest, *line;

    if (fsio_read(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &text, NULL) < 0)
        return;
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        char server[8] = "";

        if (line[0] == '\0' || (sscanf(line, " nameserver %7s", server) == 1 &&
                                (strncmp(server, "127.", 4) == 0 || strcmp(server, "::1") == 0)))
            continue;
        (void) fprintf(f, "%s\n", line);
    }
}

char *etc_text(enum etc_file which, const struct spec *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        abort();
    switch (which) {
    case ETC_PASSWD: write_passwd(f, s); break;
    case ETC_GROUP: write_group(f, s); break;
    case ETC_HOSTS: write_hosts(f, s); break;
    case ETC_HOSTNAME: (void) fprintf(f, "%s\n", s->hostname); break;
    case ETC_RESOLV: write_resolv(f); break;
    case ETC_NSSWITCH:
        (void) fputs("passwd: files\ngroup: files\nhosts: files dns\nservices: files\n", f);
        break;
    case ETC_COUNT: break;
    }
    if (fclose(f) != 0)
        abort();
    return text;
}
