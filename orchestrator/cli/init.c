#include "cli/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/password.h"
#include "base/paths.h"
#include "cli/shipped.h"
#include "cli/wizard.h"
#include "model/settings.h"

enum { WHY_ROOM = 256 };

struct init {
    const struct init_options *o;
    bool shipped; /* the project is made from the shipped template */
    struct err *e;
};

static bool has_compose_file(const char *dir)
{
    static const char *const names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
                                         "docker-compose.yaml" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        auto_free char *path = paths_join("%s/%s", dir, names[i]);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static int from_template(struct init *i, const char *dir)
{
    int r = shipped_copy(dir, i->e);

    if (r == 0)
        i->o->say(i->o->owner, dir, "the IPAM project");
    i->shipped = true;
    return r;
}

/* ---- owner ---- */

static bool sudo_id(const char *variable, unsigned *out)
{
    const char *text = getenv(variable);
    uint64_t n = 0;

    if (geteuid() != 0 || !text || num_u64(text, UINT32_MAX - 1, &n) < 0)
        return false;
    *out = (unsigned) n;
    return true;
}

void init_private(struct stat *out)
{
    unsigned uid, gid;
    bool sudo = sudo_id("SUDO_UID", &uid) && sudo_id("SUDO_GID", &gid);

    *out = (struct stat){ .st_mode = 0600 };
    out->st_uid = sudo ? uid : geteuid();
    out->st_gid = sudo ? gid : getegid();
}

/* ---- values ---- */

/* the first key of that type gets the value that was given as an option */
static int give(struct settings *s, enum setting_type type, const char *option, const char *value,
                struct err *e)
{
    char why[WHY_ROOM];

    for (size_t i = 0; value && i < s->n; i++) {
        if (!s->items[i].described || s->items[i].type != type)
            continue;
        if (setting_refuse(&s->items[i], value, why, sizeof why)) {
            err_set(e, -EINVAL, "%s: %s", option, why);
            return err_classify(e, ERR_USAGE);
        }
        return settings_set(s, s->items[i].name, value, e);
    }
    if (!value)
        return 0;
    err_set(e, -EINVAL, "%s: the template has no setting of type %s", option,
            setting_type_text[type]);
    return err_classify(e, ERR_USAGE);
}

/* every empty secret that the template says how to make */
static int make_secrets(struct settings *s, unsigned *made, struct err *e)
{
    char secret[PASSWORD_MAX + 1];
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->n; i++) {
        const struct setting *item = &s->items[i];

        if (item->generate == 0 || item->value[0] != '\0' || item->several)
            continue;
        r = password_make(secret, item->generate);
        if (r < 0)
            return err_set(e, r, "the random numbers of the kernel: %s", strerror(-r));
        r = settings_set(s, item->name, secret, e);
        settings_date(s, item->name, (long long) time(NULL));
        ++*made;
    }
    explicit_bzero(secret, sizeof secret);
    return r;
}

/* ---- files ---- */

static int write_settings(const char *path, const struct settings *s, const struct stat *like,
                          struct err *e)
{
    size_t len = 0;
    auto_free char *text = settings_text(s, &len);
    int r = fsio_write_owned(AT_FDCWD, path, text, len, like);

