#include "ops/account.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "ops/inside.h"
#include "ops/mariadb.h"

enum {
    OUTPUT_MAX = 64 * 1024,
    SHA1_BYTES = 20,
    SHA256_BYTES = 32,
    HEX_ROOM = 2 * SHA256_BYTES + 1
};
#define ANSWER_US (60 * USEC_PER_SEC)

/* the first line of the input is the password */
static const char sql_login_script[] =
    "IFS= read -r p\n"
    "exec mariadb --defaults-file=/dev/fd/3 --protocol=\"$2\" -N -B -e 'select 1' 3<<E\n"
    "[client]\n"
    "host=$3\n"
    "user=$1\n"
    "password=\"$p\"\n"
    "E\n";
/* examples/ipam/redis/start.sh: an account for us, that only processes in there can use */
#define REDIS_OPERATOR "/tmp/operator"
static const char redis_script[] =
    "[ -r " REDIS_OPERATOR " ] || { echo 'there is no " REDIS_OPERATOR "' >&2; exit 3; }\n"
    "{ printf 'AUTH operator %s\\n' \"$(cat " REDIS_OPERATOR ")\"; cat; } | redis-cli\n";
static const char redis_login_script[] =
    "IFS= read -r p\n"
    "printf 'AUTH %s %s\\nPING\\n' \"$1\" \"$p\" | redis-cli\n";

/* ---- which account ---- */

static const char *value_of(const struct unit *u, const char *name)
{
    size_t n = strlen(name);

    for (const char *const *v = u->env; v && *v; v++)
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
            return *v + n + 1;
    return "";
}

static const char *either(const struct unit *u, const char *one, const char *other)
{
    const char *value = value_of(u, one);

    return value[0] ? value : value_of(u, other);
}

static bool shows(const struct unit *u, const char *secret, const char *target)
{
    for (size_t i = 0; i < u->n_files; i++)
        if (strcmp(u->files[i].secret, secret) == 0 &&
            (!target || strcmp(u->files[i].target, target) == 0))
            return true;
    return false;
}

static struct account of_mariadb(const struct project *p, const struct unit *u, const char *secret)
{
    const char *root = either(u, "MARIADB_ROOT_PASSWORD_FILE", "MYSQL_ROOT_PASSWORD_FILE");
    const char *user = either(u, "MARIADB_PASSWORD_FILE", "MYSQL_PASSWORD_FILE");
    struct account a = { .kind = ACCOUNT_MARIADB, .service = u->name };

    if (root[0] && shows(u, secret, root))
        a.user = "root";
    else if (strcmp(p->database.unit, u->name) == 0 &&
             strcmp(p->database.password_secret, secret) == 0)
        a.user = p->database.user;
    else if (user[0] && shows(u, secret, user))
        a.user = either(u, "MARIADB_USER", "MYSQL_USER");
    if (!a.user || !a.user[0])
        a.kind = ACCOUNT_NONE;
    return a;
}

struct account account_of(const struct project *p, const char *secret)
{
    struct account a = { .kind = ACCOUNT_NONE };

    for (size_t i = 0; a.kind == ACCOUNT_NONE && i < p->n_units; i++) {
        const struct unit *u = &p->units[i];

        if (strcmp(u->recipe, "mariadb") == 0)
            a = of_mariadb(p, u, secret);
        else if (strcmp(u->recipe, "redis") == 0 && shows(u, secret, NULL))
            a = (struct account){ .kind = ACCOUNT_REDIS, .service = u->name, .user = "default" };
    }
    return a;
}

/* ---- commands inside ---- */

static int run(const struct procedure *p, const struct account *a, const char *const *argv,
               const char *input, char **output, struct err *e)
{
    auto_fd in = fsio_memfd("input", input, strlen(input));
    const struct inside command = {
        .service = a->service, .argv = argv, .in = in, .out = -1, .err = -1
    };

    if (in < 0)
        return err_set(e, in, "a memory file: %s", strerror(-in));
    return inside_output(p, &command, ANSWER_US, OUTPUT_MAX, output, e);
}

