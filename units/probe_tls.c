#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/auto.h"
#include "units/probe.h"

enum { SECONDS_PER_DAY = 86400, DATE_TEXT = 64 };

static const char *wanted_name(const struct probe_request *r)
{
    return r->server_name[0] ? r->server_name : r->host;
}

static bool is_address(const char *name)
{
    unsigned char buffer[16];

    return inet_pton(AF_INET, name, buffer) == 1 || inet_pton(AF_INET6, name, buffer) == 1;
}

static int openssl_error(struct err *e, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    return err_set(e, -EIO, "%s: %s", what, why ? why : "the connection ended");
}

/* whom to trust: those of the request alone, or whom the host trusts */
static int trust(SSL_CTX *ctx, const struct probe_request *r, struct err *e)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    BIO *text;
    X509 *one;
    int n = 0;

    if (r->ca[0] == '\0')
        return SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0
                                                          : openssl_error(e, "trusted authorities");
    text = BIO_new_mem_buf(r->ca, -1);
    while (text && (one = PEM_read_bio_X509(text, NULL, NULL, NULL))) {
        n += X509_STORE_add_cert(store, one) == 1;
        X509_free(one);
    }
    BIO_free(text);
    return n > 0 ? 0 : err_set(e, -EINVAL, "the file named by 'ca' holds no certificate");
}

static bool expect_name(SSL *ssl, const char *name)
{
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static void print_date(const ASN1_TIME *when, char out[DATE_TEXT])
{
    BIO *text = BIO_new(BIO_s_mem());
    int n = text && ASN1_TIME_print(text, when) == 1 ? BIO_read(text, out, DATE_TEXT - 1) : 0;

    out[n > 0 ? n : 0] = '\0';
    BIO_free(text);
}

static int judge(SSL *ssl, const struct probe_request *r, struct err *e)
{
    X509 *shown = SSL_get0_peer_certificate(ssl);
    long verdict = SSL_get_verify_result(ssl);
    char date[DATE_TEXT];
    int days = 0, seconds = 0;

    if (!shown)
        return err_set(e, -EIO, "the server shows no certificate");
    print_date(X509_get0_notAfter(shown), date);
    if (!r->insecure && verdict != X509_V_OK)
        return err_set(e, -EIO, "certificate for %s: %s (it ends on %s)", wanted_name(r),
                       X509_verify_cert_error_string(verdict), date);
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(shown)) != 1)
        return openssl_error(e, "the end of the certificate");
    if (days < 0 || seconds < 0 || days < r->days)
        return err_set(e, -EIO, "the certificate for %s ends on %s: in %d days, %d are wanted",
                       wanted_name(r), date, days, r->days);
    return 0;
}

/* The verdict is asked for afterwards: an alert in the middle would say less. */
static int shake_hands(SSL_CTX *ctx, int fd, const struct probe_request *r, struct err *e)
{
    SSL *ssl = SSL_new(ctx);
    int code = 0;

    if (!ssl || !expect_name(ssl, wanted_name(r)) || SSL_set_fd(ssl, fd) != 1)
        code = openssl_error(e, "TLS");
    else if (SSL_connect(ssl) != 1)
        code = openssl_error(e, "TLS handshake");
    else
        code = judge(ssl, r, e);
    SSL_free(ssl);
    return code;
}

static int run(const struct probe_request *r, struct err *e)
{
    auto_fd fd = -1;
    SSL_CTX *ctx;
    int code = probe_connect(r, &fd, e);

    if (code < 0)
        return code;
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return openssl_error(e, "TLS");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    code = r->insecure ? 0 : trust(ctx, r, e);
    if (code == 0)
        code = shake_hands(ctx, fd, r, e);
    SSL_CTX_free(ctx);
    return code;
}

const struct probe_ops probe_tls = { .name = "tls", .run = run };
