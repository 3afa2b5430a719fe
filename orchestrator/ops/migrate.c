#include "ops/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "ops/ledger.h"
#include "ops/mariadb.h"
#include "ops/once.h"
#include "ops/safeguard.h"
#include "ops/seeds.h"
#include "ops/sql.h"
#include "ops/sql_split.h"

enum { LOCK_WAIT_S = 10, SECRET = 33, TABLE = 65 };

/* files of one directory, what the ledger says of them, and what is due */
struct batch {
    struct ledger_of of;
    char *set;
    struct scripts scripts;
    struct ledger ledger;
    struct migration_plan plan;
    bool command;         /* it is the command besides, and due */
    struct script script; /* what the ledger calls it */
};

/* where it went wrong; line 0: not in a script */
struct place {
    const char *file;
    unsigned line, statement;
};

struct work {
    const struct procedure *procedure;
    const struct migrate_request *request;
    const struct database *db;
    struct sql *sql;
    struct batch *batches;
    size_t n;
    struct place failed;
    struct migrate_result *result;
};

/* read back from the manager it is a list of nothing */
static bool has_migrate_command(const struct database *db)
{
    return db->migrate_command && db->migrate_command[0];
}

bool migrate_is_possible(const struct project *p)
{
    const struct database *db = &p->database;

    return db->unit[0] != '\0' &&
           (db->migrations[0] != '\0' || db->seeds[0] != '\0' || has_migrate_command(db));
}

/* ---- the conversation ---- */

static int enter(struct work *w, const char *schema, const char *user, const char *password,
                 struct err *e)
{
    struct sql_account who = { .service = w->db->unit,
                               .schema = schema,
                               .user = user,
                               .password = password,
                               .port = w->db->port };
    int r = sql_open(w->procedure, &who, &w->sql, e);

    return r < 0 ? err_wrap(e, "database '%s' in %s", schema, w->db->unit) : 0;
}

static void leave(struct work *w)
{
    sql_close(w->sql);
    w->sql = NULL;
}

static const char *password_of(const struct project *p)
{
    const struct secret *s = project_secret(p, p->database.password_secret);

    return s ? s->value : "";
}

static int take_lock(struct work *w, struct err *e)
{
    auto_free char *schema = mariadb_quote(w->db->schema), *got = NULL;
    int r = sql_text(w->sql, &got, e, "select get_lock(concat('ipam_orch.', md5(%s)), %d)", schema,
                     LOCK_WAIT_S);

    if (r < 0 || strcmp(got, "1") == 0)
        return r;
    err_set(e, -EBUSY, "another migration is running on database '%s'", w->db->schema);
    return err_classify(e, ERR_LOCKED);
}

/* ---- what is due ---- */

static struct batch *add_batch(struct work *w, enum script_kind kind, const char *set)
{
    struct batch *b;

    w->batches = reallocarray(w->batches, w->n + 1, sizeof *w->batches);
    if (!w->batches)
        abort();
    b = &w->batches[w->n++];
    *b = (struct batch){ .set = strdup(strcmp(set, SEEDS_BASE) ? set : ""),
                         .scripts = SCRIPTS_NONE };
    if (!b->set)
        abort();
    b->of = (struct ledger_of){ .kind = kind, .set = b->set };
    return b;
}

/* whether any table that the seeds fill has a row */
static int is_filled(struct work *w, const struct batch *b, bool *filled, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->scripts.n && !*filled; i++) {
        struct sql_statement statement;
        auto_free char *text = NULL;
        struct sql_split split;
        size_t len = 0;

        r = scripts_text(&b->scripts, b->scripts.list[i].file, &text, &len, e);
        if (r == 0)
            sql_split_begin(&split, text, len);
        while (r == 0 && !*filled && sql_split_next(&split, &statement) > 0) {
            auto_free char *quoted = NULL, *name = NULL, *found = NULL;
            char table[TABLE];

            seeds_target(statement.text, statement.len, table, sizeof table);
            quoted = mariadb_quote(table);
            name = mariadb_name(table);
            r = sql_text(w->sql, &found, e,
                         "select 1 from information_schema.tables where table_schema = database() "
                         "and table_name = %s",
                         quoted);
            if (r < 0 || found[0] == '\0')
                continue;
            free(take_ptr(found));
            r = sql_text(w->sql, &found, e, "select 1 from %s limit 1", name);
            *filled = r == 0 && found[0] != '\0';
        }
    }
    return r;
}