    explicit_bzero(text, len);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

/* Root gives the manager the places that a scheduled renewal writes to: certificates for it and
 * root alone, challenges for whoever serves them too. */
static int share(const struct init *i, const char *dir)
{
    static const struct {
        const char *name;
        mode_t mode;
    } places[] = { { "certs", 02770 }, { "acme", 02775 } };
    const struct group *manager = geteuid() == 0 ? getgrnam("ipam-orch") : NULL;

    for (size_t n = 0; manager && n < ARRAY_LEN(places); n++) {
        auto_free char *path = paths_join("%s/%s", dir, places[n].name);
        auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
            continue;
        if (fstat(fd, &st) < 0)
            return err_set(i->e, -errno, "%s: %s", path, strerror(errno));
        if (st.st_gid == manager->gr_gid && (st.st_mode & places[n].mode) == places[n].mode)
            continue;
        if (fchown(fd, (uid_t) -1, manager->gr_gid) < 0 || fchmod(fd, places[n].mode) < 0)
            return err_set(i->e, -errno, "%s: %s", path, strerror(errno));
        i->o->say(i->o->owner, path, "for scheduled renewals: the group ipam-orch can write there");
    }
    return 0;
}

/* the template as it is today, with where it comes from */
static int keep_base(const char *dir, const char *template, const char *text, struct err *e)
{
    auto_free char *path = paths_join("%s/" INIT_BASE, dir);
    auto_free char *kept = paths_join(INIT_BASE_FROM "%s\n%s", template, text);
    struct stat like;
    int r;

    init_private(&like);
    like.st_mode = 0644;
    r = fsio_write_owned(AT_FDCWD, path, kept, strlen(kept), &like);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

char *init_template(const char *dir)
{
    auto_free char *base_path = paths_join("%s/" INIT_BASE, dir), *base = NULL;
    auto_free char *directory = shipped_directory();
    auto_free char *shipped = paths_join("%s/env.template", directory);
    auto_free char *own = paths_join("%s/env.template", dir);
    size_t from = strlen(INIT_BASE_FROM), n = strlen(shipped);

    if (fsio_read(AT_FDCWD, base_path, LIMIT_ENV_FILE, &base, NULL) == 0 &&
        strncmp(base, INIT_BASE_FROM, from) == 0 && strncmp(base + from, shipped, n) == 0 &&
        base[from + n] == '\n' && access(shipped, R_OK) == 0)
        return take_ptr(shipped);
    return access(own, F_OK) == 0 ? take_ptr(own) : NULL;
}

static int make_env(const struct init *i, const char *dir, const char *template, const char *path)
{
    auto_free char *text = NULL;
    auto_free char *directory = shipped_directory();
    auto_free char *shipped = paths_join("%s/env.template", directory);
    struct settings s = { 0 };
    struct stat like;
    unsigned made = 0;
    int r = fsio_read(AT_FDCWD, template, LIMIT_ENV_FILE, &text, NULL);

    if (r < 0)
        return err_set(i->e, r, "%s: %s", template, strerror(-r));
    settings_parse(text, &s);
    r = give(&s, SETTING_DOMAIN, "--domain", i->o->domain, i->e);
    if (r == 0)
        r = give(&s, SETTING_EMAIL, "--email", i->o->email, i->e);
    if (r == 0 && i->o->ask)
        r = wizard_ask(&s, stdin, stderr, i->e);
    if (r == 0)
        r = make_secrets(&s, &made, i->e);
    init_private(&like);
    if (r == 0)
        r = write_settings(path, &s, &like, i->e);
    if (r == 0)
        r = keep_base(dir, i->shipped ? shipped : template, text, i->e);
    settings_clear(&s);
    if (r == 0)
        i->o->say(i->o->owner, path, "with generated secrets, readable by its owner only");
    return r;
}

static int variables(const struct init *i, const char *dir)
{
    auto_free char *env = paths_join("%s/.env.prod", dir);
    auto_free char *template = paths_join("%s/env.template", dir);
    bool missing = access(env, F_OK) < 0 && access(template, F_OK) == 0;
    int r = missing ? make_env(i, dir, template, env) : 0; /* wrong options end it first */

    return r < 0 ? r : share(i, dir);
}

int init_variables(const char *dir, const struct init_options *o, struct err *e)
{
    const struct init i = { .o = o, .e = e };

    return variables(&i, dir);
}

int init_project(const char *dir, const struct init_options *o, struct err *e)
{
    struct init i = { .o = o, .e = e };
    int r = has_compose_file(dir) ? 0 : from_template(&i, dir);

    return r < 0 ? r : variables(&i, dir);
}

/* ---- what is there already ---- */

int init_check(const char *dir, struct err *e)
{
    static const char *const files[] = { ".env.prod", ".env" };
    auto_free char *template = paths_join("%s/env.template", dir), *text = NULL;
    struct settings s = { 0 };
    bool missing = false;

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *path = paths_join("%s/%s", dir, files[i]);
        if (access(path, F_OK) == 0)
            return 0;
    }
    if (fsio_read(AT_FDCWD, template, LIMIT_ENV_FILE, &text, NULL) < 0)
        return 0;
    settings_parse(text, &s);
    for (size_t i = 0; i < s.n; i++)
        missing |= s.items[i].required && !getenv(s.items[i].name);
    settings_clear(&s);
    if (!missing)
        return 0;
    err_set(e, -ENOENT, "%s/.env.prod is missing: it has the settings and secrets of the project",
            dir);
    err_hint(e, "ipam-orch init");
    return err_classify(e, ERR_CONFIG);
}

/* the template and .env.prod, as they are; *like is what the latter is */
static int read_both(const char *dir, const char *env, char **template_text, struct settings *s,
                     struct stat *like, struct err *e)
{
    auto_free char *template = init_template(dir), *text = NULL;
    int r = fsio_read(AT_FDCWD, env, LIMIT_ENV_FILE, &text, NULL);

    if (r == 0 && stat(env, like) < 0)
        r = -errno;
    if (r < 0)
        return err_set(e, r, "%s: %s", env, strerror(-r));
    if (template && (r = fsio_read(AT_FDCWD, template, LIMIT_ENV_FILE, template_text, NULL)) < 0)
        return err_set(e, r, "%s: %s", template, strerror(-r));
    settings_parse(text, s);
    explicit_bzero(text, strlen(text));
    return 0;
}

int init_complete(const char *dir, unsigned *made, struct err *e)
{
    auto_free char *env = paths_join("%s/.env.prod", dir), *text = NULL;
    auto_free char *template = init_template(dir);
    struct settings s = { 0 }, from = { 0 };
    struct stat like;
    int r = read_both(dir, env, &text, &s, &like, e);

    *made = 0;
    if (r == 0 && text)
        settings_parse(text, &from);
    for (size_t i = 0; r == 0 && i < from.n; i++) {
        if (settings_find(&s, from.items[i].name))
            continue;
        settings_append(&s, &from, from.items[i].name);
        *made += from.items[i].value[0] != '\0';
    }
    if (r == 0)
        r = make_secrets(&s, made, e);
    if (r == 0 && *made > 0)
        r = write_settings(env, &s, &like, e);
    if (r == 0 && text)
        r = keep_base(dir, template, text, e);
    settings_clear(&from);
    settings_clear(&s);
    return r;
}

bool init_warn_of_data(const char *volume)
{
    auto_free char *path = paths_join("%s/volumes/%s", paths_state(), volume);

    if (access(path, F_OK) < 0)
        return false;
    fprintf(stderr,
            "warning: volume '%s' is from before, and what it holds may know other passwords than "
            "the new ones: bring the old .env.prod back, or remove the data with "
            "ipam-orch down -v\n",
            volume);
    return true;
}
