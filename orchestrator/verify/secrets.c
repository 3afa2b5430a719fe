/* Are secrets strong, and nowhere they should not be (R2.1, R2.3, R8.3)? */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "model/member.h"
#include "verify/verify_impl.h"

/* 128 bits are 22 letters and digits; what is shorter may do, what is very short does not */
enum { STRONG = 22, WEAK = 10, VARIED = 6, ARGV_MAX = 256 * 1024 };

/* what somebody types or a generator makes; keys and certificates are files of lines */
static bool is_password(const struct secret *s)
{
    return strlen(s->value) == s->len && !strchr(s->value, '\n') &&
           strncmp(s->name, "config:", 7) != 0;
}

static size_t variety(const char *s)
{
    bool seen[256] = { false };
    size_t n = 0;

    for (; *s; s++) {
        n += !seen[(unsigned char) *s];
        seen[(unsigned char) *s] = true;
    }
    return n;
}

static bool is_placeholder(const char *s)
{
    static const char *const known[] = { "changeme", "change-me", "password", "secret", "example" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strncasecmp(s, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

static const char *twin_of(const struct project *p, const struct secret *s)
{
    for (size_t i = 0; i < p->n_secrets; i++)
        if (&p->secrets[i] != s && p->secrets[i].len == s->len && s->len > 0 &&
            memcmp(p->secrets[i].value, s->value, s->len) == 0)
            return p->secrets[i].name;
    return NULL;
}

void verify_secrets_strength(struct verify *v)
{
    const struct project *p = v->project;
    size_t n = 0, bad = 0;

    for (size_t i = 0; i < p->n_secrets; i++) {
        const struct secret *s = &p->secrets[i];
        const char *what = NULL, *twin = twin_of(p, s);
        enum verify_status status = VERIFY_FAIL;

        if (!is_password(s))
            continue;
        n++;
        if (s->len == 0)
            what = "it is empty";
        else if (is_placeholder(s->value))
            what = "it is what everybody would try first";
        else if (s->len < WEAK || variety(s->value) < VARIED)
            what = "it is too short, or of too few different characters";
        else if (twin)
            what = "another secret has the same value";
        else if (s->len < STRONG) {
            what = "it is shorter than 22 characters, which 128 bits take";
            status = VERIFY_WARN;
        }
        if (!what)
            continue;
        bad++;
        verify_say(v, status, s->name, "%s", what);
        verify_next(v, "ipam-orch secrets rotate %s", s->name);
    }
    if (n > 0 && bad == 0)
        verify_say(v, VERIFY_OK, NULL, "%zu secrets, each long, varied and of its own", n);
}

/* the name of a secret that is among the arguments of a process */
static const char *secret_in(const struct project *p, const char *args, size_t len)
{
    for (size_t i = 0; i < p->n_secrets; i++)
        if (is_password(&p->secrets[i]) && p->secrets[i].len >= WEAK &&
            memmem(args, len, p->secrets[i].value, p->secrets[i].len))
            return p->secrets[i].name;
    return NULL;
}

void verify_secrets_argv(struct verify *v)
{
    auto_dir dir = opendir("/proc");
    const struct dirent *d;
    size_t n = 0, bad = 0;

    while (dir && (d = readdir(dir))) {
        auto_free char *path = paths_join("/proc/%s/cmdline", d->d_name), *args = NULL;
        auto_fd fd = -1;
        const char *name;
        size_t len = 0;

        if (!isdigit((unsigned char) d->d_name[0]))
            continue;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsio_read_fd(fd, ARGV_MAX, &args, &len) < 0)
            continue;
        n++;
        name = secret_in(v->project, args, len);
        if (!name)
            continue;
        bad++;
        verify_say(v, VERIFY_FAIL, d->d_name,
                   "process %s (%.60s) has the secret '%s' in its arguments", d->d_name, args,
                   name);
        verify_next(v, "ipam-orch secrets rotate %s", name);
    }
    if (bad == 0)
        verify_say(v, VERIFY_OK, NULL, "none of %zu processes", n);
}

void verify_secrets_file(struct verify *v)
{
    auto_free char *path = paths_join("%s/.env.prod", member_text(v->status, "directory"));
    struct stat st;

    if (stat(path, &st) < 0) {
        verify_say(v, VERIFY_SKIP, NULL, "%s is not there, or not to be seen from here", path);
    } else if ((st.st_mode & 077) != 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s has the mode %03o: others can read it", path,
                   st.st_mode & 0777);
        verify_next(v, "chmod 600 %s", path);
    } else {
        verify_say(v, VERIFY_OK, NULL, "%s has the mode %03o", path, st.st_mode & 0777);
    }
}