static int plan_seeds(struct work *w, const char *set, struct err *e)
{
    struct batch *b = add_batch(w, SCRIPT_SEED, set);
    auto_free char *path = NULL;
    bool filled = false;
    int r = seeds_path(w->request->project, set, &path, e);

    if (r == 0)
        r = scripts_read(path, SCRIPT_SEED, &b->scripts, e);
    if (r == 0)
        r = ledger_read(w->sql, &b->of, &b->ledger, e);
    if (r == 0)
        r = migration_plan(&b->scripts, &b->ledger, GOAL_UP, 0, &b->plan, e);
    if (r < 0 || !w->request->if_empty || b->plan.n == 0)
        return r;
    r = is_filled(w, b, &filled, e);
    if (r == 0 && filled) {
        procedure_say(w->procedure, "seeds %s: there is data already", set);
        migration_plan_clear(&b->plan);
    }
    return r;
}

/* The command says by itself what is pending; it runs when it, the release or the definition of
 * its service is another one than last time. */
static int plan_command(struct work *w, struct err *e)
{
    const struct project *p = w->request->project;
    const char *const *words = w->db->migrate_command;
    auto_free char *all = NULL, *last = NULL;
    struct batch *b;
    size_t len = 0;
    FILE *f = open_memstream(&all, &len);
    int r;

    if (!f)
        abort();
    fprintf(f, "%s\n%s", p->release, project_unit(p, words[0])->digest);
    for (size_t i = 0; words[i]; i++)
        fprintf(f, "\n%s", words[i]);
    if (fclose(f) != 0)
        abort();
    b = add_batch(w, SCRIPT_MIGRATION, "");
    b->script.file = strdup(words[1] ? words[1] : "");
    if (!b->script.file)
        abort();
    r = scripts_sum(all, len, b->script.sum, e);
    if (r == 0)
        r = ledger_command(w->sql, &last, e);
    b->command = r == 0 && strcmp(last, b->script.sum) != 0;
    if (b->command && w->request->rehearse) {
        procedure_say(w->procedure, "migrate_command is not rehearsed");
        b->command = false;
    }
    return r;
}

static int plan_all(struct work *w, struct err *e)
{
    const struct migrate_request *q = w->request;
    static const char *const base[] = { SEEDS_BASE, NULL };
    int r = 0;

    if (q->migrations && w->db->migrations[0] != '\0') {
        struct batch *b = add_batch(w, SCRIPT_MIGRATION, "");

        r = scripts_read(w->db->migrations, SCRIPT_MIGRATION, &b->scripts, e);
        if (r == 0)
            r = ledger_read(w->sql, &b->of, &b->ledger, e);
        if (r == 0)
            r = migration_plan(&b->scripts, &b->ledger, q->goal, q->n, &b->plan, e);
    }
    if (r == 0 && q->migrations && q->goal == GOAL_UP && q->n == 0 && has_migrate_command(w->db))
        r = plan_command(w, e);
    if (!q->seeds || w->db->seeds[0] == '\0')
        return r;
    for (const char *const *s = q->sets ? q->sets : base; r == 0 && *s; s++)
        r = plan_seeds(w, *s, e);
    /* what `up` puts in by itself is left out where it does not belong */
    for (const char *const *s = q->sets ? NULL : w->db->seed_sets; r == 0 && s && *s; s++)
        if (seeds_allowed(q->project, *s, q->force, NULL) == 0)
            r = plan_seeds(w, *s, e);
        else
            procedure_say(w->procedure, "seeds %s are not for production: left out", *s);
    return r;
}

static size_t due(const struct work *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->batches[i].plan.n + w->batches[i].command;
    return n;
}

/* ---- doing it ---- */

