#include "ops/acme.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "ops/pair.h"
#include "ops/workdir.h"
#include "ops/x509.h"

#define MANAGER_USER "ipam-orch"
#define REQUEST      "request.csr"
#define ANSWER       "request-cert.pem" /* as uacme calls it */
#define ACCOUNT      "account"
#define DEADLINE_US  (10 * 60 * USEC_PER_SEC)

enum { OUTPUT_MAX = 64 * 1024, WORDS_MAX = 24 };

/* one account at one server */
struct account {
    const struct procedure *p;
    const struct acme *a;
    int dir;
    char *path;
    const struct passwd *user;
};

/* ---- uacme ---- */

/* becomes the manager's user for good, and the program */
static _Noreturn void become(const struct account *c, const char *const *argv, int output)
{
    auto_free char *hook = paths_join("IPAM_ACME_DNS_HOOK=%s", c->a->dns_hook);
    auto_free char *root = paths_join("IPAM_ACME_WEBROOT=%s", c->a->webroot);
    auto_free char *proxy = paths_join("https_proxy=%s", getenv("https_proxy") ?: "");
    char *env[] = { (char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
                    (char[]){ "LC_ALL=C.UTF-8" },
                    hook,
                    root,
                    proxy,
                    NULL };

    /* whoever kills us means it too */
    (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(126);
    if (geteuid() == 0 && (initgroups(c->user->pw_name, c->user->pw_gid) < 0 ||
                           setgid(c->user->pw_gid) < 0 || setuid(c->user->pw_uid) < 0)) {
        dprintf(STDERR_FILENO, "becoming user %s: %s\n", c->user->pw_name, strerror(errno));
        _exit(126);
    }
    (void) umask(077);
    (void) execvpe(argv[0], (char *const *) (size_t) argv, env);
    _exit(errno == ENOENT ? 127 : 126);
}

/* what it writes until its end; -ETIMEDOUT has killed it */
static int hear(pid_t pid, int from, char **output, int *status)
{
    char *text = calloc(1, OUTPUT_MAX + 1), spare[4096];
    uint64_t until = clock_now_us() + DEADLINE_US;
    size_t len = 0;
    int r = 0;

    if (!text)
        abort();
    for (;;) {
        struct pollfd p = { .fd = from, .events = POLLIN };
        uint64_t now = clock_now_us();
        ssize_t n;

        if (now >= until || poll(&p, 1, (int) ((until - now) / USEC_PER_MSEC) + 1) == 0) {
            (void) kill(pid, SIGKILL);
            r = -ETIMEDOUT;
            break;
        }
        n = len < OUTPUT_MAX ? read(from, text + len, OUTPUT_MAX - len)
                             : read(from, spare, sizeof spare);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += len < OUTPUT_MAX ? (size_t) n : 0;
    }
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    *output = text;
    return r;
}

static int judge(const struct account *c, int status, const char *output, struct err *e)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        err_set(e, -ENOENT, "uacme is not installed");
        err_hint(e, "apt-get install -y --no-install-recommends uacme");
        return err_classify(e, ERR_MISSING);
    }
    return acme_explain(output, c->a->directory, e);
}

static int run(const struct account *c, const char *const *argv, struct err *e)
{
    auto_free char *output = NULL;
    int ends[2], status = 0, r;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "a pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0)
        become(c, argv, ends[1]);
    close(ends[1]);
    r = pid < 0 ? -errno : hear(pid, ends[0], &output, &status);
    close(ends[0]);
    if (r < 0)
        return err_set(e, r, "uacme: %s", strerror(-r));
    return judge(c, status, output, e);
}

/* ---- the account ---- */

/* the server's name as one of a directory */
static char *directory_of(const char *url)
{
    const char *host = strstr(url, "://");
    auto_free char *name = strndup(host ? host + 3 : url, strcspn(host ? host + 3 : url, "/"));

    if (!name)
        abort();
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char) *c) && *c != '-' && (*c != '.' || c == name))
            *c = '_';
    return paths_join("cert/acme/%s", name[0] ? name : "_");
}

static int open_account(const struct procedure *p, const struct acme *a, struct account *out,
                        struct err *e)
{
    auto_free char *sub = directory_of(a->directory);

    *out = (struct account){ .p = p, .a = a, .dir = -1, .user = getpwnam(MANAGER_USER) };
    if (!out->user) {
        err_set(e, -ENOENT, "there is no user " MANAGER_USER);
        err_hint(e, "ipam-orch check --fix");
        return err_classify(e, ERR_MISSING);
    }
    if (geteuid() != 0 && geteuid() != out->user->pw_uid) {
        err_set(e, -EPERM, "accounts at ACME servers are the manager's, and its user's only");
        err_hint(e, "sudo ipam-orch cert ...");
        return err_classify(e, ERR_DENIED);
    }
    out->path = workdir_path(p->project, sub);
    return workdir_open(p->project, sub, &out->dir, e);
}

