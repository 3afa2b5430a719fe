#include "cli/certificate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fsio.h"
#include "cli/options.h"
#include "compose/resolve.h"
#include "ops/cert.h"
#include "ops/x509.h"

/* A self-signed certificate is for trying things out; a year is plenty. */
enum { SELF_SIGNED_DAYS = 365 };

static int make_directory(const char *path, struct err *e)
{
    auto_free char *dir = strndup(path, (size_t) (strrchr(path, '/') - path));
    int r = dir ? fsio_mkdir_p(dir, 0755) : -ENOMEM;

    return r < 0 ? err_set(e, r, "%s: %s", dir ? dir : path, strerror(-r)) : 0;
}

static int make_pair(const struct certificate *c, struct err *e)
{
    auto_free char *certificate = NULL;
    char *key = NULL;
    int r = make_directory(c->certificate, e);

    if (r == 0)
        r = make_directory(c->key, e);
    if (r == 0 && access(c->key, F_OK) == 0)
        r = err_set(e, -EEXIST, "%s is there already, and %s is not", c->key, c->certificate);
    if (r == 0)
        r = x509_self_sign(c->names, SELF_SIGNED_DAYS, &certificate, &key, e);
    if (r == 0)
        r = cert_put(c, certificate, key, e);
    x509_wipe(key);
    return r;
}

int certificate_ensure(const struct load_options *o, char **created, struct err *e)
{
    auto_arena arena = arena_new();
    struct loaded l = { 0 };
    struct certificate c;
    int r = load_model(o, &l, e);

    if (r == 0 && resolve_certificate(arena, l.model, &c) && c.names[0] &&
        access(c.certificate, F_OK) < 0) {
        r = make_pair(&c, e);
        if (r == 0)
            *created = strdup(c.certificate);
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

static int begin(const struct cli *cli, const char *verb, struct certificate_of *out, struct err *e)
{
    const char *name = out->loaded.name;

    if (verb && name)
        return operate_begin_named(cli, name, verb, NULL, &out->operate, e);
    if (verb)
        return operate_begin(cli, verb, NULL, &out->operate, e);
    return operate_look(cli, name, &out->operate, e);
}

static bool take_from_manager(struct certificate_of *out)
{
    if (!out->running || out->running->n_certificates == 0)
        return false;
    out->certificate = out->running->certificates[0];
    return true;
}

int certificate_open(const struct cli *cli, const char *verb, struct certificate_of *out,
                     struct err *e)
{
    struct load_options load = options_load(cli);
    struct err unread = ERR_INIT, away = ERR_INIT;
    bool found = false;
    int r;

    *out = (struct certificate_of){ .operate = OPERATE_NONE };
    r = load_finish_error(&unread, load_model(&load, &out->loaded, &unread));
    if (r < 0 && r != -EACCES && r != -ENOENT) {
        *e = unread;
        return r;
    }
    if (r < 0) {
        loaded_clear(&out->loaded);
        out->loaded = (struct loaded){ 0 };
    }
    if ((r = begin(cli, verb, out, e)) < 0)
        return r;
    (void) procedure_definition(&out->operate.procedure, &out->running, &away);
    /* files that lie around are those of another project, if the manager has it from elsewhere */
    if (out->loaded.model && (!out->running || strcmp(out->running->dir, out->loaded.dir) == 0))
        found = resolve_certificate(out->loaded.arena, out->loaded.model, &out->certificate);
    else
        found = take_from_manager(out);
    if (found)
        return 0;
    err_set(e, -ENOENT, "project '%s' names no certificate", out->operate.project);
    err_hint(e, "set x-ipam-orch.certificate, with certificate, key and names");
    return err_classify(e, ERR_CONFIG);
}

void certificate_close(struct certificate_of *c, int result)
{
    operate_end(&c->operate, result);
    project_free(c->running);
    loaded_clear(&c->loaded);
}
