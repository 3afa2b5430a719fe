/* Reading backups: every sum, every stream to its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "ops/backup.h"
#include "ops/seal.h"

enum { SUMS_MAX = 1024 * 1024 };

static const char *text_of(const json_t *part, const char *key)
{
    const char *text = json_string_value(json_object_get(part, key));

    return text ? text : "";
}

static int damaged(const struct backup *b, const char *file, struct err *e)
{
    err_set(e, -EBADMSG, "%s/%s is damaged: its sum is not the one of its manifest", b->name, file);
    err_hint(e, "ipam-orch backup ls");
    return err_classify(e, ERR_BACKUP);
}

const json_t *backup_part(const struct backup *b, const char *what)
{
    const json_t *part;
    size_t i;

    json_array_foreach (json_object_get(b->manifest, "parts"), i, part)
        if (strcmp(text_of(part, "what"), what) == 0)
            return part;
    return NULL;
}

static int how_compressed(const json_t *part)
{
    for (int i = 0; i < COMPRESS_COUNT; i++)
        if (strcmp(text_of(part, "compress"), compression_text[i]) == 0)
            return i;
    return -EBADMSG;
}

static int borrowed(void *owner, const void *data, size_t len, struct err *e)
{
    return flow_write(owner, data, len, e);
}

/* what undoes its sealing and compression, before `to` */
static int stages(const json_t *part, const struct backup_key *key, struct flow *to,
                  struct flow **out, struct err *e)
{
    int how = how_compressed(part);

    if (how < 0)
        return err_set(e, how, "it is compressed in a way that this version does not know");
    if (json_is_true(json_object_get(part, "sealed"))) {
        if (!key->text) {
            err_set(e, -ENOKEY, "it is encrypted, and no passphrase was given");
            return err_hint(e, "give --passphrase-file FILE");
        }
        *out = seal_open(key->text, key->len,
                         flow_expand((enum compression) how, flow_to(borrowed, to)));
        return 0;
    }
    *out = flow_expand((enum compression) how, flow_to(borrowed, to));
    return 0;
}

int backup_read_part(const struct backup_store *s, const struct backup *b, const json_t *part,
                     const struct backup_key *key, struct flow *to, struct err *e)
{
    const char *file = text_of(part, "file");
    struct flow_sum sum = { 0 };
    struct flow *inner = NULL;
    auto_flow all = NULL;
    auto_fd fd = -1;
    int r = backup_store_read(s, b->name, file, &fd, e);

    if (r < 0)
        return r;
    r = stages(part, key, to, &inner, e);
    if (r == 0) {
        all = flow_summed(&sum, inner);
        r = flow_pump(fd, all, e);
    }
    if (r == 0)
        r = flow_finish(all, e);
    if (r == 0 && strcmp(sum.sha256, text_of(part, "sha256")) != 0)
        return damaged(b, file, e);
    if (r < 0) {
        (void) err_wrap(e, "%s/%s", b->name, file);
        return err_classify(e, ERR_BACKUP);
    }
    return 0;
}

/* a sum without looking into it */
static int check_sum(const struct backup_store *s, const struct backup *b, const char *file,
                     const char *wanted, struct err *e)
{
    struct flow_sum sum = { 0 };
    auto_flow f = flow_summed(&sum, flow_to_nothing());
    auto_fd fd = -1;
    int r = backup_store_read(s, b->name, file, &fd, e);

    if (r == 0)
        r = flow_pump(fd, f, e);
    if (r == 0)
        r = flow_finish(f, e);
    if (r < 0)
        return err_classify(e, ERR_BACKUP);
    return strcmp(sum.sha256, wanted) != 0 ? damaged(b, file, e) : 0;
}

/* the manifest by the list of sums, so that a changed manifest is seen */
static int check_manifest(const struct backup_store *s, const struct backup *b, struct err *e)
{
    auto_free char *text = NULL;
    auto_fd fd = -1;
    char *rest = NULL;
    int r = backup_store_read(s, b->name, BACKUP_SUMS, &fd, e);

    if (r == 0 && (r = fsio_read_fd(fd, SUMS_MAX, &text, NULL)) < 0)
        err_set(e, r, "%s/%s: %s", b->name, BACKUP_SUMS, strerror(-r));
    if (r < 0)
        return err_classify(e, ERR_BACKUP);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *file = strstr(line, "  ");

        if (!file || strcmp(file + 2, BACKUP_MANIFEST) != 0)
            continue;
        *file = '\0';
        return check_sum(s, b, BACKUP_MANIFEST, line, e);
    }
    return damaged(b, BACKUP_SUMS, e);
}

/* Sum and contents in one pass.  When that fails, the sum alone is clearer than what a decoder says
 * of damage. */
static int check_part(const struct backup_store *s, const struct backup *b, const json_t *part,
                      const struct backup_key *key, struct err *e)
{
    auto_flow nothing = flow_to_nothing();
    struct err why = ERR_INIT;
    int r = backup_read_part(s, b, part, key, nothing, &why), sum;

    if (r == 0)
        return 0;
    sum = check_sum(s, b, text_of(part, "file"), text_of(part, "sha256"), e);
    if (sum < 0)
        return sum;
    *e = why;
    return r;
}

int backup_verify(const struct backup_store *s, const struct backup *b,
                  const struct backup_key *key, struct err *e)
{
    const json_t *part;
    size_t i;
    int r = check_manifest(s, b, e);

    json_array_foreach (json_object_get(b->manifest, "parts"), i, part)
        if (r == 0)
            r = check_part(s, b, part, key, e);
    return r;
}

int backup_note_verified(const struct backup_store *s, const struct backup *b, const char *how,
                         json_t *found, struct err *e)
{
    json_t *all = b->verified ? json_deep_copy(b->verified) : json_object();
    json_t *one = json_pack("{s:I,s:o}", "time_s", (json_int_t) time(NULL), "found",
                            found ? found : json_null());
    int r;

    (void) json_object_set_new(all, how, one);
    r = backup_store_add(s, b->name, BACKUP_VERIFIED, all, e);
    json_decref(all);
    return r;
}
