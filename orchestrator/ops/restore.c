#include "ops/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "ops/dump.h"
#include "ops/intent.h"
#include "ops/migrate.h"
#include "ops/physical.h"
#include "ops/replay.h"
#include "ops/restore_page.h"
#include "ops/restore_volume.h"

enum { ACCOUNTS_MAX = 16 * 1024 * 1024, LOOK_AGAIN_MS = 200 };

#define PATIENCE_US (600 * USEC_PER_SEC)

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- services ---- */

/* What a process that was killed had asked the manager for goes on without it, and comes to an end:
 * until then the manager takes no other request. */
static int patiently(const struct procedure *p, json_t *message, struct err *e)
{
    uint64_t until = clock_now_us() + PATIENCE_US;
    int r;

    for (;;) {
        *e = ERR_INIT;
        r = procedure_request(p, json_deep_copy(message), e);
        if (r == 0 || e->class != ERR_LOCKED || clock_now_us() >= until)
            break;
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
    }
    json_decref(message);
    return r;
}

/* `begin` for services; none named: nothing */
static int ask(const struct procedure *p, const char *operation, const json_t *services,
               struct err *e)
{
    if (json_array_size(services) == 0)
        return 0;
    return patiently(p,
                     json_pack("{s:s,s:s,s:s,s:O}", "op", "begin", "operation", operation,
                               "project", p->project, "services", services),
                     e);
}

static bool depends_on(const struct project *d, const struct unit *u, const char *service,
                       unsigned depth)
{
    for (size_t i = 0; depth > 0 && i < u->n_deps; i++) {
        const struct unit *on = project_unit(d, u->deps[i].unit);

        if (strcmp(u->deps[i].unit, service) == 0 || (on && depends_on(d, on, service, depth - 1)))
            return true;
    }
    return false;
}

static bool has_volume_of(const struct restore_wish *w, const struct unit *u)
{
    const json_t *part;
    size_t i;

    if (!(w->what & BACKUP_VOLUMES))
        return false;
    json_array_foreach (json_object_get(w->backup->manifest, "parts"), i, part)
        if (strcmp(text_of(part, "what"), "volume") == 0 &&
            restore_volume_is_of(w->definition, text_of(part, "volume"), u))
            return true;
    return false;
}

/* It shows the page meanwhile, and has nothing that is restored. */
static bool shows_page(const struct restore_wish *w, const struct unit *u)
{
    return strcmp(u->name, w->definition->maintenance.unit) == 0 && !has_volume_of(w, u) &&
           strcmp(u->name, w->definition->database.unit) != 0;
}

/* it depends on the database, or is the one whose files are replaced */
static bool concerns_database(const struct restore_wish *w, const struct unit *u)
{
    const struct project *d = w->definition;

    return depends_on(d, u, d->database.unit, (unsigned) d->n_units) ||
           (physical_is(w->backup) && strcmp(u->name, d->database.unit) == 0);
}

/* Who writes to what is restored, and runs: whoever depends on the database, whoever has one of
 * the volumes, whoever depends on those; but not the proxy that shows the page: *page. */
static int writers(const struct procedure *p, const struct restore_wish *w, json_t **out,
                   bool *page, struct err *e)
{
    const struct project *d = w->definition;
    json_t *status = NULL, *one;
    size_t i;
    int r = procedure_status(p, &status, e);

    if (r < 0)
        return r;
    *out = json_array();
    json_array_foreach (json_object_get(status, "services"), i, one) {
        const struct unit *u = project_unit(d, text_of(one, "service"));
        bool writes =
            u && (has_volume_of(w, u) || ((w->what & BACKUP_DB) && concerns_database(w, u)));

        for (size_t k = 0; u && !writes && k < d->n_units; k++)
            writes = has_volume_of(w, &d->units[k]) &&
                     depends_on(d, u, d->units[k].name, (unsigned) d->n_units);
        if (!writes || strcmp(text_of(one, "state"), "up") != 0)
            continue;
        if (shows_page(w, u))
            *page = true;
        else
            (void) json_array_append_new(*out, json_string(u->name));
    }
    json_decref(status);
    return 0;
}

