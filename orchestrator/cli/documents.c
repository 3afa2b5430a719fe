#include "cli/documents.h"

#include "base/clock.h"
#include "cli/when.h"

json_t *documents_begin(const char *project)
{
    char now[WHEN_TEXT];

    when_format_utc(clock_wall_us(), now);
    return json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "mode", "native", "project", project, "time",
                     now);
}

void documents_end(json_t *document)
{
    documents_write(document, stdout);
    json_decref(document);
}

int documents_print(const char *project, json_t *members)
{
    json_t *all = documents_begin(project);

    (void) json_object_update(all, members);
    json_decref(members);
    documents_end(all);
    return 0;
}

void documents_print_one(const char *project, const char *key, const json_t *value)
{
    json_t *all = documents_begin(project);

    (void) json_object_set(all, key, (json_t *) (size_t) value);
    documents_end(all);
}

void documents_write(const json_t *json, FILE *out)
{
    (void) json_dumpf(json, out, JSON_INDENT(2));
    (void) fputc('\n', out);
}