static void close_account(struct account *c)
{
    if (c->dir >= 0)
        close(c->dir);
    free(c->path);
}

/* the words that every call begins with; room for WORDS_MAX */
static size_t begin_words(const struct account *c, const char **argv)
{
    const char *const words[] = { "uacme", "-c", c->path, "-a", c->a->directory, "-y", "-t", "EC" };

    memcpy(argv, words, sizeof words);
    return ARRAY_LEN(words);
}

static int forget_key(const struct account *c, struct err *e)
{
    auto_fd private = -1;
    int r = workdir_open_at(c->dir, "private", O_RDONLY | O_DIRECTORY, &private, e);

    if (r == -ENOENT)
        return 0;
    if (r == 0 && unlinkat(private, "key.pem", 0) < 0 && errno != ENOENT)
        r = err_set(e, -errno, "the key of the old account: %s", strerror(errno));
    return r;
}

/* An account is asked for once per e-mail address; the server answers with the one that the key
 * has, if any. */
static int have_account(const struct account *c, struct err *e)
{
    auto_free char *known = NULL, *eab = NULL;
    const char *argv[WORDS_MAX] = { NULL };
    size_t n = begin_words(c, argv);
    auto_fd fd = -1;
    int r = c->a->new_account ? forget_key(c, e) : 0;

    if (r < 0)
        return r;
    if (workdir_open_at(c->dir, ACCOUNT, O_RDONLY, &fd, NULL) == 0)
        (void) fsio_read_fd(fd, PAIR_MAX, &known, NULL);
    if (known && strcmp(known, c->a->email) == 0 && !c->a->new_account)
        return 0;
    procedure_say(c->p, "asking %s for an account", c->a->directory);
    if (c->a->eab_key_id && c->a->eab_key) {
        eab = paths_join("%s:%s", c->a->eab_key_id, c->a->eab_key);
        argv[n++] = "-e";
        argv[n++] = eab;
    }
    argv[n++] = "new";
    if (c->a->email[0])
        argv[n++] = c->a->email;
    r = run(c, argv, e);
    if (eab)
        explicit_bzero(eab, strlen(eab));
    if (r == 0)
        r = fsio_write_atomic(c->dir, ACCOUNT, c->a->email, strlen(c->a->email), WORKDIR_FILE_MODE);
    return r < 0 && e->code == 0 ? err_set(e, r, "keeping the account: %s", strerror(-r)) : r;
}

/* ---- the certificate ---- */

static int write_request(const struct account *c, const char *text, struct err *e)
{
    auto_fd fd = -1;
    int r;

    if (unlinkat(c->dir, ANSWER, 0) < 0 && errno != ENOENT)
        return err_set(e, -errno, "an earlier answer: %s", strerror(errno));
    (void) unlinkat(c->dir, REQUEST, 0);
    r = workdir_open_at(c->dir, REQUEST, O_WRONLY | O_CREAT | O_EXCL, &fd, e);
    if (r == 0 && (r = fsio_write_all(fd, text, strlen(text))) < 0)
        err_set(e, r, "the request: %s", strerror(-r));
    return r;
}

static int read_answer(const struct account *c, char **out, struct err *e)
{
    auto_fd fd = -1;
    int r = workdir_open_at(c->dir, ANSWER, O_RDONLY, &fd, e);

    if (r == 0 && (r = fsio_read_fd(fd, PAIR_MAX, out, NULL)) < 0)
        err_set(e, r, "the certificate: %s", strerror(-r));
    return r;
}

static int order(const struct account *c, const char *request, char **certificate, struct err *e)
{
    auto_free char *hook = paths_join("%s/units/acme-hook.sh", paths_data());
    auto_free char *path = paths_join("%s/" REQUEST, c->path);
    const char *argv[WORDS_MAX] = { NULL };
    size_t n = begin_words(c, argv);
    int r = write_request(c, request, e);

    argv[n++] = "-h";
    argv[n++] = hook;
    argv[n++] = "-f";
    argv[n++] = "-o";
    argv[n++] = "issue";
    argv[n++] = path;
    if (r == 0)
        r = run(c, argv, e);
    return r < 0 ? r : read_answer(c, certificate, e);
}

int acme_issue(const struct procedure *p, const struct acme *a, const char *const *names,
               char **certificate, char **key, struct err *e)
{
    auto_free char *request = NULL;
    struct account c;
    char *made = NULL;
    int r = open_account(p, a, &c, e);

    if (r == 0)
        r = have_account(&c, e);
    if (r == 0)
        r = x509_request(names, &request, &made, e);
    if (r == 0) {
        procedure_say(p, "asking %s for a certificate of %s", a->directory, names[0]);
        r = order(&c, request, certificate, e);
    }
    close_account(&c);
    if (r < 0) {
        x509_wipe(made);
        return r;
    }
    *key = made;
    return 0;
}
