/* sandbox_driver -- speaks to a sandbox broker from the command line, for tests and by hand.
 *
 *   sandbox_driver SOCKET request OP [JSON]        one request; prints the answer
 *   sandbox_driver SOCKET launch JSON [FILE...]    JSON is merged over a plain specification, FILEs
 *                                                  travel as memfds; prints answer and first event
 *   sandbox_driver SOCKET wait ID                  prints the exit event
 *   sandbox_driver SOCKET lines ID out|err N       prints N lines of the source pipe
 *   sandbox_driver SOCKET drain ID out|err         prints all until its end
 *   sandbox_driver SOCKET notes ID                 prints one datagram of its notify socket
 *   sandbox_driver SOCKET input ID TEXT            writes a line to what it reads, prints which
 *                                                  kind
 *   sandbox_driver SOCKET join ID SCOPE US ARG...  prints output, then the answer
 *
 * Exit status: 0, 1 for an error answer or a failed set-up, 2 for wrong use or a lost connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "sandbox/client.h"

enum { GIVE_UP_S = 300, FILE_MAX = 16 * 1024 * 1024, STDOUT_SOURCE = 0, STDERR_SOURCE = 3 };

static const char plain_spec[] =
    "{\"id\":\"t.plain.1.1\",\"project\":\"t\",\"argv\":[],\"env\":[],\"workdir\":\"/\","
    "\"hostname\":\"guest\",\"user\":\"nobody\",\"home\":\"/tmp\",\"uid\":65534,\"gid\":65534,"
    "\"mounts\":[],\"files\":[],\"etc\":[],\"links\":[],\"ulimits\":[],\"groups\":[],\"ports\":[],"
    "\"hosts\":[],\"memory\":0,"
    "\"milli_cpus\":0,\"pids\":0,\"nofile\":0,\"oom_score_adj\":0,\"disks\":[],\"disk_weight\":0,"
    "\"swappiness\":\"\",\"stdin_open\":false,\"tty\":false,\"sysctls\":[],\"memory_low\":0,"
    "\"memory_swap\":"
    "0,\"cpu_shares\":0,"
    "\"cpu_quota_us\":0,\"cpu_period_us\":0,\"cpuset\":\"\",\"domainname\":\"\",\"dns\":[],"
    "\"network_of\":\"\","
    "\"dns_search\":[],\"dns_options\":[],\"seccomp\":\"default\",\"seccomp_profile\":\"\","
    "\"capabilities\":[],\"devices\":[],\"device_rules\":[],\"apparmor\":\"\",\"own_users\":false,"
    "\"notify\":false,\"beside\":\"\",\"pre_start\":[],\"listen\":[],\"inherits\":false,"
    "\"ipc_of\":\"\",\"no_shm\":false,\"pid_of\":\"\",\"proc_all\":false,\"host_uts\":false,\"host_"
    "cgroup\":false}";

/* what a mount of a wish does not say */
static const char plain_mount[] =
    "{\"source\":\"\",\"read_only\":false,\"noexec\":false,\"size\":0,\"mode\":0,"
    "\"subpath\":\"\",\"existing\":false,\"reach\":\"enabled\",\"follows\":false}";

static _Noreturn void fail(const char *text)
{
    (void) fprintf(stderr, "sandbox_driver: %s\n", text);
    exit(2);
}

static void print_json(const json_t *json)
{
    (void) json_dumpf(json, stdout, JSON_COMPACT);
    (void) putchar('\n');
    (void) fflush(stdout);
}

static struct sandbox_message receive(struct sandbox_client *c)
{
    struct sandbox_message m = { 0 };
    struct err e = ERR_INIT;

    if (sandbox_client_receive(c, &m, &e) < 0)
        fail(e.msg);
    return m;
}

/* sends, then waits for the answer; events on the way are skipped */
static struct sandbox_message ask(struct sandbox_client *c, const char *op, json_t *fields,
                                  const int *fds, size_t n_fds)
{
    struct err e = ERR_INIT;

    if (sandbox_client_send(c, op, 7, fields, fds, n_fds, &e) < 0)
        fail(e.msg);
    for (;;) {
        struct sandbox_message m = receive(c);

        if (json_object_get(m.json, "tag"))
            return m;
        sandbox_message_clear(&m);
    }
}

static json_t *parse(const char *text)
{
    json_error_t why;
    json_t *json = json_loads(text, 0, &why);

    if (!json)
        fail(why.text);
    return json;
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));

    return text ? text : "";
}

