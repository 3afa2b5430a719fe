/* Can the application's accounts work in database and cache (R9.4)? */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "model/member.h"
#include "verify/lines.h"
#include "verify/verify_impl.h"

/* The client as the account of the project, over TCP.  Arguments: port, user, schema, SQL, file
 * with the password; the password is written to a pipe by the shell itself.  It goes on after an
 * error. */
static const char application[] =
    "secret=$(sed -e 's/\\\\/\\\\\\\\/g' -e 's/\"/\\\\\"/g' \"$5\")\n"
    "mariadb --defaults-file=/dev/fd/3 --protocol=tcp --host=127.0.0.1 --port=\"$1\" "
    "--user=\"$2\" --connect-timeout=10 --batch --skip-column-names --force --unbuffered "
    "\"$3\" -e \"$4\" 2>&1 3<<E || true\n"
    "[client]\n"
    "password=\"$secret\"\n"
    "E\n";

/* One statement per line; `says` is what it has to print, NULL: nothing is compared. */
static const struct {
    const char *operation, *sql, *says;
} operations[] = {
    { "LOCK", "select get_lock('ipam_orch_verify', 10);", "1" },
    { "DROP", "drop table if exists ipam_orch_verify;", NULL },
    { "CREATE", "create table ipam_orch_verify (id int primary key, v varchar(8)) engine=InnoDB;",
      NULL },
    { "START TRANSACTION", "start transaction;", NULL },
    { "INSERT", "insert into ipam_orch_verify values (1, 'a'), (2, 'b');", NULL },
    { "SELECT", "select concat('SELECT ', count(*)) from ipam_orch_verify;", "SELECT 2" },
    { "UPDATE", "update ipam_orch_verify set v = 'c' where id = 1;", NULL },
    { "UPDATE", "select concat('UPDATE ', count(*)) from ipam_orch_verify where v = 'c';",
      "UPDATE 1" },
    { "DELETE", "delete from ipam_orch_verify where id = 2;", NULL },
    { "DELETE", "select concat('DELETE ', count(*)) from ipam_orch_verify;", "DELETE 1" },
    { "ROLLBACK", "rollback;", NULL },
    { "ROLLBACK", "select concat('ROLLBACK ', count(*)) from ipam_orch_verify;", "ROLLBACK 0" },
    { "DROP", "drop table ipam_orch_verify;", NULL },
};

static int ask_database(const struct verify *v, const char *sql, char **out, struct err *e)
{
    const struct database *db = &v->project->database;
    const char *secret = verify_secret_path(v, db->unit, db->password_secret);
    char port[8];

    if (!secret)
        return err_set(e, -ENOENT, "service '%s' has no secret '%s'", db->unit,
                       db->password_secret);
    (void) snprintf(port, sizeof port, "%u", db->port);
    return verify_inside(v, db->unit, application,
                         (const char *const[]){ port, db->user, db->schema, sql, secret, NULL },
                         out, e);
}

static char *all_statements(void)
{
    char *sql = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&sql, &len);

    if (!stream)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        fprintf(stream, "%s\n", operations[i].sql);
    (void) fclose(stream);
    return sql;
}

/* which operation failed first, with what the server said; false: none */
static bool find_failure(const char *output, const char **operation, char *said, size_t room)
{
    unsigned line = 0;

    if (lines_sql_error(output, &line, said, room)) {
        *operation =
            line >= 1 && line <= ARRAY_LEN(operations) ? operations[line - 1].operation : "CONNECT";
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (!operations[i].says || lines_have(output, operations[i].says))
            continue;
        *operation = operations[i].operation;
        (void) snprintf(said, room, "the server did not answer with '%s'", operations[i].says);
        return true;
    }
    return false;
}

void verify_database_operations(struct verify *v)
{
    const struct database *db = &v->project->database;
    auto_free char *sql = NULL, *output = NULL;
    const char *operation = "";
    char said[512];
    struct err e = ERR_INIT;

    if (!verify_needs(v, db->unit, "database"))
        return;
    if (!v->request->locked) {
        verify_say(v, VERIFY_SKIP, NULL,
                   "another operation works on the project: nothing is written");
        return;
    }
    sql = all_statements();
    if (ask_database(v, sql, &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "CONNECT as '%s': %s", db->user, e.msg);
    } else if (find_failure(output, &operation, said, sizeof said)) {
        verify_say(v, VERIFY_FAIL, NULL, "%s as '%s': %s", operation, db->user, said);
        verify_next(v, "GRANT ALL ON %s.* TO '%s', or: ipam-orch logs %s", db->schema, db->user,
                    db->unit);
    } else {
        verify_say(v, VERIFY_OK, NULL,
                   "CONNECT, CREATE, INSERT, SELECT, UPDATE, DELETE, ROLLBACK, DROP as '%s' in %s",
                   db->user, db->schema);
    }
}

