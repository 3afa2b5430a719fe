#include "ops/cert_status.h"
#include "base/strv.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/member.h"
#include "ops/cert.h"
#include "ops/pair.h"
#include "ops/served.h"
#include "ops/x509.h"

#define MANAGER_USER "ipam-orch"
#define ISSUE        "ipam-orch cert issue"

static void check(json_t *list, const char *id, const char *status, const char *remedy,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void check(json_t *list, const char *id, const char *status, const char *remedy,
                  const char *fmt, ...)
{
    char measured[512];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(measured, sizeof measured, fmt, ap);
    va_end(ap);
    (void) json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "id", id, "status", status,
                                                 "measured", measured, "remedy",
                                                 strcmp(status, "ok") == 0 ? "" : remedy));
}

/* ---- files ---- */

static bool is_there(json_t *list, const char *id, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0)
        return true;
    if (errno == EACCES)
        check(list, id, "skip", "sudo ipam-orch cert status", "%s: %s", path, strerror(errno));
    else
        check(list, id, "fail", "ipam-orch cert self-signed, or " ISSUE, "%s: %s", path,
              strerror(errno));
    return false;
}

static void check_key_mode(json_t *list, const char *path)
{
    const struct passwd *manager = getpwnam(MANAGER_USER);
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    if (st.st_mode & S_IRWXO ||
        (st.st_mode & S_IRWXG && st.st_gid != 0 && (!manager || st.st_gid != manager->pw_gid)))
        check(list, "key_mode", "fail", "chmod 600 it, and have another one issued: " ISSUE,
              "%s has mode %04o and group %u: others can read it", path,
              (unsigned) st.st_mode & 07777, st.st_gid);
    else
        check(list, "key_mode", "ok", "", "mode %04o", (unsigned) st.st_mode & 07777);
}

/* by its own rights, or those of its group */
static bool manager_can_write(const char *path)
{
    const struct passwd *manager = getpwnam(MANAGER_USER);
    struct stat st;

    if (!manager || stat(path, &st) < 0)
        return false;
    return (st.st_uid == manager->pw_uid && st.st_mode & S_IWUSR) ||
           (st.st_gid == manager->pw_gid && st.st_mode & S_IWGRP) || st.st_mode & S_IWOTH;
}

static void check_writable(json_t *list, const struct certificate *c)
{
    auto_free char *dir =
        strndup(c->certificate, (size_t) (strrchr(c->certificate, '/') - c->certificate));
    const char *const paths[] = { dir, c->dns_hook[0] ? "" : c->webroot };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if (paths[i] && paths[i][0] && !manager_can_write(paths[i])) {
            check(list, "scheduled_renewal", "warn", "sudo ipam-orch init",
                  "user " MANAGER_USER " cannot write to %s: a scheduled renewal would fail",
                  paths[i]);
            return;
        }
    check(list, "scheduled_renewal", "ok", "", "the manager can write what a renewal writes");
}

/* ---- what it says ---- */

static void check_dates(json_t *list, const struct pair *p, int64_t now)
{
    int warning = pair_warning(p, now), days = pair_days_left(p, now);

    if (p->not_before > now)
        check(list, "validity", "fail", "check the clock of this host", "it is not valid yet");
    else if (warning < 0)
        check(list, "validity", "fail", "ipam-orch cert renew", "it has expired");
    else if (warning > 0)
        check(list, "validity", warning <= 7 ? "fail" : "warn", "ipam-orch cert renew",
              "%d days are left", days);
    else
        check(list, "validity", "ok", "", "%d days are left", days);
}

static void check_pair(json_t *list, const struct pair *p, bool key_known, int64_t now)
{
    auto_free char *missing = strv_join(p->missing, ", ");

    if (!key_known)
        check(list, "key", "skip", "sudo ipam-orch cert status", "it cannot be read by this user");
    else
        check(list, "key", p->key_matches ? "ok" : "fail", "ipam-orch cert import, or " ISSUE, "%s",
              p->key_matches    ? "it is that of the certificate"
              : p->key_readable ? "it is not that of the certificate"
                                : "it is no key in PEM form, or needs a passphrase");
    check(list, "strength", p->strong ? "ok" : "fail", ISSUE, "%s", p->key_type);
    check(list, "chain", p->chain_ok ? "ok" : "fail", "put the issuers after it, in order",
          "%u %s in the file%s", p->chain, p->chain == 1 ? "certificate" : "certificates",
          p->chain_ok ? "" : ", not each signed by the next");
    check(list, "names", missing[0] ? "fail" : "ok", ISSUE, "%s%s",
          missing[0] ? "it is not for " : "it is for all names of the project", missing);
    check_dates(list, p, now);
    if (p->self_signed)
        check(list, "issuer", "warn", ISSUE, "self-signed: a test certificate nobody trusts");
    else
        check(list, "issuer", "ok", "", "%s", p->issuer);
}

/* a certificate from elsewhere cannot be for names of this machine */
static const char **wanted_names(const struct certificate *c, bool self_signed)
{
    size_t n = 0, kept = 0;
    const char **names;

    while (c->names && c->names[n])
        n++;
    names = calloc(n + 1, sizeof *names);
    if (!names)
        abort();
    for (size_t i = 0; i < n; i++)
        if (self_signed || !pair_is_local_name(c->names[i]))
            names[kept++] = c->names[i];
    return names;
}