static int execute(struct work *w, const struct batch *b, const char *file, struct err *e)
{
    struct sql_statement statement = { 0 };
    auto_free char *text = NULL;
    struct sql_split split;
    size_t len = 0;
    int more, r = scripts_text(&b->scripts, file, &text, &len, e);

    w->failed = (struct place){ .file = file };
    if (r < 0)
        return r;
    sql_split_begin(&split, text, len);
    while ((more = sql_split_next(&split, &statement)) > 0) {
        w->failed.statement++;
        w->failed.line = statement.line;
        if (sql_run(w->sql, statement.text, statement.len, e) < 0)
            return err_wrap(e, "%s:%u: statement %u", file, statement.line, w->failed.statement);
    }
    if (more == 0)
        return 0;
    w->failed.statement++;
    w->failed.line = split.line;
    err_set(e, more, "%s:%u: a quote or comment is not closed", file, split.line);
    return err_classify(e, ERR_MIGRATION);
}

static void tell(struct work *w, const struct batch *b, const struct migration_step *s,
                 const char *file, uint64_t took_us)
{
    static const char *const words[] = {
        [DUE_UP] = "up", [DUE_DOWN] = "down", [DUE_MARK] = "baseline"
    };
    unsigned *count = b->of.kind == SCRIPT_SEED ? &w->result->seeds : &w->result->migrations;

    (*count)++;
    (void) json_array_append_new(
        w->result->steps,
        json_pack("{s:s,s:s,s:i,s:s,s:s,s:I}", "kind", script_kind_text[b->of.kind], "set",
                  b->of.kind == SCRIPT_SEED && b->set[0] == '\0' ? SEEDS_BASE : b->set, "version",
                  (int) s->script->version, "file", file, "action", words[s->due], "duration_ms",
                  (json_int_t) (took_us / USEC_PER_MSEC)));
    procedure_say(w->procedure, "%s %s%s%s%s %.0f ms", script_kind_text[b->of.kind], b->set,
                  b->set[0] ? "/" : "", file, s->due == DUE_MARK ? ", not run," : "",
                  (double) took_us / (double) USEC_PER_MSEC);
}

static int apply(struct work *w, const struct batch *b, const struct migration_step *s,
                 struct err *e)
{
    const char *file = s->due == DUE_DOWN ? s->script->down : s->script->file;
    uint64_t began = clock_now_us();
    int r = 0;

    w->failed = (struct place){ .file = file };
    if (s->due != DUE_DOWN)
        r = ledger_begin(w->sql, &b->of, s->script, w->request->project->release, e);
    if (r == 0 && s->due != DUE_MARK)
        r = execute(w, b, file, e);
    /* a script may have begun a transaction, and ours would be a part of it */
    if (r == 0)
        r = sql_runf(w->sql, e, "commit");
    if (r == 0)
        r = s->due == DUE_DOWN
                ? ledger_remove(w->sql, &b->of, s->script->version, e)
                : ledger_finish(w->sql, &b->of, s->script->version, clock_now_us() - began, e);
    if (r < 0 && w->failed.line == 0)
        return err_wrap(e, "%s", file);
    if (r == 0)
        tell(w, b, s, file, clock_now_us() - began);
    return r;
}

static int apply_command(struct work *w, const struct batch *b, struct err *e)
{
    const struct migration_step step = { .due = DUE_UP, .script = &b->script };
    const char *const *words = w->db->migrate_command;
    uint64_t began = clock_now_us();
    int r = ledger_remove(w->sql, &b->of, 0, e);

    w->failed = (struct place){ .file = b->script.file };
    if (r == 0)
        r = ledger_begin(w->sql, &b->of, &b->script, w->request->project->release, e);
    if (r == 0)
        r = once_run(w->procedure, w->request->project, words[0], words + 1, e);
    if (r == 0)
        r = ledger_finish(w->sql, &b->of, 0, clock_now_us() - began, e);
    if (r == 0)
        tell(w, b, &step, b->script.file, clock_now_us() - began);
    return r;
}

static bool has_command(const struct work *w)
{
    bool any = false;

    for (size_t i = 0; i < w->n; i++)
        any |= w->batches[i].command;
    return any;
}

