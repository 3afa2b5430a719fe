#include "units/migrate.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "units/sql_split.h"

enum { FILES_MAX = 10000, FILE_BYTES_MAX = 64 * 1024 * 1024, CHECKSUM_TEXT = 65, LOCK_WAIT_S = 10 };

/* what distinguishes the two kinds of files */
struct kind {
    const char *name, *table, *suffix;
};

static const struct kind kinds[] = {
    { "migration", "ipam_orch_migrations", ".up.sql" },
    { "seed", "ipam_orch_seeds", ".sql" },
};

struct script {
    unsigned version;
    char file[256];
};

struct scripts {
    struct script *list;
    size_t n;
};

struct run {
    MYSQL *db;
    const struct migrate_request *request;
    const struct kind *kind;
    int dir;
    void (*applied)(const char *kind, const char *file, uint64_t took_us);
    struct err *e;
};

static int refuse(const struct run *r)
{
    err_set(r->e, -EIO, "%s", mysql_error(r->db));
    return err_classify(r->e, ERR_MIGRATION);
}

static int query(const struct run *r, const char *text, size_t len)
{
    if (mysql_real_query(r->db, text, (unsigned long) len) != 0)
        return refuse(r);
    /* a procedure may give several results; all of them have to be fetched */
    for (int more = 0; more == 0; more = mysql_next_result(r->db)) {
        MYSQL_RES *rows = mysql_store_result(r->db);
        mysql_free_result(rows);
    }
    return mysql_errno(r->db) ? refuse(r) : 0;
}

static __attribute__((format(printf, 2, 3))) int queryf(const struct run *r, const char *fmt, ...)
{
    auto_free char *text = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    return query(r, text, (size_t) n);
}

/* first column of the first row as text, NULL if there is none; malloc'd */
static int query_text(const struct run *r, const char *text, char **out)
{
    MYSQL_RES *rows;
    MYSQL_ROW row;

    *out = NULL;
    if (mysql_query(r->db, text) != 0 || !(rows = mysql_store_result(r->db)))
        return refuse(r);
    row = mysql_fetch_row(rows);
    if (row && row[0])
        *out = strdup(row[0]);
    mysql_free_result(rows);
    return 0;
}

static char *quote(const struct run *r, const char *text)
{
    size_t len = strlen(text);
    char *out = malloc(2 * len + 1);

    if (!out)
        abort();
    (void) mysql_real_escape_string(r->db, out, text, (unsigned long) len);
    return out;
}

static int by_version(const void *a, const void *b)
{
    unsigned x = ((const struct script *) a)->version, y = ((const struct script *) b)->version;

    return (x > y) - (x < y);
}

/* the number in front of "_name" when the name is one of this kind, 0 otherwise */
static unsigned version_of(const struct kind *kind, const char *name)
{
    size_t digits = strspn(name, "0123456789"), len = strlen(name), tail = strlen(kind->suffix);

    if (digits < 4 || digits > 8 || name[digits] != '_' || len <= tail ||
        strcmp(name + len - tail, kind->suffix) != 0)
        return 0;
    return (unsigned) strtoul(name, NULL, 10);
}

static int list_scripts(const struct run *r, struct scripts *out)
{
    int copy = fcntl(r->dir, F_DUPFD_CLOEXEC, 0);
    auto_dir dir = copy >= 0 ? fdopendir(copy) : NULL;

    if (!dir)
        return err_set(r->e, -errno, "directory of %ss: %s", r->kind->name, strerror(errno));
    rewinddir(dir);
    for (struct dirent *d; (d = readdir(dir)) && out->n < FILES_MAX;) {
        unsigned version = version_of(r->kind, d->d_name);

        if (version == 0)
            continue;
        out->list = reallocarray(out->list, out->n + 1, sizeof *out->list);
        if (!out->list)
            abort();
        out->list[out->n].version = version;
        (void) snprintf(out->list[out->n].file, sizeof out->list->file, "%s", d->d_name);
        out->n++;
    }
    if (out->n > 1)
        qsort(out->list, out->n, sizeof *out->list, by_version);
    for (size_t i = 1; i < out->n; i++)
        if (out->list[i].version == out->list[i - 1].version)
            return err_set(r->e, -EINVAL, "%s and %s have the same number", out->list[i - 1].file,
                           out->list[i].file);
    return 0;
}

