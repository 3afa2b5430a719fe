#include "ops/web.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "model/member.h"

enum { ANSWERS_MAX = 16 * 1024 * 1024, ANSWER_OK = 200, ANSWER_REFUSED = 300 };

static int start_worker(int input, int output, pid_t *pid)
{
    auto_free char *program = paths_join("%s/ipam-worker", paths_lib());
    char *const argv[] = { (char[]){ "ipam-worker" }, (char[]){ "fetch" }, NULL };
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);

    if (r != 0)
        return -r;
    (void) posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    r = posix_spawn(pid, program, &actions, NULL, argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int read_answers(char *text, size_t n, json_t **answers, struct err *e)
{
    char *rest = text;

    *answers = json_array();
    for (char *line; (line = strsep(&rest, "\n"));) {
        json_t *one = line[0] ? json_loads(line, JSON_ALLOW_NUL, NULL) : NULL;

        if (one)
            (void) json_array_append_new(*answers, one);
    }
    if (json_array_size(*answers) == n && json_object_get(json_array_get(*answers, 0), "url"))
        return 0;
    err_set(e, -EIO, "ipam-worker: %s",
            member_text(json_array_get(*answers, 0), "output")[0]
                ? member_text(json_array_get(*answers, 0), "output")
                : "it did not answer");
    json_decref(*answers);
    *answers = NULL;
    return e->code;
}

int web_ask(json_t *requests, json_t **answers, struct err *e)
{
    json_t *message = json_pack("{s:o}", "requests", requests);
    auto_free char *text = json_dumps(message, JSON_COMPACT), *output = NULL;
    auto_fd input = fsio_memfd("request", text ? text : "", text ? strlen(text) : 0);
    size_t n = json_array_size(requests);
    int ends[2] = { -1, -1 }, status = 0, r;
    pid_t pid = -1;

    json_decref(message);
    if (text)
        explicit_bzero(text, strlen(text)); /* of a login */
    if (input < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "asking over HTTP: %s", strerror(errno));
    auto_fd in = ends[0];
    r = start_worker(input, ends[1], &pid);
    close(ends[1]);
    if (r < 0)
        return err_set(e, r, "%s/ipam-worker: %s", paths_lib(), strerror(-r));
    r = fsio_read_fd(in, ANSWERS_MAX, &output, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return err_set(e, r, "the answers of ipam-worker: %s", strerror(-r));
    return read_answers(output, n, answers, e);
}

/* what a server says that refuses is worth showing, as far as one line */
static int refused(const char *url, json_int_t status, const char *body, struct err *e)
{
    return err_set(e, -EPROTO, "%s: status %d%s%.*s", url, (int) status, body[0] ? ": " : "",
                   (int) strcspn(body, "\n"), body);
}

/* NULL for what is no UTF-8 */
static json_t *parse(const json_t *body)
{
    size_t len = json_string_length(body);
    auto_free char *text = strndup(json_is_string(body) ? json_string_value(body) : "", len);
    json_t *out;

    if (!text)
        abort();
    if (bytetext_decode(text, strlen(text), &len) < 0)
        return NULL;
    out = json_loadb(text, len, JSON_DECODE_ANY, NULL);
    return out ? out : json_stringn(text, len);
}

int web_json(json_t *request, json_t **out, struct err *e)
{
    auto_free char *url = strdup(member_text(request, "url"));
    json_t *answers = NULL, *one;
    json_int_t status;
    int r = web_ask(json_pack("[o]", request), &answers, e);

    if (!url)
        abort();
    if (r < 0)
        return r;
    one = json_array_get(answers, 0);
    status = json_integer_value(json_object_get(one, "status"));
    if (status < ANSWER_OK || status >= ANSWER_REFUSED)
        r = status == 0 ? err_set(e, -EIO, "%s: %s", url, member_text(one, "error"))
                        : refused(url, status, member_text(one, "body"), e);
    if (r == 0)
        *out = parse(json_object_get(one, "body"));
    if (r == 0 && !*out)
        r = err_set(e, -EPROTO, "%s: the answer is no text", url);
    json_decref(answers);
    return r;
}
