#include "ops/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/num.h"

enum { PIECE = 256 * 1024, STALL_MS = 600 * 1000, STALL_S = STALL_MS / 1000 };

#define END_TIMEOUT_US (600 * USEC_PER_SEC)

/* ---- out ---- */

/* what the schema is, as statements before those of mariadb-dump; *logs: there is a binary log */
static int preamble(const struct procedure *p, const struct database *db, char **text, bool *logs,
                    struct err *e)
{
    auto_free char *schema = mariadb_quote(db->schema);
    auto_free char *sql = mariadb_sql("select @@log_bin, default_character_set_name, "
                                      "default_collation_name from information_schema.schemata "
                                      "where schema_name = %s",
                                      schema);
    auto_free char *rows = NULL;
    char charset[65], collation[65];
    int log_bin, r = mariadb_ask(p, db->unit, sql, &rows, e);

    if (r < 0)
        return r;
    if (sscanf(rows, "%d %64[a-z0-9_] %64[a-z0-9_]", &log_bin, charset, collation) != 3)
        return err_set(e, -ENOENT, "%s has no database %s", db->unit, schema);
    *logs = log_bin != 0;
    *text = mariadb_sql("ALTER DATABASE CHARACTER SET %s COLLATE %s;\n", charset, collation);
    return 0;
}

struct passing {
    struct dump_scan *scan;
    struct flow *to;
};

static int pass(void *owner, const void *data, size_t len, struct err *e)
{
    const struct passing *p = owner;

    dump_scan_feed(p->scan, data, len);
    return flow_write(p->to, data, len, e);
}

static int run_dump(const struct procedure *p, const struct database *db, bool logs,
                    struct flow *through, struct err *e)
{
    const char *const argv[] = { "mariadb-dump",
                                 "--single-transaction",
                                 "--quick",
                                 "--routines",
                                 "--triggers",
                                 "--events",
                                 "--hex-blob",
                                 "--skip-add-locks",
                                 "--no-tablespaces",
                                 "--skip-dump-date",
                                 "--max-allowed-packet=1G",
                                 "--default-character-set=utf8mb4",
                                 logs ? "--master-data=2" : "--master-data=0",
                                 "--",
                                 db->schema,
                                 NULL };
    struct tool_run run = TOOL_NONE;
    int ends[2] = { -1, -1 };
    struct mariadb_tool tool = { .service = db->unit, .argv = argv, .in = -1 };
    int r = flow_pipe(ends, e);

    tool.out = ends[1];
    if (r == 0)
        r = mariadb_start(p, &tool, &run, e);
    if (ends[1] >= 0)
        close(ends[1]);
    if (r == 0)
        r = flow_pump(ends[0], through, e);
    if (r == 0)
        r = tool_end(&run, END_TIMEOUT_US, 0, e);
    tool_stop(&run);
    if (ends[0] >= 0)
        close(ends[0]);
    return r;
}

int dump_stream(const struct procedure *p, const struct database *db, struct flow *to,
                struct dump_facts *facts, struct err *e)
{
    auto_free char *head = NULL;
    struct passing passing = { .scan = dump_scan_new(), .to = to };
    auto_flow through = flow_to(pass, &passing);
    struct dump_facts found = { 0 };
    bool logs = false;
    int r = preamble(p, db, &head, &logs, e);

    if (r == 0)
        r = flow_write(through, head, strlen(head), e);
    if (r == 0)
        r = run_dump(p, db, logs, through, e);
    dump_scan_end(passing.scan, &found);
    if (r == 0 && !found.whole)
        r = err_set(e, -EBADMSG, "mariadb-dump ended without its end marker");
    if (r < 0)
        (void) err_wrap(e, "dump of database '%s'", db->schema);
    if (r == 0 && facts)
        *facts = found;
    else
        dump_facts_clear(&found);
    return r;
}

int dump_create(const struct procedure *p, const struct database *db, int fd,
                struct dump_facts *facts, struct err *e)
{
    auto_flow to = flow_to_fd(fd);

    return dump_stream(p, db, to, facts, e);
}

/* ---- back ---- */

#define LOAD_LOCK "concat('ipam_orch_load.', %s)"

/* The new file of the binary log is for whoever repeats it: the database that is chosen, which DROP
 * forgets, is said once in each file.  A process that was killed may have left a client that still
 * loads; ours waits until it is gone, and has the schema for itself then. */
static int make_empty(const struct procedure *p, const struct database *db, const char *schema,
                      struct err *e)
{
    auto_free char *text = mariadb_quote(schema), *name = mariadb_name(schema);
    auto_free char *who = mariadb_sql("select is_used_lock(" LOAD_LOCK ")", text);
    auto_free char *sql = mariadb_sql("select get_lock(" LOAD_LOCK ", 300);\n"
                                      "drop database if exists %s;\ncreate database %s;\n"
                                      "flush binary logs;\n",
                                      text, name, name);
    auto_free char *holder = NULL, *answer = NULL;
    unsigned long id;
    int r = mariadb_ask(p, db->unit, who, &holder, e);

