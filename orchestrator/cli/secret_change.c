#include "cli/secret_change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "cli/drift.h"
#include "cli/operate.h"
#include "cli/secret_input.h"
#include "ops/rotate.h"

enum { WHY_ROOM = 256 };

/* a value of .env.prod: nothing else can be changed here */
static int need_variable(const struct secret_list *l, const struct secret_item *item, struct err *e)
{
    if (item->file) {
        err_set(e, -EINVAL, "%s is the file %s", item->name, item->file);
        err_hint(e, "replace it, then: ipam-orch restart");
        return err_classify(e, ERR_CONFIG);
    }
    if (!l->env_path) {
        err_set(e, -ENOENT, "%s/.env.prod is missing", l->loaded.dir);
        err_hint(e, "ipam-orch init");
        return err_classify(e, ERR_CONFIG);
    }
    if (item->value[0] && !item->in_file) {
        err_set(e, -EINVAL, "%s comes from the environment, not from %s", item->name, l->env_path);
        return err_classify(e, ERR_CONFIG);
    }
    return 0;
}

static int refuse(const struct secret_item *item, const char *why, struct err *e)
{
    err_set(e, -EINVAL, "the value for %s %s", item->name, why);
    err_hint(e, "ipam-orch secrets rotate %s makes one", item->name);
    return err_classify(e, ERR_CONFIG);
}

static int read_value(const struct secret_list *l, const struct secret_item *item,
                      char out[PASSWORD_MAX + 1], struct err *e)
{
    char why[WHY_ROOM];
    int r = secret_input_read(item->name, out, e);

    if (r == 0 && secret_list_refuse(l, item, out, why, sizeof why))
        r = refuse(item, why, e);
    return r;
}

/* ---- set ---- */

/* In the file alone it would lock everybody out whose account it opens. */
static int may_set(const struct cli *cli, const struct secret_list *l,
                   const struct secret_item *item, struct err *e)
{
    auto_free struct drift *drift = NULL;
    int r = drift_look(cli, l, &drift, e);

    if (r < 0 || !drift || drift[item - l->items].state == DRIFT_NONE)
        return r;
    err_set(e, -EPERM, "%s is the password of '%s' in %s, which would go on with the old one",
            item->name, drift[item - l->items].user, drift[item - l->items].service);
    err_hint(e, "ipam-orch secrets rotate %s --stdin", item->name);
    return err_classify(e, ERR_UNSAFE);
}

static int write_value(struct secret_list *l, const struct secret_item *item, const char *value,
                       struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    struct stat like;
    int r;

    if (!settings_find(&l->env, item->name))
        settings_append(&l->env, &l->template, item->name);
    r = settings_set(&l->env, item->name, value, e);
    if (r < 0) {
        err_hint(e, "write %s= into %s first", item->name, l->env_path);
        return err_classify(e, ERR_CONFIG);
    }
    settings_date(&l->env, item->name, (long long) time(NULL));
    text = settings_text(&l->env, &len);
    r = stat(l->env_path, &like) < 0 ? -errno
                                     : fsio_write_owned(AT_FDCWD, l->env_path, text, len, &like);
    explicit_bzero(text, len);
    return r < 0 ? err_set(e, r, "%s: %s", l->env_path, strerror(-r)) : 0;
}

int secret_change_set(const struct cli *cli, struct secret_list *l, const char *name, struct err *e)
{
    char value[PASSWORD_MAX + 1];
    struct operate o = OPERATE_NONE;
    struct secret_item *item = NULL;
    auto_free char *readers = NULL;
    int r = secret_list_find(l, name, &item, e);

    if (r == 0)
        r = need_variable(l, item, e);
    if (r == 0)
        r = may_set(cli, l, item, e);
    /* nobody rotates one in the same file meanwhile */
    if (r == 0 && drift_has_manager(cli, l->loaded.name))
        r = operate_begin_named(cli, l->loaded.name, "secrets set", item->name, &o, e);
    if (r == 0)
        r = read_value(l, item, value, e);
    if (r == 0) {
        readers = secret_list_readers(item);
        r = write_value(l, item, value, e);
    }
    operate_end(&o, r);
    explicit_bzero(value, sizeof value);
    if (r == 0 && !cli->quiet)
        printf("%s is changed in %s; read by: %s\nnext: ipam-orch up\n", name, l->env_path,
               readers);
    return r;
}

