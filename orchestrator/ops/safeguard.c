#include "ops/safeguard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/moment.h"
#include "base/num.h"
#include "ops/dump.h"
#include "ops/dump_filter.h"
#include "ops/intent.h"
#include "ops/mariadb.h"
#include "ops/workdir.h"

#define SUB      "migrate"
#define SNAPSHOT "snapshot.sql"
#define ROLE     "ipam_orch_change"

enum { LOOK_AGAIN_MS = 200, PIECE = 256 * 1024 };

#define AWAIT_US (300 * USEC_PER_SEC)

/* ---- the server ---- */

static bool is_down(const struct procedure *p, const char *service)
{
    struct err e = ERR_INIT;
    json_t *status = NULL, *list;
    bool down = false;

    if (procedure_status(p, &status, &e) < 0)
        return false;
    list = json_object_get(status, "services");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "service"));
        const char *state = json_string_value(json_object_get(one, "state"));

        if (name && state && strcmp(name, service) == 0)
            down |= strcmp(state, "down") == 0 || strcmp(state, "failed") == 0 ||
                    strcmp(state, "done") == 0;
    }
    json_decref(status);
    return down;
}

int safeguard_await(const struct procedure *p, const char *service, struct err *e)
{
    uint64_t until = clock_now_us() + AWAIT_US;
    struct err why = ERR_INIT;
    bool started = false;

    while (mariadb_ask(p, service, "do 0;\n", NULL, &why) < 0) {
        if (clock_now_us() >= until) {
            *e = why;
            return err_wrap(e, "the database does not come back");
        }
        if (!started && is_down(p, service)) {
            started = true;
            procedure_say(p, "starting %s", service);
            (void) procedure_request(p,
                                     json_pack("{s:s,s:s,s:s,s:[s]}", "op", "begin", "operation",
                                               "start", "project", p->project, "services", service),
                                     &why);
            continue;
        }
        (void) poll(NULL, 0, LOOK_AGAIN_MS); /* until the manager or the policy of restarts acts */
        why = ERR_INIT;
    }
    return 0;
}

/* the role makes exceptions of `db->user` as long as there is one */
static int shut(const struct procedure *p, const struct database *db, struct err *e)
{
    auto_free char *user = mariadb_quote(db->user), *answer = NULL, *grants = NULL;
    auto_free char *accounts =
        mariadb_sql("select @@global.read_only;\n"
                    "select concat('grant " ROLE " to ', quote(User), '@', quote(Host), ';') from "
                    "mysql.global_priv where User = %s;\n",
                    user);
    int r = mariadb_ask(p, db->unit, accounts, &answer, e);

    if (r < 0)
        return r;
    if (answer[0] != '0')
        return err_set(e, -EROFS, "the server is read only already");
    grants = mariadb_sql("drop role if exists " ROLE ";\ncreate role " ROLE ";\n"
                         "grant read_only admin on *.* to " ROLE ";\n%s\n"
                         "set global read_only = 1;\n",
                         strchr(answer, '\n') ? strchr(answer, '\n') + 1 : "");
    return mariadb_ask(p, db->unit, grants, NULL, e);
}

static int reopen(const struct procedure *p, const char *service, struct err *e)
{
    return mariadb_ask(p, service, "set global read_only = 0;\ndrop role if exists " ROLE ";\n",
                       NULL, e);
}

static int drop_scratch(const struct procedure *p, const char *service, struct err *e)
{
    return mariadb_ask(p, service,
                       "drop database if exists " SAFEGUARD_SCRATCH ";\n"
                       "drop user if exists " SAFEGUARD_SCRATCH "@'%';\n",
                       NULL, e);
}

/* What a client left behind that was killed: its statement may still run.  And whoever is in the
 * middle of a transaction would keep tables from being dropped. */
