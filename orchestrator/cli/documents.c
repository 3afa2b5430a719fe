#include "cli/documents.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/when.h"

int documents_print(const char *project, json_t *members)
{
    char now[WHEN_TEXT];
    json_t *all;

    when_format_utc(clock_wall_us(), now);
    all = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "mode", "native", "project", project, "time",
                    now);
    (void) json_object_update(all, members);
    json_decref(members);
    (void) json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
    return 0;
}