static void hex(const unsigned char *bytes, size_t n, bool upper, char *out)
{
    for (size_t i = 0; i < n; i++)
        (void) snprintf(out + 2 * i, 3, upper ? "%02X" : "%02x", bytes[i]);
}

static int hash(const EVP_MD *type, const void *data, size_t len, unsigned char *out, struct err *e)
{
    unsigned n = 0;

    return EVP_Digest(data, len, out, &n, type, NULL) == 1
               ? 0
               : err_set(e, -EIO, "a hash function is not available");
}

/* ---- MariaDB ---- */

/* as mysql_native_password stores it: SHA-1 of SHA-1 */
static int native_hash(const char *password, char out[HEX_ROOM], struct err *e)
{
    unsigned char once[EVP_MAX_MD_SIZE], twice[EVP_MAX_MD_SIZE];
    int r = hash(EVP_sha1(), password, strlen(password), once, e);

    if (r == 0)
        r = hash(EVP_sha1(), once, SHA1_BYTES, twice, e);
    if (r == 0)
        hex(twice, SHA1_BYTES, true, out);
    explicit_bzero(once, sizeof once);
    return r;
}

static void alter(FILE *out, const char *user, const char *host, const char *one, const char *other)
{
    auto_free char *host_text = mariadb_quote(host);

    fprintf(out, "alter user %s@%s identified via mysql_native_password using '*%s'", user,
            host_text, one);
    if (other[0])
        fprintf(out, " or mysql_native_password using '*%s'", other);
    fputs(strcmp(user, "'root'") == 0 ? " or unix_socket;\n" : ";\n", out);
}

static int mariadb_set(const struct procedure *p, const struct account *a, const char *password,
                       const char *also, struct err *e)
{
    char one[HEX_ROOM] = "", other[HEX_ROOM] = "";
    auto_free char *user = mariadb_quote(a->user), *hosts = NULL, *statements = NULL;
    auto_free char *query =
        mariadb_sql("select Host from mysql.global_priv where User = %s;\n", user);
    size_t len = 0;
    FILE *out;
    int r = native_hash(password, one, e);

    if (r == 0 && also)
        r = native_hash(also, other, e);
    if (r < 0)
        return r;
    r = mariadb_ask(p, a->service, query, &hosts, e);
    if (r == 0 && !hosts[0])
        r = err_set(e, -ENOENT, "MariaDB in %s has no account %s", a->service, user);
    if (r < 0)
        return r;
    out = open_memstream(&statements, &len);
    if (!out)
        abort();
    for (char *rest = hosts, *host; (host = strsep(&rest, "\n"));)
        if (host[0])
            alter(out, user, host, one, other);
    (void) fclose(out);
    return mariadb_ask(p, a->service, statements, NULL, e);
}

/* for a value in quotes of an option file */
static char *option_text(const char *text)
{
    char *out = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&out, &len);

    if (!stream)
        abort();
    for (; *text; text++)
        fprintf(stream, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    fputc('\n', stream);
    (void) fclose(stream);
    return out;
}

static int mariadb_accepts(const struct procedure *p, const struct account *a, const char *password,
                           bool *accepted, struct err *e)
{
    bool root = strcmp(a->user, "root") == 0; /* through the socket only */
    const char *const argv[] = { "sh",
                                 "-c",
                                 sql_login_script,
                                 "sh",
                                 a->user,
                                 root ? "socket" : "tcp",
                                 root ? "localhost" : "127.0.0.1",
                                 NULL };
    auto_free char *input = option_text(password), *ignored = NULL;
    int r = run(p, a, argv, input, &ignored, e);

    explicit_bzero(input, strlen(input));
    *accepted = r == 0;
    /* 1698: the last way of authentication that was tried was not by password */
    if (r == -ECHILD && (strstr(e->msg, "ERROR 1045") || strstr(e->msg, "ERROR 1698"))) {
        *e = ERR_INIT;
        r = 0;
    }
    return r;
}

/* ---- Redis ---- */