/* ---- migrations ---- */

/* how many NNNN_name.up.sql there are and the highest number; -1: the folder is not readable */
static int count_files(const char *folder, uint64_t *highest)
{
    auto_dir dir = opendir(folder);
    const struct dirent *d;
    int n = 0;

    *highest = 0;
    if (!dir)
        return -1;
    while ((d = readdir(dir))) {
        const char *suffix = strstr(d->d_name, ".up.sql");
        char digits[16] = "";
        uint64_t version = 0;

        if (!suffix || suffix[7] != '\0')
            continue;
        (void) snprintf(digits, sizeof digits, "%.*s", (int) strspn(d->d_name, "0123456789"),
                        d->d_name);
        if (num_u64(digits, UINT32_MAX, &version) < 0)
            continue;
        n++;
        *highest = version > *highest ? version : *highest;
    }
    return n;
}

static void compare_schema(struct verify *v, char *output)
{
    const char *folder = v->project->database.migrations;
    uint64_t applied = 0, open = 0, top = 0, highest = 0;
    int files = count_files(folder, &highest);
    char *rest = output, *n[3] = { NULL };
    char said[512];
    unsigned line = 0;

    if (lines_sql_error(output, &line, said, sizeof said)) {
        verify_say(v, VERIFY_FAIL, NULL, "the ledger cannot be read: %s", said);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(n); i++)
        n[i] = strsep(&rest, "\t\n");
    if (!n[2] || num_u64(n[0], UINT32_MAX, &applied) < 0 || num_u64(n[1], UINT32_MAX, &open) < 0 ||
        num_u64(n[2], UINT32_MAX, &top) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "the ledger is not readable");
    else if (open > 0)
        verify_say(v, VERIFY_FAIL, NULL, "%llu migrations have begun and not ended",
                   (unsigned long long) open);
    else if (files >= 0 && (top != highest || (int) applied < files))
        verify_say(v, VERIFY_FAIL, NULL,
                   "the schema is at %04llu with %llu migrations, %s has %d, the last is %04llu",
                   (unsigned long long) top, (unsigned long long) applied, folder, files,
                   (unsigned long long) highest);
    else
        verify_say(v, VERIFY_OK, NULL, "the schema is at %04llu, %llu migrations%s",
                   (unsigned long long) top, (unsigned long long) applied,
                   files < 0 ? " (their files cannot be read from here)" : ", as the files");
    if (v->out->items[v->out->n - 1].status == VERIFY_FAIL)
        verify_next(v, "ipam-orch up");
}

void verify_database_schema(struct verify *v)
{
    const struct database *db = &v->project->database;
    auto_free char *output = NULL;
    struct err e = ERR_INIT;

    if (!verify_needs(v, db->unit, "database"))
        return;
    if (db->migrations[0] == '\0')
        verify_say(v, VERIFY_SKIP, NULL, "the project has no migrations");
    else if (ask_database(v,
                          "select count(*), coalesce(sum(finished_at is null), 0), "
                          "coalesce(max(version), 0) from ipam_orch_migrations",
                          &output, &e) < 0)
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
    else
        compare_schema(v, output);
}

/* ---- the cache ---- */

void verify_database_cache(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    auto_free char *commands = NULL, *output = NULL;
    static const struct {
        const char *operation, *answer;
    } wanted[] = { { "AUTH", "OK" }, { "SET", "OK" },   { "GET", "verified" },
                   { "TTL", NULL },  { "EXPIRE", "1" }, { "DEL", "1" } };
    struct err e = ERR_INIT;
    char *rest;
    uint64_t ttl = 0;

    if (!verify_needs(v, spec->cache, "verify.cache"))
        return;
    if (asprintf(&commands,
                 "SET %1$sipam-orch-verify verified EX 60\nGET %1$sipam-orch-verify\n"
                 "TTL %1$sipam-orch-verify\nEXPIRE %1$sipam-orch-verify 30\n"
                 "DEL %1$sipam-orch-verify",
                 spec->cache_keys) < 0)
        abort();
    if (verify_redis(v, spec->cache_user, commands, &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    rest = output;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const char *said = strsep(&rest, "\n");
        bool good = said && (wanted[i].answer ? strcmp(said, wanted[i].answer) == 0
                                              : num_u64(said, 60, &ttl) == 0 && ttl > 0);

        if (good)
            continue;
        verify_say(v, VERIFY_FAIL, NULL, "%s as '%s': %s", wanted[i].operation, spec->cache_user,
                   said && said[0] ? said : "no answer");
        verify_next(v, "ipam-orch logs %s", spec->cache);
        return;
    }
    verify_say(v, VERIFY_OK, NULL, "AUTH, SET, GET, TTL, EXPIRE, DEL as '%s' in %s",
               spec->cache_user, spec->cache);
}
