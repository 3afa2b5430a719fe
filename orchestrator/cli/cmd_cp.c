/* cp: files between a service and the caller. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "cli/request.h"
#include "cli/unpack.h"

/* The service's side of a copy is a command inside it, with its rights and in its view of files: a
 * path there cannot mean one of the host's.  The caller's side has the caller's rights: unpack.c
 * believes the stream nothing. */

enum { OPT_INDEX = 256, TAR_INCOMPLETE = 2, WORDS_MAX = 12 };

struct input {
    bool owners, follow;
    int index;
    const char *from, *to;
};

/* one side of a copy */
struct side {
    char *service;    /* NULL: the caller's */
    int index;        /* which of its instances */
    const char *path; /* "-": a tar stream */
};

/* a path as tar wants it */
struct source {
    char *dir, *name; /* "." for all that is in dir */
};

static const struct argp_option options[] = {
    { "archive", 'a', NULL, 0, "Keeps user and group, out of a service only", 0 },
    { "follow-link", 'L', NULL, 0, "Copies what a symbolic link means, if the source is one", 0 },
    { "index", OPT_INDEX, "N", 0, "Which instance of the service, 1 if it is not said", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'a': in->owners = true; return 0;
    case 'L': in->follow = true; return 0;
    case OPT_INDEX: return remote_index(&in->index, arg, state);
    case ARGP_KEY_ARG:
        if (in->to)
            argp_error(state, "one source and one target are needed");
        *(in->from ? &in->to : &in->from) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!in->to)
            argp_error(state, "a source and a target are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* SERVICE:PATH, as with docker cp: a path of the caller that has a colon begins with / or . */
static struct side side_of(const char *text, int index)
{
    const char *colon = text[0] == '/' || text[0] == '.' ? NULL : strchr(text, ':');

    return (struct side){ .service = colon ? strndup(text, (size_t) (colon - text)) : NULL,
                          .index = index,
                          .path = colon ? colon + 1 : text };
}

static int split(const char *path, struct source *out, struct err *e)
{
    size_t len = strlen(path);
    const char *name;

    while (len > 1 && path[len - 1] == '/')
        len--;
    for (name = path + len; name > path && name[-1] != '/'; name--)
        ;
    out->dir = name > path ? strndup(path, (size_t) (name - path)) : strdup(".");
    out->name = name < path + len ? strndup(name, (size_t) (path + len - name)) : strdup(".");
    if (!out->dir || !out->name)
        abort();
    if (strcmp(out->name, "..") != 0)
        return 0;
    err_set(e, -EINVAL, "'%s' ends with '..'", path);
    return err_classify(e, ERR_USAGE);
}

static void source_clear(struct source *s)
{
    free(s->dir);
    free(s->name);
}

/* the command inside; its surroundings are ours, whatever the service has in its own */
static json_t *command(const char *project, const struct side *inside, const char *const *argv)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:o,s:[s,s,s],s:s}", "op", "exec", "project", project,
                     "service", inside->service, "index", inside->index, "argv",
                     remote_strings(argv), "env", "PATH=/usr/bin:/bin",
                     "TAR_OPTIONS=", "LC_ALL=C.UTF-8", "workdir", "/");
}

/* ---- out of a service ---- */

static const char out_script[] =
    "p=$(readlink -e -- \"$1\") || { echo \"$1: no such file\" >&2; exit 2; }\n"
    "exec tar -C \"${p%/*}/\" -cf - --format=gnu --hard-dereference -- "
    "\"${p##*/}\"\n";

static json_t *pack_inside(const char *project, const struct side *from, const struct source *s,
                           bool follow)
{
    const char *plain[WORDS_MAX] = {
        "tar", "-C", s->dir, "-cf", "-", "--format=gnu", "--hard-dereference", "--", s->name
    };
    const char *script[] = { "/bin/sh", "-c", out_script, "cp", from->path, NULL };

    return command(project, from, follow && strcmp(s->name, ".") != 0 ? script : plain);
}

/* Where the copy goes, and what it is called there. */
static int open_target(const char *path, const struct source *from, struct unpack *out,
                       struct source *target, struct err *e)
{
    int r;

    out->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir >= 0) {
        out->top = strcmp(from->name, ".") == 0 ? "" : from->name;
        return 0;
    }
    if ((r = split(path, target, e)) < 0)
        return r;
    out->top = target->name;
    out->directory = path[strlen(path) - 1] == '/';
    out->dir = open(target->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return out->dir < 0 ? err_set(e, -errno, "%s: %s", target->dir, strerror(errno)) : 0;
}

static _Noreturn void unpack_child(const struct cli *cli, struct unpack *u, int from)
{
    struct err e = ERR_INIT;

    u->from = fdopen(from, "r");
    _exit(u->from && unpack_run(u, &e) < 0 ? cli_fail(cli, &e) : u->from ? 0 : ERR_FAILED);
}