    if (r == 0 && sscanf(holder, "%lu", &id) == 1) {
        auto_free char *end = mariadb_sql("kill %lu", id);

        (void) mariadb_ask(p, db->unit, end, NULL, NULL); /* it may have ended by now */
    }
    if (r == 0)
        r = mariadb_ask(p, db->unit, sql, &answer, e);
    if (r == 0 && answer[0] != '1')
        r = err_set(e, -EBUSY, "an earlier load does not end");
    return r;
}

int dump_load_begin(const struct procedure *p, const struct database *db, const char *schema,
                    struct dump_loading *l, struct err *e)
{
    const char *into = schema ? schema : db->schema;
    auto_free char *text = mariadb_quote(into);
    auto_free char *lock = mariadb_sql("--init-command=do get_lock(" LOAD_LOCK ", 300)", text);
    const char *const argv[] = { "mariadb",
                                 "--batch",
                                 "--binary-mode",
                                 "--max-allowed-packet=1G",
                                 "--default-character-set=utf8mb4",
                                 lock,
                                 "--",
                                 into,
                                 NULL };
    int ends[2] = { -1, -1 };
    struct mariadb_tool tool = { .service = db->unit, .argv = argv, .out = -1 };
    int r = make_empty(p, db, into, e);

    *l = DUMP_LOADING_NONE;
    l->on_pipe = signal(SIGPIPE, SIG_IGN); /* a client that ends early is an error like others */
    if (r == 0)
        r = flow_pipe(ends, e);
    l->pipe = ends[1];
    tool.in = ends[0];
    if (r == 0 && fcntl(l->pipe, F_SETFL, O_NONBLOCK) < 0)
        r = err_set(e, -errno, "a pipe: %s", strerror(errno));
    if (r == 0)
        r = mariadb_start(p, &tool, &l->run, e);
    if (ends[0] >= 0)
        close(ends[0]);
    if (r < 0)
        return err_wrap(e, "database '%s'", into);
    l->schema = mariadb_name(into);
    return 0;
}