/* ---- the database ---- */

static int write_load(void *owner, const void *data, size_t len, struct err *e)
{
    return dump_load_write(owner, data, len, e);
}

static int accounts(const struct procedure *p, const struct restore_wish *w, struct err *e)
{
    const json_t *part = backup_part(w->backup, "accounts");
    auto_free char *sql = NULL;
    size_t len = 0;
    auto_flow to = flow_to_memory(ACCOUNTS_MAX, &sql, &len);
    int r;

    if (!part)
        return 0;
    r = backup_read_part(w->store, w->backup, part, &w->key, to, e);
    if (r == 0)
        r = flow_finish(to, e);
    return r == 0 ? mariadb_ask(p, w->definition->database.unit, sql, NULL, e) : r;
}

/* every table has the rows that the dump had, and there is no other; *found is the caller's */
static int compare_rows(const struct procedure *p, const struct restore_wish *w,
                        struct dump_facts *found, struct err *e)
{
    const json_t *tables =
                     json_object_get(json_object_get(w->backup->manifest, "database"), "tables"),
                 *one;
    struct dump_facts now = { 0 };
    size_t i;
    int r = dump_count(p, &w->definition->database, NULL, &now, e);

    json_array_foreach (tables, i, one) {
        const struct dump_table *t = dump_facts_table(&now, text_of(one, "name"));
        long long rows = json_integer_value(json_object_get(one, "rows"));

        if (r == 0 && (!t || (long long) t->rows != rows))
            r = err_set(e, -EBADMSG, "table '%s' has %lld rows, the backup has %lld",
                        text_of(one, "name"), t ? (long long) t->rows : 0, rows);
    }
    if (r == 0 && now.n_tables != json_array_size(tables))
        r = err_set(e, -EBADMSG, "there are %zu tables, the backup has %zu", now.n_tables,
                    json_array_size(tables));
    if (r == 0)
        *found = now;
    else
        dump_facts_clear(&now);
    return r;
}

static int load(const struct procedure *p, const struct restore_wish *w, struct dump_facts *found,
                struct err *e)
{
    const json_t *part = backup_part(w->backup, "database");
    struct dump_loading l = DUMP_LOADING_NONE;
    auto_flow to = flow_to(write_load, &l);
    int r;

    procedure_say(p, "loading database '%s' from %s", w->definition->database.schema,
                  w->backup->name);
    r = dump_load_begin(p, &w->definition->database, NULL, &l, e);
    if (r == 0)
        r = backup_read_part(w->store, w->backup, part, &w->key, to, e);
    if (r == 0)
        r = dump_load_end(&l, e);
    dump_load_stop(&l);
    if (r == 0)
        r = accounts(p, w, e);
    return r == 0 ? compare_rows(p, w, found, e) : r;
}

static int repeat(const struct procedure *p, const struct restore_wish *w, struct err *e)
{
    const json_t *log = json_object_get(json_object_get(w->backup->manifest, "database"), "binlog");

    return replay_until(p, &w->definition->database, text_of(log, "file"),
                        (uint64_t) json_integer_value(json_object_get(log, "position")), w->until_s,
                        e);
}

/* Migrations that came after the backup.  They need no way back of their own: there is one. */
static int forward(const struct procedure *p, const struct restore_wish *w, unsigned *applied,
                   struct err *e)
{
    const struct migrate_request request = { .project = w->definition,
                                             .migrations = true,
                                             .no_backup = true };
    struct migrate_result done = MIGRATE_NOTHING;
    int r;

    if (!migrate_is_possible(w->definition))
        return 0;
    r = migrate_run(p, &request, &done, e);
    if (r == 0 && done.migrations > 0)
        procedure_say(p, "%u migrations applied that the backup did not have", done.migrations);
    *applied = done.migrations;
    json_decref(done.steps);
    return r;
}

/* ---- going back ---- */

