#include "sandbox/nft.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

/* the first use after boot loads modules, which took 13 s on an emulated machine */
enum { TIMEOUT_MS = 60000, SAID_MAX = 4096, RULES_MAX = 64 * 1024 * 1024 };

/* -ETIMEDOUT when it had to be killed */
static int wait_for(pid_t pid, int *status)
{
    auto_fd pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = { .fd = pidfd, .events = POLLIN };
    int r = 0;

    if (pidfd < 0 || poll(&p, 1, TIMEOUT_MS) != 1) {
        r = -ETIMEDOUT;
        (void) kill(pid, SIGKILL);
    }
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return r;
}

static int start(char *const *argv, int input, int output, pid_t *pid)
{
    char locale[] = "LC_ALL=C";
    char *env[] = { locale, NULL };
    posix_spawn_file_actions_t moves;
    posix_spawnattr_t attr;
    sigset_t none;
    int r;

    (void) sigemptyset(&none);
    (void) posix_spawnattr_init(&attr);
    (void) posix_spawnattr_setsigmask(&attr, &none);
    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    (void) posix_spawn_file_actions_init(&moves);
    (void) posix_spawn_file_actions_adddup2(&moves, input, 0);
    (void) posix_spawn_file_actions_adddup2(&moves, output, 1);
    (void) posix_spawn_file_actions_adddup2(&moves, output, 2);
    r = posix_spawnp(pid, argv[0], &moves, &attr, argv, env);
    (void) posix_spawn_file_actions_destroy(&moves);
    (void) posix_spawnattr_destroy(&attr);
    return -r;
}

/* 0 when it succeeded; what it said is in `output` either way */
static int run(char *const *argv, const char *text, int output, struct err *e)
{
    auto_fd input = fsio_memfd("nft-input", text, strlen(text));
    char said[SAID_MAX];
    int status = 0, r;
    pid_t pid = -1;

    if (input < 0 || output < 0)
        return err_set(e, -ENOMEM, "packet rules: no memory file");
    r = start(argv, input, output, &pid);
    if (r < 0)
        return err_set(e, r, "starting nft (package nftables): %s", strerror(-r));
    r = wait_for(pid, &status);
    if (r == -ETIMEDOUT)
        return err_set(e, r, "nft did not answer within %d s", TIMEOUT_MS / 1000);
    if (r == 0 && status == 0)
        return 0;
    ssize_t n = pread(output, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    said[strcspn(said, "\n")] = '\0';
    return err_set(e, -EIO, "nft refused the packet rules: %s", said[0] ? said : "no reason given");
}

int nft_run(json_t *commands, struct err *e)
{
    char nft[] = "nft", json[] = "-j", file[] = "-f", from_stdin[] = "-";
    char *argv[] = { nft, json, file, from_stdin, NULL };
    json_t *root = json_pack("{s:o}", "nftables", commands);
    auto_free char *text = json_dumps(root, JSON_COMPACT);
    auto_fd output = memfd_create("nft-output", MFD_CLOEXEC);

    json_decref(root);
    return text ? run(argv, text, output, e) : err_set(e, -ENOMEM, "packet rules: out of memory");
}

int nft_list(json_t **out, struct err *e)
{
    char nft[] = "nft", json[] = "-j", list[] = "list", ruleset[] = "ruleset";
    char *argv[] = { nft, json, list, ruleset, NULL };
    auto_fd output = memfd_create("nft-output", MFD_CLOEXEC);
    auto_free char *text = NULL;
    json_error_t why;
    size_t len = 0;
    json_t *root;
    int r = run(argv, "", output, e);

    if (r < 0)
        return r;
    if (lseek(output, 0, SEEK_SET) < 0 || (r = fsio_read_fd(output, RULES_MAX, &text, &len)) < 0)
        return err_set(e, r < 0 ? r : -errno, "reading the packet rules of the host");
    root = json_loadb(text, len, 0, &why);
    *out = json_incref(json_object_get(root, "nftables"));
    json_decref(root);
    return *out ? 0 : err_set(e, -EBADMSG, "nft listed something that is not JSON: %s", why.text);
}
