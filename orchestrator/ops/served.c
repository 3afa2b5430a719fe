#include "ops/served.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/auto.h"

enum { PATIENCE_S = 5 };

static int parse(const char *address, uint16_t port, struct sockaddr_storage *to, socklen_t *len)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *) (void *) to;
    struct sockaddr_in *four = (struct sockaddr_in *) (void *) to;

    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1 &&
        memcmp(&six->sin6_addr, &in6addr_any, sizeof in6addr_any) != 0) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        *len = sizeof *six;
        return AF_INET6;
    }
    if (inet_pton(AF_INET, address, &four->sin_addr) != 1 || four->sin_addr.s_addr == INADDR_ANY)
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    *len = sizeof *four;
    return AF_INET;
}

static int dial(const char *address, uint16_t port)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    struct sockaddr_storage to;
    socklen_t len = 0;
    int family = parse(address, port, &to, &len);
    auto_fd fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        connect(fd, (const struct sockaddr *) &to, len) < 0)
        return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
    return take_fd(&fd);
}

static int shake(SSL *ssl, int fd, struct served *out)
{
    const X509 *peer;

    if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
        return -EPROTO;
    peer = SSL_get0_peer_certificate(ssl);
    if (!peer)
        return -EPROTO;
    pair_fingerprint(peer, out->fingerprint);
    out->not_after = pair_seconds(X509_get0_notAfter(peer));
    out->self_signed = X509_NAME_cmp(X509_get_subject_name(peer), X509_get_issuer_name(peer)) == 0;
    return 0;
}

int served_look(const char *address, uint16_t port, struct served *out, struct err *e)
{
    auto_fd fd = dial(address, port);
    SSL_CTX *context = fd < 0 ? NULL : SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    int r = fd < 0 ? fd : ssl ? shake(ssl, fd, out) : -ENOMEM;
    const char *why = r == -EPROTO ? ERR_reason_error_string(ERR_peek_error()) : NULL;

    if (r < 0)
        err_set(e, r, "port %u of %s: %s", port, address[0] ? address : "this host",
                why ? why : strerror(-r));
    SSL_free(ssl);
    SSL_CTX_free(context);
    return r;
}
