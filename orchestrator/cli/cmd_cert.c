/* cert: the certificate of the project, how it is and where the next one is from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/certificate.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/acme.h"
#include "ops/cert.h"
#include "ops/cert_issue.h"
#include "ops/cert_status.h"
#include "ops/x509.h"

enum {
    OPT_DOMAIN = 256,
    OPT_EMAIL,
    OPT_DIRECTORY,
    OPT_STAGING,
    OPT_DNS_HOOK,
    OPT_EAB_ID,
    OPT_EAB_FILE,
    OPT_NEW_ACCOUNT,
    OPT_FORCE,
    EAB_MAX = 4096,
    WORDS_MAX = 3
};

struct input {
    char **words, **domains;
    const char *eab_file;
    struct cert_wish wish;
};

static const struct argp_option options[] = {
    { "domain", OPT_DOMAIN, "NAME", 0, "issue: for this name instead of the project's; repeatable",
      0 },
    { "email", OPT_EMAIL, "ADDRESS", 0, "issue: of the account", 0 },
    { "acme-directory", OPT_DIRECTORY, "URL", 0, "issue, renew: from this ACME server", 0 },
    { "staging", OPT_STAGING, NULL, 0, "issue, renew: from Let's Encrypt's server for trials", 0 },
    { "dns-hook", OPT_DNS_HOOK, "PROGRAM", 0,
      "issue: answer dns-01 challenges by this program, called as uacme(1) says", 0 },
    { "eab-key-id", OPT_EAB_ID, "ID", 0, "issue: of an external account, for a new account", 0 },
    { "eab-key-file", OPT_EAB_FILE, "FILE", 0, "issue: with its key, base64url", 0 },
    { "new-account", OPT_NEW_ACCOUNT, NULL, 0, "issue: instead of the account that is kept", 0 },
    { "force", OPT_FORCE, NULL, 0,
      "renew: before it is time; self-signed: in place of a real certificate", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    struct cert_wish *w = &in->wish;

    switch (key) {
    case OPT_DOMAIN: strv_append(&in->domains, arg); return 0;
    case OPT_EMAIL: w->email = arg; return 0;
    case OPT_DIRECTORY: w->directory = arg; return 0;
    case OPT_STAGING: w->directory = ACME_STAGING; return 0;
    case OPT_DNS_HOOK: w->dns_hook = arg; return 0;
    case OPT_EAB_ID: w->eab_key_id = arg; return 0;
    case OPT_EAB_FILE: in->eab_file = arg; return 0;
    case OPT_NEW_ACCOUNT: w->new_account = true; return 0;
    case OPT_FORCE: w->force = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= WORDS_MAX)
            argp_error(state, "too many words");
        strv_append(&in->words, arg);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what is shown ---- */

static json_t *look(const struct certificate_of *v)
{
    const struct procedure *p = &v->operate.procedure;
    json_t *record = cert_record(p);
    const struct cert_view view = { .procedure = p,
                                    .certificate = &v->certificate,
                                    .running = v->running,
                                    .record = record,
                                    .now = (int64_t) (clock_wall_us() / USEC_PER_SEC) };
    json_t *status = cert_status(&view);

    json_decref(record);
    return status;
}

static void print_table(const struct cli *cli, const json_t *status)
{
    static const char *const order[] = { "fail", "warn", "skip", "ok" };
    const json_t *list = json_object_get(status, "checks");
    json_t *one;
    size_t i;

    if (json_object_get(status, "subject") && !cli->quiet) {
        char when[WHEN_TEXT];
        json_t *name;

        when_format((uint64_t) json_integer_value(json_object_get(status, "not_after")) *
                        USEC_PER_SEC,
                    when);
        printf("%s, until %.16s, from %s\nnames:", member_text(status, "subject"), when,
               member_text(status, "issuer"));
        json_array_foreach (json_object_get(status, "names"), i, name)
            printf(" %s", json_string_value(name));
        printf("\nserial: %s\n", member_text(status, "serial"));
    }
    for (size_t k = 0; k < ARRAY_LEN(order); k++)
        json_array_foreach (list, i, one) {
            const char *remedy = member_text(one, "remedy");

            if (strcmp(member_text(one, "status"), order[k]) != 0 ||
                (cli->quiet && strcmp(order[k], "fail") != 0))
                continue;
            printf("%-6s %-18s %s\n", order[k], member_text(one, "id"),
                   member_text(one, "measured"));
            if (remedy[0])
                printf("       next: %s\n", remedy);
        }
}

static void print(const struct cli *cli, const struct certificate_of *v, json_t *status)
{
    if (cli->format == FORMAT_JSON)
        (void) documents_print(v->operate.project, json_incref(status));
    else
        print_table(cli, status);
}

/* ---- what is done ---- */

static int do_status(struct cli *cli, struct input *in, struct certificate_of *v, struct err *e)
{
    json_t *status = look(v);
    size_t bad = cert_status_count(status, "fail");

    (void) in;
    print(cli, v, status);
    json_decref(status);
    return bad > 0 ? err_set(e, -EBADMSG, "%zu checks of the certificate failed", bad) : 0;
}

