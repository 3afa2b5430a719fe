#include "ops/cert_issue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "model/member.h"
#include "ops/acme.h"
#include "ops/cert.h"
#include "ops/pair.h"
#include "ops/x509.h"

/* A self-signed certificate is for trying things out; a year is plenty. */
enum { SELF_SIGNED_DAYS = 365 };

static int64_t now_s(void)
{
    return (int64_t) (clock_wall_us() / USEC_PER_SEC);
}

static json_t *list_of(const char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void) json_array_append_new(list, json_string(*names));
    return list;
}

/* ---- from an ACME server ---- */

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a && a[0] ? a : b && b[0] ? b : c;
}

/* what was asked for, what the last one was for, or the names that others can know; NULL-terminated
 */
static const char **domains_of(const struct certificate *c, const struct cert_wish *w,
                               const json_t *record)
{
    const json_t *last = json_object_get(record, "domains");
    const char *const *from = w->domains && w->domains[0] ? w->domains : c->names;
    const char **list;
    size_t n = 0, kept = 0;

    while (from && from[n])
        n++;
    list = calloc(n + json_array_size(last) + 1, sizeof *list);
    if (!list)
        abort();
    if (from == c->names && json_array_size(last) > 0)
        for (size_t i = 0; i < json_array_size(last); i++)
            list[kept++] = json_string_value(json_array_get(last, i));
    else
        for (size_t i = 0; i < n; i++)
            if (from == w->domains || !pair_is_local_name(from[i]))
                list[kept++] = from[i];
    return list;
}

static int check_acme(const struct acme *a, const char *const *domains, struct err *e)
{
    if (!domains[0]) {
        err_set(e, -EINVAL, "no name of the project is known to anybody else");
        err_hint(e, "set DOMAIN in .env.prod, or: ipam-orch cert issue --domain NAME");
    } else if (!a->webroot[0] && !a->dns_hook[0]) {
        err_set(e, -EINVAL, "nothing says where a challenge can be answered");
        err_hint(e, "set x-ipam-orch.certificate.acme.webroot, or give --dns-hook PROGRAM");
    } else if (a->dns_hook[0] && a->dns_hook[0] != '/') {
        err_set(e, -EINVAL, "the program '%s' must be named by its absolute path", a->dns_hook);
    } else {
        return 0;
    }
    return err_classify(e, ERR_CONFIG);
}

/* `last` is what was kept of an earlier one, whose settings hold where nothing else is said */
static int issue(const struct procedure *p, const struct certificate *c, const struct cert_wish *w,
                 const json_t *last, struct err *e)
{
    const struct acme a = { .directory = first_of(w->directory, member_text(last, "directory"),
                                                  first_of(c->directory, NULL, ACME_PRODUCTION)),
                            .email = first_of(w->email, c->email, member_text(last, "email")),
                            .webroot = c->webroot,
                            .dns_hook =
                                first_of(w->dns_hook, member_text(last, "dns_hook"), c->dns_hook),
                            .eab_key_id = w->eab_key_id,
                            .eab_key = w->eab_key,
                            .new_account = w->new_account };
    auto_free const char **domains = domains_of(c, w, last);
    auto_free char *certificate = NULL;
    char *key = NULL;
    int r = check_acme(&a, domains, e);

    if (r == 0)
        r = acme_issue(p, &a, domains, &certificate, &key, e);
    if (r == 0)
        r = cert_replace(p, c, &(struct cert_new){ certificate, key, domains },
                         json_pack("{s:s,s:s,s:s,s:s,s:o}", "source", "acme", "directory",
                                   a.directory, "email", a.email, "dns_hook", a.dns_hook, "domains",
                                   list_of(domains)),
                         e);
    x509_wipe(key);
    return r;
}

int cert_issue(const struct procedure *p, const struct certificate *c, const struct cert_wish *w,
               struct err *e)
{
    return issue(p, c, w, NULL, e);
}

/* ---- from here ---- */

