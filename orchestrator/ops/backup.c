#include "ops/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "ops/backup_impl.h"
#include "ops/dump.h"
#include "ops/physical.h"
#include "ops/seal.h"
#include "ops/workdir.h"

enum { SCHEMA = 1, TIME_TEXT = 32, STATE_MAX = 16 * 1024 };

static int classify(struct err *e)
{
    return e->class == ERR_FAILED ? err_classify(e, ERR_BACKUP) : e->code;
}

/* ---- one part ---- */

int backup_part_open(struct making *m, const char *file, bool plainly, struct part *part,
                     struct err *e)
{
    const struct backup_wish *w = m->wish;
    enum compression how = plainly ? COMPRESS_NONE : w->compress;
    bool sealed = w->key.text && !plainly;
    struct flow *f;
    int fd = -1, r;

    if (m->n == BACKUP_PARTS_MAX)
        return err_set(e, -E2BIG, "a backup has at most %d parts", BACKUP_PARTS_MAX);
    m->names[m->n] = paths_join("%s%s%s", file, compression_suffix[how], sealed ? SEAL_SUFFIX : "");
    r = backup_store_file(m->store, m->name, m->names[m->n], &fd, e);
    if (r < 0) {
        free(m->names[m->n]);
        m->names[m->n] = NULL;
        return r;
    }
    m->fds[m->n++] = fd;
    *part = (struct part){ 0 };
    f = flow_summed(&part->stored, flow_to_fd(fd));
    if (sealed)
        f = seal_close(w->key.text, w->key.len, f);
    part->flow = flow_counted(&part->plain_bytes, flow_compress(how, f));
    return 0;
}

int backup_part_close(struct making *m, struct part *part, const char *what, const char *volume,
                      struct err *e)
{
    const char *file = m->names[m->n - 1];
    int r = flow_finish(part->flow, e);
    json_t *one;

    backup_part_stop(part);
    if (r < 0)
        return err_wrap(e, "%s", file);
    one = json_pack("{s:s,s:s,s:I,s:s,s:I,s:s,s:b}", "what", what, "file", file, "bytes",
                    (json_int_t) part->stored.bytes, "sha256", part->stored.sha256, "plain_bytes",
                    (json_int_t) part->plain_bytes, "compress", compression_text[m->wish->compress],
                    "sealed", m->wish->key.text != NULL);
    if (volume)
        (void) json_object_set_new(one, "volume", json_string(volume));
    (void) json_array_append_new(m->parts, one);
    return 0;
}

void backup_part_stop(struct part *part)
{
    flow_free(part->flow);
    part->flow = NULL;
}

/* ---- the database ---- */

static json_t *hex(const unsigned char *sum)
{
    char text[2 * DUMP_SUM + 1];

    for (size_t i = 0; i < DUMP_SUM; i++)
        (void) snprintf(text + 2 * i, 3, "%02x", sum[i]);
    return json_string(text);
}

/* the number of the last migration, 0 if there is no ledger */
static int schema_version(const struct making *m, const struct dump_facts *facts, uint64_t *out,
                          struct err *e)
{
    const struct database *db = &m->wish->definition->database;
    auto_free char *schema = mariadb_name(db->schema), *rows = NULL;
    auto_free char *sql =
        mariadb_sql("select coalesce(max(version), 0) from %s.ipam_orch_migrations", schema);
    int r;

    *out = 0;
    if (!dump_facts_table(facts, "ipam_orch_migrations"))
        return 0;
    r = mariadb_ask(m->p, db->unit, sql, &rows, e);
    if (r < 0)
        return r;
    rows[strcspn(rows, "\n")] = '\0';
    return num_u64(rows, UINT32_MAX, out) < 0
               ? err_set(e, -EBADMSG, "the ledger of migrations is not readable")
               : 0;
}

static json_t *describe(const struct database *db, const struct dump_facts *facts, uint64_t version,
                        const char *server)
{
    json_t *tables = json_array();
    json_t *out =
        json_pack("{s:s,s:s,s:s,s:I,s:I,s:o,s:o}", "service", db->unit, "name", db->schema,
                  "server", server, "schema_version", (json_int_t) version, "until_s",
                  (json_int_t) time(NULL), "rest", hex(facts->rest), "tables", tables);

    for (size_t i = 0; i < facts->n_tables; i++)
        (void) json_array_append_new(tables,
                                     json_pack("{s:s,s:I,s:o}", "name", facts->tables[i].name,
                                               "rows", (json_int_t) facts->tables[i].rows, "sum",
                                               hex(facts->tables[i].sum)));
    if (facts->log_file[0] != '\0')
        (void) json_object_set_new(out, "binlog",
                                   json_pack("{s:s,s:I}", "file", facts->log_file, "position",
                                             (json_int_t) facts->log_position));
    return out;
}

