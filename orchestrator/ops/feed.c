#include "ops/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "ops/once.h"

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(take_fd(&fds[i]));
}

static int feed(const struct procedure *p, const struct restore_wish *w, const json_t *const *parts,
                size_t n, const struct tool *program, struct flow *answer, struct err *e)
{
    struct tool t = *program;
    struct tool_run run = TOOL_NONE;
    struct err writing = ERR_INIT;
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, written = 0;
    int r = flow_pipe(in, e);

    if (r == 0 && answer)
        r = flow_pipe(out, e);
    t.in = in[0];
    t.out = answer ? out[1] : t.out;
    if (r == 0)
        r = tool_start(p, &t, &run, e);
    close_all(in, 1);
    close_all(out + 1, 1);
    for (size_t i = 0; r == 0 && written == 0 && i < n; i++) {
        auto_flow to = flow_to_fd(in[1]);

        written = backup_read_part(w->store, w->backup, parts[i], &w->key, to, &writing);
    }
    if (written < 0 && written != -EPIPE) {
        tool_stop(&run); /* half of it must not look like all of it */
        *e = writing;
        r = written;
    }
    close_all(in + 1, 1);
    if (r == 0 && answer)
        r = flow_pump(out[0], answer, e);
    if (r == 0)
        r = tool_end(&run, 0, 0, e);
    if (r == 0 && written < 0) {
        *e = writing;
        r = written;
    }
    tool_stop(&run);
    close_all(out, 1);
    return r;
}

int feed_parts(const struct procedure *p, const struct restore_wish *w, const json_t *const *parts,
               size_t n, const struct tool *program, struct flow *answer, struct err *e)
{
    void (*on_pipe)(int) = signal(SIGPIPE, SIG_IGN);
    int r = feed(p, w, parts, n, program, answer, e);

    if (on_pipe != SIG_ERR)
        (void) signal(SIGPIPE, on_pipe);
    return r;
}

int feed_beside(const struct procedure *p, const struct restore_wish *w, const json_t *part,
                const struct tool *program, struct err *e)
{
    struct tool beside = *program;
    struct project *d = NULL;
    struct unit *u;
    int r = procedure_definition(p, &d, e);

    if (r < 0)
        return r;
    beside.beside = d;
    u = once_prepare(d, program->service);
    if (u)
        u->n_networks = 0;
    r = u ? feed_parts(p, w, &part, part ? 1 : 0, &beside, NULL, e)
          : err_set(e, -ENOENT, "there is no service '%s'", program->service);
    project_free(d);
    return r;
}
