#include "cli/page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"

enum { BACKLOG = 128, HOST_ROOM = 64 };

/* ---- the socket ---- */

/* HOST and PORT of an address; -EINVAL */
static int split(const char *address, char host[HOST_ROOM], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t) (colon - address) : 0;
    bool bracketed = len >= 2 && address[0] == '[' && address[len - 1] == ']';

    if (!colon || colon[1] == '\0' || len >= HOST_ROOM)
        return -EINVAL;
    if (!bracketed && memchr(address, ':', len))
        return -EINVAL; /* IPv6 without brackets: where is the port? */
    if (bracketed) {
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    *port = colon + 1;
    return 0;
}

static int listen_on(const char *address, struct err *e)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char host[HOST_ROOM];
    const char *port;
    int r = split(address, host, &port);

    if (r < 0 || num_u64(port, UINT16_MAX, &(uint64_t){ 0 }) < 0 ||
        getaddrinfo(host[0] ? host : NULL, port, &hints, &found) != 0) {
        err_set(e, -EINVAL, "--listen '%s': an address and a port such as 127.0.0.1:9464", address);
        return err_classify(e, ERR_USAGE);
    }
    auto_fd fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        r = err_set(e, -errno, "listening on %s: %s", address, strerror(errno));
    freeaddrinfo(found);
    return r < 0 ? r : take_fd(&fd);
}

static void say_where(int fd, const char *path)
{
    struct sockaddr_storage own = { 0 };
    socklen_t len = sizeof own;
    char host[HOST_ROOM] = "", port[16] = "";

    if (getsockname(fd, (struct sockaddr *) &own, &len) == 0 &&
        getnameinfo((struct sockaddr *) &own, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        fprintf(stderr, own.ss_family == AF_INET6 ? "http://[%s]:%s%s\n" : "http://%s:%s%s\n", host,
                port, path);
}

/* ---- one connection ---- */

static void answer(int fd, const char *status, const char *more, const char *type, const char *text,
                   size_t len, bool body)
{
    auto_free char *head = NULL;

    if (asprintf(&head,
                 "HTTP/1.1 %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n",
                 status, more, type, len) < 0)
        abort();
    if (fsio_write_all(fd, head, strlen(head)) == 0 && body)
        (void) fsio_write_all(fd, text, len);
}

static void refuse(int fd, const char *status, const char *more, bool body)
{
    auto_free char *text = NULL;

    if (asprintf(&text, "%s\n", status) < 0)
        abort();
    answer(fd, status, more, "text/plain; charset=utf-8", text, strlen(text), body);
}

/* 0, -E2BIG, or -EPIPE for a caller that said nothing whole */
static int read_head(int fd, char head[PAGE_HEAD_MAX + 1])
{
    size_t used = 0;

    while (used < PAGE_HEAD_MAX) {
        ssize_t n = read(fd, head + used, PAGE_HEAD_MAX - used);

        if (n <= 0)
            return -EPIPE;
        used += (size_t) n;
        head[used] = '\0';
        if (memmem(head, used, "\r\n\r\n", 4) || memmem(head, used, "\n\n", 2))
            return strlen(head) == used ? 0 : -EBADMSG;
    }
    return -E2BIG;
}

/* ---- who asks, and for what ---- */

/* the value of a header in the lines after the first, malloc'd; "" without it */
static char *header_of(const char *lines, const char *name)
{
    size_t len = strlen(name);
    char *value = NULL;

    for (const char *at = lines; at && *at && !value; at = strchr(at, '\n')) {
        at += strspn(at, "\r\n");
        if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
            at += len + 1 + strspn(at + len + 1, " \t");
            value = strndup(at, strcspn(at, "\r\n"));
        }
    }
    value = value ? value : strdup("");
    if (!value)
        abort();
    return value;
}

/* an address of some host, or localhost, perhaps with a port; "" is who has no browser */
static bool is_literal(const char *host)
{
    char name[INET6_ADDRSTRLEN] = "";
    struct in6_addr six;
    struct in_addr four;
    size_t len = host[0] == '[' ? strcspn(++host, "]") : strcspn(host, ":");

    if (len >= sizeof name)
        return false;
    memcpy(name, host, len);
    return len == 0 || strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &four) == 1 ||
           inet_pton(AF_INET6, name, &six) == 1;
}

