#include "compose/model_digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "compose/yaml.h"

int model_digest(struct arena *a, const struct node *service, char out[static MODEL_DIGEST_TEXT],
                 struct err *e)
{
    struct node *bare = node_copy(a, service);
    unsigned char sum[EVP_MAX_MD_SIZE];
    auto_free char *text = NULL;
    unsigned len = 0;
    int r;

    /* how many there are, and what is only asked for at the start, makes no other service of it */
    node_remove(bare, "scale");
    node_remove(bare, "depends_on");
    node_remove(bare, "profiles");
    r = yaml_emit_json(bare, false, &text, e);
    if (r < 0)
        return r;
    if (EVP_Digest(text, strlen(text), sum, &len, EVP_sha256(), NULL) != 1)
        return err_set(e, -EIO, "SHA-256 is not available");
    for (size_t i = 0; i < len; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return 0;
}
