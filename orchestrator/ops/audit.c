#include "ops/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "ops/workdir.h"

#define FILE_NAME "audit.jsonl"
#define HIDDEN    "***"

enum { NAME_ROOM = 32, TRIES = 8 };

/* ---- what may be kept of a command line ---- */

/* behind so many words, options aside, come those of somebody else's program, or values */
static const struct {
    const char *verb;
    unsigned words;
} reserved[] = { { "exec", 3 }, { "run", 3 }, { "secrets", 3 } };

static bool is_secret_option(const char *word)
{
    static const char *const parts[] = { "password", "passphrase", "secret", "token", "key" };
    size_t len = strcspn(word, "=");

    if (word[0] != '-')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *found = strcasestr(word, parts[i]);

        if (found && found < word + len)
            return true;
    }
    return false;
}

/* NAME=VALUE becomes NAME=***; what begins with a dash, also that of its option */
static json_t *without_value(const char *word)
{
    const char *equals = strrchr(word, '=');

    return equals ? json_sprintf("%.*s=" HIDDEN, (int) (equals - word), word) : json_string(word);
}

static bool is_env(const char *word)
{
    return strcmp(word, "-e") == 0 || strcmp(word, "--env") == 0;
}

/* the word after it belongs to it */
static bool has_value(const char *word)
{
    static const char *const options[] = { "-u", "-w", "--user", "--workdir", "--index", "--name" };

    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (strcmp(word, options[i]) == 0)
            return true;
    return is_env(word);
}

static unsigned room_for(const char *verb)
{
    for (size_t i = 0; verb && i < ARRAY_LEN(reserved); i++)
        if (strcmp(reserved[i].verb, verb) == 0)
            return reserved[i].words;
    return UINT32_MAX;
}

json_t *audit_words(char *const *words)
{
    json_t *list = json_array();
    unsigned room = room_for(words[0]), plain = 0;

    for (size_t i = 0; words[i]; i++) {
        const char *word = words[i], *before = i > 0 ? words[i - 1] : "";
        json_t *kept;

        if (plain == room) {
            (void) json_array_append_new(list, json_string("..."));
            break;
        }
        plain += word[0] != '-' && !has_value(before);
        if (is_secret_option(before) && !strchr(before, '='))
            kept = json_string(HIDDEN);
        else if (is_env(before) || strncmp(word, "-e", 2) == 0 || strncmp(word, "--env=", 6) == 0 ||
                 is_secret_option(word))
            kept = without_value(word);
        else
            kept = json_string(word);
        /* a word that is no text may be anything */
        (void) json_array_append_new(list, kept ? kept : json_string(HIDDEN));
    }
    return list;
}

json_t *audit_who(void)
{
    const struct passwd *pw = getpwuid(getuid());
    const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    json_t *who =
        json_pack("{s:s,s:I}", "user", pw ? pw->pw_name : "?", "uid", (json_int_t) getuid());
    json_t *by = sudo ? json_string(sudo) : NULL;

    if (by)
        (void) json_object_set_new(who, "sudo_user", by);
    return who;
}

/* ---- the file ---- */

static void name_of(unsigned n, char out[NAME_ROOM])
{
    if (n == 0)
        (void) snprintf(out, NAME_ROOM, FILE_NAME);
    else
        (void) snprintf(out, NAME_ROOM, FILE_NAME ".%u", n);
}

static void rotate(int dir)
{
    char from[NAME_ROOM], to[NAME_ROOM];

    for (unsigned n = AUDIT_FILES - 1; n > 0; n--) {
        name_of(n - 1, from);
        name_of(n, to);
        (void) renameat(dir, from, dir, to);
    }
}

/* the present file, locked; another process may just have put it aside */
static int open_locked(int dir, int *out, struct err *e)
{
    for (int i = 0; i < TRIES; i++) {
        auto_fd fd = -1;
        struct stat mine, present;
        int r = workdir_open_at(dir, FILE_NAME, O_RDWR | O_CREAT | O_APPEND, &fd, e);

        if (r < 0)
            return r;
        if (flock(fd, LOCK_EX) < 0 || fstat(fd, &mine) < 0)
            return err_set(e, -errno, FILE_NAME ": %s", strerror(errno));
        if (fstatat(dir, FILE_NAME, &present, AT_SYMLINK_NOFOLLOW) < 0 ||
            present.st_ino != mine.st_ino)
            continue;
        if (mine.st_size < AUDIT_BYTES) {
            *out = take_fd(&fd);
            return 0;
        }
        rotate(dir);
    }
    return err_set(e, -EAGAIN, FILE_NAME " is put aside again and again");
}

int audit_append(int dir, const json_t *line, struct err *e)
{
    auto_free char *text = json_dumps(line, JSON_COMPACT);
    auto_free char *whole = NULL;
    auto_fd fd = -1;
    int r = open_locked(dir, &fd, e);

    if (r < 0)
        return r;
    if (!text || asprintf(&whole, "%s\n", text) < 0)
        abort();
    r = fsio_end_line(fd);
    if (r >= 0)
        r = fsio_write_all(fd, whole, strlen(whole));
    return r < 0 ? err_set(e, r, FILE_NAME ": %s", strerror(-r)) : 0;
}

json_t *audit_read(int dir)
{
    json_t *list = json_array();

    for (unsigned n = AUDIT_FILES; n > 0; n--) {
        auto_free char *text = NULL;
        char name[NAME_ROOM], *rest = NULL;
        auto_fd fd = -1;

        name_of(n - 1, name);
        if (workdir_open_at(dir, name, O_RDONLY, &fd, NULL) < 0 ||
            fsio_read_fd(fd, 2 * (size_t) AUDIT_BYTES, &text, NULL) < 0)
            continue;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            json_t *one = json_loads(line, 0, NULL);

            if (json_is_object(one))
                (void) json_array_append_new(list, one);
            else
                json_decref(one);
        }
    }
    return list;
}
