#include "cli/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

/* A self-signed certificate is for trying things out; a year is plenty. */
enum { SELF_SIGNED_DAYS = 365 };

static int run_worker(json_t *request, struct err *e)
{
    auto_free char *program = paths_join("%s/ipam-worker", paths_lib());
    auto_free char *text = json_dumps(request, JSON_COMPACT);
    auto_fd input = fsio_memfd("request", text ? text : "", text ? strlen(text) : 0);
    auto_free char *output = NULL;
    char *const argv[] = { (char[]){ "ipam-worker" }, (char[]){ "selfsign" }, NULL };
    posix_spawn_file_actions_t actions;
    int pipe_fd[2], status = 0, r;
    pid_t pid;

    json_decref(request);
    if (input < 0 || pipe2(pipe_fd, O_CLOEXEC) < 0)
        return err_set(e, -errno, "self-signed certificate: %s", strerror(errno));
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void) posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDOUT_FILENO);
    r = posix_spawn(&pid, program, &actions, NULL, argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    close(pipe_fd[1]);
    if (r == 0 && fsio_read_fd(pipe_fd[0], 4096, &output, NULL) == 0)
        (void) waitpid(pid, &status, 0);
    close(pipe_fd[0]);
    if (r != 0)
        return err_set(e, -r, "%s: %s", program, strerror(r));
    if (status != 0)
        return err_set(e, -EIO, "self-signed certificate: %s", output ? output : "");
    return 0;
}

/* takes over the names */
static int self_sign(const char *certificate, const char *key, json_t *names, struct err *e)
{
    auto_free char *dir =
        paths_join("%.*s", (int) (strrchr(certificate, '/') - certificate), certificate);
    int r = fsio_mkdir_p(dir, 0755);

    if (r < 0) {
        json_decref(names);
        return err_set(e, r, "%s: %s", dir, strerror(-r));
    }
    return run_worker(json_pack("{s:o,s:i,s:s,s:s}", "names", names, "days", SELF_SIGNED_DAYS,
                                "certificate", certificate, "key", key),
                      e);
}

static json_t *text_list(const struct node *list)
{
    json_t *out = json_array();

    for (uint32_t i = 0; i < node_count(list); i++)
        (void) json_array_append_new(out, json_string(list->items[i]->text));
    return out;
}

int certificate_ensure(const struct load_options *o, char **created, struct err *e)
{
    const struct node *wanted;
    struct loaded l = { 0 };
    const char *certificate, *key;
    int r = load_model(o, &l, e);

    wanted = node_get(node_get(l.model, "x-ipam-orch"), "certificate");
    certificate = node_get_text(wanted, "certificate", NULL);
    key = node_get_text(wanted, "key", NULL);
    if (r == 0 && certificate && key && access(certificate, F_OK) < 0) {
        r = self_sign(certificate, key, text_list(node_get(wanted, "names")), e);
        if (r == 0)
            *created = strdup(certificate);
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}
