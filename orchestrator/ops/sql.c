#include "ops/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "ops/inside.h"
#include "ops/mariadb.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, CHUNK = 64 * 1024, ERRORS_MAX = 4096, TOKEN = 33 };
enum { DELIMITER = 14 }; /* more of it the client would not look at */

#define END_WAIT_US (10 * USEC_PER_SEC)

/* binary-mode: the client itself obeys nothing that a script says but our delimiter */
#define CLIENT                                                                                     \
    "exec mariadb --defaults-file=/dev/fd/3 --batch --skip-column-names --unbuffered "             \
    "--binary-mode --comments --skip-reconnect --no-auto-rehash --max-allowed-packet=1G "          \
    "--default-character-set=utf8mb4 "

/* the account comes as two lines of stdin, which dash reads byte by byte */
static const char script[] = "IFS= read -r u && IFS= read -r p || exit 1\n" CLIENT
                             "--protocol=tcp --host=127.0.0.1 --port=\"$1\" 3<<E\n"
                             "[client]\nuser=\"$u\"\npassword=\"$p\"\nE\n";

struct sql {
    struct inside_run run;
    int in, out, err; /* our ends */
    char token[TOKEN];
    unsigned long asked;
    char *answer;
    size_t used, room;
    char errors[ERRORS_MAX];
    size_t n_errors;
    bool over;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void sql_close(struct sql *s)
{
    struct inside_end end;
    struct err ignored = ERR_INIT;

    if (!s)
        return;
    close_end(&s->in);
    close_end(&s->out);
    close_end(&s->err);
    if (s->run.client)
        (void) inside_wait(&s->run, END_WAIT_US, &end, &ignored);
    inside_stop(&s->run);
    free(s->answer);
    free(s);
}

void sql_close_(struct sql **s)
{
    sql_close(*s);
}

/* a value of an option file, inside quotes */
static char *option_value(const char *text)
{
    size_t n = 0;
    char *out = malloc(2 * strlen(text) + 1);

    if (!out)
        abort();
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            out[n++] = '\\';
        out[n++] = *text == '\n' ? 'n' : *text;
    }
    out[n] = '\0';
    return out;
}

static int begin(const struct procedure *p, const struct sql_account *who, struct sql *s, int in,
                 int out, int err, struct err *e)
{
    char port[16];

    (void) snprintf(port, sizeof port, "%u", (unsigned) who->port);
    const char *const argv[] = { "/bin/sh", "-c", script, "sh", port, NULL };
    struct inside command = {
        .service = who->service, .argv = argv, .in = in, .out = out, .err = err
    };
    return inside_start(p, &command, &s->run, e);
}

static int pair(int *read_end, int *write_end, struct err *e)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(e, -errno, "a pipe: %s", strerror(errno));
    *read_end = fds[0];
    *write_end = fds[1];
    return 0;
}

/* the account, the delimiter, the schema: all lines of stdin */
static int greet(struct sql *s, const struct sql_account *who, struct err *e)
{
    auto_free char *user = option_value(who->user);
    auto_free char *password = option_value(who->password);
    auto_free char *schema = mariadb_name(who->schema);
    auto_free char *text = NULL;
    int n = asprintf(&text, "%s\n%s\ndelimiter %.*s\n", user, password, DELIMITER, s->token);
    int r;

    if (n < 0)
        abort();
    r = fsio_write_all(s->in, text, (size_t) n);
    explicit_bzero(text, (size_t) n);
    explicit_bzero(password, strlen(password));
    if (r < 0)
        return err_set(e, r, "the client of the database: %s", strerror(-r));
    if (fcntl(s->in, F_SETFL, O_NONBLOCK) < 0)
        return err_set(e, -errno, "a pipe: %s", strerror(errno));
    return sql_runf(s, e, "use %s", schema);
}

int sql_open(const struct procedure *p, const struct sql_account *who, struct sql **out,
             struct err *e)
{
    unsigned char random[(TOKEN - 1) / 2];
    auto_fd in = -1, answers = -1, errors = -1;
    auto_sql s = calloc(1, sizeof *s);
    int r;

