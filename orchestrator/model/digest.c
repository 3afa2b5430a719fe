#include "model/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/project_json.h"

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

/* A project of this unit alone, with its secrets, is its full description. */
static int digest_unit(const struct project *p, struct unit *u, struct err *e)
{
    struct unit bare = *u;
    struct project alone = { .name = p->name,
                             .dir = "",
                             .release = "",
                             .units = &bare,
                             .n_units = 1,
                             .database = { "", "", "", "", "", "", 0 },
                             .backup = {
                                 .directory = "", .compress = "", .encrypt = "", .method = "" } };
    auto_free struct secret *used = calloc(u->n_files + 1, sizeof *used);
    auto_free char *text = NULL;
    int r;

    if (!used)
        abort();
    bare.digest = bare.release = "";
    bare.replicas = 1; /* one more or less changes none of them */
    bare.update = bare.rollback = (struct rollout_spec){ 0 }; /* nor does how it is replaced */
    alone.secrets = used;
    for (size_t i = 0; i < u->n_files; i++)
        used[alone.n_secrets++] = *project_secret(p, u->files[i].secret);
    r = project_to_json(&alone, &text, e);
    if (r < 0)
        return r;
    r = digest_name(p->arena, text, &u->digest, e);
    explicit_bzero(text, strlen(text));
    return r;
}

int digest_units(struct project *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n_units; i++)
        r = digest_unit(p, &p->units[i], e);
    return r;
}