static int checksum(const struct run *r, const char *text, size_t len, char out[CHECKSUM_TEXT])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text, len, sum, &n, EVP_sha256(), NULL) != 1)
        return err_set(r->e, -EIO, "SHA-256 is not available");
    for (size_t i = 0; i < n && 2 * i + 2 < CHECKSUM_TEXT; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

static int make_ledger(const struct run *r)
{
    return queryf(r,
                  "create table if not exists %s (version int unsigned primary key, "
                  "name varchar(255) not null, checksum char(64) not null, "
                  "release_name varchar(64) not null, host varchar(255) not null, "
                  "started_at datetime(6) not null, finished_at datetime(6) null, "
                  "duration_ms bigint unsigned null)",
                  r->kind->table);
}

/* statements one by one; the error names the line of the statement */
static int execute(const struct run *r, const struct script *s, const char *text, size_t len)
{
    struct sql_statement statement = { 0 };
    struct sql_split split;
    int more;

    sql_split_begin(&split, text, len);
    while ((more = sql_split_next(&split, &statement)) > 0)
        if (query(r, statement.text, statement.len) < 0)
            return err_wrap(r->e, "%s:%u", s->file, statement.line);
    if (more < 0) {
        err_set(r->e, more, "%s:%u: a quote or comment is not closed", s->file, split.line);
        return err_classify(r->e, ERR_MIGRATION);
    }
    return 0;
}

static int apply(const struct run *r, const struct script *s, const char *text, size_t len,
                 const char *sum)
{
    uint64_t began = clock_now_us();
    auto_free char *name = quote(r, s->file), *release = quote(r, r->request->release);
    char host[256] = "";
    int code;

    (void) gethostname(host, sizeof host - 1);
    auto_free char *host_text = quote(r, host);
    code = queryf(r,
                  "insert into %s (version, name, checksum, release_name, host, started_at) "
                  "values (%u, '%s', '%s', '%s', '%s', utc_timestamp(6))",
                  r->kind->table, s->version, name, sum, release, host_text);
    if (code == 0)
        code = execute(r, s, text, len);
    if (code < 0)
        return code;
    uint64_t took = clock_now_us() - began;
    code = queryf(r,
                  "update %s set finished_at = utc_timestamp(6), duration_ms = %llu "
                  "where version = %u",
                  r->kind->table, (unsigned long long) (took / USEC_PER_MSEC), s->version);
    if (code == 0)
        r->applied(r->kind->name, s->file, took);
    return code;
}

/* 1 when the file was applied earlier, unchanged and completely */
static int is_applied(const struct run *r, const struct script *s, const char *sum)
{
    auto_free char *sql = NULL, *found = NULL;
    int code;

    if (asprintf(&sql,
                 "select concat(checksum, if(finished_at is null, '!', '')) from %s where "
                 "version = %u",
                 r->kind->table, s->version) < 0)
        abort();
    code = query_text(r, sql, &found);
    if (code < 0 || !found)
        return code;
    if (strchr(found, '!')) {
        err_set(r->e, -EUCLEAN,
                "%s was interrupted in an earlier run; the database may hold a part of it",
                s->file);
        err_hint(r->e, "restore a backup, or finish it by hand and set finished_at in %s",
                 r->kind->table);
        return err_classify(r->e, ERR_MIGRATION);
    }
    if (strcmp(found, sum) != 0) {
        err_set(r->e, -EUCLEAN, "%s was applied before and has been changed since", s->file);
        err_hint(r->e, "undo the change and add a new %s instead", r->kind->name);
        return err_classify(r->e, ERR_MIGRATION);
    }
    return 1;
}

static int run_script(const struct run *r, const struct script *s, unsigned *applied)
{
    auto_free char *text = NULL;
    char sum[CHECKSUM_TEXT] = "";
    size_t len = 0;
    int code = fsio_read(r->dir, s->file, FILE_BYTES_MAX, &text, &len);

    if (code < 0)
        return err_set(r->e, code, "%s: %s", s->file, strerror(-code));
    code = checksum(r, text, len, sum);
    if (code == 0)
        code = is_applied(r, s, sum);
    if (code != 0)
        return code < 0 ? code : 0;
    code = apply(r, s, text, len, sum);
    *applied += code == 0;
    return code;
}

/* every ledger row must have its file: an older release does not run on a newer schema */
static int check_vanished(const struct run *r, const struct scripts *s)
{
    auto_free char *sql = NULL, *count = NULL;
    size_t known = 0;
    int code = 0;

    for (size_t i = 0; code == 0 && i < s->n; i++) {
        auto_free char *one = NULL, *found = NULL;
        if (asprintf(&one, "select 1 from %s where version = %u", r->kind->table,
                     s->list[i].version) < 0)
            abort();
        code = query_text(r, one, &found);
        known += found != NULL;
    }
    if (code == 0 && asprintf(&sql, "select count(*) from %s", r->kind->table) < 0)
        abort();
    if (code == 0)
        code = query_text(r, sql, &count);
    if (code < 0 || !count || strtoul(count, NULL, 10) <= known)
        return code;
    err_set(r->e, -EUCLEAN, "the database has %ss that this release does not know", r->kind->name);
    err_hint(r->e, "run the newer release, or restore a backup of this one");
    return err_classify(r->e, ERR_MIGRATION);
}

static int run_kind(const struct run *r, unsigned *applied)
{
    struct scripts scripts = { 0 };
    int code = list_scripts(r, &scripts);

    if (code == 0)
        code = make_ledger(r);
    if (code == 0)
        code = check_vanished(r, &scripts);
    for (size_t i = 0; code == 0 && i < scripts.n; i++)
        code = run_script(r, &scripts.list[i], applied);
    free(scripts.list);
    return code;
}

static int take_lock(const struct run *r)
{
    auto_free char *sql = NULL, *got = NULL;
    int code;

    if (asprintf(&sql, "select get_lock('ipam_orch_migrate', %d)", LOCK_WAIT_S) < 0)
        abort();
    code = query_text(r, sql, &got);
    if (code < 0 || (got && strcmp(got, "1") == 0))
        return code;
    err_set(r->e, -EBUSY, "another migration is running on this database");
    return err_classify(r->e, ERR_LOCKED);
}

static int connect_to(const struct run *r)
{
    const struct migrate_request *q = r->request;
    unsigned seconds = (unsigned) (q->timeout_us / USEC_PER_SEC) + 1;

    (void) mysql_options(r->db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    (void) mysql_options(r->db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return mysql_real_connect(r->db, q->host, q->user, q->password, q->database, (unsigned) q->port,
                              NULL, CLIENT_MULTI_RESULTS)
               ? 0
               : refuse(r);
}

int migrate_run(const struct migrate_request *request, int migrations, int seeds,
                void (*applied)(const char *kind, const char *file, uint64_t took_us),
                struct migrate_result *out, struct err *e)
{
    struct run r = { .db = mysql_init(NULL), .request = request, .applied = applied, .e = e };
    int code;

    if (!r.db)
        return err_set(e, -ENOMEM, "the MariaDB client does not start");
    code = connect_to(&r);
    if (code == 0)
        code = take_lock(&r);
    r.kind = &kinds[0];
    r.dir = migrations;
    if (code == 0 && migrations >= 0)
        code = run_kind(&r, &out->migrations);
    r.kind = &kinds[1];
    r.dir = seeds;
    if (code == 0 && seeds >= 0)
        code = run_kind(&r, &out->seeds);
    mysql_close(r.db); /* gives the lock back */
    return code;
}
