#include "cli/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/paths.h"

/* what of the shipped example does not belong into a project; its tests and sources stay behind */
static const char *const left_out[] = { "node_modules", "tests",      "__pycache__",
                                        "src",          ".gitignore", ".pytest_cache" };
enum { TREE_DEPTH_MAX = 12, FILE_MAX = 32 * 1024 * 1024, SECRET_MAX = 128 };

struct init {
    init_say *say;
    void *owner;
    struct err *e;
};

static bool is_left_out(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
        if (strcmp(name, left_out[i]) == 0)
            return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int copy_file(const struct init *i, const char *from, const char *to, mode_t mode)
{
    auto_free char *data = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, from, FILE_MAX, &data, &len);

    if (r == 0 && access(to, F_OK) < 0)
        r = fsio_write_atomic(AT_FDCWD, to, data, len, mode & 0111 ? 0755 : 0644);
    return r < 0 ? err_set(i->e, r, "copying %s to %s: %s", from, to, strerror(-r)) : 0;
}

static int copy_tree(const struct init *i, const char *from, const char *to, int depth)
{
    auto_dir dir = opendir(from);
    int r = depth > TREE_DEPTH_MAX ? -ELOOP : fsio_mkdir_p(to, 0755);

    if (!dir || r < 0)
        return err_set(i->e, r < 0 ? r : -errno, "copying %s: %s", from,
                       strerror(r < 0 ? -r : errno));
    for (struct dirent *d; (d = readdir(dir));) {
        auto_free char *source = paths_join("%s/%s", from, d->d_name);
        auto_free char *target = paths_join("%s/%s", to, d->d_name);
        struct stat st;

        if (is_left_out(d->d_name) || lstat(source, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            r = copy_tree(i, source, target, depth + 1);
        else if (S_ISREG(st.st_mode))
            r = copy_file(i, source, target, st.st_mode);
        if (r < 0)
            return r;
    }
    return 0;
}

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

static int from_template(const struct init *i, const char *dir)
{
    auto_free char *template = paths_join("%s/examples/ipam", paths_data());
    int r;

    if (!has_compose_file(template)) {
        err_set(i->e, -ENOENT, "the project template %s is missing", template);
        err_hint(i->e, "reinstall the package ipam-orch");
        return err_classify(i->e, ERR_MISSING);
    }
    r = copy_tree(i, template, dir, 0);
    if (r == 0)
        i->say(i->owner, dir, "the IPAM project");
    return r;
}

/* letters and digits without those that look alike: safe in URLs, ini files and shells, and
 * readable aloud; 32 of them are more than 180 bits */
static int random_text(char *out, size_t n)
{
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    const unsigned letters = sizeof alphabet - 1, even = 256 - 256 % letters;

    for (size_t i = 0; i < n;) {
        unsigned char byte;

        if (getrandom(&byte, 1, 0) != 1)
            return -errno;
        if (byte < even) /* a remainder would prefer the first letters */
            out[i++] = alphabet[byte % letters];
    }
    out[n] = '\0';
    return 0;
}

/* N of "generate=N" in an annotation line, 0 if it has none */
static size_t generate_length(const char *annotation)
{
    const char *at = strstr(annotation, "generate=");
    char digits[8] = "";
    uint64_t n = 0;

    if (!at)
        return 0;
    at += strlen("generate=");
    (void) snprintf(digits, sizeof digits, "%.*s", (int) strspn(at, "0123456789"), at);
    return num_u64(digits, SECRET_MAX, &n) == 0 ? (size_t) n : 0;
}

/* "KEY=" with nothing behind it */
static bool is_empty_key(const char *line)
{
    size_t key = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    return key > 0 && line[key] == '=' && line[key + 1] == '\0';
}

/* copies the template, filling in what it asks to be generated */
static int fill(char *template, FILE *out)
{
    size_t wanted = 0;
    char *rest = template, *line;

    while ((line = strsep(&rest, "\n"))) {
        char secret[SECRET_MAX + 1] = "";
        int r = wanted && is_empty_key(line) ? random_text(secret, wanted) : 0;

        if (r < 0)
            return r;
        fprintf(out, "%s%s%s", line, secret, rest ? "\n" : "");
        wanted = strncmp(line, "#:", 2) == 0 ? generate_length(line) : 0;
        explicit_bzero(secret, sizeof secret);
    }
    return 0;
}

static int make_env(const struct init *i, const char *template, const char *path)
{
    auto_free char *text = NULL, *filled = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, template, LIMIT_ENV_FILE, &text, NULL);
    FILE *out = r == 0 ? open_memstream(&filled, &len) : NULL;

    if (out) {
        r = fill(text, out);
        (void) fclose(out);
    }
    if (r == 0)
        r = fsio_write_atomic(AT_FDCWD, path, filled, len, 0600);
    if (filled)
        explicit_bzero(filled, len);
    if (r < 0)
        return err_set(i->e, r, "%s: %s", path, strerror(-r));
    i->say(i->owner, path, "with generated secrets, readable by its owner only");
    return 0;
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
        i->say(i->owner, path, "for scheduled renewals: the group ipam-orch can write there");
    }
    return 0;
}

int init_variables(const char *dir, init_say *say, void *owner, struct err *e)
{
    const struct init i = { .say = say, .owner = owner, .e = e };
    auto_free char *env = paths_join("%s/.env.prod", dir);
    auto_free char *template = paths_join("%s/env.template", dir);

    int r = share(&i, dir);

    if (r < 0 || access(env, F_OK) == 0 || access(template, F_OK) < 0)
        return r;
    return make_env(&i, template, env);
}

int init_project(const char *dir, init_say *say, void *owner, struct err *e)
{
    const struct init i = { .say = say, .owner = owner, .e = e };
    int r = has_compose_file(dir) ? 0 : from_template(&i, dir);

    return r < 0 ? r : init_variables(dir, say, owner, e);
}