static int redis_hash(const char *password, char out[HEX_ROOM], struct err *e)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    int r = hash(EVP_sha256(), password, strlen(password), sum, e);

    if (r == 0)
        hex(sum, SHA256_BYTES, false, out);
    return r;
}

/* every answer but lists is one line; the first is that of AUTH */
static int redis(const struct procedure *p, const struct account *a, const char *commands,
                 char **output, struct err *e)
{
    const char *const argv[] = { "sh", "-c", redis_script, NULL };
    static const char *const errors[] = { "ERR ", "NOPERM ", "WRONGPASS ", "NOAUTH ", "LOADING " };
    int r = run(p, a, argv, commands, output, e);

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(errors); i++) {
        const char *at = strstr(*output, errors[i]);

        if (at && (at == *output || at[-1] == '\n'))
            r = err_set(e, -EPROTO, "Redis in %s: %.*s", a->service, (int) strcspn(at, "\n"), at);
    }
    return r;
}

/* "user NAME on #HASH ..." of ACL LIST */
static bool has_hash(const char *line, const char *sum)
{
    const char *at = sum[0] ? strstr(line, sum) : NULL;

    return at && at[-1] == '#';
}

static int redis_set(const struct procedure *p, const struct account *a, const char *password,
                     const char *also, const char *gone, struct err *e)
{
    char one[HEX_ROOM] = "", other[HEX_ROOM] = "", old[HEX_ROOM] = "";
    auto_free char *list = NULL, *commands = NULL, *ignored = NULL;
    bool found = false;
    size_t len = 0;
    FILE *out;
    int r = redis_hash(password, one, e);

    if (r == 0 && also)
        r = redis_hash(also, other, e);
    if (r == 0 && gone)
        r = redis_hash(gone, old, e);
    if (r == 0)
        r = redis(p, a, "ACL LIST\n", &list, e);
    if (r < 0)
        return r;
    out = open_memstream(&commands, &len);
    if (!out)
        abort();
    for (char *rest = list, *line; (line = strsep(&rest, "\n"));) {
        char *name = strncmp(line, "user ", 5) == 0 ? line + 5 : NULL;

        if (!name || !(has_hash(line, one) || has_hash(line, other) || has_hash(line, old)))
            continue;
        found = true;
        fprintf(out, "ACL SETUSER %.*s #%s", (int) strcspn(name, " "), name, one);
        if (also)
            fprintf(out, " #%s", other);
        if (has_hash(line, old))
            fprintf(out, " !%s", old);
        fputc('\n', out);
    }
    (void) fclose(out);
    if (!found)
        return err_set(e, -ENOENT, "Redis in %s has no user with the password it should have",
                       a->service);
    return redis(p, a, commands, &ignored, e);
}

static int redis_accepts(const struct procedure *p, const struct account *a, const char *password,
                         bool *accepted, struct err *e)
{
    const char *const argv[] = { "sh", "-c", redis_login_script, "sh", a->user, NULL };
    auto_free char *input = NULL, *output = NULL;
    int r;

    if (asprintf(&input, "%s\n", password) < 0)
        abort();
    r = run(p, a, argv, input, &output, e);
    explicit_bzero(input, strlen(input));
    if (r < 0)
        return r;
    *accepted = strncmp(output, "OK\nPONG", 7) == 0;
    if (!*accepted && strncmp(output, "WRONGPASS", 9) != 0)
        r = err_set(e, -EPROTO, "Redis in %s: %.*s", a->service, (int) strcspn(output, "\n"),
                    output);
    return r;
}

int account_accepts(const struct procedure *p, const struct account *a, const char *password,
                    bool *accepted, struct err *e)
{
    return a->kind == ACCOUNT_REDIS ? redis_accepts(p, a, password, accepted, e)
                                    : mariadb_accepts(p, a, password, accepted, e);
}

int account_set(const struct procedure *p, const struct account *a, const char *password,
                const char *also, const char *gone, struct err *e)
{
    return a->kind == ACCOUNT_REDIS ? redis_set(p, a, password, also, gone, e)
                                    : mariadb_set(p, a, password, also, e);
}
