#include "ops/seal.h"

#include <endian.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define MAGIC "ipam-orch sealed 1\n"

enum {
    SALT = 16,
    HEAD = sizeof MAGIC - 1 + SALT,
    KEY = 32,
    NONCE = 12,
    TAG = 16,
    LENGTH = 4,
    PIECE = 64 * 1024,
    SCRYPT_N = 1 << 15,
    SCRYPT_R = 8,
    SCRYPT_MEMORY = 64 * 1024 * 1024
};
static const uint32_t last_piece = UINT32_C(1) << 31;

struct seal {
    EVP_CIPHER_CTX *ctx;
    unsigned char key[KEY];
    char *passphrase;
    size_t passphrase_len;
    uint64_t number; /* of the next piece */
    bool began, ended;
    unsigned char held[LENGTH + PIECE + TAG], out[LENGTH + PIECE + TAG];
    size_t n; /* bytes held */
};

static struct seal *new_seal(const char *passphrase, size_t len)
{
    struct seal *s = calloc(1, sizeof *s);

    if (!s || !(s->ctx = EVP_CIPHER_CTX_new()) || !(s->passphrase = malloc(len + 1)))
        abort();
    memcpy(s->passphrase, passphrase, len);
    s->passphrase_len = len;
    return s;
}

static void free_seal(void *self)
{
    struct seal *s = self;

    EVP_CIPHER_CTX_free(s->ctx);
    explicit_bzero(s->passphrase, s->passphrase_len);
    free(s->passphrase);
    explicit_bzero(s, sizeof *s);
    free(s);
}

static int derive(struct seal *s, const unsigned char *salt, struct err *e)
{
    if (EVP_PBE_scrypt(s->passphrase, s->passphrase_len, salt, SALT, SCRYPT_N, SCRYPT_R, 1,
                       SCRYPT_MEMORY, s->key, KEY) != 1)
        return err_set(e, -EIO, "scrypt is not available");
    s->began = true;
    return 0;
}

static void nonce_of(const struct seal *s, unsigned char out[NONCE])
{
    uint64_t number = htobe64(s->number);

    memset(out, 0, NONCE);
    memcpy(out + NONCE - sizeof number, &number, sizeof number);
}

/* ---- closing ---- */

static int begin(struct seal *s, struct flow *next, struct err *e)
{
    unsigned char head[HEAD] = MAGIC;
    int r;

    if (s->began)
        return 0;
    if (RAND_bytes(head + HEAD - SALT, SALT) != 1)
        return err_set(e, -EIO, "no random bytes");
    r = derive(s, head + HEAD - SALT, e);
    return r < 0 ? r : flow_write(next, head, HEAD, e);
}

static int close_piece(struct seal *s, struct flow *next, bool last, struct err *e)
{
    uint32_t head = htobe32((uint32_t) s->n | (last ? last_piece : 0));
    unsigned char nonce[NONCE];
    int n = 0, more = 0;

    nonce_of(s, nonce);
    memcpy(s->out, &head, LENGTH);
    if (EVP_EncryptInit_ex(s->ctx, EVP_aes_256_gcm(), NULL, s->key, nonce) != 1 ||
        EVP_EncryptUpdate(s->ctx, NULL, &n, s->out, LENGTH) != 1 ||
        EVP_EncryptUpdate(s->ctx, s->out + LENGTH, &n, s->held, (int) s->n) != 1 ||
        EVP_EncryptFinal_ex(s->ctx, s->out + LENGTH + n, &more) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_GET_TAG, TAG, s->out + LENGTH + s->n) != 1)
        return err_set(e, -EIO, "AES-256-GCM is not available");
    s->number++;
    n = (int) s->n;
    s->n = 0;
    return flow_write(next, s->out, LENGTH + (size_t) n + TAG, e);
}