static int apply_all(struct work *w, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->n; i++) {
        const struct batch *b = &w->batches[i];

        if (b->plan.n > 0 || b->command)
            r = ledger_make(w->sql, b->of.kind, e);
        for (size_t k = 0; r == 0 && k < b->plan.n; k++)
            r = apply(w, b, &b->plan.list[k], e);
        if (r == 0 && b->command)
            r = apply_command(w, b, e);
    }
    return r;
}

static void note_failure(const struct work *w, const struct err *why, bool restored)
{
    procedure_note(w->procedure, "migration.failed",
                   json_pack("{s:s,s:s,s:i,s:i,s:s,s:b,s:s}", "service", w->db->unit, "file",
                             w->failed.file ? w->failed.file : "", "line", (int) w->failed.line,
                             "statement", (int) w->failed.statement, "detail", why->msg, "restored",
                             restored, "release", w->request->project->release));
}

/* the old state comes back; `e` is why it has to */
static int take_back(struct work *w, struct safeguard *g, struct err *e)
{
    struct err why = ERR_INIT;
    bool safe = g->holds;

    procedure_say(w->procedure, "%s failed%s", w->failed.file ? w->failed.file : "it",
                  safe ? ": taking back what was done" : "");
    if (safe && safeguard_restore(g, &why) < 0) {
        note_failure(w, e, false);
        *e = why;
        return e->code;
    }
    note_failure(w, e, safe);
    if (safe)
        err_set(e, e->code, "%.900s; the database is as it was before", strdupa(e->msg));
    else
        err_set(e, e->code, "%.850s; there is no snapshot, what was applied before it stays",
                strdupa(e->msg));
    err_hint(e, "ipam-orch migrate up --rehearse");
    return err_classify(e, ERR_MIGRATION);
}

static int change(struct work *w, struct err *e)
{
    struct safeguard g = { .open = has_command(w) };
    int r = w->request->no_backup ? 0 : safeguard_begin(&g, w->procedure, w->db, e);

    if (r < 0)
        return r;
    if (g.holds && !g.open)
        r = sql_runf(w->sql, e, SAFEGUARD_ENTER);
    if (r == 0)
        r = apply_all(w, e);
    leave(w); /* with it goes the lock, which restoring wants */
    return r < 0 ? take_back(w, &g, e) : safeguard_commit(&g, e);
}

static int rehearse(struct work *w, struct err *e)
{
    unsigned char random[(SECRET - 1) / 2];
    struct safeguard g = { 0 };
    char password[SECRET];
    int r;

    if (getrandom(random, sizeof random, 0) != (ssize_t) sizeof random)
        return err_set(e, -EIO, "no random numbers");
    for (size_t i = 0; i < sizeof random; i++)
        (void) snprintf(password + 2 * i, 3, "%02x", random[i]);
    r = safeguard_scratch(&g, w->procedure, w->db, password, e);
    leave(w);
    if (r == 0)
        r = enter(w, SAFEGUARD_SCRATCH, SAFEGUARD_SCRATCH, password, e);
    if (r == 0)
        r = apply_all(w, e);
    leave(w);
    safeguard_scratch_drop(&g);
    if (r == 0)
        return 0;
    err_wrap(e, "rehearsal, which has changed nothing");
    err_hint(e, "put it right and rehearse again");
    return err_classify(e, ERR_MIGRATION);
}

static int open_work(struct work *w, const struct procedure *p, const struct project *project,
                     struct err *e)
{
    w->procedure = p;
    w->db = &project->database;
    if (w->db->unit[0] == '\0') {
        err_set(e, -ENOENT, "the project has no x-ipam-orch.database");
        return err_classify(e, ERR_CONFIG);
    }
    return enter(w, w->db->schema, w->db->user, password_of(project), e);
}

static void close_work(struct work *w)
{
    leave(w);
    for (size_t i = 0; i < w->n; i++) {
        migration_plan_clear(&w->batches[i].plan);
        ledger_clear(&w->batches[i].ledger);
        scripts_clear(&w->batches[i].scripts);
        free(w->batches[i].script.file);
        free(w->batches[i].set);
    }
    free(w->batches);
}

int migrate_run(const struct procedure *p, const struct migrate_request *request,
                struct migrate_result *out, struct err *e)
{
    struct work w = { .request = request, .result = out };
    int r = 0;

