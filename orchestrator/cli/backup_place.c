#include "cli/backup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/strv.h"
#include "cli/documents.h"
#include "cli/options.h"
#include "cli/request.h"
#include "compose/load.h"
#include "model/member.h"
#include "ops/drill.h"

enum { PASSPHRASE_MAX = 64 * 1024 };

/* The caller's own files, if they can be read and are those of this project. */
static void load_files(const struct cli *cli, struct backup_place *p)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct err ignored = ERR_INIT;
    struct project *files = NULL;
    int r = load_project(&load, &files, &warnings, &ignored);

    if (r < 0) {
        /* a disaster may have taken them: what is kept can do without */
        if (r != -ENOENT && !cli->quiet)
            fprintf(stderr, "going on without the compose file: %s\n", ignored.msg);
        return;
    }
    if (strcmp(files->name, p->project) != 0 ||
        (p->definition && strcmp(files->dir, p->definition->dir) != 0))
        project_free(files);
    else
        p->files = files;
}

static int name_project(const struct cli *cli, const char *verb, unsigned how,
                        struct backup_place *p, struct err *e)
{
    auto_strv services = NULL;
    int r;

    if (how & PLACE_RUNS) {
        r = operate_begin(cli, verb, "", &p->operate, e);
        p->project = r < 0 ? NULL : strdup(p->operate.project);
        return r;
    }
    r = request_services(cli, &p->project, &services, e);
    if (r == 0 && (how & PLACE_LOCKS))
        r = operate_begin_named(cli, p->project, verb, "", &p->operate, e);
    return r;
}

static int read_passphrase(const char *path, struct backup_place *p, struct err *e)
{
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, PASSPHRASE_MAX, &p->passphrase, &len);

    if (r < 0)
        return err_set(e, r, "%s: %s", path, strerror(-r));
    while (len > 0 && (p->passphrase[len - 1] == '\n' || p->passphrase[len - 1] == '\r'))
        len--;
    if (len == 0)
        return err_set(e, -EINVAL, "%s: there is no passphrase in it", path);
    p->key = (struct backup_key){ .text = p->passphrase, .len = len };
    return 0;
}

/* the secret that the project names, as its files have it by now or as the manager has it */
static const struct secret *named_key(const struct backup_place *p)
{
    const struct secret *s = NULL;

    if (!p->policy.encrypt || p->policy.encrypt[0] == '\0')
        return NULL;
    if (p->files)
        s = project_secret(p->files, p->policy.encrypt);
    if (!s && p->definition)
        s = project_secret(p->definition, p->policy.encrypt);
    return s && s->len > 0 ? s : NULL;
}

static int find_key(const struct backup_place_options *o, struct backup_place *p, struct err *e)
{
    const struct secret *s = named_key(p);

    if (o->passphrase_file)
        return read_passphrase(o->passphrase_file, p, e);
    if (s)
        p->key = (struct backup_key){ .text = s->value, .len = s->len };
    return 0;
}

int backup_place_open(const struct cli *cli, const char *verb, const struct backup_place_options *o,
                      unsigned how, struct backup_place *out, struct err *e)
{
    const char *directory;
    int r;

    *out = BACKUP_PLACE_NONE;
    r = name_project(cli, verb, how, out, e);
    if (r == 0 && (how & PLACE_RUNS))
        r = procedure_definition(&out->operate.procedure, &out->definition, e);
    if (r < 0)
        return r;
    load_files(cli, out);
    if (!out->files && !out->definition && (how & PLACE_LOCKS))
        (void) procedure_definition(&out->operate.procedure, &out->definition, NULL);
    if (out->files)
        out->policy = out->files->backup;
    else if (out->definition)
        out->policy = out->definition->backup;
    directory = o->directory ? o->directory : out->policy.directory;
    r = backup_store_open(out->project, directory, (how & PLACE_MAKES) != 0, &out->store, e);
    return r < 0 ? r : find_key(o, out, e);
}

void backup_place_close(struct backup_place *p, int result)
{
    backup_store_close(&p->store);
    operate_end(&p->operate, result);
    project_free(p->definition);
    project_free(p->files);
    if (p->passphrase)
        explicit_bzero(p->passphrase, strlen(p->passphrase));
    free(p->passphrase);
    free(p->project);
    *p = BACKUP_PLACE_NONE;
}

static void print_drill(const struct cli *cli, const struct backup_place *p, const struct backup *b,
                        const json_t *found)
{
    const json_t *one;
    size_t i;

    if (cli->format == FORMAT_JSON) {
        json_t *document = documents_begin(p->project);

        (void) json_object_set_new(document, "name", json_string(b->name));
        (void) json_object_update(document, (json_t *) (size_t) found);
        documents_end(document);
        return;
    }
    printf("%-32s %12s %12s\n", "TABLE", "ROWS", "CHECKSUM");
    json_array_foreach (json_object_get(found, "tables"), i, one)
        printf("%-32s %12lld %12lld\n", member_text(one, "name"),
               (long long) json_integer_value(json_object_get(one, "rows")),
               (long long) json_integer_value(json_object_get(one, "checksum")));
    printf("%s: what it restores is what was backed up\n", b->name);
}

int backup_place_drill(const struct cli *cli, const struct backup_place *p, const struct backup *b,
                       struct err *e)
{
    struct restore_wish wish = {
        .store = &p->store, .backup = b, .key = p->key, .definition = p->definition
    };
    const struct procedure *procedure = &p->operate.procedure;
    json_t *found = NULL;
    int r = backup_state_write(procedure, "drill", "running", b->name, 0, e);

    if (r == 0)
        r = backup_verify(&p->store, b, &p->key, e);
    if (r == 0)
        r = drill_run(procedure, &wish, &found, e);
    if (r == 0)
        r = backup_note_verified(&p->store, b, "drill", json_incref(found), e);
    (void) backup_state_write(procedure, "drill", r < 0 ? "failed" : "done",
                              r < 0 ? e->msg : b->name, b->bytes, NULL);
    procedure_note(procedure, r < 0 ? "drill-failed" : "drill-done",
                   json_pack("{s:s}", "backup", b->name));
    if (r == 0)
        print_drill(cli, p, b, found);
    json_decref(found);
    return r;
}
