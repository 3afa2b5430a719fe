#include "ops/cert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "model/member.h"
#include "ops/intent.h"
#include "ops/reload.h"
#include "ops/renew.h"
#include "ops/served.h"
#include "ops/workdir.h"
#include "ops/x509.h"

#define RECORD   "record"
#define PROOF_US (30 * USEC_PER_SEC)

enum { RECORD_MAX = 64 * 1024, TLS_PORT = 443, OTHER_TLS_PORT = 8443, LOOK_AGAIN_US = 50000 };

/* ---- files ---- */

char *cert_read(const char *path)
{
    char *text = NULL;

    return fsio_read(AT_FDCWD, path, PAIR_MAX, &text, NULL) < 0 ? NULL : text;
}

static int failed(int code, const char *path, struct err *e)
{
    err_set(e, code, "%s: %s", path, strerror(-code));
    if (code == -EACCES || code == -EPERM || code == -EROFS) {
        err_hint(e, "sudo ipam-orch init, which lets the manager write there");
        return err_classify(e, ERR_DENIED);
    }
    return code;
}

/* `text` NULL: it is to be none.  A key is for whoever the directory is for. */
static int put_file(const char *path, const char *text, bool secret, struct err *e)
{
    const char *name = strrchr(path, '/') + 1;
    auto_free char *dir_path = strndup(path, (size_t) (name - path));
    auto_fd dir = open(dir_path ? dir_path : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st = { 0 };
    mode_t mode = 0644;
    int r = 0;

    if (dir < 0 || fstat(dir, &st) < 0)
        return failed(-errno, path, e);
    if (secret)
        mode = st.st_mode & S_ISGID ? 0640 : 0600;
    if (text)
        r = fsio_write_atomic(dir, name, text, strlen(text), mode);
    else if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        r = -errno;
    return r < 0 ? failed(r, path, e) : 0;
}

struct texts {
    const char *certificate, *key;
};

/* the key first: a certificate without its key would be taken for a complete pair */
static int put_files(const struct certificate *c, const struct texts *t, struct err *e)
{
    int r = put_file(c->key, t->key, true, e);

    return r < 0 ? r : put_file(c->certificate, t->certificate, false, e);
}

int cert_put(const struct certificate *c, const char *certificate, const char *key, struct err *e)
{
    return put_files(c, &(struct texts){ certificate, key }, e);
}

/* ---- the record ---- */

json_t *cert_record(const struct procedure *p)
{
    auto_free char *path = workdir_path(p->project, "cert");
    auto_fd dir = -1;
    json_t *json = NULL;

    /* who only looks makes nothing */
    if (access(path, F_OK) == 0 && workdir_open(p->project, "cert", &dir, NULL) == 0)
        json = workdir_read_json(dir, RECORD, RECORD_MAX);
    return json_is_object(json) ? json : json_object();
}

int cert_keep_record(const struct procedure *p, json_t *record, struct err *e)
{
    auto_free char *text = json_dumps(record, JSON_INDENT(2));
    auto_fd dir = -1;
    int r = workdir_open(p->project, "cert", &dir, e);

    json_decref(record);
    if (r == 0 && text)
        r = fsio_write_atomic(dir, RECORD, text, strlen(text), WORKDIR_FILE_MODE);
    return r < 0 ? err_set(e, r, "keeping where the certificate is from: %s", strerror(-r)) : 0;
}

/* ---- those who serve it ---- */

static bool has_it(const struct unit *u, const struct certificate *c)
{
    for (size_t i = 0; u && i < u->n_files; i++)
        if (strcmp(u->files[i].secret, c->certificate_secret) == 0)
            return true;
    return false;
}

void cert_instance_ports(const json_t *instance, cert_port_seen *each, void *owner)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(instance, "ports"), i, one) {
        json_int_t target = json_integer_value(json_object_get(one, "target"));
        json_int_t published = json_integer_value(json_object_get(one, "published"));

        if ((target == TLS_PORT || target == OTHER_TLS_PORT) && published > 0 &&
            strcmp(member_text(one, "protocol"), "tcp") == 0)
            each(owner, &(struct cert_port){ .service = member_text(instance, "service"),
                                             .name = member_text(instance, "name"),
                                             .address = member_text(one, "address"),
                                             .port = (uint16_t) published,
                                             .target = (uint16_t) target });
    }
}