    if (!s)
        abort();
    s->in = s->out = s->err = -1;
    if (getrandom(random, sizeof random, 0) != (ssize_t) sizeof random)
        return err_set(e, -EIO, "no random numbers");
    for (size_t i = 0; i < sizeof random; i++)
        (void) snprintf(s->token + 2 * i, 3, "%02x", random[i]);
    r = pair(&in, &s->in, e);
    if (r == 0)
        r = pair(&s->out, &answers, e);
    if (r == 0)
        r = pair(&s->err, &errors, e);
    if (r == 0)
        r = begin(p, who, s, in, answers, errors, e);
    if (r < 0)
        return r;
    close_end(&in);
    close_end(&answers);
    close_end(&errors);
    r = greet(s, who, e);
    if (r == 0)
        *out = take_ptr(s);
    return r;
}

/* ---- one statement ---- */

/* "ERROR 1064 (42000) at line 7: text": the line is one of what we have sent, not of the file */
static void describe(struct sql *s, char *out, size_t room)
{
    char *text = s->errors, *error, *at, *colon;

    text[s->n_errors] = '\0';
    while (s->n_errors > 0 && text[s->n_errors - 1] == '\n')
        text[--s->n_errors] = '\0';
    error = strstr(text, "ERROR ");
    at = error ? strstr(error, " at line ") : NULL;
    colon = at ? strchr(at, ':') : NULL;
    if (colon)
        (void) snprintf(out, room, "%.400s (%.*s)", colon + 1 + strspn(colon + 1, " "),
                        (int) (at - error), error);
    else
        (void) snprintf(out, room, "%.500s", error ? error : text);
}

static int ended(struct sql *s, struct err *e)
{
    struct inside_end end = { 0 };
    struct err why = ERR_INIT;
    char text[512];
    int r = s->run.client ? inside_wait(&s->run, END_WAIT_US, &end, &why) : 0;

    s->over = true;
    describe(s, text, sizeof text);
    if (text[0] != '\0')
        err_set(e, -EIO, "%s", text);
    else if (r < 0)
        err_set(e, r, "the connection to the database is lost: %s", why.msg);
    else
        err_set(e, -ECONNRESET, "the client of the database ended with %s %d",
                end.signal ? "signal" : "status", end.signal ? end.signal : end.code);
    return err_classify(e, ERR_MIGRATION);
}

static void more_errors(struct sql *s)
{
    char spare[512];
    size_t room = ERRORS_MAX - 1 - s->n_errors;
    ssize_t n =
        read(s->err, room > 0 ? s->errors + s->n_errors : spare, room > 0 ? room : sizeof spare);

    if (n > 0 && room > 0)
        s->n_errors += (size_t) n;
    if (n == 0 || (n < 0 && errno != EINTR))
        close_end(&s->err);
}

static int more_answer(struct sql *s)
{
    ssize_t n;

    if (s->room - s->used < CHUNK + 1) {
        s->room = s->used + 2 * CHUNK + 1;
        s->answer = realloc(s->answer, s->room);
        if (!s->answer)
            abort();
    }
    n = read(s->out, s->answer + s->used, CHUNK);
    if (n > 0)
        s->used += (size_t) n;
    if (n == 0 || (n < 0 && errno != EINTR))
        close_end(&s->out);
    s->answer[s->used] = '\0';
    return s->used > ANSWER_MAX ? -EFBIG : 0;
}

/* the answer ends with our mark, at the beginning of a line */
static bool is_answered(struct sql *s, const char *mark, bool keep)
{
    size_t len = strlen(mark);
    char *at = s->used >= len ? s->answer + s->used - len : NULL;

    if (at && memcmp(at, mark, len) == 0 && (at == s->answer || at[-1] == '\n')) {
        *at = '\0';
        s->used -= len;
        return true;
    }
    /* of what nobody wants no more is kept than could be the beginning of the mark */
    if (!keep && s->used > 2 * len) {
        memmove(s->answer, s->answer + s->used - len - 1, len + 1);
        s->used = len + 1;
    }
    return false;
}

static void feed(struct sql *s, const char **text, size_t *len)
{
    ssize_t n = write(s->in, *text, *len > CHUNK ? CHUNK : *len);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        *len = 0; /* it has ended, and says why */
    else if (n > 0) {
        *text += n;
        *len -= (size_t) n;
    }
}

