#include "logs/budget.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"

struct rotated {
    char *name;
    uint64_t size, written_us;
    uint64_t number;
    size_t of; /* index of its service; n = none that is known */
};

struct scan {
    const struct budget *each;
    size_t n;
    uint64_t *used; /* bytes of each, those of nobody at the end */
    uint64_t total;
    struct rotated *list;
    size_t n_list;
};

static size_t service_of(const struct scan *s, const char *name, size_t len)
{
    const char *at = memchr(name, '@', len);
    size_t i;

    len = at ? (size_t) (at - name) : len;
    for (i = 0; i < s->n; i++)
        if (strlen(s->each[i].service) == len && memcmp(s->each[i].service, name, len) == 0)
            break;
    return i;
}

/* "" and 0 for the present file, ".3" or ".3.gz"; false for anything else */
static bool take_number(const char *rest, uint64_t *number)
{
    auto_free char *digits = NULL;
    size_t len;

    *number = 0;
    if (*rest == '\0')
        return true;
    len = strspn(rest + 1, "0123456789");
    digits = strndup(rest + 1, len);
    return *rest == '.' && digits && num_u64(digits, LIMIT_LOG_FILES, number) == 0 && *number > 0 &&
           (rest[1 + len] == '\0' || strcmp(rest + 1 + len, ".gz") == 0);
}

/* the last ".log" of a name that has nothing but a number behind it */
static const char *end_of_label(const char *name, uint64_t *number)
{
    const char *found = NULL;

    for (const char *at = name; (at = strstr(at, ".log")); at++)
        if (at > name && take_number(at + strlen(".log"), number))
            found = at;
    return found;
}

static void look_at(struct scan *s, int dir, const char *name)
{
    uint64_t number = 0;
    const char *end = name[0] == '@' ? NULL : end_of_label(name, &number);
    struct stat st;
    size_t of;

    if (!end || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return;
    of = service_of(s, name, (size_t) (end - name));
    s->used[of] += (uint64_t) st.st_size;
    s->total += (uint64_t) st.st_size;
    if (number == 0)
        return;
    s->list = reallocarray(s->list, s->n_list + 1, sizeof *s->list);
    if (!s->list)
        abort();
    s->list[s->n_list++] = (struct rotated){
        .name = strdup(name),
        .size = (uint64_t) st.st_size,
        .written_us =
            (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t) st.st_mtim.tv_nsec / 1000,
        .number = number,
        .of = of,
    };
}

static int by_age(const void *a, const void *b)
{
    const struct rotated *x = a, *y = b;

    if (x->written_us != y->written_us)
        return x->written_us < y->written_us ? -1 : 1;
    return (y->number > x->number) - (y->number < x->number);
}

static bool has_to_go(const struct scan *s, const struct rotated *f, uint64_t bytes,
                      uint64_t now_us)
{
    const struct budget *b = f->of < s->n ? &s->each[f->of] : &(struct budget){ 0 };

    return (b->age_us > 0 && now_us > f->written_us && now_us - f->written_us > b->age_us) ||
           (b->bytes > 0 && s->used[f->of] > b->bytes) || (bytes > 0 && s->total > bytes);
}

size_t budget_apply(const char *dir, const struct budget *each, size_t n, uint64_t bytes,
                    uint64_t now_us)
{
    auto_dir d = opendir(dir);
    auto_free uint64_t *used = calloc(n + 1, sizeof *used);
    struct scan s = { .each = each, .n = n, .used = used };
    size_t gone = 0;

    if (!used)
        abort();
    for (struct dirent *entry; d && (entry = readdir(d));)
        look_at(&s, dirfd(d), entry->d_name);
    if (s.n_list > 0)
        qsort(s.list, s.n_list, sizeof *s.list, by_age);
    for (size_t i = 0; i < s.n_list; i++) {
        struct rotated *f = &s.list[i];

        if (f->name && has_to_go(&s, f, bytes, now_us) && unlinkat(dirfd(d), f->name, 0) == 0) {
            s.used[f->of] -= f->size;
            s.total -= f->size;
            gone++;
        }
        free(f->name);
    }
    free(s.list);
    return gone;
}