static int accounts(struct making *m, struct err *e)
{
    auto_free char *sql = NULL;
    struct part part = { 0 };
    int r = dump_accounts(m->p, &m->wish->definition->database, &sql, e);

    if (r == 0)
        r = backup_part_open(m, "accounts.sql", false, &part, e);
    if (r == 0)
        r = flow_write(part.flow, sql, strlen(sql), e);
    if (r == 0)
        r = backup_part_close(m, &part, "accounts", NULL, e);
    backup_part_stop(&part);
    return r;
}

static int database(struct making *m, json_t **out, struct err *e)
{
    const struct database *db = &m->wish->definition->database;
    auto_free char *server = NULL;
    struct dump_facts facts = { 0 };
    struct part part = { 0 };
    uint64_t version = 0;
    int r = backup_part_open(m, "database.sql", false, &part, e);

    procedure_say(m->p, "dumping database '%s' of %s", db->schema, db->unit);
    if (r == 0)
        r = mariadb_ask(m->p, db->unit, "select version()", &server, e);
    if (r == 0)
        r = dump_stream(m->p, db, part.flow, &facts, e);
    if (r == 0)
        r = backup_part_close(m, &part, "database", NULL, e);
    if (r == 0)
        r = schema_version(m, &facts, &version, e);
    if (r == 0)
        r = accounts(m, e);
    if (r == 0) {
        server[strcspn(server, "\n")] = '\0';
        *out = describe(db, &facts, version, server);
    }
    backup_part_stop(&part);
    dump_facts_clear(&facts);
    return r;
}

static int physical(struct making *m, json_t **out, struct err *e)
{
    const struct database *db = &m->wish->definition->database;
    auto_free char *server = NULL;
    struct dump_facts none = { 0 };
    struct part part = { 0 };
    int r = backup_part_open(m, "physical.mbstream", false, &part, e);

    procedure_say(m->p, "copying the files of %s", db->unit);
    if (r == 0)
        r = mariadb_ask(m->p, db->unit, "select version()", &server, e);
    if (r == 0)
        r = physical_create(m->p, db, part.flow, e);
    if (r == 0)
        r = backup_part_close(m, &part, "physical", NULL, e);
    if (r == 0) {
        server[strcspn(server, "\n")] = '\0';
        *out = describe(db, &none, 0, server);
    }
    backup_part_stop(&part);
    return r;
}

/* ---- the whole ---- */

/* Another one may have been made in the same second; nobody else makes one of this project now. */
static char *free_name(const struct backup_store *s, const char *wanted)
{
    char *name = paths_join("%s", wanted);

    for (unsigned n = 2; faccessat(s->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0; n++) {
        free(name);
        name = paths_join("%s-%u", wanted, n);
    }
    return name;
}

static char *name_of(const struct making *m, uint64_t time_us)
{
    time_t at = (time_t) (time_us / USEC_PER_SEC);
    char text[TIME_TEXT] = "";
    struct tm tm;
    const char *label = m->wish->label;
    auto_free char *wanted = NULL;

    if (gmtime_r(&at, &tm))
        (void) strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm);
    wanted = paths_join("%s-%s%s%s", m->p->project, text, label[0] ? "-" : "", label);
    return free_name(m->store, wanted);
}

static json_t *manifest_of(const struct making *m, json_t *db, uint64_t time_us, uint64_t took_us)
{
    const struct project *d = m->wish->definition;
    char when[TIME_TEXT] = "";
    time_t at = (time_t) (time_us / USEC_PER_SEC);
    struct utsname host = { 0 };
    struct tm tm;

    (void) uname(&host);
    if (gmtime_r(&at, &tm))
        (void) strftime(when, sizeof when, "%FT%TZ", &tm);
    return json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:O,s:O}", "schema",
                     SCHEMA, "name", m->name, "project", m->p->project, "kind",
                     m->wish->safety ? "safety" : "backup", "label", m->wish->label, "time", when,
                     "time_s", (json_int_t) at, "duration_ms",
                     (json_int_t) (took_us / USEC_PER_MSEC), "release", d->release, "method",
                     m->wish->physical ? "physical" : "dump", "host", host.nodename, "ipam_orch",
                     m->wish->tools, "compress", compression_text[m->wish->compress], "database",
                     db ? db : json_null(), "parts", m->parts, "skipped", m->skipped);
}