int cert_ports(const struct procedure *p, const struct project *project,
               const struct certificate *c, cert_port_seen *each, void *owner, struct err *e)
{
    json_t *status = NULL, *one;
    size_t i;
    int r = procedure_status(p, &status, e);

    json_array_foreach (json_object_get(status, "services"), i, one)
        if (json_integer_value(json_object_get(one, "pid")) > 0 &&
            has_it(project_unit(project, member_text(one, "service")), c))
            cert_instance_ports(one, each, owner);
    json_decref(status);
    return r;
}

/* NULL-terminated names of running services that have it and can reload */
static const char **readers(const struct procedure *p, const struct project *project,
                            const struct certificate *c)
{
    const char **list = calloc(project->n_units + 1, sizeof *list);
    json_t *status = NULL, *one;
    size_t n = 0, i;

    if (!list)
        abort();
    if (procedure_status(p, &status, NULL) < 0)
        return list;
    for (size_t k = 0; k < project->n_units; k++) {
        const struct unit *u = &project->units[k];
        bool runs = false;

        json_array_foreach (json_object_get(status, "services"), i, one)
            runs |= strcmp(member_text(one, "service"), u->name) == 0 &&
                    json_integer_value(json_object_get(one, "pid")) > 0;
        if (runs && has_it(u, c) && u->sickness.reload_signal > 0)
            list[n++] = u->name;
        else if (runs && has_it(u, c))
            procedure_say(p, "%s has the new certificate, and reads it when it is restarted",
                          u->name);
    }
    json_decref(status);
    return list;
}

/* ---- proof ---- */

struct proof {
    const char *fingerprint;
    struct err *e;
    int r;
    unsigned ports;
};

static void prove(void *owner, const struct cert_port *port)
{
    struct proof *proof = owner;
    struct served seen = { 0 };
    int r = served_look(port->address, port->port, &seen, proof->e);

    proof->ports++;
    if (r == 0 && strcmp(seen.fingerprint, proof->fingerprint) != 0)
        r = err_set(proof->e, -ESTALE, "%s still shows another certificate on port %u", port->name,
                    port->port);
    if (r < 0)
        proof->r = r;
}

/* a reload takes as long as it takes */
static int wait_served(const struct procedure *p, const struct project *project,
                       const struct certificate *c, const char *fingerprint, struct err *e)
{
    const struct timespec pause = { .tv_nsec = LOOK_AGAIN_US * 1000L };
    uint64_t until = clock_now_us() + PROOF_US;

    for (;;) {
        struct proof proof = { .fingerprint = fingerprint, .e = e };
        int r = cert_ports(p, project, c, prove, &proof, e);

        if (r < 0 || proof.r == 0 || clock_now_us() >= until)
            return r < 0 ? r : proof.r;
        (void) nanosleep(&pause, NULL);
    }
}

/* ---- the pair that is served ---- */

static json_t *secrets_of(const struct certificate *c, const struct texts *t)
{
    json_t *secrets = json_object();

    if (c->certificate_secret[0] && t->certificate)
        (void) json_object_set_new(secrets, c->certificate_secret, json_string(t->certificate));
    if (c->key_secret[0] && t->key)
        (void) json_object_set_new(secrets, c->key_secret, json_string(t->key));
    return secrets;
}

/* what runs has the pair in its files */
static int give(const struct procedure *p, const struct certificate *c, const struct texts *t,
                struct err *e)
{
    json_t *secrets = secrets_of(c, t);
    int r = json_object_size(secrets) > 0 ? renew_secrets(p, secrets, e) : 0;

    json_decref(secrets);
    return r;
}

/* what runs reads it, and shows it */
static int show(const struct procedure *p, const struct project *project,
                const struct certificate *c, const struct texts *t, struct err *e)
{
    auto_free const char **list = readers(p, project, c);
    json_t *reloaded = NULL;
    struct pair pair;
    int r;

    if (!list[0])
        return 0;
    r = reload_services(p, list, &reloaded, e);
    json_decref(reloaded);
    if (r < 0)
        return r;
    pair_look(t->certificate, NULL, NULL, &pair);
    r = wait_served(p, project, c, pair.fingerprint, e);
    pair_clear(&pair);
    return r;
}

/* the project as it runs, NULL if it does not */
static int running(const struct procedure *p, struct project **out, struct err *e)
{
    struct err why = ERR_INIT;
    int r = procedure_definition(p, out, &why);

    if (r == 0)
        return 0;
    *out = NULL;
    if (r == -ENOENT || r == -ECONNREFUSED || why.class == ERR_UNREACHABLE)
        return 0;
    if (e)
        *e = why;
    return r;
}

