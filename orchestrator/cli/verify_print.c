#include "cli/verify_print.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/markup.h"
#include "cli/documents.h"
#include "cli/when.h"

static double seconds_of(const struct verify_result *r)
{
    return (double) r->took_us / USEC_PER_SEC;
}

static size_t count(const struct verify_page *p, enum verify_status s)
{
    return verify_count(p->results, s);
}

/* ---- a table ---- */

static void table_line(const struct verify_page *p, const struct verify_result *r, FILE *out)
{
    fprintf(out, "%-5s %-28s %s\n", verify_status_text[r->status], r->id, r->evidence);
    if (p->verbose && r->detail)
        fprintf(out, "      %-28s %s\n", "", r->detail);
    if (r->next)
        fprintf(out, "      next: %s\n", r->next);
}

static void print_table(const struct verify_page *p, FILE *out)
{
    /* what fails first */
    static const enum verify_status order[] = { VERIFY_FAIL, VERIFY_WARN, VERIFY_SKIP, VERIFY_OK };

    for (size_t i = 0; p->criteria && i < CRITERIA; i++)
        fprintf(out, "%-5s %-9s %-52s %s\n", p->criteria[i].criterion->id,
                criterion_status_text[p->criteria[i].status], p->criteria[i].criterion->title,
                p->criteria[i].evidence);
    for (size_t o = 0; !p->criteria && o < ARRAY_LEN(order); o++)
        for (size_t i = 0; i < p->results->n; i++)
            if (p->results->items[i].status == order[o] &&
                (!p->quiet || order[o] == VERIFY_FAIL || order[o] == VERIFY_WARN))
                table_line(p, &p->results->items[i], out);
    if (!p->quiet)
        fprintf(out, "%zu ok, %zu warn, %zu fail, %zu skip; score %u of 100\n", count(p, VERIFY_OK),
                count(p, VERIFY_WARN), count(p, VERIFY_FAIL), count(p, VERIFY_SKIP),
                verify_score(p->results));
}

/* ---- TAP ---- */

/* a '#' would begin a directive */
static void tap_text(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '\n')
            fputc(' ', out);
        else
            fprintf(out, "%s%c", *text == '#' ? "\\" : "", *text);
}

static void print_tap(const struct verify_page *p, FILE *out)
{
    fprintf(out, "TAP version 13\n1..%zu\n", p->results->n);
    for (size_t i = 0; i < p->results->n; i++) {
        const struct verify_result *r = &p->results->items[i];

        fprintf(out, "%s %zu - %s: ", r->status == VERIFY_FAIL ? "not ok" : "ok", i + 1, r->id);
        if (r->status == VERIFY_SKIP) {
            fputs("# SKIP ", out);
        }
        tap_text(r->evidence, out);
        fputc('\n', out);
        if (r->status == VERIFY_WARN)
            fprintf(out, "# warning: %s\n", r->evidence);
        if (r->next)
            fprintf(out, "# next: %s\n", r->next);
        if (p->verbose && r->detail)
            fprintf(out, "# %s\n", r->detail);
    }
}

/* ---- JUnit, HTML ---- */

static void print_junit(const struct verify_page *p, FILE *out)
{
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"ipam-orch verify %s\" tests=\"%zu\" failures=\"%zu\" "
            "skipped=\"%zu\">\n",
            p->project, p->results->n, count(p, VERIFY_FAIL), count(p, VERIFY_SKIP));
    for (size_t i = 0; i < p->results->n; i++) {
        const struct verify_result *r = &p->results->items[i];
        static const char *const element[] = { [VERIFY_OK] = "system-out",
                                               [VERIFY_WARN] = "system-out",
                                               [VERIFY_FAIL] = "failure",
                                               [VERIFY_SKIP] = "skipped" };
        bool has_message = r->status == VERIFY_FAIL || r->status == VERIFY_SKIP;

        fprintf(out, "  <testcase classname=\"%.*s\" name=\"", (int) strcspn(r->id, "."), r->id);
        markup_put(out, r->id);
        fprintf(out, "\" time=\"%.3f\"><%s%s", seconds_of(r), element[r->status],
                has_message ? " message=\"" : ">");
        markup_put(out, r->evidence);
        fputs(has_message ? "\">" : "", out);
        if (has_message && r->next)
            markup_put(out, r->next);
        fprintf(out, "</%s></testcase>\n", element[r->status]);
    }
    fputs("</testsuite>\n", out);
}