/* ---- rotate ---- */

static int need_rotatable(const struct secret_item *item, struct err *e)
{
    if (item->setting && item->setting->once) {
        err_set(e, -EPERM,
                "%s is used at the first start only: what it made has its own password "
                "by now",
                item->name);
        err_hint(e, "change that in the application");
        return err_classify(e, ERR_UNSAFE);
    }
    if (item->secret && item->value[0])
        return 0;
    err_set(e, -EINVAL,
            item->secret ? "%s has no value yet"
                         : "%s is no secret of the compose file: who reads it is not known",
            item->name);
    err_hint(e, "ipam-orch secrets %s", item->secret ? "generate" : "set NAME, then ipam-orch up");
    return err_classify(e, ERR_CONFIG);
}

/* where the value before it stays accepted; it has to be in both files */
static void find_previous(const struct secret_list *l, const struct secret_item *item,
                          struct rotate *out)
{
    const char *name = item->setting ? item->setting->previous : NULL;
    struct secret_item *previous = NULL;

    if (!name || secret_list_find(l, name, &previous, NULL) < 0 || !previous->secret ||
        !settings_find(&l->env, name))
        return;
    out->previous = previous->secret;
    out->previous_variable = previous->name;
}

static int new_value(const struct secret_list *l, const struct secret_item *item,
                     const struct secret_change *how, char out[PASSWORD_MAX + 1], struct err *e)
{
    unsigned letters = item->setting ? item->setting->generate : 0;
    char why[WHY_ROOM];
    int r;

    if (how->given)
        return read_value(l, item, out, e);
    if (how->adopt) {
        if (secret_list_refuse(l, item, item->value, why, sizeof why))
            return refuse(item, why, e);
        (void) snprintf(out, PASSWORD_MAX + 1, "%s", item->value);
        return 0;
    }
    r = password_make(out, letters > 0 ? letters : PASSWORD_LENGTH);
    return r < 0 ? err_set(e, r, "the random numbers of the kernel: %s", strerror(-r)) : 0;
}

/* the value before this one becomes one that nobody knows */
static int drop_previous(const struct secret_item *item, struct rotate *how, char *value,
                         struct err *e)
{
    int r;

    if (!how->previous) {
        err_set(e, -EINVAL, "%s keeps no value before the present one", item->name);
        return err_classify(e, ERR_CONFIG);
    }
    how->secret = how->previous;
    how->variable = how->previous_variable;
    how->previous = how->previous_variable = NULL;
    r = password_make(value, PASSWORD_LENGTH);
    return r < 0 ? err_set(e, r, "the random numbers of the kernel: %s", strerror(-r)) : 0;
}

int secret_change_rotate(const struct cli *cli, struct secret_list *l, const char *name,
                         const struct secret_change *change, struct err *e)
{
    char value[PASSWORD_MAX + 1] = "";
    struct operate o = OPERATE_NONE;
    struct secret_item *item = NULL;
    struct rotate how = { .value = value, .adopt = change->adopt };
    int r = secret_list_find(l, name, &item, e);

    if (r == 0)
        r = need_variable(l, item, e);
    if (r == 0)
        r = need_rotatable(item, e);
    if (r < 0)
        return r;
    how.secret = item->secret;
    how.variable = item->name;
    how.env_file = l->env_path;
    find_previous(l, item, &how);
    r = change->drop_previous ? drop_previous(item, &how, value, e)
                              : new_value(l, item, change, value, e);
    if (r == 0)
        r = operate_begin_named(cli, l->loaded.name, "secrets rotate", item->name, &o, e);
    if (r == 0)
        r = rotate_run(&o.procedure, &how, e);
    operate_end(&o, r);
    explicit_bzero(value, sizeof value);
    if (r == 0 && !cli->quiet)
        printf("%s has a new value: in %s, in the running project and where it is a password\n",
               how.variable, l->env_path);
    return r;
}
