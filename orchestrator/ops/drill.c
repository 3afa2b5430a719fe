#include "ops/drill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ops/dump.h"
#include "ops/feed.h"
#include "ops/once.h"

#define DATA "/var/lib/mysql"

enum { HEAD_MAX = 4 * 1024 * 1024 };

/* $1 the schema, $2 it as a name of SQL.  stdin: accounts and dump; stdout: the version, a line for
 * each CHECKSUM TABLE, an empty line, a dump. */
static const char script[] =
    "set -eu\n"
    "data=" DATA " run=/tmp/drill\n"
    "clean() { find $data -mindepth 1 -delete; }\n"
    "fail() { grep -v Note $run/log | tail -n 1 >&2 || true; echo \"$1\" >&2; exit 1; }\n"
    "client() { mariadb --no-defaults -S $run/sock -u \"$(id -un)\" "
    "--default-character-set=utf8mb4 \"$@\"; }\n"
    "server=; mkdir -p $run; clean\n"
    "trap '[ -z \"$server\" ] || { kill $server; wait $server; } 2>/dev/null; clean' EXIT\n"
    "mariadb-install-db --no-defaults --basedir=/usr --datadir=$data --skip-test-db "
    "--auth-root-authentication-method=socket --auth-root-socket-user=\"$(id -un)\" "
    "--skip-name-resolve >$run/log 2>&1 </dev/null || fail 'no server could be made'\n"
    "mariadbd --no-defaults --basedir=/usr --datadir=$data --socket=$run/sock --skip-networking "
    "--pid-file=$run/pid --tmpdir=/tmp --skip-log-bin --skip-name-resolve --event-scheduler=off "
    "--character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0 >$run/log 2>&1 "
    "</dev/null &\n"
    "server=$!\n"
    "n=0\n"
    "until client -e 'do 0' >/dev/null 2>&1 </dev/null; do\n"
    "  kill -0 $server 2>/dev/null || fail 'the server of the trial ended'\n"
    "  n=$((n + 1)); [ $n -lt 3000 ] || fail 'the server of the trial does not answer'\n"
    "  sleep 0.1\n"
    "done\n"
    "client -e \"create database $2\" </dev/null\n"
    "client --batch --binary-mode --max-allowed-packet=1G \"$1\"\n"
    "client -N -B -e 'select version()' </dev/null\n"
    "client -N -B -r -e \"select concat('checksum table \\`', replace(table_name, '\\`', "
    "'\\`\\`'), '\\`;') from information_schema.tables where table_schema = database() and "
    "table_type = 'BASE TABLE'\" \"$1\" </dev/null | client -N -B -r \"$1\"\n"
    "echo\n"
    "mariadb-dump --no-defaults -S $run/sock -u \"$(id -un)\" --single-transaction --quick "
    "--routines --triggers --events --hex-blob --skip-add-locks --no-tablespaces "
    "--skip-dump-date "
    "--max-allowed-packet=1G --default-character-set=utf8mb4 -- \"$1\" </dev/null\n";

/* ---- what comes back ---- */

struct returned {
    char *head;
    size_t len;
    bool in_dump;
    struct dump_scan *scan;
};

static int take(void *owner, const void *data, size_t len, struct err *e)
{
    struct returned *r = owner;
    char *end;

    if (r->in_dump) {
        dump_scan_feed(r->scan, data, len);
        return 0;
    }
    if (len > HEAD_MAX - r->len)
        return err_set(e, -EFBIG, "the server of the trial has too much to say");
    r->head = realloc(r->head, r->len + len + 1);
    if (!r->head)
        abort();
    memcpy(r->head + r->len, data, len);
    r->len += len;
    r->head[r->len] = '\0';
    end = strstr(r->head, "\n\n");
    if (!end)
        return 0;
    r->in_dump = true;
    dump_scan_feed(r->scan, end + 2, r->len - (size_t) (end + 2 - r->head));
    end[1] = '\0';
    return 0;
}

/* the value of CHECKSUM TABLE for a table, NULL if it is not there; "SCHEMA.TABLE\tNUMBER" */
static json_t *checksum_of(const char *head, const char *schema, const char *table)
{
    size_t a = strlen(schema), b = strlen(table);

    for (const char *l = strchr(head, '\n'); l && l[1]; l = strchr(l + 1, '\n')) {
        if (strncmp(l + 1, schema, a) != 0 || l[1 + a] != '.' ||
            strncmp(l + 2 + a, table, b) != 0 || l[2 + a + b] != '\t')
            continue;
        return json_integer((json_int_t) strtoull(l + 3 + a + b, NULL, 10));
    }
    return json_null();
}

