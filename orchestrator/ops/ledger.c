#include "ops/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "ops/mariadb.h"

enum { COLUMNS = 8 };

static const char *const tables[SCRIPT_KIND_COUNT] = { "ipam_orch_migrations", "ipam_orch_seeds" };

/* of rows: migrations have no sets */
static char *where(const struct ledger_of *of)
{
    auto_free char *set = mariadb_quote(of->set);
    char *text = NULL;

    if (asprintf(&text, of->kind == SCRIPT_SEED ? "set_name = %s" : "true", set) < 0)
        abort();
    return text;
}

int ledger_make(struct sql *s, enum script_kind kind, struct err *e)
{
    int r = sql_runf(s, e,
                     "create table if not exists %s (%sversion int unsigned not null, "
                     "name varchar(255) not null, checksum char(64) not null, "
                     "release_name varchar(64) not null, host varchar(255) not null, "
                     "started_at datetime(6) not null, finished_at datetime(6) null, "
                     "duration_ms bigint unsigned null, primary key (%sversion))",
                     tables[kind],
                     kind == SCRIPT_SEED ? "set_name varchar(64) not null default '', " : "",
                     kind == SCRIPT_SEED ? "set_name, " : "");

    return r;
}

static const char *text_of(const json_t *row, size_t i)
{
    const char *text = json_string_value(json_array_get(row, i));

    return text ? text : "";
}

static char *copy(const json_t *row, size_t i)
{
    char *out = strdup(text_of(row, i));

    if (!out)
        abort();
    return out;
}

static int exists(struct sql *s, enum script_kind kind, bool *there, struct err *e)
{
    auto_free char *count = NULL;
    int r = sql_text(s, &count, e,
                     "select count(*) from information_schema.tables where table_schema = "
                     "database() and table_name = '%s'",
                     tables[kind]);

    *there = r == 0 && strcmp(count, "0") != 0;
    return r;
}

int ledger_read(struct sql *s, const struct ledger_of *of, struct ledger *out, struct err *e)
{
    auto_free char *which = where(of);
    bool there = false;
    json_t *rows = NULL;
    int r = exists(s, of->kind, &there, e);

    *out = (struct ledger){ 0 };
    if (r < 0 || !there)
        return r;
    r = sql_rows(
        s, &rows, e,
        "select version, name, checksum, started_at, ifnull(finished_at, ''), "
        "release_name, host, ifnull(duration_ms, 0) from %s where %s and version > 0 order by "
        "version",
        tables[of->kind], which);
    if (r < 0)
        return r;
    out->rows = calloc(json_array_size(rows) + 1, sizeof *out->rows);
    if (!out->rows)
        abort();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t version = 0, duration = 0;

        if (json_array_size(row) != COLUMNS || num_u64(text_of(row, 0), UINT32_MAX, &version) < 0)
            continue;
        (void) num_u64(text_of(row, 7), UINT64_MAX, &duration);
        out->rows[out->n++] = (struct ledger_row){ .version = (unsigned) version,
                                                   .name = copy(row, 1),
                                                   .sum = copy(row, 2),
                                                   .started = copy(row, 3),
                                                   .finished = copy(row, 4),
                                                   .release = copy(row, 5),
                                                   .host = copy(row, 6),
                                                   .duration_ms = duration };
    }
    json_decref(rows);
    return 0;
}

void ledger_clear(struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->rows[i].name);
        free(l->rows[i].sum);
        free(l->rows[i].started);
        free(l->rows[i].finished);
        free(l->rows[i].release);
        free(l->rows[i].host);
    }
    free(l->rows);
    *l = (struct ledger){ 0 };
}

const struct ledger_row *ledger_find(const struct ledger *l, unsigned version)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].version == version)
            return &l->rows[i];
    return NULL;
}

int ledger_begin(struct sql *s, const struct ledger_of *of, const struct script *script,
                 const char *release, struct err *e)
{
    auto_free char *set = mariadb_quote(of->set), *name = mariadb_quote(script->file);
    auto_free char *label = mariadb_quote(release);
    bool seed = of->kind == SCRIPT_SEED;
    char host[256] = "";

    (void) gethostname(host, sizeof host - 1);
    auto_free char *here = mariadb_quote(host);
    return sql_runf(s, e,
                    "insert into %s (%s%sversion, name, checksum, release_name, host, started_at) "
                    "values (%s%s%u, %s, '%s', %s, %s, utc_timestamp(6))",
                    tables[of->kind], seed ? "set_name" : "", seed ? ", " : "", seed ? set : "",
                    seed ? ", " : "", script->version, name, script->sum, label, here);
}

int ledger_finish(struct sql *s, const struct ledger_of *of, unsigned version, uint64_t took_us,
                  struct err *e)
{
    auto_free char *which = where(of);

    return sql_runf(s, e,
                    "update %s set finished_at = utc_timestamp(6), duration_ms = %llu where "
                    "version = %u and %s",
                    tables[of->kind], (unsigned long long) (took_us / USEC_PER_MSEC), version,
                    which);
}

int ledger_remove(struct sql *s, const struct ledger_of *of, unsigned version, struct err *e)
{
    auto_free char *which = where(of);

    return sql_runf(s, e, "delete from %s where version = %u and %s", tables[of->kind], version,
                    which);
}

int ledger_command(struct sql *s, char **sum, struct err *e)
{
    bool there = false;
    int r = exists(s, SCRIPT_MIGRATION, &there, e);

    if (r < 0)
        return r;
    return sql_text(s, sum, e,
                    there ? "select checksum from ipam_orch_migrations where version = 0 and "
                            "finished_at is not null"
                          : "select ''");
}