/* one more file, written as it is */
static int add_text(struct making *m, const char *file, const char *text, char sum[FLOW_SUM_TEXT],
                    struct err *e)
{
    struct part part = { 0 };
    int r = backup_part_open(m, file, true, &part, e);

    if (r == 0)
        r = flow_write(part.flow, text, strlen(text), e);
    if (r == 0)
        r = flow_finish(part.flow, e);
    backup_part_stop(&part);
    if (r == 0)
        memcpy(sum, part.stored.sha256, FLOW_SUM_TEXT);
    return r;
}

static int seal_with_sums(struct making *m, const json_t *manifest, char sum[FLOW_SUM_TEXT],
                          struct err *e)
{
    auto_free char *text = json_dumps(manifest, JSON_INDENT(2)), *sums = NULL;
    char ignored[FLOW_SUM_TEXT];
    const json_t *part;
    size_t i, len = 0;
    FILE *out = open_memstream(&sums, &len);
    int r;

    if (!text || !out)
        abort();
    r = add_text(m, BACKUP_MANIFEST, text, sum, e);
    json_array_foreach (m->parts, i, part)
        fprintf(out, "%s  %s\n", json_string_value(json_object_get(part, "sha256")),
                json_string_value(json_object_get(part, "file")));
    fprintf(out, "%s  %s\n", sum, BACKUP_MANIFEST);
    if (fclose(out) != 0)
        abort();
    return r < 0 ? r : add_text(m, BACKUP_SUMS, sums, ignored, e);
}

static void making_clear(struct making *m)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->fds[i] >= 0)
            close(m->fds[i]);
        free(m->names[i]);
    }
    json_decref(m->parts);
    json_decref(m->skipped);
    free(m->name);
}

int backup_create(const struct procedure *p, const struct backup_store *s,
                  const struct backup_wish *w, char **name, json_t **manifest,
                  char sum[FLOW_SUM_TEXT], struct err *e)
{
    struct making m = {
        .p = p, .store = s, .wish = w, .parts = json_array(), .skipped = json_array()
    };
    uint64_t began = clock_now_us(), time_us = clock_wall_us();
    json_t *db = NULL, *out = NULL;
    int r = 0;

    m.name = name_of(&m, time_us);
    backup_store_sweep(s);
    if (w->what & BACKUP_DB)
        r = w->physical ? physical(&m, &db, e) : database(&m, &db, e);
    if (r == 0 && (w->what & BACKUP_CONFIG))
        r = backup_config(&m, e);
    if (r == 0 && (w->what & BACKUP_VOLUMES))
        r = backup_volumes(&m, e);
    if (r == 0) {
        out = manifest_of(&m, take_ptr(db), time_us, clock_now_us() - began);
        r = seal_with_sums(&m, out, sum, e);
    }
    if (r == 0)
        r = backup_store_publish(s, m.name, m.names, m.fds, e);
    if (r < 0) {
        backup_store_sweep(s);
        (void) err_wrap(e, "backup of '%s'", p->project);
        (void) classify(e);
        json_decref(db);
        json_decref(out);
    } else {
        *name = take_ptr(m.name);
        *manifest = out;
    }
    making_clear(&m);
    return r;
}

/* ---- how the last one ended ---- */

int backup_state_write(const struct procedure *p, const char *what, const char *state,
                       const char *detail, uint64_t bytes, struct err *e)
{
    json_t *before = backup_state_read(p->dir, what);
    bool done = strcmp(state, "done") == 0;
    json_int_t now = (json_int_t) time(NULL);
    json_t *json = json_pack(
        "{s:s,s:I,s:s,s:I,s:I}", "state", state, "time_s", now, "detail", detail, "done_s",
        done ? now : json_integer_value(json_object_get(before, "done_s")), "bytes",
        done ? (json_int_t) bytes : json_integer_value(json_object_get(before, "bytes")));
    auto_free char *text = json_dumps(json, JSON_COMPACT), *file = paths_join("%s.json", what);
    int r;

    json_decref(before);
    json_decref(json);
    if (!text)
        abort();
    r = fsio_write_atomic(p->dir, file, text, strlen(text), WORKDIR_FILE_MODE);
    return r < 0 ? err_set(e, r, "noting how the %s ends: %s", what, strerror(-r)) : 0;
}

json_t *backup_state_read(int dir, const char *what)
{
    auto_free char *file = paths_join("%s.json", what);

    return workdir_read_json(dir, file, STATE_MAX);
}
