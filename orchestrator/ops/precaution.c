#include "ops/precaution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ops/backup.h"

const char *precaution_needless(const struct project *now)
{
    return now->database.unit[0] == '\0' ? "the project has no database" : NULL;
}

static enum compression compression_of(const struct backup_policy *policy)
{
    const char *wanted = policy->compress ? policy->compress : "";

    for (int i = 0; i < COMPRESS_COUNT; i++)
        if (strcmp(wanted, compression_text[i]) == 0)
            return (enum compression) i;
    return COMPRESS_ZSTD;
}

/* a project whose backups are sealed has no other ones */
static int find_key(const struct project *now, struct backup_key *key, struct err *e)
{
    const char *name = now->backup.encrypt;
    const struct secret *s = name && name[0] ? project_secret(now, name) : NULL;

    *key = s ? (struct backup_key){ .text = s->value, .len = s->len } : (struct backup_key){ 0 };
    if (!name || name[0] == '\0' || (s && s->len > 0))
        return 0;
    return err_set(e, -ENOKEY, "backups are to be encrypted, and secret '%s' is not there", name);
}

static int take(const struct procedure *p, const struct backup_wish *wish, struct err *e)
{
    const char *directory = wish->definition->backup.directory;
    struct backup_store store = BACKUP_STORE_NONE;
    auto_free char *name = NULL;
    json_t *manifest = NULL;
    char sum[FLOW_SUM_TEXT];
    int r = backup_store_open(p->project, directory ? directory : "", true, &store, e);

    if (r == 0)
        r = backup_create(p, &store, wish, &name, &manifest, sum, e);
    if (r == 0)
        procedure_say(p, "backup %s", name);
    json_decref(manifest);
    backup_store_close(&store);
    return r;
}

int precaution_take(const struct procedure *p, const struct project *now, const char *label,
                    const char *tools, struct err *e)
{
    const char *method = now->backup.method ? now->backup.method : "";
    struct backup_wish wish = { .definition = now,
                                .what = BACKUP_DB | BACKUP_CONFIG,
                                .compress = compression_of(&now->backup),
                                .label = label,
                                .tools = tools,
                                .safety = true,
                                .no_files = true,
                                .physical = strcmp(method, "physical") == 0 };
    int r = find_key(now, &wish.key, e);

    if (r == 0)
        r = take(p, &wish, e);
    if (r == 0)
        return 0;
    (void) err_wrap(e, "nothing was changed");
    if (e->hint[0] == '\0')
        err_hint(e, "put that right, or do without: --no-backup");
    return err_classify(e, ERR_BACKUP);
}