static int end_others(const struct procedure *p, const struct database *db, struct err *e)
{
    auto_free char *schema = mariadb_quote(db->schema);
    auto_free char *sql = mariadb_sql(
        "select concat('kill ', id, ';') from information_schema.processlist where id <> "
        "connection_id() and (id = is_used_lock(concat('ipam_orch.', md5(%s))) or (db = %s and "
        "id in (select trx_mysql_thread_id from information_schema.innodb_trx)));\n",
        schema, schema);
    uint64_t until = clock_now_us() + AWAIT_US;

    for (;;) {
        auto_free char *kills = NULL;
        int r = mariadb_ask(p, db->unit, sql, &kills, e);

        if (r < 0 || kills[0] == '\0')
            return r;
        if (clock_now_us() >= until)
            return err_set(e, -EBUSY, "a statement of before does not end");
        (void) mariadb_ask(p, db->unit, kills, NULL, NULL); /* one may have ended by itself */
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
    }
}

/* ---- the dump ---- */

/* What a dump does not keep exactly. */
static void warn_of_floats(const struct procedure *p, const struct database *db)
{
    auto_free char *schema = mariadb_quote(db->schema), *found = NULL;
    auto_free char *sql =
        mariadb_sql("select concat(table_name, '.', column_name) from information_schema.columns "
                    "where table_schema = %s and data_type = 'float' limit 1;\n",
                    schema);

    if (mariadb_ask(p, db->unit, sql, &found, NULL) < 0 || found[0] == '\0')
        return;
    found[strcspn(found, "\n")] = '\0';
    procedure_say(p,
                  "warning: %s is of the type FLOAT, of which a dump keeps six digits: after a "
                  "failure it would have no more",
                  found);
}

static int take_snapshot(const struct procedure *p, const struct database *db, int dir,
                         struct err *e)
{
    struct dump_facts facts = { 0 };
    char size[NUM_BYTES_TEXT];
    auto_fd fd = -1;
    int r;

    (void) unlinkat(dir, SNAPSHOT, 0); /* an undone one's; never written into */
    r = workdir_open_at(dir, SNAPSHOT, O_RDWR | O_CREAT | O_EXCL, &fd, e);
    if (r == 0)
        r = dump_create(p, db, fd, &facts, e);
    if (r == 0 && (fsync(fd) < 0 || fsync(dir) < 0))
        r = err_set(e, -errno, "%s", strerror(errno));
    MOMENT("wrote", SNAPSHOT);
    if (r == 0) {
        num_bytes_text(facts.bytes, size);
        procedure_say(p, "snapshot of %s: %zu tables, %s", db->schema, facts.n_tables, size);
    }
    dump_facts_clear(&facts);
    return r < 0 ? err_wrap(e, "the snapshot") : 0;
}

static int read_facts(int fd, struct dump_facts *out, struct err *e)
{
    auto_free char *piece = malloc(PIECE);
    struct dump_scan *scan = dump_scan_new();
    ssize_t n = 1;

    if (!piece)
        abort();
    while (n > 0) {
        n = read(fd, piece, PIECE);
        if (n > 0)
            dump_scan_feed(scan, piece, (size_t) n);
    }
    if (n < 0) {
        int code = -errno;

        dump_scan_free(scan);
        return err_set(e, code, "%s", strerror(-code));
    }
    dump_scan_end(scan, out);
    if (!out->whole)
        return err_set(e, -EBADMSG, "it is not whole");
    return lseek(fd, 0, SEEK_SET) < 0 ? err_set(e, -errno, "%s", strerror(errno)) : 0;
}

/* a dump of what was restored says the same as the one it was restored from */
static int compare(const struct procedure *p, const struct database *db,
                   const struct dump_facts *before, struct err *e)
{
    auto_flow nothing = flow_to_nothing();
    struct dump_facts now = { 0 };
    int r = dump_stream(p, db, nothing, &now, e);

    for (size_t i = 0; r == 0 && i < before->n_tables; i++) {
        const struct dump_table *t = dump_facts_table(&now, before->tables[i].name);

        if (!t || memcmp(t->sum, before->tables[i].sum, sizeof t->sum) != 0)
            r = err_set(e, -EUCLEAN, "table %s is not as it was", before->tables[i].name);
    }
    if (r == 0 && now.n_tables != before->n_tables)
        r = err_set(e, -EUCLEAN, "there are %zu tables instead of %zu", now.n_tables,
                    before->n_tables);
    if (r == 0 && memcmp(now.rest, before->rest, sizeof now.rest) != 0)
        r = err_set(e, -EUCLEAN, "views, routines or events are not as they were");
    dump_facts_clear(&now);
    return r;
}

