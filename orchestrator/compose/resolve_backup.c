/* How a project is backed up, and how long that is kept. */
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

enum { KEEP_MAX = 100000 };

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static int word(const struct node *n, const char *key, const char *const *words, const char **out,
                struct err *e)
{
    *out = node_get_text(n, key, "");
    if (**out == '\0' || is_one_of(*out, words))
        return 0;
    return resolve_refuse(node_get(n, key), e, "'%s' must be %s or %s", key, words[0], words[1]);
}

static int count(struct resolve *r, const struct node *n, const char *key, unsigned *out,
                 struct err *e)
{
    const struct node *value = node_get(n, key);
    uint64_t number = 0;

    if (value && num_u64(scalar_print(r->arena, value), KEEP_MAX, &number) < 0)
        return resolve_refuse(value, e, "'%s' must be a number from 0 to %d", key, KEEP_MAX);
    *out = (unsigned) number;
    return 0;
}

int resolve_backup(struct resolve *r, struct err *e)
{
    static const char *const compress[] = { "zstd", "gzip", "none", NULL };
    static const char *const method[] = { "dump", "physical", NULL };
    const struct node *n = node_get(node_get(r->document, "x-ipam-orch"), "backup");
    struct backup_policy *b = &r->project->backup;
    struct {
        const char *key;
        unsigned *to;
    } counts[] = { { "keep_days", &b->keep_days },
                   { "keep_last", &b->keep_last },
                   { "keep_daily", &b->keep_daily },
                   { "keep_weekly", &b->keep_weekly },
                   { "keep_monthly", &b->keep_monthly } };
    int code = word(n, "compress", compress, &b->compress, e);

    if (code == 0)
        code = word(n, "method", method, &b->method, e);
    for (size_t i = 0; code == 0 && i < ARRAY_LEN(counts); i++)
        code = count(r, n, counts[i].key, counts[i].to, e);
    b->directory = node_get_text(n, "directory", "");
    b->encrypt = node_get_text(n, "encrypt", "");
    b->after = resolve_strings(r->arena, node_get(n, "after"));
    if (code == 0 && b->encrypt[0] != '\0' && !project_secret(r->project, b->encrypt))
        code = resolve_refuse(node_get(n, "encrypt"), e, "backup: secret '%s' is not defined",
                              b->encrypt);
    return code;
}