static int start_unpacking(const struct cli *cli, struct unpack *u, int *to, pid_t *pid,
                           struct err *e)
{
    int fd[2];

    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_set(e, -errno, "pipe: %s", strerror(errno));
    (void) fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        close(fd[1]);
        unpack_child(cli, u, fd[0]);
    }
    close(fd[0]);
    *to = fd[1];
    return *pid < 0 ? err_set(e, -errno, "fork: %s", strerror(errno)) : 0;
}

/* the exit status of the command inside */
static int carry(struct client *client, json_t *message, int in, int out, struct err *e)
{
    auto_free struct relay *r = malloc(sizeof *r);
    int code;

    if (!r)
        abort();
    code = relay_open(r, false, e);
    r->tame = true;
    if (in >= 0)
        r->local[0] = in;
    if (out >= 0)
        r->local[1] = out;
    if (code == 0)
        code = remote_carry(client, message, r, "tar", e);
    else
        json_decref(message);
    relay_close(r);
    return code;
}

/* what tar says about files that change while they are read is a warning, not a failure */
static int judge(int code, struct err *e)
{
    if (code >= TAR_INCOMPLETE && e->code == 0)
        return err_set(e, -EIO, "not everything could be copied");
    return code < 0 || e->code < 0 ? -EIO : 0;
}

/* 0, or the exit status of who has told what is wrong */
static int finish_unpacking(pid_t pid, bool failed, struct err *e)
{
    int status = 0;

    if (failed && e->code != -EPIPE)
        (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);
    if (!WIFEXITED(status))
        return failed ? 0 : err_set(e, -EIO, "unpacking was killed");
    return WEXITSTATUS(status);
}

static int copy_out(const struct cli *cli, struct client *client, const char *project,
                    const struct input *in, const struct side *from, const char *to, struct err *e)
{
    auto_free char *absolute = NULL;
    struct source source = { 0 }, target = { 0 };
    struct unpack u = { .dir = -1, .owners = in->owners };
    int out = -1, code, told = 0;
    pid_t pid = 0;

    if (asprintf(&absolute, "/%s", from->path) < 0)
        abort();
    code = split(absolute, &source, e);
    if (code == 0 && strcmp(to, "-") != 0) {
        code = open_target(to, &source, &u, &target, e);
        if (code == 0)
            code = start_unpacking(cli, &u, &out, &pid, e);
    }
    if (code == 0)
        code = judge(carry(client, pack_inside(project, from, &source, in->follow), -1, out, e), e);
    if (out >= 0)
        close(out);
    if (pid > 0)
        told = finish_unpacking(pid, code < 0, e);
    if (u.dir >= 0)
        close(u.dir);
    source_clear(&source);
    source_clear(&target);
    if (told > 0)
        *e = ERR_INIT;
    return told > 0 ? told : code;
}

/* ---- into a service ---- */

/* $1 target, $2 what comes, $3 its mode, $4 its name, $5 what a link points to */
static const char in_script[] =
    "d=$1\n"
    "case $2 in dir|file|link) if [ -d \"$d\" ]; then d=$d/$4; fi;; esac\n"
    "case $2 in\n"
    "file|link)\n"
    "  if [ -d \"$d\" ]; then echo \"$d: is a directory\" >&2; exit 2; fi\n"
    "  case $d in */) echo \"$d: no such directory\" >&2; exit 2;; esac;;\n"
    "dir|contents) [ -d \"$d\" ] || mkdir -- \"$d\" || exit 2;;\n"
    "esac\n"
    "case $2 in\n"
    "link) exec ln -sfn -- \"$5\" \"$d\";;\n"
    "file) rm -f -- \"$d\" 2>/dev/null; tar -xOf - >\"$d\" && chmod -- \"$3\" \"$d\" || exit 2;;\n"
    "dir) exec tar -C \"$d\" -xf - -o --no-overwrite-dir --strip-components=1;;\n"
    "*) exec tar -C \"$d\" -xf - -o --no-overwrite-dir;;\n"
    "esac\n";

/* What is copied into a service. */
struct offer {
    const char *kind;
    char mode[8], link[PATH_MAX];
    struct source source;
};