static int load_snapshot(const struct procedure *p, const struct database *db, int dir,
                         struct err *e)
{
    struct dump_facts before = { 0 };
    auto_fd fd = -1;
    int r = workdir_open_at(dir, SNAPSHOT, O_RDONLY, &fd, e);

    if (r == 0)
        r = read_facts(fd, &before, e);
    if (r == 0)
        r = safeguard_await(p, db->unit, e);
    if (r == 0)
        r = end_others(p, db, e);
    if (r == 0)
        r = dump_load(p, db, NULL, fd, e);
    if (r == 0)
        r = compare(p, db, &before, e);
    dump_facts_clear(&before);
    return r;
}

/* ---- the whole ---- */

/* where there is no server, nothing is left that could be read only */
static bool is_known(const struct procedure *p)
{
    struct err e = ERR_INIT;
    json_t *status = NULL;
    int r = procedure_status(p, &status, &e);

    json_decref(status);
    return r != -ENOENT;
}

static int finish(const struct procedure *p, const char *service, int dir,
                  int (*last)(const struct procedure *p, const char *service, struct err *e),
                  struct err *e)
{
    int r = 0;

    if (is_known(p)) {
        r = safeguard_await(p, service, e);
        if (r == 0)
            r = last(p, service, e);
    }
    if (r == 0)
        r = intent_end(p->dir, e);
    if (r == 0)
        (void) unlinkat(dir, SNAPSHOT, 0);
    return r;
}

int safeguard_begin(struct safeguard *g, const struct procedure *p, const struct database *db,
                    struct err *e)
{
    struct err ignored = ERR_INIT;
    auto_fd dir = -1;
    int r = workdir_open(p->project, SUB, &dir, e);

    *g = (struct safeguard){ .procedure = p, .db = db, .open = g->open };
    if (r == 0)
        r = intent_begin(p->dir,
                         json_pack("{s:s,s:s,s:s,s:s}", "verb", "migrate", "service", db->unit,
                                   "schema", db->schema, "user", db->user),
                         e);
    if (r < 0)
        return r;
    r = g->open ? 0 : shut(p, db, e);
    if (r == 0)
        warn_of_floats(p, db);
    if (r == 0)
        r = take_snapshot(p, db, dir, e);
    if (r == 0)
        r = intent_step(p->dir, "change", NULL, e);
    if (r == 0) {
        g->holds = true;
        return 0;
    }
    if (finish(p, db->unit, dir, reopen, &ignored) < 0)
        procedure_say(p, "warning: %s", ignored.msg);
    err_hint(e, "put that right; --no-backup goes without a way back");
    return err_classify(e, ERR_MIGRATION);
}

int safeguard_commit(struct safeguard *g, struct err *e)
{
    const struct procedure *p = g->procedure;
    auto_fd dir = -1;
    int r;

    if (!g->holds)
        return 0;
    r = workdir_open(p->project, SUB, &dir, e);
    if (r == 0)
        r = intent_step(p->dir, "changed", NULL, e);
    if (r < 0)
        return r; /* the way back is still there */
    g->holds = false;
    if (finish(p, g->db->unit, dir, reopen, e) == 0)
        return 0;
    err_wrap(e, "everything is applied, but the database may still be read only");
    return err_hint(e, "ipam-orch migrate status, which finishes it");
}

/* what went wrong is in `e` */
static int not_restored(const struct procedure *p, struct err *e)
{
    auto_free char *path = workdir_path(p->project, SUB "/" SNAPSHOT);

    err_wrap(e, "the database is NOT as it was: restoring %s failed", path);
    err_hint(e, "put that right, then: ipam-orch migrate status, which tries again");
    return err_classify(e, ERR_FAILED);
}

int safeguard_restore(struct safeguard *g, struct err *e)
{
    const struct procedure *p = g->procedure;
    auto_fd dir = -1;
    int r;

    if (!g->holds)
        return 0;
    g->holds = false;
    r = workdir_open(p->project, SUB, &dir, e);
    if (r == 0)
        r = load_snapshot(p, g->db, dir, e);
    if (r == 0)
        r = finish(p, g->db->unit, dir, reopen, e);
    return r < 0 ? not_restored(p, e) : 0;
}

