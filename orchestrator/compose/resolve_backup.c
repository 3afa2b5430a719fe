/* How a project is backed up, and how long that is kept. */
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

enum { KEEP_MAX = 100000 };

/* `words` as "a, b, c" */
static int word(const struct node *n, const char *key, const char *words, const char **out,
                struct err *e)
{
    size_t len;

    *out = node_get_text(n, key, "");
    len = strlen(*out);
    if (len == 0)
        return 0;
    for (const char *w = words; w; w = strchr(w, ',') ? strchr(w, ',') + 2 : NULL)
        if (strcspn(w, ",") == len && strncmp(w, *out, len) == 0)
            return 0;
    return resolve_refuse(node_get(n, key), e, "'%s' must be one of: %s", key, words);
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
    int code = word(n, "compress", "zstd, gzip, none", &b->compress, e);

    if (code == 0)
        code = word(n, "method", "dump, physical", &b->method, e);
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
