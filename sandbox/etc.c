#include "sandbox/etc.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "sandbox/creds.h"

enum { NOBODY = 65534, RESOLV_MAX = 64 * 1024 };

static const char *const paths[] = {
    [ETC_PASSWD] = "/etc/passwd",       [ETC_GROUP] = "/etc/group",
    [ETC_HOSTS] = "/etc/hosts",         [ETC_HOSTNAME] = "/etc/hostname",
    [ETC_RESOLV] = "/etc/resolv.conf",  [ETC_NSSWITCH] = "/etc/nsswitch.conf",
    [ETC_HOST_CONF] = "/etc/host.conf",
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
    (void) fprintf(f, "nogroup:x:%d:\n" CREDS_WATCHERS_NAME ":x:%d:\n", NOBODY, CREDS_WATCHERS_GID);
}

static const char *own_address(const struct spec *s)
{
    if (s->n_links == 0)
        return "127.0.1.1";
    return s->links[0].ipv4[0] ? s->links[0].ipv4 : s->links[0].ipv6;
}

static void write_hosts(FILE *f, const struct spec *s)
{
    const char *own = own_address(s);

    (void) fputs("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", f);
    (void) fprintf(f, "%.*s\t", (int) strcspn(own, "/"), own);
    if (s->domainname && s->domainname[0])
        (void) fprintf(f, "%s.%s ", s->hostname, s->domainname);
    (void) fprintf(f, "%s\n", s->hostname);
    for (size_t i = 0; i < s->n_hosts; i++)
        (void) fprintf(f, "%s\t%s\n", s->hosts[i].address, s->hosts[i].names);
}

/* true when the specification says what this line of the host's would say */
static bool is_overruled(const struct spec *s, const char *line)
{
    const struct {
        const char *keyword;
        const char *const *instead;
    } of[] = { { "nameserver", s->dns },
               { "search", s->dns_search },
               { "domain", s->dns_search },
               { "options", s->dns_options } };

    line += strspn(line, " \t");
    for (size_t i = 0; i < ARRAY_LEN(of); i++)
        if (of[i].instead && of[i].instead[0] &&
            strncmp(line, of[i].keyword, strlen(of[i].keyword)) == 0)
            return true;
    return false;
}

/* one line with all of a list, nothing for an empty one */
static void write_words(FILE *f, const char *keyword, const char *const *list)
{
    if (!list || !list[0])
        return;
    (void) fputs(keyword, f);
    for (; *list; list++)
        (void) fprintf(f, " %s", *list);
    (void) fputc('\n', f);
}

/* What the specification says; for the rest the host's own, without resolvers on its loopback: they
 * are not there in another namespace. */
static void write_resolv(FILE *f, const struct spec *s)
{
    auto_free char *text = NULL;
    char *rest, *line;

    for (const char *const *server = s->dns; server && *server; server++)
        (void) fprintf(f, "nameserver %s\n", *server);
    write_words(f, "search", s->dns_search);
    write_words(f, "options", s->dns_options);
    if (fsio_read(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &text, NULL) < 0)
        return;
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        char server[8] = "";

        if (line[0] == '\0' || is_overruled(s, line) ||
            (sscanf(line, " nameserver %7s", server) == 1 &&
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
    case ETC_RESOLV: write_resolv(f, s); break;
    case ETC_NSSWITCH:
        (void) fputs("passwd: files\ngroup: files\nhosts: files dns\nservices: files\n", f);
        break;
    /* host.conf(5): a name of several instances has the addresses of all */
    case ETC_HOST_CONF: (void) fputs("multi on\n", f); break;
    case ETC_COUNT: break;
    }
    if (fclose(f) != 0)
        abort();
    return text;
}