static int converse(struct sql *s, const char *text, size_t len, const char *mark, bool keep,
                    struct err *e)
{
    s->used = 0;
    while (s->out >= 0) {
        struct pollfd p[] = { { .fd = len > 0 ? s->in : -1, .events = POLLOUT },
                              { .fd = s->out, .events = POLLIN },
                              { .fd = s->err, .events = POLLIN },
                              { .fd = client_fd(s->run.client), .events = POLLIN } };

        if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
            return err_set(e, -errno, "poll: %s", strerror(errno));
        if (p[0].revents)
            feed(s, &text, &len);
        if (p[2].revents)
            more_errors(s);
        if (p[1].revents && more_answer(s) < 0)
            return err_set(e, -EFBIG, "the database answers more than %d bytes", ANSWER_MAX);
        if (s->out >= 0 && s->used > 0 && is_answered(s, mark, keep))
            return 0;
        /* it has ended, or who runs it has: what is still in the pipes is read first */
        if (p[3].revents && !p[1].revents && !p[2].revents)
            break;
    }
    while (s->out < 0 && s->err >= 0) {
        struct pollfd p = { .fd = s->err, .events = POLLIN };

        if (poll(&p, 1, (int) (END_WAIT_US / USEC_PER_MSEC)) <= 0)
            break;
        more_errors(s);
    }
    return ended(s, e);
}

static int ask(struct sql *s, const char *text, size_t len, bool keep, struct err *e)
{
    auto_free char *all = NULL;
    size_t all_len = 0;
    char mark[TOKEN + 32];
    FILE *f;

    if (s->over)
        return err_set(e, -ENOTCONN, "the client of the database has ended");
    f = open_memstream(&all, &all_len);
    if (!f)
        abort();
    s->asked++;
    (void) fwrite(text, 1, len, f);
    fprintf(f, "\n%.*s\nselect '%s %lu'\n%.*s\n", DELIMITER, s->token, s->token + DELIMITER,
            s->asked, DELIMITER, s->token);
    if (fclose(f) != 0)
        abort();
    (void) snprintf(mark, sizeof mark, "%s %lu\n", s->token + DELIMITER, s->asked);
    return converse(s, all, all_len, mark, keep, e);
}

int sql_run(struct sql *s, const char *text, size_t len, struct err *e)
{
    return ask(s, text, len, false, e);
}

static __attribute__((format(printf, 1, 0))) char *format(const char *fmt, va_list ap)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    return text;
}

int sql_runf(struct sql *s, struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    auto_free char *text = format(fmt, ap);
    va_end(ap);
    return ask(s, text, strlen(text), false, e);
}

/* as the client writes it: \t, \n, \\ and \0 for those characters */
static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
            *to++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : *text == '0' ? '?' : *text;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

static json_t *read_rows(char *text)
{
    json_t *rows = json_array();
    char *line;

    while ((line = strsep(&text, "\n"))) {
        json_t *row;
        char *field;

        if (!text)
            break; /* behind the last newline */
        row = json_array();
        while ((field = strsep(&line, "\t"))) {
            unescape(field);
            json_t *value = json_string(field);
            (void) json_array_append_new(row, value ? value : json_string("?"));
        }
        (void) json_array_append_new(rows, row);
    }
    return rows;
}

static __attribute__((format(printf, 4, 0))) int rows_of(struct sql *s, json_t **rows,
                                                         struct err *e, const char *fmt, va_list ap)
{
    auto_free char *text = format(fmt, ap);
    int r = ask(s, text, strlen(text), true, e);

    if (r == 0)
        *rows = read_rows(s->answer);
    return r;
}

int sql_rows(struct sql *s, json_t **rows, struct err *e, const char *fmt, ...)
{
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = rows_of(s, rows, e, fmt, ap);
    va_end(ap);
    return r;
}

int sql_text(struct sql *s, char **out, struct err *e, const char *fmt, ...)
{
    const char *first;
    json_t *rows;
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = rows_of(s, &rows, e, fmt, ap);
    va_end(ap);
    if (r < 0)
        return r;
    first = json_string_value(json_array_get(json_array_get(rows, 0), 0));
    *out = strdup(first ? first : "");
    if (!*out)
        abort();
    json_decref(rows);
    return 0;
}