/* what is in a backup that the intent names, once more */
static int put_back(const struct procedure *p, const struct project *d, const json_t *meant,
                    const char *directory, const char *name, struct err *e)
{
    struct backup_store store = BACKUP_STORE_NONE;
    struct backups all = { 0 };
    struct restore_wish w = { .store = &store, .definition = d, .tools = "" };
    struct dump_facts found = { 0 };
    const struct secret *key =
        d->backup.encrypt && d->backup.encrypt[0] ? project_secret(d, d->backup.encrypt) : NULL;
    int r = backup_store_open(p->project, directory, false, &store, e);

    if (key)
        w.key = (struct backup_key){ .text = key->value, .len = key->len };
    w.what = (unsigned) json_integer_value(json_object_get(meant, "what"));
    if (r == 0)
        r = backup_store_list(&store, &all, e);
    if (r == 0)
        r = backups_find(&all, &store, name, &w.backup, e);
    if (r == 0 && (w.what & BACKUP_DB))
        r = load(p, &w, &found, e);
    if (r == 0 && (w.what & BACKUP_VOLUMES))
        r = restore_volumes(p, &w, e);
    dump_facts_clear(&found);
    backups_clear(&all);
    backup_store_close(&store);
    return r;
}

/* A page that was ours goes, whatever became of its proxy meanwhile. */
static int end_page(const struct procedure *p, const struct project *d, struct err *e)
{
    json_t *proxy = json_pack("[s]", d->maintenance.unit);
    int r = ask(p, "start", proxy, e);

    json_decref(proxy);
    return r == 0 ? restore_page_end(p, e) : r;
}

/* Exactly the old state if it was kept and is wanted, else exactly the new one. */
static int go_back(const struct procedure *p, const json_t *intent, struct err *e)
{
    const json_t *meant = json_object_get(intent, "meant"), *loading = intent_find(intent, "load");
    const json_t *services = json_object_get(intent_find(intent, "stop"), "services");
    const char *safety = text_of(loading, "safety");
    bool done = intent_find(intent, "start") && !intent_find(intent, "back");
    struct project *d = NULL;
    struct err why = ERR_INIT;
    json_t *database = NULL;
    int r = procedure_definition(p, &d, e);

    if (r < 0)
        return r;
    if (loading && json_is_true(json_object_get(loading, "physical"))) {
        r = done ? 0 : ask(p, "stop", services, e);
        if (r == 0 && !done)
            r = physical_back(p, d->database.unit, e);
    } else if (loading && !done) {
        database = json_pack("[s]", d->database.unit);
        /* it may have stopped since */
        if (json_integer_value(json_object_get(meant, "what")) & BACKUP_DB)
            r = ask(p, "start", database, e);
        json_decref(database);
        if (r == 0)
            r = ask(p, "stop", services, e);
        if (r == 0)
            r = safety[0] ? put_back(p, d, meant, "", safety, e)
                          : put_back(p, d, meant, text_of(meant, "directory"),
                                     text_of(meant, "backup"), e);
    }
    if (r == 0)
        r = ask(p, "start", services, e);
    if (r == 0 && done && json_is_true(json_object_get(loading, "physical")))
        r = physical_forget(p, d->database.unit, e);
    if (r == 0 && intent_find(intent, "page") && end_page(p, d, &why) < 0)
        procedure_say(p, "warning: %s; next: ipam-orch maintenance off", why.msg);
    project_free(d);
    return r;
}

int restore_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    return go_back(p, intent, e);
}