static bool is_sum(const unsigned char *sum, const json_t *text)
{
    char hex[2 * DUMP_SUM + 1];
    const char *wanted = json_string_value(text);

    for (size_t i = 0; i < DUMP_SUM; i++)
        (void) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return wanted && strcmp(hex, wanted) == 0;
}

static int compare(const json_t *manifest, const struct returned *back,
                   const struct dump_facts *facts, json_t *found, struct err *e)
{
    const json_t *database = json_object_get(manifest, "database"), *one;
    const char *server = json_string_value(json_object_get(database, "server"));
    const char *schema = json_string_value(json_object_get(database, "name"));
    bool same = server && strncmp(back->head, server, strcspn(back->head, "-")) == 0;
    json_t *tables = json_array();
    size_t i;
    int r = facts->whole ? 0 : err_set(e, -EBADMSG, "the trial did not end");

    (void) json_object_set_new(found, "compared", json_string(same ? "sums" : "rows"));
    (void) json_object_set_new(found, "tables", tables);
    json_array_foreach (json_object_get(database, "tables"), i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        const struct dump_table *t = name ? dump_facts_table(facts, name) : NULL;
        json_int_t rows = json_integer_value(json_object_get(one, "rows"));

        if (r == 0 && (!t || (json_int_t) t->rows != rows))
            r = err_set(e, -EBADMSG, "table '%s' came back with %lld rows, the backup has %lld",
                        name ? name : "?", t ? (long long) t->rows : 0, (long long) rows);
        else if (r == 0 && same && !is_sum(t->sum, json_object_get(one, "sum")))
            r = err_set(e, -EBADMSG, "table '%s' came back with other contents", name);
        if (t)
            (void) json_array_append_new(
                tables, json_pack("{s:s,s:I,s:o}", "name", t->name, "rows", (json_int_t) t->rows,
                                  "checksum", checksum_of(back->head, schema, t->name)));
    }
    if (r == 0 && facts->n_tables != json_array_size(json_object_get(database, "tables")))
        r = err_set(e, -EBADMSG, "%zu tables came back", facts->n_tables);
    if (r == 0 && same && !is_sum(facts->rest, json_object_get(database, "rest")))
        r = err_set(e, -EBADMSG, "views, routines or events came back otherwise");
    return r;
}

/* ---- the trial ---- */

/* the database's service, with an empty volume where its data is and without a network */
static int prepare(const struct procedure *p, struct project *d, struct err *e)
{
    struct unit *u = once_prepare(d, d->database.unit);

    if (!u)
        return err_set(e, -ENOENT, "the project '%s' has no database", p->project);
    u->n_networks = 0;
    for (size_t k = 0; k < u->n_mounts; k++) {
        if (strcmp(u->mounts[k].target, DATA) != 0)
            continue;
        u->mounts[k] = (struct mount){ .kind = MOUNT_VOLUME,
                                       .source = arena_printf(d->arena, "%s_drill", p->project),
                                       .target = DATA,
                                       .subpath = "" };
        return 0;
    }
    return err_set(e, -ENOENT, "service '%s' has nothing at " DATA, u->name);
}

int drill_run(const struct procedure *p, const struct restore_wish *w, json_t **found,
              struct err *e)
{
    const json_t *parts[] = { backup_part(w->backup, "accounts"),
                              backup_part(w->backup, "database") };
    struct returned back = { .scan = dump_scan_new() };
    struct dump_facts facts = { 0 };
    struct project *d = NULL;
    auto_free char *name = NULL;
    json_t *out = json_object();
    int r = procedure_definition(p, &d, e);

    if (r == 0 && (!parts[0] || !parts[1]))
        r = err_set(e, -ENOENT, "%s has no dump of a database", w->backup->name);
    if (r == 0)
        r = prepare(p, d, e);
    if (r == 0) {
        auto_flow to = flow_to(take, &back);
        const char *const argv[] = { "/bin/sh",
                                     "-c",
                                     script,
                                     "sh",
                                     d->database.schema,
                                     name = mariadb_name(d->database.schema),
                                     NULL };

        procedure_say(p, "restoring %s into a server of its own", w->backup->name);
        r = feed_parts(p, w, parts, ARRAY_LEN(parts),
                       &(struct tool){ .service = d->database.unit,
                                       .beside = d,
                                       .argv = argv,
                                       .name = "the trial",
                                       .out = -1 },
                       to, e);
    }
    dump_scan_end(back.scan, &facts);
    if (r == 0)
        r = compare(w->backup->manifest, &back, &facts, out, e);
    if (r < 0) {
        (void) err_wrap(e, "trial of %s", w->backup->name);
        (void) err_classify(e, ERR_BACKUP);
        json_decref(out);
    } else {
        *found = out;
    }
    dump_facts_clear(&facts);
    free(back.head);
    project_free(d);
    return r;
}
