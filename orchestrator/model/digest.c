#include "model/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "model/project_json.h"

enum { SECRETS_DIGITS = 12 }; /* with definition and content it fits into an instance */

static const char *hex(struct arena *a, const unsigned char *bytes, size_t n)
{
    char *text = arena_alloc(a, 2 * n + 1);

    for (size_t i = 0; i < n; i++)
        (void) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

int digest_name(struct arena *a, const char *text, const char **out, struct err *e)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(text, strlen(text), sum, &len, EVP_sha256(), NULL) != 1)
        return err_set(e, -EIO, "SHA-256 is not available");
    *out = hex(a, sum, len);
    return 0;
}

size_t digest_definition(const char *digest)
{
    return strcspn(digest, "+");
}

static bool uses(const struct unit *u, const char *secret)
{
    for (size_t i = 0; i < u->n_files; i++)
        if (strcmp(u->files[i].secret, secret) == 0)
            return true;
    return false;
}

static void add_secret(json_t *to, const struct secret *s)
{
    size_t len = 0;
    auto_free char *text = bytetext_encode(s->value, s->len, &len);

    if (!text)
        abort();
    (void) json_object_set_new(to, s->name, json_stringn(text, len));
    explicit_bzero(text, len);
}

int digest_secrets(struct project *p, struct unit *u, struct err *e)
{
    size_t definition = strcspn(u->digest, "-+"), content = strcspn(u->digest, "+");
    const char *sum = NULL;
    auto_free char *text = NULL;
    json_t *all = json_object();
    int r;

    for (size_t i = 0; i < p->n_secrets; i++)
        if (uses(u, p->secrets[i].name))
            add_secret(all, &p->secrets[i]);
    if (json_object_size(all) == 0) {
        json_decref(all);
        return 0;
    }
    (void) json_object_set_new(all, "/definition", json_stringn(u->digest, definition));
    text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    if (!text)
        abort();
    r = digest_name(p->arena, text, &sum, e);
    explicit_bzero(text, strlen(text));
    if (r == 0)
        u->digest = arena_printf(p->arena, "%.*s-%.*s%s", (int) definition, u->digest,
                                 SECRETS_DIGITS, sum, u->digest + content);
    return r;
}

/* A project of this unit alone is its full description, apart from the values of secrets. */
static int digest_unit(struct project *p, struct unit *u, struct err *e)
{
    struct unit bare = *u;
    struct project alone = { .name = p->name,
                             .dir = "",
                             .release = "",
                             .units = &bare,
                             .n_units = 1,
                             .database = { "", "", "", "", "", "", 0 },
                             .verify = VERIFY_BLANK,
                             .maintenance = MAINTENANCE_BLANK,
                             .backup = {
                                 .directory = "", .compress = "", .encrypt = "", .method = "" } };
    auto_free char *text = NULL;
    int r;

    bare.digest = bare.release = "";
    bare.replicas = 1; /* one more or less changes none of them */
    bare.update = bare.rollback = (struct rollout_spec){ 0 }; /* nor does how it is replaced */
    r = project_to_json(&alone, &text, e);
    if (r < 0)
        return r;
    r = digest_name(p->arena, text, &u->digest, e);
    explicit_bzero(text, strlen(text));
    return r == 0 ? digest_secrets(p, u, e) : r;
}

int digest_units(struct project *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n_units; i++)
        r = digest_unit(p, &p->units[i], e);
    return r;
}
