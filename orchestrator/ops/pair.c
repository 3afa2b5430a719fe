#include "ops/pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/auto.h"
#include "base/strv.h"

#define DAY INT64_C(86400)

enum { CHAIN_MAX = 16, RSA_LEAST = 2048, EC_LEAST = 224 };

static bool is_address(const char *name)
{
    unsigned char buffer[16];

    return inet_pton(AF_INET, name, buffer) == 1 || inet_pton(AF_INET6, name, buffer) == 1;
}

bool pair_is_local_name(const char *name)
{
    const char *end = strrchr(name, '.');

    return strcasecmp(name, "localhost") == 0 || is_address(name) ||
           (end && strcasecmp(end, ".localhost") == 0);
}

static char *name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *out;
    long len;

    if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
        abort();
    len = BIO_get_mem_data(bio, &data);
    out = strndup(data ? data : "", (size_t) len);
    BIO_free(bio);
    if (!out)
        abort();
    return out;
}

static char *serial_text(const X509 *x)
{
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    char *hex = n ? BN_bn2hex(n) : NULL, *out = strdup(hex ? hex : "");

    OPENSSL_free(hex);
    BN_free(n);
    if (!out)
        abort();
    return out;
}

int64_t pair_seconds(const ASN1_TIME *t)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t) timegm(&tm) : 0;
}

void pair_fingerprint(const X509 *x, char out[PAIR_FINGERPRINT])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (X509_digest(x, EVP_sha256(), sum, &len) != 1)
        len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < len && 2 * i + 2 < PAIR_FINGERPRINT; i++)
        (void) snprintf(out + (size_t) 2 * i, 3, "%02x", sum[i]);
}

static void read_names(const X509 *x, char ***out)
{
    GENERAL_NAMES *list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(list, i);
        char text[INET6_ADDRSTRLEN] = "";

        if (g->type == GEN_DNS) {
            auto_free char *name = strndup((const char *) ASN1_STRING_get0_data(g->d.dNSName),
                                           (size_t) ASN1_STRING_length(g->d.dNSName));
            strv_append(out, name ? name : "");
        } else if (g->type == GEN_IPADD &&
                   inet_ntop(ASN1_STRING_length(g->d.iPAddress) == 4 ? AF_INET : AF_INET6,
                             ASN1_STRING_get0_data(g->d.iPAddress), text, sizeof text)) {
            strv_append(out, text);
        }
    }
    GENERAL_NAMES_free(list);
}

/* by name and key; X509_check_issued asks for rights that a self-signed server has no use for */
static bool signs(X509 *issuer, X509 *x)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);

    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(x)) == 0 && key &&
           X509_verify(x, key) == 1;
}

static void read_key_type(X509 *x, struct pair *out)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    int id = key ? EVP_PKEY_get_base_id(key) : 0;
    const char *kind = id == EVP_PKEY_RSA ? "RSA" : id == EVP_PKEY_EC ? "EC" : "other";

    if (id == EVP_PKEY_ED25519)
        kind = "Ed";
    (void) snprintf(out->key_type, sizeof out->key_type, "%s %d", kind, bits);
    out->strong = bits >= (id == EVP_PKEY_RSA ? RSA_LEAST : EC_LEAST);
}

static void read_chain(const char *text, X509 *chain[CHAIN_MAX], unsigned *n)
{
    BIO *bio = BIO_new_mem_buf(text, -1);

    *n = 0;
    while (bio && *n < CHAIN_MAX && (chain[*n] = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        (*n)++;
    BIO_free(bio);
}

static int no_passphrase(char *buf, int size, int writing, void *userdata)
{
    (void) buf, (void) size, (void) writing, (void) userdata;
    return -1; /* nobody can type it when the machine starts */
}

static void look_at_key(X509 *x, const char *text, struct pair *out)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    out->key_readable = key != NULL;
    out->key_matches = key && X509_check_private_key(x, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
}

static void look_at_names(X509 *x, const char *const *names, struct pair *out)
{
    for (; names && *names; names++)
        if (is_address(*names) ? X509_check_ip_asc(x, *names, 0) != 1
                               : X509_check_host(x, *names, 0, 0, NULL) != 1)
            strv_append(&out->missing, *names);
}

void pair_look(const char *certificate, const char *key, const char *const *names, struct pair *out)
{
    X509 *chain[CHAIN_MAX];
    unsigned n = 0;

    *out = (struct pair){ 0 };
    read_chain(certificate, chain, &n);
    out->chain = n;
    if (n == 0)
        return;
    out->readable = out->chain_ok = true;
    out->subject = name_text(X509_get_subject_name(chain[0]));
    out->issuer = name_text(X509_get_issuer_name(chain[0]));
    out->serial = serial_text(chain[0]);
    out->not_before = pair_seconds(X509_get0_notBefore(chain[0]));
    out->not_after = pair_seconds(X509_get0_notAfter(chain[0]));
    out->self_signed = signs(chain[0], chain[0]);
    pair_fingerprint(chain[0], out->fingerprint);
    read_names(chain[0], &out->names);
    read_key_type(chain[0], out);
    for (unsigned i = 0; i + 1 < n; i++)
        out->chain_ok &= signs(chain[i + 1], chain[i]);
    if (key)
        look_at_key(chain[0], key, out);
    look_at_names(chain[0], names, out);
    for (unsigned i = 0; i < n; i++)
        X509_free(chain[i]);
}

void pair_clear(struct pair *p)
{
    free(p->subject);
    free(p->issuer);
    free(p->serial);
    strv_free(p->names);
    strv_free(p->missing);
    *p = (struct pair){ 0 };
}

int pair_refuse(const struct pair *p, int64_t now, struct err *e)
{
    if (!p->readable)
        err_set(e, -EINVAL, "there is no certificate in PEM form");
    else if (!p->key_readable)
        err_set(e, -EINVAL, "there is no key in PEM form, or it needs a passphrase");
    else if (!p->key_matches)
        err_set(e, -EINVAL, "the key is not that of the certificate of %s", p->subject);
    else if (!p->chain_ok)
        err_set(e, -EINVAL, "the chain is out of order: each certificate is signed by the next");
    else if (!p->strong)
        err_set(e, -EINVAL, "the key is too weak: %s", p->key_type);
    else if (p->not_after <= now)
        err_set(e, -EINVAL, "the certificate has expired");
    else if (p->not_before > now)
        err_set(e, -EINVAL, "the certificate is not valid yet, or the clock is wrong");
    else if (p->missing && p->missing[0])
        err_set(e, -EINVAL, "the certificate is not for %s", p->missing[0]);
    else
        return 0;
    return err_classify(e, ERR_CONFIG);
}

static int64_t lifetime(const struct pair *p)
{
    return p->not_after - p->not_before;
}

bool pair_is_due(const struct pair *p, int64_t now)
{
    return (p->not_after - now) * 3 <= lifetime(p);
}

int pair_days_left(const struct pair *p, int64_t now)
{
    int64_t left = p->not_after - now;

    return (int) (left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY));
}

int pair_warning(const struct pair *p, int64_t now)
{
    static const struct {
        int days, part;
    } levels[] = { { 1, 12 }, { 7, 6 }, { 21, 3 } };
    int64_t left = p->not_after - now;

    if (left <= 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        int64_t share = lifetime(p) / levels[i].part, days = levels[i].days * DAY;

        if (left <= (share < days ? share : days))
            return levels[i].days;
    }
    return 0;
}