/* "Basic " and base64 of NAME:PASSWORD, whatever the name */
static bool is_let_in(const struct site *s, const char *lines)
{
    enum { CREDENTIALS_MOST = 1024 };
    auto_free char *given = header_of(lines, "Authorization");
    unsigned char plain[CREDENTIALS_MOST] = "";
    size_t len = strlen(given), wanted = strlen(s->password);
    const char *colon;

    if (strncasecmp(given, "Basic ", 6) != 0 || len - 6 > CREDENTIALS_MOST || (len - 6) % 4 != 0 ||
        EVP_DecodeBlock(plain, (unsigned char *) given + 6, (int) (len - 6)) < 0)
        return false;
    plain[sizeof plain - 1] = '\0';
    colon = strchr((char *) plain, ':');
    return colon && strlen(colon + 1) == wanted &&
           CRYPTO_memcmp(colon + 1, s->password, wanted) == 0;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void decode(char *text)
{
    char *out = text;

    for (; *text; text++) {
        bool coded = *text == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0;
        int c = coded ? hex(text[1]) * 16 + hex(text[2]) : *text == '+' ? ' ' : *text;

        text += coded ? 2 : 0;
        if (c != 0)
            *out++ = (char) c;
    }
    *out = '\0';
}

char *page_parameter(const char *query, const char *name)
{
    size_t len = strlen(name);
    char *value = NULL;

    for (const char *at = query; *at && !value; at += strcspn(at, "&"), at += *at == '&')
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            value = strndup(at + len + 1, strcspn(at + len + 1, "&"));
    value = value ? value : strdup("");
    if (!value)
        abort();
    decode(value);
    return value;
}

static const struct page *find(const struct site *s, const char *target)
{
    size_t len = strcspn(target, "?");

    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->pages[i].path) == len && strncmp(target, s->pages[i].path, len) == 0)
            return &s->pages[i];
    return NULL;
}

/* false: it has been refused */
static bool may_see(const struct site *s, const struct page *p, int fd, const char *lines,
                    bool body)
{
    auto_free char *host = header_of(lines, "Host");

    if (!s->password || p->open)
        return true;
    if (!is_literal(host))
        refuse(fd, "421 Misdirected Request", "", body);
    else if (!is_let_in(s, lines))
        refuse(fd, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"ipam-orch\"\r\n", body);
    else
        return true;
    return false;
}

static void respond(const struct site *s, int fd, char *head)
{
    char *line = strsep(&head, "\r\n"), *rest = line;
    const char *method = strsep(&rest, " "), *target = strsep(&rest, " ");
    const struct page *p = target ? find(s, target) : NULL;
    bool get = strcmp(method, "GET") == 0, any = strcmp(method, "HEAD") != 0;
    auto_free char *text = NULL;
    struct err e = ERR_INIT;
    size_t len = 0;

    if (!target || !rest || strncmp(rest, "HTTP/1.", strlen("HTTP/1.")) != 0) {
        refuse(fd, "400 Bad Request", "", any);
    } else if (!p) {
        refuse(fd, "404 Not Found", "", any);
    } else if (!get && any) {
        refuse(fd, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", true);
    } else if (!may_see(s, p, fd, head ? head : "", any)) {
        return;
    } else if (p->make(p->self, target + strcspn(target, "?") + (strchr(target, '?') != NULL),
                       &text, &len, &e) < 0) {
        fprintf(stderr, "503: %s\n", e.msg);
        refuse(fd, "503 Service Unavailable", "", any);
    } else {
        answer(fd, "200 OK", s->headers ? s->headers : "", p->type, text, len, any);
    }
}

/* closed with something unread, the connection would be reset and the answer lost */
static void hang_up(int fd)
{
    char rest[512];

    (void) shutdown(fd, SHUT_WR);
    for (size_t i = 0; i < PAGE_HEAD_MAX && read(fd, rest, sizeof rest) > 0; i++)
        ;
}

static void talk(const struct site *s, int fd)
{
    char head[PAGE_HEAD_MAX + 1];
    int r = read_head(fd, head);

    if (r == -E2BIG)
        refuse(fd, "431 Request Header Fields Too Large", "", true);
    else if (r == -EBADMSG)
        refuse(fd, "400 Bad Request", "", true);
    else if (r == 0)
        respond(s, fd, head);
    hang_up(fd);
}

int page_serve(const struct site *s, const char *address, struct err *e)
{
    auto_fd listener = listen_on(address, e);
    size_t children = 0;

    if (listener < 0)
        return e->code;
    say_where(listener, s->pages[0].path);
    for (;;) {
        auto_fd fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pid_t pid;

        while (children > 0 && waitpid(-1, NULL, children < PAGE_AT_ONCE ? WNOHANG : 0) > 0)
            children--;
        if (fd < 0 &&
            (errno == ECONNABORTED || errno == EINTR || errno == EMFILE || errno == ENFILE))
            continue;
        if (fd < 0)
            return err_set(e, -errno, "accepting: %s", strerror(errno));
        pid = fork();
        if (pid == 0) {
            (void) signal(SIGALRM, SIG_DFL);
            (void) alarm(PAGE_SECONDS);
            close(take_fd(&listener));
            talk(s, fd);
            _exit(0);
        }
        children += pid > 0;
    }
}
