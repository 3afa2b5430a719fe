#include "cli/progress.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/member.h"

struct row {
    char service[64], state[24], waits_for[64], detail[128];
    uint64_t since_us;
    uint64_t took_us; /* from the first transition to the present state */
};

struct progress {
    enum progress_form form;
    uint64_t begin_us;
    struct row *rows;
    size_t n, drawn;
    unsigned spin;
    bool colour;
};

static enum progress_form pick(const struct cli *cli)
{
    if (cli->quiet)
        return PROGRESS_QUIET;
    if (cli->progress != PROGRESS_AUTO)
        return cli->progress;
    return isatty(STDERR_FILENO) ? PROGRESS_TTY : PROGRESS_PLAIN;
}

struct progress *progress_new(const struct cli *cli)
{
    struct progress *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->form = pick(cli);
    p->begin_us = clock_now_us();
    p->colour = !getenv("NO_COLOR");
    return p;
}

/* what concerns a service as a whole has no name of an instance */
static const char *name_of(const json_t *event)
{
    const char *name = member_text(event, "name");

    return name[0] != '\0' ? name : member_text(event, "service");
}

static void print_plain(const json_t *event)
{
    uint64_t now = clock_wall_us();
    time_t second = (time_t) (now / USEC_PER_SEC);
    const char *name = name_of(event), *waits = member_text(event, "waits_for");
    const char *detail = member_text(event, "detail");
    char stamp[16];
    struct tm tm;

    (void) strftime(stamp, sizeof stamp, "%H:%M:%S", localtime_r(&second, &tm));
    fprintf(stderr, "%s.%03u %s %s%s%s%s%s\n", stamp, (unsigned) (now / 1000 % 1000),
            name[0] != '\0' ? name : member_text(event, "project"), member_text(event, "event"),
            waits[0] ? " for " : "", waits, detail[0] ? ": " : "", detail);
}

static struct row *row_of(struct progress *p, const char *service)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->rows[i].service, service) == 0)
            return &p->rows[i];
    p->rows = reallocarray(p->rows, p->n + 1, sizeof *p->rows);
    if (!p->rows)
        abort();
    p->rows[p->n] = (struct row){ .since_us = clock_now_us() };
    (void) snprintf(p->rows[p->n].service, sizeof p->rows->service, "%s", service);
    return &p->rows[p->n++];
}

static bool is_settled(const char *state)
{
    static const char *const settled[] = { "healthy", "up", "done", "down", "failed", "migrated" };

    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++)
        if (strcmp(state, settled[i]) == 0)
            return true;
    return false;
}

static const char *colour_of(const char *state)
{
    if (strcmp(state, "healthy") == 0 || strcmp(state, "up") == 0 || strcmp(state, "done") == 0)
        return "\033[32m";
    if (strcmp(state, "failed") == 0 || strcmp(state, "unhealthy") == 0 ||
        strcmp(state, "backoff") == 0)
        return "\033[31m";
    return is_settled(state) ? "" : "\033[33m";
}

static void draw_row(const struct progress *p, const struct row *r)
{
    static const char *const spinner[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
    bool settled = is_settled(r->state);
    uint64_t us = settled ? r->took_us : clock_now_us() - r->since_us;
    const char *sign = settled ? (strcmp(r->state, "failed") == 0 ? "✗" : "✓")
                               : spinner[p->spin % (sizeof spinner / sizeof *spinner)];

    fprintf(stderr, "\r\033[K %s%s %-16s %-10s%s %6.1fs", p->colour ? colour_of(r->state) : "",
            sign, r->service, r->state, p->colour ? "\033[0m" : "", (double) us / 1e6);
    if (r->waits_for[0] != '\0')
        fprintf(stderr, "  waits for %s", r->waits_for);
    else if (r->detail[0] != '\0')
        fprintf(stderr, "  %s", r->detail);
    fputc('\n', stderr);
}

static void draw(struct progress *p)
{
    if (p->drawn > 0)
        fprintf(stderr, "\033[%zuA", p->drawn);
    for (size_t i = 0; i < p->n; i++)
        draw_row(p, &p->rows[i]);
    p->drawn = p->n;
    fflush(stderr);
}

/* above the rows */
static void print_about_project(struct progress *p, const json_t *event)
{
    const char *detail = member_text(event, "detail");

    if (p->drawn > 0)
        fprintf(stderr, "\033[%zuA\033[J", p->drawn);
    fprintf(stderr, " %s: %s%s%s\n", member_text(event, "project"), member_text(event, "event"),
            detail[0] ? ": " : "", detail);
    p->drawn = 0;
}

static void note(struct progress *p, const json_t *event)
{
    struct row *r = row_of(p, name_of(event));

    r->took_us = clock_now_us() - r->since_us;
    (void) snprintf(r->state, sizeof r->state, "%s", member_text(event, "event"));
    (void) snprintf(r->waits_for, sizeof r->waits_for, "%s", member_text(event, "waits_for"));
    (void) snprintf(r->detail, sizeof r->detail, "%s", member_text(event, "detail"));
}

void progress_event(struct progress *p, const json_t *event)
{
    switch (p->form) {
    case PROGRESS_JSON:
        (void) json_dumpf(event, stdout, JSON_COMPACT);
        (void) fputc('\n', stdout);
        (void) fflush(stdout);
        break;
    case PROGRESS_TTY:
        if (name_of(event)[0] == '\0')
            print_about_project(p, event);
        else
            note(p, event);
        draw(p);
        break;
    case PROGRESS_AUTO:
    case PROGRESS_PLAIN: print_plain(event); break;
    case PROGRESS_QUIET: break;
    }
}

void progress_tick(struct progress *p)
{
    p->spin++;
    if (p->form == PROGRESS_TTY && p->n > 0)
        draw(p);
}

int progress_tick_ms(const struct progress *p)
{
    return p->form == PROGRESS_TTY ? 100 : -1;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    free(p->rows);
    free(p);
}