/* ---- who serves it ---- */

struct looks {
    const char *fingerprint;
    json_t *list;
    bool differs, failed;
};

static void look(void *owner, const struct cert_port *port)
{
    struct looks *l = owner;
    struct served seen = { 0 };
    struct err e = ERR_INIT;
    int r = served_look(port->address, port->port, &seen, &e);
    bool matches = r == 0 && strcmp(seen.fingerprint, l->fingerprint) == 0;

    l->failed |= r < 0;
    l->differs |= r == 0 && !matches;
    (void) json_array_append_new(
        l->list, json_pack("{s:s,s:s,s:i,s:b,s:s,s:s}", "service", port->service, "name",
                           port->name, "port", (int) port->port, "matches", matches, "fingerprint",
                           seen.fingerprint, "error", r < 0 ? e.msg : ""));
}

static void check_served(const struct cert_view *v, const char *fingerprint, json_t *checks,
                         json_t *out)
{
    struct looks l = { .fingerprint = fingerprint, .list = json_array() };
    json_t *matches = json_null();
    struct err e = ERR_INIT;
    int r =
        v->running ? cert_ports(v->procedure, v->running, v->certificate, look, &l, &e) : -ENOENT;

    if (r < 0 || json_array_size(l.list) == 0) {
        check(checks, "served", "skip", "ipam-orch up", "nobody serves it now");
    } else {
        matches = json_boolean(!l.differs && !l.failed);
        check(checks, "served", json_is_true(matches) ? "ok" : "fail",
              l.failed ? "ipam-orch ps" : "ipam-orch reload, or: ipam-orch up", "%s",
              l.failed    ? "a port that should does not answer by TLS"
              : l.differs ? "another certificate than that of the file is served"
                          : "what is served is what is in the file");
    }
    (void) json_object_set_new(out, "served", l.list);
    (void) json_object_set_new(out, "served_matches_file", matches);
}

/* ---- all of it ---- */

static json_t *names_to_json(char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void) json_array_append_new(list, json_string(*names));
    return list;
}

static const char *source_of(const struct cert_view *v, const struct pair *p)
{
    if (strcmp(member_text(v->record, "fingerprint"), p->fingerprint) == 0)
        return member_text(v->record, "source");
    return p->self_signed ? "self-signed" : "unknown";
}

static json_t *describe(const struct cert_view *v, const struct pair *p)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:I,s:i,s:b,s:b,s:s,s:s}", "subject", p->subject,
                     "issuer", p->issuer, "serial", p->serial, "fingerprint", p->fingerprint,
                     "names", names_to_json(p->names), "not_before", (json_int_t) p->not_before,
                     "not_after", (json_int_t) p->not_after, "days_left", pair_days_left(p, v->now),
                     "self_signed", p->self_signed, "due", pair_is_due(p, v->now), "key_type",
                     p->key_type, "source", source_of(v, p));
}

static json_t *readable(const struct cert_view *v, const char *text, json_t *checks)
{
    const struct certificate *c = v->certificate;
    char *key = cert_read(c->key);
    auto_free const char **names = NULL;
    struct pair p;
    json_t *out;

    pair_look(text, key, NULL, &p);
    names = wanted_names(c, p.self_signed);
    pair_clear(&p);
    pair_look(text, key, names, &p);
    if (p.readable) {
        check(checks, "certificate", "ok", "", "%s", c->certificate);
        check_pair(checks, &p, key != NULL, v->now);
        out = describe(v, &p);
        check_served(v, p.fingerprint, checks, out);
    } else {
        check(checks, "certificate", "fail", "ipam-orch cert self-signed, or " ISSUE,
              "%s holds no certificate in PEM form", c->certificate);
        out = json_object();
    }
    pair_clear(&p);
    x509_wipe(key);
    return out;
}

json_t *cert_status(const struct cert_view *v)
{
    const struct certificate *c = v->certificate;
    json_t *checks = json_array(), *out = NULL;
    bool there = is_there(checks, "certificate", c->certificate);
    auto_free char *text = there ? cert_read(c->certificate) : NULL;

    if (text)
        out = readable(v, text, checks);
    else if (there)
        check(checks, "certificate", "skip", "sudo ipam-orch cert status",
              "%s cannot be read by this user", c->certificate);
    if (!out)
        out = json_object();
    if (is_there(checks, "key_file", c->key))
        check_key_mode(checks, c->key);
    check_writable(checks, c);
    (void) json_object_set_new(out, "certificate", json_string(c->certificate));
    (void) json_object_set_new(out, "key", json_string(c->key));
    (void) json_object_set_new(out, "checks", checks);
    return out;
}

size_t cert_status_count(const json_t *status, const char *word)
{
    json_t *one;
    size_t i, n = 0;

    json_array_foreach (json_object_get(status, "checks"), i, one)
        n += strcmp(member_text(one, "status"), word) == 0;
    return n;
}