int safeguard_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    const json_t *meant = json_object_get(intent, "meant");
    struct database db = { .unit = "", .schema = "", .user = "" };
    auto_fd dir = -1;
    int r = workdir_open(p->project, SUB, &dir, e);

    if (r < 0)
        return r;
    if (json_unpack((json_t *) (size_t) meant, "{s:s,s:s,s:s}", "service", &db.unit, "schema",
                    &db.schema, "user", &db.user) < 0)
        return err_set(e, -EBADMSG, "what was meant is not readable");
    if (json_is_true(json_object_get(meant, "rehearsal")))
        return finish(p, db.unit, dir, drop_scratch, e);
    if (intent_find(intent, "change") && !intent_find(intent, "changed")) {
        if (!is_known(p)) {
            err_set(e, -EHOSTDOWN, "the database is half way, and does not run");
            return err_hint(e, "ipam-orch up, which takes it back first");
        }
        r = load_snapshot(p, &db, dir, e);
        if (r < 0)
            return not_restored(p, e);
        procedure_say(p, "the database is as it was before");
        procedure_note(p, "migration.undone", NULL);
    }
    return finish(p, db.unit, dir, reopen, e);
}

/* ---- a copy to try things out ---- */

static int put(void *owner, const void *data, size_t len, struct err *e)
{
    return dump_load_write(owner, data, len, e);
}

static int feed(void *owner, const void *data, size_t len, struct err *e)
{
    return dump_filter_feed(owner, data, len, e);
}

static int copy(const struct procedure *p, const struct database *db, const char *password,
                struct err *e)
{
    auto_free char *secret = mariadb_quote(password);
    auto_free char *account =
        mariadb_sql("drop user if exists " SAFEGUARD_SCRATCH "@'%%';\n"
                    "create user " SAFEGUARD_SCRATCH "@'%%' identified by %s;\n"
                    "grant all on `ipam\\_orch\\_rehearsal`.* to " SAFEGUARD_SCRATCH "@'%%';\n",
                    secret);
    struct dump_loading loading = DUMP_LOADING_NONE;
    struct dump_filter filter = { .definer = "`" SAFEGUARD_SCRATCH "`@`%`",
                                  .put = put,
                                  .owner = &loading };
    auto_flow to = flow_to(feed, &filter);
    int r = mariadb_ask(p, db->unit, account, NULL, e);

    if (r == 0)
        r = dump_load_begin(p, db, SAFEGUARD_SCRATCH, &loading, e);
    if (r == 0)
        r = dump_stream(p, db, to, NULL, e);
    if (r == 0)
        r = dump_filter_end(&filter, e);
    if (r == 0)
        r = dump_load_end(&loading, e);
    dump_load_stop(&loading);
    return r;
}

int safeguard_scratch(struct safeguard *g, const struct procedure *p, const struct database *db,
                      const char *password, struct err *e)
{
    int r = intent_begin(p->dir,
                         json_pack("{s:s,s:b,s:s,s:s,s:s}", "verb", "migrate", "rehearsal", 1,
                                   "service", db->unit, "schema", db->schema, "user", db->user),
                         e);

    *g = (struct safeguard){ .procedure = p, .db = db };
    if (r < 0)
        return r;
    g->holds = true;
    r = copy(p, db, password, e);
    if (r == 0)
        return 0;
    safeguard_scratch_drop(g);
    return err_wrap(e, "the copy of the database");
}

void safeguard_scratch_drop(struct safeguard *g)
{
    const struct procedure *p = g->procedure;
    struct err e = ERR_INIT;
    auto_fd dir = -1;
    int r = g->holds ? workdir_open(p->project, SUB, &dir, &e) : 0;

    if (g->holds && r == 0)
        r = finish(p, g->db->unit, dir, drop_scratch, &e);
    if (r < 0)
        procedure_say(p, "warning: the copy of the database is still there: %s", e.msg);
    g->holds = false;
}
