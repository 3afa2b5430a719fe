#include "cli/secret_export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "base/auto.h"

static const char magic[] = "Salted__";

enum {
    MAGIC_BYTES = sizeof magic - 1,
    SALT_BYTES = 8,
    HEAD_BYTES = MAGIC_BYTES + SALT_BYTES,
    KEY_BYTES = 32,
    IV_BYTES = 16,
    BLOCK_BYTES = 16,
    SUM_BYTES = 32,
    ITERATIONS = 600000, /* as OWASP asks for PBKDF2 with SHA-256 */
};

static int broken(struct err *e)
{
    return err_set(e, -EIO, "AES-256 or SHA-256 is not available");
}

static char *lines(const struct secret_list *l, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (!out)
        abort();
    fprintf(out, "# secrets of %s\n", l->loaded.name);
    for (size_t i = 0; i < l->n; i++)
        if (!l->items[i].file)
            fprintf(out, "%s=%s\n", l->items[i].name, l->items[i].value);
    (void) fclose(out);
    return text;
}

/* with the sum of all of it as the last line */
static int plain_text(const struct secret_list *l, char **out, size_t *len, struct err *e)
{
    auto_free char *text = lines(l, len);
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t before = *len;
    FILE *stream;

    if (EVP_Digest(text, before, sum, &n, EVP_sha256(), NULL) != 1)
        return broken(e);
    stream = open_memstream(out, len);
    if (!stream)
        abort();
    fprintf(stream, "%s# sha256 ", text);
    for (int i = 0; i < SUM_BYTES; i++)
        fprintf(stream, "%02x", sum[i]);
    fputc('\n', stream);
    (void) fclose(stream);
    explicit_bzero(text, before);
    return 0;
}

static bool encrypt(const unsigned char *key, const char *text, size_t n, unsigned char *to,
                    size_t *written)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int first = 0, last = 0;
    bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, key, key + KEY_BYTES) == 1 &&
              EVP_EncryptUpdate(c, to, &first, (const unsigned char *) text, (int) n) == 1 &&
              EVP_EncryptFinal_ex(c, to + first, &last) == 1;

    EVP_CIPHER_CTX_free(c);
    *written = (size_t) first + (size_t) last;
    return ok;
}

int secret_export(const struct secret_list *l, const char *passphrase, unsigned char **out,
                  size_t *len, struct err *e)
{
    unsigned char key[KEY_BYTES + IV_BYTES];
    auto_free unsigned char *all = NULL;
    auto_free char *text = NULL;
    size_t n = 0, written = 0;
    int r = plain_text(l, &text, &n, e);

    if (r < 0)
        return r;
    all = calloc(1, HEAD_BYTES + n + BLOCK_BYTES);
    if (!all)
        abort();
    memcpy(all, magic, MAGIC_BYTES);
    if (getrandom(all + MAGIC_BYTES, SALT_BYTES, 0) != SALT_BYTES)
        r = err_set(e, -EIO, "the random numbers of the kernel are not available");
    else if (PKCS5_PBKDF2_HMAC(passphrase, (int) strlen(passphrase), all + MAGIC_BYTES, SALT_BYTES,
                               ITERATIONS, EVP_sha256(), sizeof key, key) != 1 ||
             !encrypt(key, text, n, all + HEAD_BYTES, &written))
        r = broken(e);
    explicit_bzero(text, n);
    explicit_bzero(key, sizeof key);
    if (r == 0) {
        *out = take_ptr(all);
        *len = HEAD_BYTES + written;
    }
    return r;
}