static int cmd_request(struct sandbox_client *c, int argc, char **argv)
{
    struct sandbox_message m = ask(c, argv[0], argc > 1 ? parse(argv[1]) : json_object(), NULL, 0);
    int status = json_object_get(m.json, "error") != NULL;

    print_json(m.json);
    sandbox_message_clear(&m);
    return status;
}

/* `started` or `exit` of that instance */
static int wait_event(struct sandbox_client *c, const char *id, const char *only)
{
    for (;;) {
        struct sandbox_message m = receive(c);
        const char *event = text_of(m.json, "event");
        bool found = strcmp(text_of(m.json, "id"), id) == 0 && event[0] &&
                     (!only || strcmp(event, only) == 0);
        int status = text_of(m.json, "stage")[0] != '\0';

        if (found)
            print_json(m.json);
        sandbox_message_clear(&m);
        if (found)
            return status;
    }
}

static void complete_mounts(json_t *spec)
{
    json_t *mount;
    size_t i;

    json_array_foreach (json_object_get(spec, "mounts"), i, mount) {
        json_t *plain = parse(plain_mount);

        (void) json_object_update_missing(mount, plain);
        json_decref(plain);
    }
}

static int cmd_launch(struct sandbox_client *c, int argc, char **argv)
{
    json_t *spec = parse(plain_spec), *wish = parse(argv[0]);
    int fds[FDPASS_MAX], status;
    size_t n = 0;
    uint64_t begin;

    (void) json_object_update(spec, wish);
    json_decref(wish);
    complete_mounts(spec);
    for (int i = 1; i < argc && n < FDPASS_MAX; i++) {
        auto_free char *content = NULL;
        size_t len = 0;

        if (fsio_read(AT_FDCWD, argv[i], FILE_MAX, &content, &len) < 0)
            fail(argv[i]);
        fds[n++] = fsio_memfd("file", content, len);
    }
    auto_free char *id = strdup(text_of(spec, "id"));
    begin = clock_now_us();
    struct sandbox_message m = ask(c, "launch", json_pack("{s:o}", "spec", spec), fds, n);
    status = json_object_get(m.json, "error") != NULL;
    print_json(m.json);
    sandbox_message_clear(&m);
    fdpass_close(fds, n);
    if (status == 0)
        status = wait_event(c, id, NULL);
    (void) fprintf(stderr, "launch took %llu us\n", (unsigned long long) (clock_now_us() - begin));
    return status;
}

/* TARGET PATH pairs; "<PATH" is the file itself, which must be refused */
static int cmd_files(struct sandbox_client *c, int argc, char **argv)
{
    json_t *files = json_array();
    int fds[FDPASS_MAX], status;
    size_t n = 0;

    for (int i = 1; i + 1 < argc && n < FDPASS_MAX; i += 2) {
        auto_free char *content = NULL;
        size_t len = 0;

        (void) json_array_append_new(files,
                                     json_pack("{s:s,s:i}", "target", argv[i], "fd", (int) n));
        if (argv[i + 1][0] != '<' && fsio_read(AT_FDCWD, argv[i + 1], FILE_MAX, &content, &len) < 0)
            fail(argv[i + 1]);
        fds[n] = content ? fsio_memfd("file", content, len)
                         : open(argv[i + 1] + 1, O_RDONLY | O_CLOEXEC);
        n++;
    }
    struct sandbox_message m =
        ask(c, "files", json_pack("{s:s,s:o}", "id", argv[0], "files", files), fds, n);
    status = json_object_get(m.json, "error") != NULL;
    print_json(m.json);
    sandbox_message_clear(&m);
    fdpass_close(fds, n);
    return status;
}

static int cmd_wait(struct sandbox_client *c, int argc, char **argv)
{
    struct sandbox_message m = ask(c, "list", json_object(), NULL, 0);

    (void) argc;
    sandbox_message_clear(&m);
    return wait_event(c, argv[0], "exit");
}

static int open_source(struct sandbox_client *c, const char *id, const char *stream)
{
    struct sandbox_message m = ask(c, "fds", json_pack("{s:s}", "id", id), NULL, 0);
    int which = strcmp(stream, "err") == 0 ? STDERR_SOURCE : STDOUT_SOURCE;
    int fd;

    if (m.n_fds < 6)
        fail("no six descriptors");
    fd = take_fd(&m.fds[which]);
    sandbox_message_clear(&m);
    return fd;
}