static int look(const char *path, bool follow, struct offer *o, struct err *e)
{
    auto_free char *real = follow ? realpath(path, NULL) : strdup(path);
    struct stat st;
    ssize_t n;
    int r;

    if (!real || lstat(real, &st) < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if ((r = split(real, &o->source, e)) < 0)
        return r;
    (void) snprintf(o->mode, sizeof o->mode, "%o", (unsigned) st.st_mode & 0777);
    if (S_ISDIR(st.st_mode)) {
        o->kind = strcmp(o->source.name, ".") == 0 ? "contents" : "dir";
        return 0;
    }
    o->kind = S_ISLNK(st.st_mode) ? "link" : "file";
    if (!S_ISLNK(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(e, -ENOTSUP, "%s: it is no file, directory or symbolic link", path);
    n = S_ISLNK(st.st_mode) ? readlink(real, o->link, sizeof o->link - 1) : 0;
    return n < 0 ? err_set(e, -errno, "%s: %s", path, strerror(errno)) : 0;
}

static int spawn_tar(const struct source *s, int *from, pid_t *pid, struct err *e)
{
    char *argv[] = { (char[]){ "tar" },
                     (char[]){ "-C" },
                     s->dir,
                     (char[]){ "-cf" },
                     (char[]){ "-" },
                     (char[]){ "--format=gnu" },
                     (char[]){ "--hard-dereference" },
                     (char[]){ "--" },
                     s->name,
                     NULL };
    posix_spawn_file_actions_t moves;
    int fd[2], r;

    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_set(e, -errno, "pipe: %s", strerror(errno));
    (void) posix_spawn_file_actions_init(&moves);
    (void) posix_spawn_file_actions_adddup2(&moves, fd[1], STDOUT_FILENO);
    r = posix_spawnp(pid, argv[0], &moves, NULL, argv, environ);
    (void) posix_spawn_file_actions_destroy(&moves);
    close(fd[1]);
    *from = fd[0];
    if (r == 0)
        return 0;
    err_set(e, -r, "tar: %s", strerror(r));
    err_hint(e, "apt-get install tar");
    return err_classify(e, ERR_MISSING);
}

static int await_tar(pid_t pid, int code, struct err *e)
{
    int status = 0;

    if (code < 0)
        (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);
    if (code == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) >= TAR_INCOMPLETE))
        return err_set(e, -EIO, "not everything could be read");
    return code;
}

static int copy_in(struct client *client, const char *project, const struct input *in,
                   const char *from, const struct side *to, struct err *e)
{
    auto_free struct offer *o = calloc(1, sizeof *o);
    auto_free char *target = NULL;
    bool stream = strcmp(from, "-") == 0;
    int tar = -1, code = 0;
    pid_t pid = 0;

    if (!o || asprintf(&target, "/%s", to->path) < 0)
        abort();
    if (in->owners) {
        err_set(e, -EPERM, "a service cannot give files away: what comes into it is its user's");
        return err_classify(e, ERR_USAGE);
    }
    o->kind = "stream";
    if (!stream)
        code = look(from, in->follow, o, e);
    if (code == 0 && !stream)
        code = spawn_tar(&o->source, &tar, &pid, e);
    if (code == 0) {
        auto_free char *name = strdup(from);
        size_t len = strlen(name);

        while (len > 1 && name[len - 1] == '/')
            name[--len] = '\0';
        const char *slash = strrchr(name, '/');
        const char *argv[] = { "/bin/sh", "-c",    in_script, "cp",
                               target,    o->kind, o->mode,   slash ? slash + 1 : name,
                               o->link,   NULL };

        code = judge(carry(client, command(project, to, argv), tar, -1, e), e);
    }
    if (tar >= 0)
        close(tar);
    if (pid > 0)
        code = await_tar(pid, code, e);
    source_clear(&o->source);
    return code;
}

/* ---- the verb ---- */

static int copy(struct cli *cli, const struct input *in, struct err *e)
{
    struct side from = side_of(in->from, in->index), to = side_of(in->to, in->index);
    auto_free char *one = from.service, *other = to.service, *project = NULL;
    char *const named[] = { from.service ? from.service : to.service, NULL };
    auto_client client = NULL;
    json_t *status = NULL;
    int code;

    if (!one == !other) {
        err_set(e, -EINVAL, "one of the two must be SERVICE:PATH");
        return err_classify(e, ERR_USAGE);
    }
    if (from.service && strcmp(to.path, "-") == 0 && isatty(STDOUT_FILENO)) {
        err_set(e, -EINVAL, "an archive is nothing for a terminal");
        return err_classify(e, ERR_USAGE);
    }
    code = request_open(cli, named, &client, &project, &status, e);
    json_decref(status);
    if (code < 0)
        return code;
    record_project(project);
    return from.service ? copy_out(cli, client, project, in, &from, to.path, e)
                        : copy_in(client, project, in, from.path, &to, e);
}

int cmd_cp(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "SERVICE:PATH TARGET|-\nSOURCE|- SERVICE:PATH",
        .doc = "Copies files out of a running service or into it, with - as a tar stream.  Inside "
               "it is done by the service's user, outside by the caller.  Links are copied as "
               "links, devices and FIFOs not at all, and nothing leaves a service with a set-id "
               "bit.  A source that ends with /. means what is in it."
    };
    struct input in = { .index = 1 };
    struct err e = ERR_INIT;
    int code;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    code = copy(cli, &in, &e);
    return e.code < 0 ? cli_fail(cli, &e) : code;
}