static int send_all(struct dump_loading *l, const char *data, size_t len, struct err *e)
{
    for (size_t done = 0; done < len;) {
        struct pollfd p = { .fd = l->pipe, .events = POLLOUT };
        int ready = poll(&p, 1, STALL_MS);
        ssize_t n;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return err_set(e, -ETIMEDOUT, "the server took nothing for %d s", STALL_S);
        n = write(l->pipe, data + done, len - done);
        if (n < 0 && errno == EPIPE) {
            /* it has ended, and says why */
            int r = tool_end(&l->run, END_TIMEOUT_US, 0, e);

            return r < 0 ? r : err_set(e, -EPIPE, "the client ended before the dump did");
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(e, -errno, "writing to the server: %s", strerror(errno));
        done += n > 0 ? (size_t) n : 0;
    }
    return 0;
}

/* The dump does not name its schema; in the binary log this statement has to, because the tool that
 * repeats it chooses no database for it. */
int dump_load_write(struct dump_loading *l, const void *data, size_t len, struct err *e)
{
    static const char alter[] = "ALTER DATABASE ";
    size_t head = sizeof alter - 1;
    bool first = !l->began;
    int r;

    dump_end_feed(&l->end, data, len);
    l->began = true;
    if (!first || len < head || memcmp(data, alter, head) != 0)
        return send_all(l, data, len, e);
    r = send_all(l, alter, head, e);
    if (r == 0)
        r = send_all(l, l->schema, strlen(l->schema), e);
    if (r == 0)
        r = send_all(l, " ", 1, e);
    return r == 0 ? send_all(l, (const char *) data + head, len - head, e) : r;
}

int dump_load_end(struct dump_loading *l, struct err *e)
{
    int r;

    close(l->pipe);
    l->pipe = -1;
    r = tool_end(&l->run, 0, 0, e);
    if (r == 0 && !dump_end_seen(&l->end))
        r = err_set(e, -EBADMSG, "the dump is not whole: its end marker is missing");
    return r;
}

void dump_load_stop(struct dump_loading *l)
{
    tool_stop(&l->run);
    free(l->schema);
    if (l->pipe >= 0)
        close(l->pipe);
    if (l->on_pipe)
        (void) signal(SIGPIPE, l->on_pipe);
    *l = DUMP_LOADING_NONE;
}

int dump_load(const struct procedure *p, const struct database *db, const char *schema, int fd,
              struct err *e)
{
    auto_free char *piece = malloc(PIECE);
    struct dump_loading l = DUMP_LOADING_NONE;
    ssize_t n = 1;
    int r = dump_load_begin(p, db, schema, &l, e);

    if (!piece)
        abort();
    while (r == 0 && n != 0) {
        n = read(fd, piece, PIECE);
        if (n > 0)
            r = dump_load_write(&l, piece, (size_t) n, e);
        else if (n < 0 && errno != EINTR)
            r = err_set(e, -errno, "reading the dump: %s", strerror(errno));
    }
    if (r == 0)
        r = dump_load_end(&l, e);
    dump_load_stop(&l);
    return r < 0 ? err_wrap(e, "loading database '%s'", schema ? schema : db->schema) : 0;
}

/* ---- accounts, rows ---- */

static int list_accounts(const struct procedure *p, const struct database *db, char **rows,
                         struct err *e)
{
    auto_free char *schema = mariadb_quote(db->schema), *user = mariadb_quote(db->user);
    /* the schema of a grant is a pattern: _ and % may have a backslash before them */
    auto_free char *sql = mariadb_sql(
        "select concat(quote(User), '@', quote(Host)) from (select User, Host from mysql.db where "
        "replace(Db, '\\\\', '') = %s union select User, Host from mysql.tables_priv where Db = "
        "%s union select User, Host from mysql.global_priv where User = %s) a where User <> '' "
        "order by 1",
        schema, schema, user);

    return mariadb_ask(p, db->unit, sql, rows, e);
}

/* "CREATE USER ..." and the grants, but no grant that only repeats the password */
static void add_statement(FILE *to, const char *line)
{
    static const char create[] = "CREATE USER ", usage[] = "GRANT USAGE ON *.* ";

    if (strncmp(line, create, sizeof create - 1) == 0)
        fprintf(to, "CREATE USER IF NOT EXISTS %s;\n", line + sizeof create - 1);
    else if (strncmp(line, usage, sizeof usage - 1) != 0)
        fprintf(to, "%s;\n", line);
}

int dump_accounts(const struct procedure *p, const struct database *db, char **sql, struct err *e)
{
    auto_free char *accounts = NULL, *asked = NULL, *rows = NULL;
    size_t len = 0;
    char *rest = NULL;
    FILE *out;
    int r = list_accounts(p, db, &accounts, e);

    if (r < 0)
        return r;
    out = open_memstream(&asked, &len);
    for (char *a = strtok_r(accounts, "\n", &rest); out && a; a = strtok_r(NULL, "\n", &rest))
        fprintf(out, "show create user %s;\nshow grants for %s;\n", a, a);
    if (!out || fclose(out) != 0)
        abort();
    r = mariadb_ask(p, db->unit, asked, &rows, e);
    if (r < 0)
        return err_wrap(e, "accounts of database '%s'", db->schema);
    out = open_memstream(sql, &len);
    rest = NULL;
    for (char *l = strtok_r(rows, "\n", &rest); out && l; l = strtok_r(NULL, "\n", &rest))
        add_statement(out, l);
    if (!out || fclose(out) != 0)
        abort();
    return 0;
}

static void read_counts(char *rows, struct dump_facts *facts)
{
    char *rest = NULL;

    for (char *l = strtok_r(rows, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(l, '\t');
        uint64_t n;

        if (!tab)
            continue;
        *tab = '\0';
        if (num_u64(l, UINT64_MAX, &n) < 0)
            continue;
        facts->tables = reallocarray(facts->tables, facts->n_tables + 1, sizeof *facts->tables);
        if (!facts->tables)
            abort();
        facts->tables[facts->n_tables++] =
            (struct dump_table){ .name = strdup(tab + 1), .rows = n };
    }
}

int dump_count(const struct procedure *p, const struct database *db, const char *schema,
               struct dump_facts *facts, struct err *e)
{
    auto_free char *text = mariadb_quote(schema ? schema : db->schema);
    auto_free char *sql = mariadb_sql("select table_name from information_schema.tables where "
                                      "table_schema = %s and table_type = 'BASE TABLE' order by "
                                      "binary table_name",
                                      text);
    auto_free char *in = mariadb_name(schema ? schema : db->schema);
    auto_free char *names = NULL, *counts = NULL, *rows = NULL;
    size_t len = 0;
    char *rest = NULL;
    FILE *out;
    int r = mariadb_ask(p, db->unit, sql, &names, e);

    if (r < 0)
        return r;
    out = open_memstream(&counts, &len);
    for (char *t = strtok_r(names, "\n", &rest); out && t; t = strtok_r(NULL, "\n", &rest)) {
        auto_free char *name = mariadb_name(t), *quoted = mariadb_quote(t);

        fprintf(out, "select count(*), %s from %s.%s;\n", quoted, in, name);
    }
    if (!out || fclose(out) != 0)
        abort();
    r = mariadb_ask(p, db->unit, counts, &rows, e);
    if (r == 0)
        read_counts(rows, facts);
    return r;
}