static void html_cell(const char *text, FILE *out)
{
    fputs("<td>", out);
    markup_put(out, text);
    fputs("</td>", out);
}

static void html_row(const char *id, const char *status, const char *evidence, const char *next,
                     FILE *out)
{
    fprintf(out, "<tr class=\"%s\">", status);
    html_cell(id, out);
    html_cell(status, out);
    html_cell(evidence, out);
    html_cell(next ? next : "", out);
    fputs("</tr>\n", out);
}

static void print_html(const struct verify_page *p, FILE *out)
{
    char now[WHEN_TEXT];

    when_format_utc(clock_wall_us(), now);
    fprintf(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Verification of "
        "%s</title>\n<style>body{font:15px sans-serif;margin:2em}td,th{padding:.3em .8em;"
        "text-align:left;vertical-align:top;border-bottom:1px solid #ddd}.fail{background:#fdd}"
        ".warn{background:#ffd}.skip,.elsewhere{color:#666}</style></head>\n<body><h1>%s</h1>\n"
        "<p>%s: %zu ok, %zu warn, %zu fail, %zu skip; score %u of 100</p>\n<table>\n"
        "<tr><th>check</th><th>status</th><th>evidence</th><th>next</th></tr>\n",
        p->project, p->project, now, count(p, VERIFY_OK), count(p, VERIFY_WARN),
        count(p, VERIFY_FAIL), count(p, VERIFY_SKIP), verify_score(p->results));
    for (size_t i = 0; p->criteria && i < CRITERIA; i++)
        html_row(p->criteria[i].criterion->id, criterion_status_text[p->criteria[i].status],
                 p->criteria[i].evidence, p->criteria[i].criterion->title, out);
    for (size_t i = 0; i < p->results->n; i++) {
        const struct verify_result *r = &p->results->items[i];

        html_row(r->id, verify_status_text[r->status], r->evidence, r->next, out);
    }
    fputs("</table></body></html>\n", out);
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
    json_t *json = text ? json_string(text) : NULL;

    return json ? json : json_null();
}

static json_t *criteria_json(const struct criterion_result *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CRITERIA; i++)
        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:o,s:s}", "id", c[i].criterion->id, "title",
                            c[i].criterion->title, "status", criterion_status_text[c[i].status],
                            "evidence", text_or_null(c[i].evidence), "shown_by",
                            c[i].criterion->shown_by));
    return list;
}

static void print_json(const struct verify_page *p, FILE *out)
{
    json_t *list = json_array(), *all;

    for (size_t i = 0; i < p->results->n; i++) {
        const struct verify_result *r = &p->results->items[i];

        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:I}", "id", r->id, "criterion", r->criterion,
                            "status", verify_status_text[r->status], "evidence",
                            text_or_null(r->evidence), "next", text_or_null(r->next), "detail",
                            text_or_null(r->detail), "took_us", (json_int_t) r->took_us));
    }
    all = documents_begin(p->project);
    (void) json_object_update_new(all, json_pack("{s:i,s:i,s:o}", "score",
                                                 (int) verify_score(p->results), "failed",
                                                 (int) count(p, VERIFY_FAIL), "checks", list));
    if (p->criteria)
        (void) json_object_set_new(all, "criteria", criteria_json(p->criteria));
    documents_write(all, out);
    json_decref(all);
}

void verify_print(const struct verify_page *p, enum verify_form form, FILE *out)
{
    switch (form) {
    case VERIFY_TABLE: print_table(p, out); return;
    case VERIFY_TAP: print_tap(p, out); return;
    case VERIFY_JUNIT: print_junit(p, out); return;
    case VERIFY_JSON: print_json(p, out); return;
    case VERIFY_HTML: print_html(p, out); return;
    }
}
