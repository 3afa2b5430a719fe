#include "ops/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"

enum { STREAMS = 3, ERRORS_MAX = 4096 };

static json_t *texts(const char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++)
        (void) json_array_append_new(list, json_string(*v));
    return list;
}

int inside_start(const struct procedure *p, const struct inside *command, struct inside_run *run,
                 struct err *e)
{
    auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[STREAMS] = { command->in, command->out, command->err };
    json_t *message =
        json_pack("{s:s,s:s,s:s,s:i,s:o,s:o}", "op", "exec", "project", p->project, "service",
                  command->service, "index", command->index > 0 ? command->index : 1, "argv",
                  texts(command->argv), "env", texts(command->env));
    int r = null < 0 ? err_set(e, -errno, "/dev/null: %s", strerror(errno))
                     : p->config->connect(p->config->owner, &run->client, e);

    for (int i = 0; i < STREAMS; i++)
        if (fds[i] < 0)
            fds[i] = null;
    if (command->user)
        (void) json_object_set_new(message, "user", json_string(command->user));
    if (r < 0) {
        json_decref(message);
        return r;
    }
    return client_send_fds(run->client, message, fds, STREAMS, e);
}

static int read_end(const json_t *answer, struct inside_end *end, struct err *e)
{
    const char *what = "";
    int error = 0;

    if (json_unpack((json_t *) (size_t) answer, "{s:{s:i,s:i,s:i,s:s}}", "exit", "code", &end->code,
                    "signal", &end->signal, "errno", &error, "what", &what) < 0)
        return err_set(e, -EBADMSG, "the manager's answer is not readable");
    return error > 0 ? err_set(e, -error, "%s", what) : 0;
}

int inside_wait(struct inside_run *run, uint64_t timeout_us, struct inside_end *end, struct err *e)
{
    uint64_t until = clock_now_us() + timeout_us;
    int r;

    do {
        uint64_t now = clock_now_us();
        json_t *answer = NULL;

        if (timeout_us > 0 && now >= until) {
            inside_stop(run);
            return err_set(e, -ETIMEDOUT, "it took more than %llu s",
                           (unsigned long long) (timeout_us / USEC_PER_SEC));
        }
        r = client_receive(run->client,
                           timeout_us > 0 ? (int) ((until - now) / USEC_PER_MSEC) + 1 : -1, &answer,
                           e);
        if (r == 0 && (r = client_error(answer, e)) == 0)
            r = read_end(answer, end, e);
        json_decref(answer);
    } while (r == -EAGAIN || r == -EINTR);
    inside_stop(run);
    return r;
}

void inside_stop(struct inside_run *run)
{
    client_close(run->client);
    run->client = NULL;
}

/* takes what is there, in two buffers, until both are closed */
static int collect(int out, int err, size_t max, char **text, char errors[ERRORS_MAX],
                   uint64_t until, struct err *e)
{
    size_t len = 0, errors_len = 0;
    char *all = calloc(1, max + 1), spare[ERRORS_MAX];

    if (!all)
        abort();
    *text = all;
    while (out >= 0 || err >= 0) {
        struct pollfd p[] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
        uint64_t now = clock_now_us();
        ssize_t n;

        if (now >= until || poll(p, ARRAY_LEN(p), (int) ((until - now) / USEC_PER_MSEC) + 1) == 0)
            return err_set(e, -ETIMEDOUT, "it did not end in time");
        if (p[0].revents) {
            n = read(out, all + len, max - len + (len < max ? 0 : 1));
            if (n > 0 && len == max)
                return err_set(e, -EFBIG, "it wrote more than %zu bytes", max);
            len += n > 0 ? (size_t) n : 0;
            out = n > 0 || (n < 0 && errno == EINTR) ? out : -1;
        }
        if (p[1].revents) {
            size_t room = ERRORS_MAX - 1 - errors_len;

            n = read(err, room > 0 ? errors + errors_len : spare, room > 0 ? room : sizeof spare);
            errors_len += n > 0 && room > 0 ? (size_t) n : 0;
            err = n > 0 || (n < 0 && errno == EINTR) ? err : -1;
        }
    }
    errors[errors_len] = '\0';
    while (errors_len > 0 && errors[errors_len - 1] == '\n')
        errors[--errors_len] = '\0';
    return 0;
}

int inside_output(const struct procedure *p, const struct inside *command, uint64_t timeout_us,
                  size_t max, char **output, struct err *e)
{
    uint64_t until = clock_now_us() + timeout_us;
    char errors[ERRORS_MAX] = "";
    auto_free char *text = NULL;
    struct inside_run run = { 0 };
    struct inside_end end = { 0 };
    struct inside with = *command;
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    int r = pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0
                ? err_set(e, -errno, "a pipe: %s", strerror(errno))
                : 0;

    with.out = out[1];
    with.err = err[1];
    if (r == 0)
        r = inside_start(p, &with, &run, e);
    for (int i = 0; i < 2; i++)
        if ((i == 0 ? out : err)[1] >= 0)
            close((i == 0 ? out : err)[1]);
    if (r == 0)
        r = collect(out[0], err[0], max, &text, errors, until, e);
    if (r == 0)
        r = inside_wait(&run, timeout_us, &end, e);
    inside_stop(&run);
    for (int i = 0; i < 2; i++)
        if ((i == 0 ? out : err)[0] >= 0)
            close((i == 0 ? out : err)[0]);
    if (r < 0)
        return err_wrap(e, "%s in %s", command->argv[0], command->service);
    if (end.code != 0 || end.signal != 0)
        return err_set(e, -ECHILD, "%s in %s ended with %s %d%s%s", command->argv[0],
                       command->service, end.signal ? "signal" : "status",
                       end.signal ? end.signal : end.code, errors[0] ? ": " : "", errors);
    *output = take_ptr(text);
    return 0;
}