    *out = (struct migrate_result){ .steps = json_array() };
    for (const char *const *s = request->sets; r == 0 && s && *s; s++)
        r = seeds_allowed(request->project, *s, request->force, e);
    if (r == 0)
        r = open_work(&w, p, request->project, e);
    if (r == 0)
        r = take_lock(&w, e);
    if (r == 0)
        r = plan_all(&w, e);
    if (r == 0 && due(&w) > 0)
        r = request->rehearse ? rehearse(&w, e) : change(&w, e);
    close_work(&w);
    return r;
}

/* ---- what there is ---- */

static json_t *describe(const struct script *s, const struct ledger_row *row)
{
    return json_pack("{s:i,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:b}", "version",
                     (int) (s ? s->version : row->version), "name", s ? s->file : row->name,
                     "state", script_state_text[script_state(s, row)], "started",
                     row ? row->started : "", "finished", row ? row->finished : "", "duration_ms",
                     (json_int_t) (row ? row->duration_ms : 0), "release", row ? row->release : "",
                     "host", row ? row->host : "", "reversible", s && s->down);
}

/* files and rows by version, each once */
static json_t *describe_all(const struct scripts *s, const struct ledger *l, unsigned *pending)
{
    json_t *list = json_array();
    size_t i = 0, k = 0;

    while (i < s->n || k < l->n) {
        unsigned file = i < s->n ? s->list[i].version : UINT32_MAX;
        unsigned row = k < l->n ? l->rows[k].version : UINT32_MAX;
        const struct script *script = file <= row ? &s->list[i++] : NULL;
        const struct ledger_row *known = row <= file ? &l->rows[k++] : NULL;

        *pending += script_state(script, known) == SCRIPT_PENDING;
        (void) json_array_append_new(list, describe(script, known));
    }
    return list;
}

int migrate_status(const struct procedure *p, const struct project *project, json_t **out,
                   struct err *e)
{
    struct ledger_of of = { .kind = SCRIPT_MIGRATION, .set = "" };
    struct scripts scripts = SCRIPTS_NONE;
    struct ledger ledger = { 0 };
    struct work w = { 0 };
    unsigned pending = 0;
    int r = scripts_read(project->database.migrations, SCRIPT_MIGRATION, &scripts, e);

    if (r == 0)
        r = open_work(&w, p, project, e);
    if (r == 0)
        r = ledger_read(w.sql, &of, &ledger, e);
    if (r == 0) {
        json_t *list = describe_all(&scripts, &ledger, &pending);

        *out = json_pack("{s:i,s:o}", "pending", (int) pending, "migrations", list);
    }
    close_work(&w);
    ledger_clear(&ledger);
    scripts_clear(&scripts);
    return r;
}

static int seeds_of(struct work *w, const struct project *project, const char *set, json_t *all,
                    struct err *e)
{
    struct batch *b = add_batch(w, SCRIPT_SEED, set);
    auto_free char *path = NULL;
    unsigned pending = 0;
    json_t *list, *one;
    size_t i;
    int r = seeds_path(project, set, &path, e);

    if (r == 0)
        r = scripts_read(path, SCRIPT_SEED, &b->scripts, e);
    if (r == 0)
        r = ledger_read(w->sql, &b->of, &b->ledger, e);
    if (r < 0)
        return r;
    list = describe_all(&b->scripts, &b->ledger, &pending);
    json_array_foreach (list, i, one)
        (void) json_object_set_new(one, "set", json_string(set));
    (void) json_array_extend(all, list);
    json_decref(list);
    return 0;
}

int migrate_seeds(const struct procedure *p, const struct project *project, json_t **out,
                  struct err *e)
{
    json_t *all = json_array();
    struct work w = { 0 };
    char **sets = NULL;
    int r = seeds_sets(project, &sets, e);

    if (r == 0)
        r = open_work(&w, p, project, e);
    for (char **s = sets; r == 0 && s && *s; s++)
        r = seeds_of(&w, project, *s, all, e);
    close_work(&w);
    strv_free(sets);
    if (r == 0)
        *out = all;
    else
        json_decref(all);
    return r;
}