/* byte by byte: nothing may be taken out of the pipe that is not printed */
static int cmd_lines(struct sandbox_client *c, int argc, char **argv)
{
    auto_fd fd = open_source(c, argv[0], argv[1]);
    long left = argc > 2 ? atol(argv[2]) : -1;
    char byte;

    while (left != 0 && read(fd, &byte, 1) == 1) {
        (void) putchar(byte);
        left -= byte == '\n';
    }
    return left > 0;
}

/* "TEXT from PID" */
static int cmd_notes(struct sandbox_client *c, int argc, char **argv)
{
    struct sandbox_message m = ask(c, "fds", json_pack("{s:s}", "id", argv[0]), NULL, 0);
    char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = { text, sizeof text };
    struct msghdr got = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    struct ucred who = { 0 };
    ssize_t n;

    (void) argc;
    if (m.n_fds != 7)
        fail("no seventh descriptor");
    n = recvmsg(m.fds[6], &got, MSG_DONTWAIT);
    if (n >= 0 && CMSG_FIRSTHDR(&got))
        memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&got)), sizeof who);
    if (n >= 0)
        (void) printf("%.*s from %d\n", (int) n, text, (int) who.pid);
    sandbox_message_clear(&m);
    return n < 0;
}

/* what kind of end it is, and a line through it */
static int cmd_input(struct sandbox_client *c, int argc, char **argv)
{
    struct sandbox_message m = ask(c, "input", json_pack("{s:s}", "id", argv[0]), NULL, 0);
    struct stat st;

    (void) argc;
    if (m.n_fds != 1 || fstat(m.fds[0], &st) < 0)
        fail("no descriptor");
    printf("%s %s\n", S_ISFIFO(st.st_mode) ? "fifo" : isatty(m.fds[0]) ? "terminal" : "?", argv[1]);
    if (dprintf(m.fds[0], "%s\n", argv[1]) < 0)
        fail("writing");
    sandbox_message_clear(&m);
    return 0;
}

static int cmd_join(struct sandbox_client *c, int argc, char **argv)
{
    /* "<PATH" stands for another stdin, which must be refused: sockets only open as O_PATH */
    const char *from = argc > 4 && argv[3][0] == '<' ? argv[3] + 1 : "/dev/null";
    auto_fd in = open(from, O_RDONLY | O_CLOEXEC);
    json_t *args = json_array();
    char buffer[4096];
    int fd[2], status;
    ssize_t n;

    if (in < 0)
        in = open(from, O_PATH | O_CLOEXEC);
    if (pipe2(fd, O_CLOEXEC) < 0)
        fail("pipe");
    for (int i = argv[3][0] == '<' ? 4 : 3; i < argc; i++)
        (void) json_array_append_new(args, json_string(argv[i]));
    struct sandbox_message m =
        ask(c, "join",
            json_pack("{s:s,s:s,s:I,s:o}", "id", argv[0], "scope", argv[1], "deadline_us",
                      (json_int_t) atoll(argv[2]), "argv", args),
            (int[]){ in, fd[1] }, 2);
    close(fd[1]);
    while ((n = read(fd[0], buffer, sizeof buffer)) > 0)
        (void) fwrite(buffer, 1, (size_t) n, stdout);
    close(fd[0]);
    status = json_object_get(m.json, "error") != NULL;
    print_json(m.json);
    sandbox_message_clear(&m);
    return status;
}

static const struct {
    const char *name;
    int least;
    int (*run)(struct sandbox_client *c, int argc, char **argv);
} commands[] = { { "request", 1, cmd_request }, { "launch", 1, cmd_launch },
                 { "wait", 1, cmd_wait },       { "lines", 3, cmd_lines },
                 { "drain", 2, cmd_lines },     { "join", 4, cmd_join },
                 { "notes", 1, cmd_notes },     { "input", 2, cmd_input },
                 { "files", 1, cmd_files } };

int main(int argc, char **argv)
{
    struct sandbox_client *c = NULL;
    struct err e = ERR_INIT;

    if (argc < 3)
        fail("usage: sandbox_driver SOCKET COMMAND ...");
    (void) alarm(GIVE_UP_S);
    (void) setvbuf(stdout, NULL, _IOLBF, 0);
    if (sandbox_client_open(argv[1], &c, &e) < 0)
        fail(e.msg);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, argv[2]) == 0 && argc - 3 >= commands[i].least) {
            int status = commands[i].run(c, argc - 3, argv + 3);

            sandbox_client_close(c);
            return status;
        }
    }
    fail("unknown command, or too few arguments");
}