static int do_self_signed(struct cli *cli, struct input *in, struct certificate_of *v,
                          struct err *e)
{
    (void) cli;
    return cert_self_sign(&v->operate.procedure, &v->certificate, &in->wish, e);
}

static int read_eab(const struct input *in, char **out, struct err *e)
{
    int r;

    if (!in->eab_file != !in->wish.eab_key_id) {
        err_set(e, -EINVAL, "--eab-key-id and --eab-key-file go together");
        return err_classify(e, ERR_USAGE);
    }
    if (!in->eab_file)
        return 0;
    r = fsio_read(AT_FDCWD, in->eab_file, EAB_MAX, out, NULL);
    if (r < 0)
        return err_set(e, r, "%s: %s", in->eab_file, strerror(-r));
    (*out)[strcspn(*out, " \r\n")] = '\0';
    return 0;
}

static int do_issue(struct cli *cli, struct input *in, struct certificate_of *v, struct err *e)
{
    char *key = NULL;
    int r = read_eab(in, &key, e);

    (void) cli;
    in->wish.eab_key = key;
    if (r == 0)
        r = cert_issue(&v->operate.procedure, &v->certificate, &in->wish, e);
    x509_wipe(key);
    return r;
}

static int do_renew(struct cli *cli, struct input *in, struct certificate_of *v, struct err *e)
{
    enum cert_renewal how = CERT_NOT_DUE;
    int r = cert_renew(&v->operate.procedure, &v->certificate, &in->wish, &how, e);

    if (r == 0 && how == CERT_NOT_DUE && !cli->quiet)
        fputs("it is not time yet: a certificate is renewed when a third of its lifetime is "
              "left; --force renews it now\n",
              stderr);
    if (r == 0 && how == CERT_NOT_OURS) {
        err_set(e, -ENOTSUP, "%s was not issued for this project by an ACME server",
                v->certificate.certificate);
        r = err_hint(e, "ipam-orch cert import CERTIFICATE KEY, or: ipam-orch cert issue");
    }
    return r;
}

static int do_import(struct cli *cli, struct input *in, struct certificate_of *v, struct err *e)
{
    (void) cli;
    if (strv_len(in->words) != 3) {
        err_set(e, -EINVAL, "import needs the files of a certificate and of its key");
        err_hint(e, "ipam-orch cert import CERTIFICATE KEY");
        return err_classify(e, ERR_USAGE);
    }
    return cert_import(&v->operate.procedure, &v->certificate, in->words[1], in->words[2], e);
}

static const struct action {
    const char *word;
    int (*run)(struct cli *cli, struct input *in, struct certificate_of *v, struct err *e);
    bool changes; /* with the lock, and shown afterwards */
} actions[] = {
    { "status", do_status, false }, { "self-signed", do_self_signed, true },
    { "issue", do_issue, true },    { "renew", do_renew, true },
    { "import", do_import, true },
};

static const struct action *find(const struct input *in, struct err *e)
{
    static const char *const words[] = {
        "status", "self-signed", "issue", "renew", "import", NULL
    };
    const char *word = in->words ? in->words[0] : "status", *near;

    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].word, word) == 0 &&
            (strv_len(in->words) < 2 || actions[i].run == do_import))
            return &actions[i];
    near = suggest(word, words);
    if (near && strcmp(near, word) == 0)
        err_set(e, -EINVAL, "cert %s takes no further word", word);
    else
        err_set(e, -EINVAL, "cert has no '%s'", word);
    if (near)
        err_hint(e, "ipam-orch cert %s", near);
    else
        err_hint(e, "ipam-orch cert --help");
    (void) err_classify(e, ERR_USAGE);
    return NULL;
}

static int act(struct cli *cli, struct input *in, const struct action *action, struct err *e)
{
    auto_free char *verb = NULL;
    struct certificate_of v;
    int r;

    if (asprintf(&verb, "cert %s", action->word) < 0)
        abort();
    r = certificate_open(cli, action->changes ? verb : NULL, &v, e);
    if (r == 0)
        r = action->run(cli, in, &v, e);
    if (r == 0 && action->changes) {
        json_t *status = look(&v);

        print(cli, &v, status);
        json_decref(status);
    }
    certificate_close(&v, r);
    return r;
}

int cmd_cert(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[status|self-signed|issue|renew|import CERTIFICATE KEY]",
        .doc = "The certificate that x-ipam-orch.certificate names: how it is, and whether it is "
               "what is served (status); a test certificate (self-signed); one from Let's Encrypt "
               "or another ACME server (issue); the next one when it is time (renew); one's own "
               "(import).  What serves it reads the new one without a restart; if that fails, the "
               "old one comes back."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    const struct action *action;
    int r = -EINVAL;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    in.wish.domains = (const char *const *) in.domains;
    action = find(&in, &e);
    if (action)
        r = act(cli, &in, action, &e);
    strv_free(in.words);
    strv_free(in.domains);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
