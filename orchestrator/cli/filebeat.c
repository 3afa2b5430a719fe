#include "cli/filebeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"

static const char head[] = "# Filebeat 8.15 or later: `ipam-orch export filebeat` wrote this; the "
                           "output is yours to add, in a\n"
                           "# file of your own: filebeat -c filebeat.yml -c THIS.\n"
                           "#\n"
                           "# Files are told apart by their first 1024 bytes, not by inodes, which "
                           "file systems use again. A\n"
                           "# log is therefore sent once it has that many.\n"
                           "# Logs are rotated by rename and perhaps compressed. One that is being "
                           "read is read to its end all\n"
                           "# the same, and closed when nothing has come for five minutes; "
                           "numbered files are not looked for.\n"
                           "filebeat.inputs:\n";

/* in single quotes, as YAML has them */
static void put_quoted(FILE *f, const char *text)
{
    fputc('\'', f);
    for (; *text; text++)
        fputs((const char[]){ *text, *text == '\'' ? '\'' : '\0', '\0' }, f);
    fputc('\'', f);
}

/* `pattern` after the name of the service */
static void put_path(FILE *f, const char *project, const char *service, const char *pattern)
{
    auto_free char *path = paths_join("%s/%s/%s%s", paths_log(), project, service, pattern);

    fputs("      - ", f);
    put_quoted(f, path);
    fputc('\n', f);
}

static void put_input(FILE *f, const char *project, const char *service)
{
    auto_free char *id = paths_join("ipam-orch-%s-%s", project, service);

    fputs("  - type: filestream\n    id: ", f);
    put_quoted(f, id);
    fputs("\n    paths:\n", f);
    put_path(f, project, service, ".log");
    put_path(f, project, service, "@[0-9]*.log");
    put_path(f, project, service, ".run-*.log");
    fputs("    prospector.scanner:\n"
          "      exclude_files: ['\\.log\\.[0-9]+(\\.gz)?$', '\\.gz$']\n"
          "      fingerprint: { enabled: true, offset: 0, length: 1024 }\n"
          "    file_identity.fingerprint: ~\n"
          "    close.on_state_change: { inactive: 5m, renamed: false, removed: false }\n"
          "    clean_removed: false\n"
          "    parsers:\n"
          "      - container: { stream: all, format: docker }\n"
          "      - ndjson: { target: json, ignore_decoding_error: true, add_error_key: false }\n"
          "    fields_under_root: true\n"
          "    fields:\n"
          "      service.name: ",
          f);
    put_quoted(f, service);
    fputs("\n      ipam_orch.project: ", f);
    put_quoted(f, project);
    fputc('\n', f);
}

static void put_services(FILE *f, const char *project, const struct node *services)
{
    for (size_t i = 0; i < node_count(services); i++) {
        const struct node *logging = node_get(services->entries[i].value, "logging");

        if (strcmp(node_get_text(logging, "driver", ""), "none") != 0)
            put_input(f, project, services->entries[i].key);
    }
}

char *filebeat_config(const struct loaded *l)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        abort();
    fputs(head, f);
    put_services(f, l->name, node_get(l->model, "services"));
    put_services(f, l->name, l->disabled);
    if (fclose(f) != 0)
        abort();
    return text;
}