/* in the process that failed; says both how it failed and what is there now */
static int give_up(const struct procedure *p, struct err *e)
{
    struct err why = *e, back = ERR_INIT, ignored = ERR_INIT;
    json_t *intent = NULL;
    bool kept;
    int r = intent_step(p->dir, "back", NULL, &back);

    if (r == 0)
        r = intent_load(p->dir, &intent, &back);
    if (r == 0) {
        procedure_say(p, "that failed: going back");
        r = go_back(p, intent, &back);
    }
    kept = text_of(intent_find(intent, "load"), "safety")[0] || !intent_find(intent, "load") ||
           json_is_true(json_object_get(intent_find(intent, "load"), "physical"));
    if (r == 0)
        r = intent_end(p->dir, &ignored);
    json_decref(intent);
    if (r < 0) {
        err_set(e, why.code, "%.400s; and going back failed: %.400s", why.msg, back.msg);
        err_hint(e, "the next operation on the project goes on with it: ipam-orch backup verify "
                    "latest");
    } else if (kept) {
        err_set(e, why.code, "%.800s; what was there before is there again", why.msg);
        if (why.hint[0])
            err_hint(e, "%s", why.hint);
    }
    return err_classify(e, ERR_BACKUP);
}

/* ---- forward ---- */

/* files that are replaced are kept where they are */
static unsigned kept_of(const struct restore_wish *w)
{
    return physical_is(w->backup) ? w->what & ~(unsigned) BACKUP_DB : w->what;
}

/* a copy of what is there now, which `latest` does not mean */
static int keep_present(const struct procedure *p, const struct restore_wish *w, char **name,
                        json_t **manifest, struct err *e)
{
    struct backup_store store = BACKUP_STORE_NONE;
    struct backup_wish wish = { .definition = w->definition,
                                .what = kept_of(w),
                                .compress = COMPRESS_ZSTD,
                                .label = "before-restore",
                                .tools = w->tools,
                                .safety = true };
    char sum[FLOW_SUM_TEXT];
    int r = backup_store_open(p->project, "", true, &store, e);

    if (r == 0)
        r = backup_create(p, &store, &wish, name, manifest, sum, e);
    backup_store_close(&store);
    return r;
}

static json_t *compared(const json_t *before, const struct dump_facts *after)
{
    json_t *out = json_array(), *one;
    size_t i;

    for (size_t k = 0; k < after->n_tables; k++)
        (void) json_array_append_new(out, json_pack("{s:s,s:n,s:I}", "name", after->tables[k].name,
                                                    "before", "after",
                                                    (json_int_t) after->tables[k].rows));
    json_array_foreach (before, i, one) {
        json_t *to = NULL;

        for (size_t k = 0; !to && k < json_array_size(out); k++)
            if (strcmp(text_of(json_array_get(out, k), "name"), text_of(one, "name")) == 0)
                to = json_array_get(out, k);
        if (!to)
            (void) json_array_append_new(out, json_pack("{s:s,s:O,s:n}", "name",
                                                        text_of(one, "name"), "before",
                                                        json_object_get(one, "rows"), "after"));
        else
            (void) json_object_set(to, "before", json_object_get(one, "rows"));
    }
    return out;
}

/* The database alone; *after is what it has then. */
static int put_database(const struct procedure *p, const struct restore_wish *w,
                        struct dump_facts *after, struct err *e)
{
    unsigned applied = 0;
    int r = load(p, w, after, e);

    if (r == 0 && w->until_s > 0)
        r = repeat(p, w, e);
    if (r == 0)
        r = forward(p, w, &applied, e);
    if (r < 0 || (applied == 0 && w->until_s == 0))
        return r;
    dump_facts_clear(after);
    return dump_count(p, &w->definition->database, NULL, after, e);
}

static int put(const struct procedure *p, const struct restore_wish *w, const char *safety,
               struct dump_facts *after, struct err *e)
{
    bool files = (w->what & BACKUP_DB) && physical_is(w->backup);
    int r =
        intent_step(p->dir, "load", json_pack("{s:s,s:b}", "safety", safety, "physical", files), e);

    if (r == 0 && (w->what & BACKUP_DB))
        r = files ? physical_swap(p, w, e) : put_database(p, w, after, e);
    if (r == 0 && (w->what & BACKUP_VOLUMES))
        r = restore_volumes(p, w, e);
    return r;
}

