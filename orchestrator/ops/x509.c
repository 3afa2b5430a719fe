#include "ops/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum { SERIAL_BYTES = 16, CLOCK_SKEW_S = 3600, SECONDS_PER_DAY = 86400 };

static int openssl_error(struct err *e, const char *what)
{
    return err_set(e, -EIO, "%s: %s", what, ERR_reason_error_string(ERR_get_error()));
}

static bool set_serial(X509 *x)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *n;
    bool ok;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7f; /* positive in DER */
    n = BN_bin2bn(bytes, sizeof bytes, NULL);
    ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool is_address(const char *name)
{
    unsigned char buffer[16];

    return inet_pton(AF_INET, name, buffer) == 1 || inet_pton(AF_INET6, name, buffer) == 1;
}

/* "DNS:a,IP:b": the configuration form of X509V3_EXT_nconf, see x509v3_config(5) */
static char *alternative_names(const char *const *names)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    for (size_t i = 0; names[i]; i++)
        fprintf(out, "%s%s:%s", i ? "," : "", is_address(names[i]) ? "IP" : "DNS", names[i]);
    (void) fclose(out);
    return text;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
    bool ok = extension && X509_add_ext(x, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *const *names, int days)
{
    auto_free char *alternatives = alternative_names(names);
    X509_NAME *subject = X509_get_subject_name(x);

    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -CLOCK_SKEW_S) &&
           X509_gmtime_adj(X509_getm_notAfter(x), (long) days * SECONDS_PER_DAY) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *) names[0], -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1 &&
           add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, NID_ext_key_usage, "serverAuth") &&
           add_extension(x, NID_subject_alt_name, alternatives) &&
           X509_sign(x, key, EVP_sha256()) > 0;
}

static int take_text(BIO *bio, char **out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    *out = len > 0 ? strndup(data, (size_t) len) : NULL;
    return *out ? 0 : -ENOMEM;
}

static int key_text(EVP_PKEY *pair, char **out, struct err *e)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int r = bio && PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL) == 1
                ? take_text(bio, out)
                : openssl_error(e, "writing the key");

    BIO_free(bio);
    return r;
}

int x509_self_sign(const char *const *names, int days, char **certificate, char **key,
                   struct err *e)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *open = BIO_new(BIO_s_mem());
    char *text = NULL;
    int r;

    if (!pair || !x || !open || !fill(x, pair, names, days) || PEM_write_bio_X509(open, x) != 1)
        r = openssl_error(e, "making the certificate");
    else if ((r = take_text(open, &text)) == 0)
        r = key_text(pair, key, e);
    if (r == 0)
        *certificate = take_ptr(text);
    free(text);
    BIO_free(open);
    X509_free(x);
    EVP_PKEY_free(pair);
    return r;
}

static bool add_names(X509_REQ *q, const char *const *names)
{
    auto_free char *alternatives = alternative_names(names);
    X509_EXTENSION *one = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, alternatives);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    bool ok = one && list && sk_X509_EXTENSION_push(list, one) > 0 &&
              X509_REQ_add_extensions(q, list) == 1;

    sk_X509_EXTENSION_free(list);
    X509_EXTENSION_free(one);
    return ok;
}

int x509_request(const char *const *names, char **request, char **key, struct err *e)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509_REQ *q = X509_REQ_new();
    BIO *open = BIO_new(BIO_s_mem());
    char *text = NULL;
    int r;

    if (!pair || !q || !open || X509_REQ_set_version(q, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(q, pair) != 1 || !add_names(q, names) ||
        X509_REQ_sign(q, pair, EVP_sha256()) <= 0 || PEM_write_bio_X509_REQ(open, q) != 1)
        r = openssl_error(e, "making the request");
    else if ((r = take_text(open, &text)) == 0)
        r = key_text(pair, key, e);
    if (r == 0)
        *request = take_ptr(text);
    free(text);
    BIO_free(open);
    X509_REQ_free(q);
    EVP_PKEY_free(pair);
    return r;
}

void x509_wipe(char *key)
{
    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
}