static int self_sign(const struct procedure *p, const struct certificate *c, struct err *e)
{
    auto_free char *certificate = NULL;
    char *key = NULL;
    int r;

    if (!c->names || !c->names[0]) {
        err_set(e, -EINVAL, "nothing says what names the certificate is for");
        err_hint(e, "set x-ipam-orch.certificate.names");
        return err_classify(e, ERR_CONFIG);
    }
    r = x509_self_sign(c->names, SELF_SIGNED_DAYS, &certificate, &key, e);
    if (r == 0)
        r = cert_replace(p, c, &(struct cert_new){ certificate, key, c->names },
                         json_pack("{s:s}", "source", "self-signed"), e);
    x509_wipe(key);
    return r;
}

static void look_at_file(const struct certificate *c, struct pair *out)
{
    auto_free char *text = cert_read(c->certificate);

    pair_look(text ? text : "", NULL, NULL, out);
}

int cert_self_sign(const struct procedure *p, const struct certificate *c,
                   const struct cert_wish *w, struct err *e)
{
    struct pair now;
    bool real;

    look_at_file(c, &now);
    real = now.readable && !now.self_signed && now.not_after > now_s();
    pair_clear(&now);
    if (real && !w->force) {
        err_set(e, -EPERM, "%s is not self-signed, and a test certificate would take its place",
                c->certificate);
        err_hint(e, "ipam-orch cert self-signed --force");
        return err_classify(e, ERR_UNSAFE);
    }
    return self_sign(p, c, e);
}

int cert_import(const struct procedure *p, const struct certificate *c, const char *certificate,
                const char *key, struct err *e)
{
    auto_free char *text = cert_read(certificate);
    char *key_text = cert_read(key);
    int r = 0;

    if (!text || !key_text)
        r = err_set(e, -errno, "%s: %s", text ? key : certificate, strerror(errno));
    if (r == 0)
        r = cert_replace(p, c, &(struct cert_new){ text, key_text, NULL },
                         json_pack("{s:s}", "source", "import"), e);
    x509_wipe(key_text);
    return r;
}

/* ---- when it is time ---- */

/* once for each level that is reached */
static void warn(const struct procedure *p, const struct certificate *c)
{
    json_t *record = cert_record(p);
    struct err e = ERR_INIT;
    struct pair now;
    int level;

    look_at_file(c, &now);
    level = now.readable ? pair_warning(&now, now_s()) : 0;
    if (level != json_integer_value(json_object_get(record, "warned"))) {
        if (level != 0)
            procedure_note(p, "certificate-expires",
                           json_pack("{s:i,s:i,s:s,s:I}", "level", level, "days_left",
                                     pair_days_left(&now, now_s()), "subject", now.subject,
                                     "not_after", (json_int_t) now.not_after));
        (void) json_object_set_new(record, "warned", json_integer(level));
        if (cert_keep_record(p, json_incref(record), &e) < 0)
            procedure_say(p, "warning: %s", e.msg);
    }
    json_decref(record);
    pair_clear(&now);
}

static bool has_account(const struct certificate *c)
{
    return c->email[0] != '\0' || c->directory[0] != '\0';
}

int cert_renew(const struct procedure *p, const struct certificate *c, const struct cert_wish *w,
               enum cert_renewal *out, struct err *e)
{
    json_t *record = cert_record(p);
    bool ours, acme, due;
    struct pair now;
    int r = 0;

    look_at_file(c, &now);
    ours = strcmp(member_text(record, "fingerprint"), now.fingerprint) == 0 && now.readable;
    acme = ours && strcmp(member_text(record, "source"), "acme") == 0;
    due = w->force || !now.readable || pair_is_due(&now, now_s()) ||
          (now.self_signed && has_account(c));
    *out = due ? CERT_RENEWED : CERT_NOT_DUE;
    if (due && (acme || has_account(c) || w->directory))
        r = issue(p, c, w, acme ? record : NULL, e);
    else if (due && (now.self_signed || !now.readable))
        r = self_sign(p, c, e);
    else if (due)
        *out = CERT_NOT_OURS;
    if (r < 0)
        procedure_note(p, "certificate-renewal-failed",
                       json_pack("{s:s,s:s,s:i}", "detail", e->msg, "next", e->hint, "days_left",
                                 now.readable ? pair_days_left(&now, now_s()) : 0));
    pair_clear(&now);
    json_decref(record);
    warn(p, c);
    return r;
}
