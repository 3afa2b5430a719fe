#include "ops/seeds.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/strv.h"
#include "base/suggest.h"

enum { SETS_MAX = 100, NAME_MAX_ = 64 };

static bool is_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return n > 0 && n <= NAME_MAX_ && text[n] == '\0';
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

int seeds_sets(const struct project *p, char ***out, struct err *e)
{
    const char *path = p->database.seeds;
    auto_dir dir = path[0] != '\0' ? opendir(path) : NULL;
    char **sets = NULL;

    *out = NULL;
    if (path[0] == '\0')
        return 0;
    if (!dir)
        return err_set(e, -errno, "seeds: %s: %s", path, strerror(errno));
    for (struct dirent *d; (d = readdir(dir)) && strv_len(sets) < SETS_MAX;) {
        auto_free char *full = NULL;
        struct stat st;

        if (!is_name(d->d_name) || asprintf(&full, "%s/%s", path, d->d_name) < 0)
            continue;
        if (stat(full, &st) == 0 && S_ISDIR(st.st_mode))
            strv_append(&sets, d->d_name);
    }
    if (sets)
        qsort(sets, strv_len(sets), sizeof *sets, by_name);
    strv_append(out, SEEDS_BASE);
    for (char **s = sets; s && *s; s++)
        strv_append(out, *s);
    strv_free(sets);
    return 0;
}

int seeds_path(const struct project *p, const char *set, char **out, struct err *e)
{
    char **sets = NULL;
    int r = seeds_sets(p, &sets, e);

    if (r == 0 && !strv_has(sets, set)) {
        const char *near = suggest(set, (const char *const *) sets);

        err_set(e, -ENOENT, "there is no set '%s' of seeds%s%s%s", set,
                near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
        err_hint(e, "ipam-orch seed --list");
        r = err_classify(e, ERR_USAGE);
    }
    strv_free(sets);
    if (r == 0 && asprintf(out, "%s%s%s", p->database.seeds, strcmp(set, SEEDS_BASE) ? "/" : "",
                           strcmp(set, SEEDS_BASE) ? set : "") < 0)
        abort();
    return r;
}

bool seeds_is_demo(const char *set)
{
    static const char *const demo[] = { "demo", "test", "sample" };

    for (size_t i = 0; i < ARRAY_LEN(demo); i++)
        if (strncasecmp(set, demo[i], strlen(demo[i])) == 0)
            return true;
    return false;
}

int seeds_allowed(const struct project *p, const char *set, bool force, struct err *e)
{
    if (force || !seeds_is_demo(set) || p->database.no_production)
        return 0;
    err_set(e, -EPERM,
            "the seeds '%s' are not for production, which x-ipam-orch.environment says "
            "this project is, or it says nothing",
            set);
    err_hint(e, "ipam-orch seed --set %s --force", set);
    return err_classify(e, ERR_UNSAFE);
}

/* the next word, or name in back quotes, behind blanks */
static const char *word(const char *at, const char *end, char *out, size_t room)
{
    size_t n = 0;

    while (at < end && isspace((unsigned char) *at))
        at++;
    if (at < end && *at == '`') {
        for (at++; at < end && *at != '`'; at++)
            if (n + 1 < room)
                out[n++] = *at;
        at += at < end;
    } else {
        for (; at < end && (isalnum((unsigned char) *at) || *at == '_' || *at == '$'); at++)
            if (n + 1 < room)
                out[n++] = *at;
    }
    out[n] = '\0';
    return at;
}

void seeds_target(const char *statement, size_t len, char *out, size_t room)
{
    static const char *const skipped[] = { "INTO", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY",
                                           "DELAYED" };
    const char *end = statement + len, *at = word(statement, end, out, room);
    bool more = strcasecmp(out, "INSERT") == 0 || strcasecmp(out, "REPLACE") == 0;

    if (!more)
        out[0] = '\0';
    while (more) {
        at = word(at, end, out, room);
        more = false;
        for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
            more |= strcasecmp(out, skipped[i]) == 0;
    }
}
