#include "ops/dump_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* Of a line only its beginning is looked at: names have at most 64 characters. */
enum { HEAD = 640 };

struct dump_scan {
    struct dump_facts facts;
    EVP_MD_CTX *table, *rest;
    char head[HEAD + 1];
    size_t len;     /* of the line so far */
    bool in_table;  /* what comes belongs to the last table */
    bool in_values; /* lines are rows */
    bool in_body;   /* of a trigger or routine: whatever its lines look like */
    char last[HEAD + 1];
};

static void begin(EVP_MD_CTX *c)
{
    if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1)
        abort();
}

struct dump_scan *dump_scan_new(void)
{
    struct dump_scan *s = calloc(1, sizeof *s);

    if (!s || !(s->table = EVP_MD_CTX_new()) || !(s->rest = EVP_MD_CTX_new()))
        abort();
    begin(s->rest);
    return s;
}

static void end_table(struct dump_scan *s)
{
    if (s->in_table)
        (void) EVP_DigestFinal_ex(s->table, s->facts.tables[s->facts.n_tables - 1].sum, NULL);
    s->in_table = false;
}

/* `name` with its quotes, and perhaps more behind it */
static char *unquoted(const char *quoted)
{
    char *out = malloc(strlen(quoted) + 1), *to = out;

    if (!out)
        abort();
    for (const char *c = quoted + 1; *c; c++) {
        if (*c == '`' && *++c != '`')
            break;
        *to++ = *c;
    }
    *to = '\0';
    return out;
}

static void begin_table(struct dump_scan *s, const char *quoted)
{
    struct dump_facts *f = &s->facts;

    end_table(s);
    f->tables = reallocarray(f->tables, f->n_tables + 1, sizeof *f->tables);
    if (!f->tables)
        abort();
    f->tables[f->n_tables++] = (struct dump_table){ .name = unquoted(quoted) };
    begin(s->table);
    s->in_table = true;
}

static bool starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* "-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000001', MASTER_LOG_POS=2291;" */
static void read_position(struct dump_facts *f, const char *line)
{
    char name[DUMP_LOG_NAME];
    uint64_t at;

    if (f->log_file[0] == '\0' &&
        sscanf(line, "-- CHANGE MASTER TO MASTER_LOG_FILE='%255[^']', MASTER_LOG_POS=%" SCNu64,
               name, &at) == 2) {
        memcpy(f->log_file, name, sizeof name);
        f->log_position = at;
    }
}

static void read_comment(struct dump_scan *s, const char *line)
{
    static const char structure[] = "-- Table structure for table ";

    if (starts(line, structure) && line[sizeof structure - 1] == '`')
        begin_table(s, line + sizeof structure - 1);
    else if (starts(line, "-- Temporary table structure for view ") ||
             starts(line, "-- Temporary view structure for view ") ||
             starts(line, "-- Dumping events for ") || starts(line, "-- Dumping routines for ") ||
             starts(line, "-- Final view structure for ") ||
             starts(line, "-- The deferred gtid setting "))
        end_table(s);
    else
        read_position(&s->facts, line);
}

static void hash(struct dump_scan *s, const void *data, size_t len)
{
    (void) EVP_DigestUpdate(s->in_table ? s->table : s->rest, data, len);
}

static void end_line(struct dump_scan *s)
{
    const char *line = s->head;
    size_t kept = s->len < HEAD ? s->len : HEAD;

    s->head[kept] = '\0';
    if (!s->in_body && starts(line, "--")) {
        read_comment(s, line);
    } else if (s->facts.n_tables == 0 && starts(line, "ALTER DATABASE ")) {
        /* of the schema it came from, not of what is in it */
    } else if (s->len == 0 && !s->in_body) {
        /* with the place in the binary log come blank lines */
    } else {
        if (s->len <= HEAD)
            hash(s, s->head, s->len);
        hash(s, "\n", 1);
        s->in_values = !s->in_body && ((s->in_values && line[0] == '(') ||
                                       (starts(line, "INSERT INTO `") && s->len <= HEAD &&
                                        kept > 7 && strcmp(line + kept - 7, " VALUES") == 0));
        if (s->in_values && line[0] == '(' && s->in_table)
            s->facts.tables[s->facts.n_tables - 1].rows++;
        if (starts(line, "DELIMITER "))
            s->in_body = strcmp(line, "DELIMITER ;") != 0;
    }
    if (kept > 0)
        memcpy(s->last, s->head, kept + 1);
    s->len = 0;
}

/* part of a line, without its end */
static void add(struct dump_scan *s, const char *data, size_t len)
{
    size_t room = s->len < HEAD ? HEAD - s->len : 0, kept = len < room ? len : room;
    bool was_short = s->len <= HEAD;

    memcpy(s->head + (s->len < HEAD ? s->len : HEAD), data, kept);
    s->len += len;
    if (s->len <= HEAD || (!s->in_body && starts(s->head, "--")))
        return;
    if (was_short)
        hash(s, s->head, HEAD);
    hash(s, data + kept, len - kept);
}

/* Rows are nearly all of a dump: lines of them that are there whole are summed in one piece, as
 * end_line would one after the other.  Returns where something else begins. */
static const char *whole_rows(struct dump_scan *s, const char *at, const char *end)
{
    const char *from = at;

    while (s->in_values && at < end && *at == '(') {
        const char *line = memchr(at, '\n', (size_t) (end - at));

        if (!line)
            break;
        if (s->in_table)
            s->facts.tables[s->facts.n_tables - 1].rows++;
        at = line + 1;
    }
    if (at > from) {
        hash(s, from, (size_t) (at - from));
        s->last[0] = '\0';
    }
    return at;
}

void dump_scan_feed(struct dump_scan *s, const void *data, size_t len)
{
    const char *at = data, *end = at + len;

    s->facts.bytes += len;
    while (at < end) {
        const char *line;

        if (s->len == 0)
            at = whole_rows(s, at, end);
        line = memchr(at, '\n', (size_t) (end - at));
        add(s, at, (size_t) ((line ? line : end) - at));
        if (line)
            end_line(s);
        at = line ? line + 1 : end;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct dump_table *) a)->name, ((const struct dump_table *) b)->name);
}

void dump_scan_end(struct dump_scan *s, struct dump_facts *out)
{
    struct dump_facts *f = &s->facts;

    if (s->len > 0)
        end_line(s);
    end_table(s);
    (void) EVP_DigestFinal_ex(s->rest, f->rest, NULL);
    f->whole = starts(s->last, "-- Dump completed");
    if (f->n_tables > 1)
        qsort(f->tables, f->n_tables, sizeof *f->tables, by_name);
    *out = *f;
    *f = (struct dump_facts){ 0 };
    dump_scan_free(s);
}

void dump_scan_free(struct dump_scan *s)
{
    if (!s)
        return;
    dump_facts_clear(&s->facts);
    EVP_MD_CTX_free(s->table);
    EVP_MD_CTX_free(s->rest);
    free(s);
}

void dump_facts_clear(struct dump_facts *f)
{
    for (size_t i = 0; i < f->n_tables; i++)
        free(f->tables[i].name);
    free(f->tables);
    *f = (struct dump_facts){ 0 };
}

const struct dump_table *dump_facts_table(const struct dump_facts *f, const char *name)
{
    for (size_t i = 0; i < f->n_tables; i++)
        if (strcmp(f->tables[i].name, name) == 0)
            return &f->tables[i];
    return NULL;
}