/* Files and secrets come back or it has failed; who does not serve, for whatever reason, does so
 * with them when it can. */
static int put_back(const struct procedure *p, const struct certificate *c,
                    const struct project *project, const struct texts *old, struct err *e)
{
    struct err why = ERR_INIT;
    int r = put_files(c, old, e);

    if (r < 0 || !project || !old->certificate || !old->key)
        return r;
    r = give(p, c, old, e);
    if (r == 0 && show(p, project, c, old, &why) < 0)
        procedure_say(p, "warning: it is in place, but %s", why.msg);
    return r;
}

static int go(const struct procedure *p, const struct certificate *c, const struct project *project,
              const struct texts *new, json_t *record, struct err *e)
{
    int r = put_files(c, new, e);

    if (r == 0 && project)
        r = give(p, c, new, e);
    if (r == 0 && project)
        r = show(p, project, c, new, e);
    if (r == 0)
        r = cert_keep_record(p, json_incref(record), e);
    return r == 0 ? intent_step(p->dir, "proven", NULL, e) : r;
}

static json_t *pair_to_json(const struct certificate *c, const struct texts *t)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s*,s:s*}", "certificate", c->certificate, "key", c->key,
                     "certificate_secret", c->certificate_secret, "key_secret", c->key_secret,
                     "certificate_text", t->certificate, "key_text", t->key);
}

static int replace(const struct procedure *p, const struct certificate *c, const struct texts *old,
                   const struct texts *new, json_t *record, struct err *e)
{
    struct project *project = NULL;
    struct err back = ERR_INIT;
    int r = running(p, &project, e);

    if (r == 0)
        r = intent_begin(p->dir,
                         json_pack("{s:s,s:o}", "verb", "cert", "old", pair_to_json(c, old)), e);
    if (r < 0) {
        project_free(project);
        return r;
    }
    r = go(p, c, project, new, record, e);
    if (r < 0 && old->certificate) {
        procedure_say(p, "that did not work: the certificate from before comes back");
        if (put_back(p, c, project, old, &back) < 0) {
            /* what was meant stays open: the next operation tries again */
            procedure_say(p, "warning: it does not come back: %s", back.msg);
            project_free(project);
            return r;
        }
        (void) err_wrap(e, "the new certificate was not taken, the old one is served");
    }
    project_free(project);
    (void) intent_end(p->dir, r == 0 ? e : NULL);
    return r;
}

int cert_replace(const struct procedure *p, const struct certificate *c, const struct cert_new *n,
                 json_t *record, struct err *e)
{
    const struct texts new = { n->certificate, n->key };
    auto_free char *old_certificate = cert_read(c->certificate);
    char *old_key = cert_read(c->key);
    struct texts old = { old_certificate, old_key };
    struct pair pair;
    int r;

    if (!old.certificate || !old.key)
        old = (struct texts){ 0 };
    pair_look(n->certificate, n->key, n->names, &pair);
    r = pair_refuse(&pair, (int64_t) (clock_wall_us() / USEC_PER_SEC), e);
    (void) json_object_set_new(record, "fingerprint", json_string(pair.fingerprint));
    if (r == 0)
        r = replace(p, c, &old, &new, record, e);
    if (r == 0)
        procedure_note(p, "certificate-replaced",
                       json_pack("{s:s,s:s,s:s,s:I}", "source", member_text(record, "source"),
                                 "serial", pair.serial, "issuer", pair.issuer, "not_after",
                                 (json_int_t) pair.not_after));
    json_decref(record);
    pair_clear(&pair);
    x509_wipe(old_key);
    return r;
}

int cert_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    const json_t *old = json_object_get(json_object_get(intent, "meant"), "old");
    const struct certificate c = { .certificate = member_text(old, "certificate"),
                                   .key = member_text(old, "key"),
                                   .certificate_secret = member_text(old, "certificate_secret"),
                                   .key_secret = member_text(old, "key_secret") };
    const struct texts t = { json_string_value(json_object_get(old, "certificate_text")),
                             json_string_value(json_object_get(old, "key_text")) };
    struct project *project = NULL;
    int r;

    if (intent_find(intent, "proven"))
        return 0;
    if (c.certificate[0] != '/' || c.key[0] != '/')
        return err_set(e, -EBADMSG, "what was written down of a certificate is not readable");
    r = running(p, &project, e);
    if (r == 0)
        r = put_back(p, &c, project, &t, e);
    project_free(project);
    return r;
}