static int write_closing(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct seal *s = self;
    int r = begin(s, next, e);

    for (const unsigned char *at = data; r == 0 && len > 0;) {
        size_t take = len < PIECE - s->n ? len : PIECE - s->n;

        if (take == 0) {
            r = close_piece(s, next, false, e);
            continue;
        }
        memcpy(s->held + s->n, at, take);
        s->n += take;
        at += take;
        len -= take;
    }
    return r;
}

static int finish_closing(void *self, struct flow *next, struct err *e)
{
    struct seal *s = self;
    int r = begin(s, next, e);

    return r < 0 ? r : close_piece(s, next, true, e);
}

struct flow *seal_close(const char *passphrase, size_t len, struct flow *next)
{
    static const struct flow_kind kind = { write_closing, finish_closing, free_seal };

    return flow_new(&kind, new_seal(passphrase, len), next);
}

/* ---- opening ---- */

static int refused(struct err *e)
{
    return err_set(e, -EBADMSG, "it does not open: another passphrase, or it is damaged");
}

static int open_piece(struct seal *s, struct flow *next, size_t len, bool last, struct err *e)
{
    unsigned char nonce[NONCE];
    int n = 0, more = 0;

    nonce_of(s, nonce);
    if (EVP_DecryptInit_ex(s->ctx, EVP_aes_256_gcm(), NULL, s->key, nonce) != 1 ||
        EVP_DecryptUpdate(s->ctx, NULL, &n, s->held, LENGTH) != 1 ||
        EVP_DecryptUpdate(s->ctx, s->out, &n, s->held + LENGTH, (int) len) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_SET_TAG, TAG, s->held + LENGTH + len) != 1 ||
        EVP_DecryptFinal_ex(s->ctx, s->out + n, &more) != 1)
        return refused(e);
    s->number++;
    s->n = 0;
    s->ended = last;
    return len > 0 ? flow_write(next, s->out, len, e) : 0;
}

/* how many bytes have to be held before there is something to do */
static int wanted(const struct seal *s, size_t *out, uint32_t *head, struct err *e)
{
    if (!s->began) {
        *out = HEAD;
        return 0;
    }
    *out = LENGTH;
    if (s->n < LENGTH)
        return 0;
    memcpy(head, s->held, LENGTH);
    *head = be32toh(*head);
    if ((*head & ~last_piece) > PIECE)
        return refused(e);
    *out = LENGTH + (*head & ~last_piece) + TAG;
    return 0;
}

static int take_held(struct seal *s, struct flow *next, uint32_t head, struct err *e)
{
    if (s->began)
        return open_piece(s, next, head & ~last_piece, (head & last_piece) != 0, e);
    if (memcmp(s->held, MAGIC, sizeof MAGIC - 1) != 0)
        return err_set(e, -EBADMSG, "it is not sealed");
    s->n = 0;
    return derive(s, s->held + HEAD - SALT, e);
}

static int write_opening(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct seal *s = self;
    const unsigned char *at = data;
    int r = 0;

    while (r == 0 && len > 0) {
        uint32_t head = 0;
        size_t want, take;

        if (s->ended)
            return err_set(e, -EBADMSG, "there is more behind its end");
        r = wanted(s, &want, &head, e);
        if (r < 0)
            return r;
        take = len < want - s->n ? len : want - s->n;
        memcpy(s->held + s->n, at, take);
        s->n += take;
        at += take;
        len -= take;
        if (s->n == want && (r = wanted(s, &want, &head, e)) == 0 && s->n == want)
            r = take_held(s, next, head, e);
    }
    return r;
}

static int finish_opening(void *self, struct flow *next, struct err *e)
{
    const struct seal *s = self;

    (void) next;
    return s->ended ? 0 : err_set(e, -EBADMSG, "the sealed data ends too early");
}

struct flow *seal_open(const char *passphrase, size_t len, struct flow *next)
{
    static const struct flow_kind kind = { write_opening, finish_opening, free_seal };

    return flow_new(&kind, new_seal(passphrase, len), next);
}