/* all that is done while an intent says so */
static int work(const struct procedure *p, const struct restore_wish *w, const json_t *services,
                bool *page, json_t **result, struct err *e)
{
    auto_free char *safety = NULL;
    json_t *before = NULL;
    struct dump_facts after = { 0 };
    bool files = (w->what & BACKUP_DB) && physical_is(w->backup);
    int r = intent_step(p->dir, "stop", json_pack("{s:O}", "services", services), e);

    if (r == 0 && *page)
        r = restore_page_begin(p, page, e);
    if (r == 0) {
        procedure_say(p, "stopping %zu services that write to it", json_array_size(services));
        r = ask(p, "stop", services, e);
    }
    if (r == 0 && !w->no_safety && kept_of(w) != 0)
        r = keep_present(p, w, &safety, &before, e);
    if (r == 0)
        r = put(p, w, safety ? safety : "", &after, e);
    if (r == 0 && !files)
        r = intent_step(p->dir, "start", NULL, e);
    if (r == 0) {
        procedure_say(p, "starting them again");
        r = ask(p, "start", services, e);
    }
    /* that the server starts is what tells that its files are good */
    if (r == 0 && files)
        r = intent_step(p->dir, "start", NULL, e);
    if (r == 0 && files)
        r = physical_forget(p, w->definition->database.unit, e);
    /* before, there was no server that could be asked */
    if (r == 0 && files)
        r = dump_count(p, &w->definition->database, NULL, &after, e);
    if (r == 0)
        *result = json_pack(
            "{s:s,s:o}", "safety", safety ? safety : "", "tables",
            compared(json_object_get(json_object_get(before, "database"), "tables"), &after));
    json_decref(before);
    dump_facts_clear(&after);
    return r;
}

static int check(const struct procedure *p, const struct restore_wish *w, struct err *e)
{
    const json_t *database = json_object_get(w->backup->manifest, "database");
    int r = 0;

    if ((w->what & BACKUP_DB) &&
        !backup_part(w->backup, physical_is(w->backup) ? "physical" : "database"))
        r = err_set(e, -ENOENT, "%s has no database", w->backup->name);
    else if ((w->what & BACKUP_DB) && w->definition->database.unit[0] == '\0')
        r = err_set(e, -ENOENT, "the project '%s' has no database", p->project);
    else if (w->until_s > 0 && !json_object_get(database, "binlog"))
        r = err_set(e, -ENOENT, "%s knows no place in a binary log: it was not written then",
                    w->backup->name);
    if (r < 0)
        return err_classify(e, ERR_BACKUP);
    procedure_say(p, "reading %s", w->backup->name);
    return backup_verify(w->store, w->backup, &w->key, e);
}

int restore_run(const struct procedure *p, const struct restore_wish *w, json_t **result,
                struct err *e)
{
    uint64_t began = clock_now_us();
    json_t *services = NULL;
    struct err why = ERR_INIT;
    bool page = false;
    int r = check(p, w, e);

    if (r == 0)
        r = writers(p, w, &services, &page, e);
    if (r == 0)
        r = intent_begin(p->dir,
                         json_pack("{s:s,s:s,s:s,s:i}", "verb", "restore", "backup",
                                   w->backup->name, "directory", w->directory, "what",
                                   (int) w->what),
                         e);
    if (r == 0) {
        r = work(p, w, services, &page, result, e);
        if (r == 0 && page)
            (void) end_page(p, w->definition, &why);
        r = r < 0 ? give_up(p, e) : intent_end(p->dir, e);
        procedure_note(p, r < 0 ? "restore-failed" : "restore-done",
                       json_pack("{s:s}", "backup", w->backup->name));
    }
    if (r == 0 && why.code < 0) {
        json_decref(*result);
        *e = why;
        (void) err_wrap(e, "everything is restored and runs");
        r = err_classify(e, ERR_BACKUP);
    }
    if (r == 0)
        (void) json_object_set_new(
            *result, "duration_ms",
            json_integer((json_int_t) ((clock_now_us() - began) / USEC_PER_MSEC)));
    json_decref(services);
    return r;
}
