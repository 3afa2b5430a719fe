#include "compose/pathname.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

const char *pathname_clean(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2), *end = out, *floor;

    if (path[0] == '/')
        *end++ = '/';
    floor = end; /* what stands before it is not taken back by .. */
    while (*path) {
        size_t n = strcspn(path, "/");
        bool up = n == 2 && path[0] == '.' && path[1] == '.';

        if (up && end > floor) {
            while (--end > floor && *end != '/')
                ;
        } else if (n > 0 && !(n == 1 && path[0] == '.') && !(up && out[0] == '/')) {
            if (end > out && end[-1] != '/')
                *end++ = '/';
            memcpy(end, path, n);
            end += n;
            if (up)
                floor = end;
        }
        path += n + (path[n] == '/');
    }
    *end = '\0';
    return out[0] ? out : ".";
}

const char *pathname_join(struct arena *a, const char *dir, const char *path)
{
    if (path[0] == '\0' || dir[0] == '\0')
        return dir[0] || path[0] ? pathname_clean(a, dir[0] ? dir : path) : "";
    return pathname_clean(a, arena_printf(a, "%s/%s", dir, path));
}

static const char *expand_home(struct arena *a, const char *path)
{
    const char *home = getenv("HOME");

    return path[0] == '~' && home && home[0] ? pathname_join(a, home, path + 1) : path;
}

const char *pathname_resolve(struct arena *a, const char *dir, const char *path)
{
    path = expand_home(a, path);
    return path[0] == '/' ? path : pathname_join(a, dir, path);
}

const char *pathname_relative(struct arena *a, const char *base, const char *path)
{
    size_t common = 0, i = 0;
    const char *up = "";

    base = pathname_clean(a, base);
    path = pathname_clean(a, path);
    if (strcmp(base, "/") == 0)
        return path[1] ? path + 1 : ".";
    for (; base[i] != '\0' && base[i] == path[i]; i++)
        if (base[i] == '/')
            common = i;
    if ((base[i] == '\0' || base[i] == '/') && (path[i] == '\0' || path[i] == '/'))
        common = i;
    for (const char *s = base + common; *s; s++)
        if (*s == '/')
            up = arena_printf(a, "%s../", up);
    path += common;
    path += *path == '/';
    return pathname_clean(a, arena_printf(a, "%s%s", up, path));
}

const char *pathname_parent(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return pathname_clean(a, arena_strndup(a, path, (size_t) (slash - path) + (slash == path)));
}

bool pathname_is_windows(const char *path)
{
    if (path[0] && path[1] == ':')
        return path[2] == '\\' || path[2] == '/';
    return path[0] == '\\' && path[1] == '\\';
}

const char *pathname_follow(struct arena *a, const char *path)
{
    for (size_t n = 1; n <= strlen(path); n++) {
        const char *part;
        struct stat st;
        auto_free char *target = NULL;

        if (path[n] != '/' && path[n] != '\0')
            continue;
        part = arena_strndup(a, path, n);
        if (lstat(part, &st) < 0 || !S_ISLNK(st.st_mode))
            continue;
        target = realpath(part, NULL);
        return target ? arena_printf(a, "%s%s", target, path + n) : path;
    }
    return path;
}
