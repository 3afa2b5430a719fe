/* limits: what running services may use, shown and changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/request.h"

enum { TEXT = 64, USUAL_PERIOD_US = 100000 };

/* ---- one limit: its name, how it is written, how it is read ---- */

static uint64_t number(const json_t *limits, const char *key)
{
    return (uint64_t) json_integer_value(json_object_get(limits, key));
}

static void format_bytes(const json_t *l, const char *key, char out[TEXT])
{
    char text[NUM_BYTES_TEXT];
    uint64_t n = number(l, key);

    num_bytes_text(n, text);
    (void) snprintf(out, TEXT, "%s", n ? text : "none");
}

static void format_swap(const json_t *l, const char *key, char out[TEXT])
{
    if (number(l, "memory") == 0 || number(l, key) == INT64_MAX)
        (void) snprintf(out, TEXT, "none");
    else if (number(l, key) == 0)
        format_bytes(l, "memory", out); /* as much as memory: no swap */
    else
        format_bytes(l, key, out);
}

static void format_number(const json_t *l, const char *key, char out[TEXT])
{
    uint64_t n = number(l, key);

    (void) snprintf(out, TEXT, n ? "%llu" : "none", (unsigned long long) n);
}

static void format_cpus(const json_t *l, const char *key, char out[TEXT])
{
    uint64_t quota = number(l, "cpu_quota_us"), period = number(l, "cpu_period_us");
    uint64_t milli = quota ? quota * 1000 / (period ? period : USUAL_PERIOD_US) : number(l, key);

    (void) snprintf(out, TEXT, milli ? "%g" : "none", (double) milli / 1000.0);
}

static void format_text(const json_t *l, const char *key, char out[TEXT])
{
    const char *text = json_string_value(json_object_get(l, key));

    (void) snprintf(out, TEXT, "%.60s", text && text[0] ? text : "none");
}

static int read_bytes(const char *text, json_t *set, const char *key)
{
    uint64_t n = 0;
    int r = num_bytes(text, &n);

    if (r == 0 && (n == 0 || n > INT64_MAX))
        return -ERANGE;
    return r < 0 ? r : json_object_set_new(set, key, json_integer((json_int_t) n));
}

static int read_number(const char *text, json_t *set, const char *key)
{
    uint64_t n = 0;
    int r = num_u64(text, UINT32_MAX, &n);

    if (r == 0 && n == 0)
        return -ERANGE;
    return r < 0 ? r : json_object_set_new(set, key, json_integer((json_int_t) n));
}

/* a quota of the file says the same and would win */
static int read_cpus(const char *text, json_t *set, const char *key)
{
    uint64_t milli = 0;
    int r = num_milli_cpus(text, &milli);

    if (r == 0 && milli == 0)
        return -ERANGE;
    if (r == 0)
        r = json_object_set_new(set, "cpu_quota_us", json_integer(0));
    return r < 0 ? r : json_object_set_new(set, key, json_integer((json_int_t) milli));
}

static int read_text(const char *text, json_t *set, const char *key)
{
    return text[0] == '\0' ? -EINVAL : json_object_set_new(set, key, json_string(text));
}

static const struct limit {
    const char *name, *key; /* for people; on the wire */
    void (*format)(const json_t *limits, const char *key, char out[TEXT]);
    int (*read)(const char *text, json_t *set, const char *key);
    const char *form;
} limits[] = {
    { "memory", "memory", format_bytes, read_bytes, "a size such as 512m" },
    { "memory_swap", "memory_swap", format_swap, read_bytes, "a size such as 1g, memory included" },
    { "memory_low", "memory_low", format_bytes, read_bytes, "a size such as 128m" },
    { "cpus", "milli_cpus", format_cpus, read_cpus, "a number such as 1.5" },
    { "cpu_shares", "cpu_shares", format_number, read_number, "a number, 1024 being usual" },
    { "cpuset", "cpuset", format_text, read_text, "a list such as 0-2,4" },
    { "pids", "pids", format_number, read_number, "a number" },
};

/* ---- show ---- */

static void show_one(const json_t *instance)
{
    const char *service = json_string_value(json_object_get(instance, "name"));
    const json_t *now = json_object_get(instance, "limits");
    const json_t *file = json_object_get(instance, "wanted");

    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        char is[TEXT], wanted[TEXT];

        limits[i].format(now, limits[i].key, is);
        limits[i].format(file, limits[i].key, wanted);
        if (strcmp(is, wanted) == 0)
            printf("%-16s %-12s %s\n", service, limits[i].name, is);
        else
            printf("%-16s %-12s %-12s * the file says %s\n", service, limits[i].name, is, wanted);
    }
}

static int show(const struct cli *cli, char *const *services, struct err *e)
{
    json_t *instances = NULL;
    int r = request_inquiry(cli, "limits", services, NULL, &instances, e);

    if (r == 0 && cli->format == FORMAT_JSON) {
        documents_write(instances, stdout);
    } else if (r == 0) {
        printf("%-16s %-12s %s\n", "SERVICE", "LIMIT", "NOW");
        for (size_t i = 0; i < json_array_size(instances); i++)
            show_one(json_array_get(instances, i));
    }
    json_decref(instances);
    return r;
}

/* ---- set ---- */

static int unknown_limit(const char *name, struct err *e)
{
    const char *names[ARRAY_LEN(limits) + 1] = { NULL };
    const char *near;

    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        names[i] = limits[i].name;
    near = suggest(name, names);
    err_set(e, -EINVAL, "no limit is called '%s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    err_hint(e, "memory, memory_swap, memory_low, cpus, cpu_shares, cpuset, pids");
    return err_classify(e, ERR_USAGE);
}

static void lift(const struct limit *l, json_t *set)
{
    if (l->read == read_text)
        (void) json_object_set_new(set, l->key, json_string(""));
    else if (strcmp(l->key, "memory_swap") == 0)
        (void) json_object_set_new(set, l->key, json_integer(INT64_MAX));
    else
        (void) json_object_set_new(set, l->key, json_integer(0));
    if (l->read == read_cpus)
        (void) json_object_set_new(set, "cpu_quota_us", json_integer(0));
}

/* "memory=64m" */
static int read_word(const char *word, json_t *set, struct err *e)
{
    const char *value = strchr(word, '=');
    auto_free char *name = strndup(word, strcspn(word, "="));

    for (size_t i = 0; value && i < ARRAY_LEN(limits); i++) {
        const struct limit *l = &limits[i];

        if (strcmp(l->name, name) != 0)
            continue;
        if (strcmp(value + 1, "none") == 0) {
            lift(l, set);
            return 0;
        }
        if (l->read(value + 1, set, l->key) == 0)
            return 0;
        err_set(e, -EINVAL, "'%s' must be %s, or none; this is '%s'", name, l->form, value + 1);
        return err_classify(e, ERR_USAGE);
    }
    if (value)
        return unknown_limit(name, e);
    err_set(e, -EINVAL, "'%s' must have the form LIMIT=VALUE", word);
    err_hint(e, "ipam-orch limits set SERVICE memory=512m pids=100");
    return err_classify(e, ERR_USAGE);
}

static void tell_changes(const json_t *instance)
{
    const json_t *before = json_object_get(instance, "before");
    const json_t *now = json_object_get(instance, "limits");

    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        char was[TEXT], is[TEXT];

        limits[i].format(before, limits[i].key, was);
        limits[i].format(now, limits[i].key, is);
        if (strcmp(was, is) != 0)
            printf("%s %s: %s -> %s\n", json_string_value(json_object_get(instance, "name")),
                   limits[i].name, was, is);
    }
}

static int set(const struct cli *cli, char *const *words, struct err *e)
{
    char *const service[] = { words[0], NULL };
    json_t *changes = json_object(), *instances = NULL;
    int r = 0;

    for (size_t i = 1; words[0] && words[i] && r == 0; i++)
        r = read_word(words[i], changes, e);
    if (r == 0 && json_object_size(changes) == 0) {
        err_set(e, -EINVAL, "set what, and for which service?");
        err_hint(e, "ipam-orch limits set SERVICE memory=512m pids=100");
        r = err_classify(e, ERR_USAGE);
    }
    if (r < 0) {
        json_decref(changes);
        return r;
    }
    r = request_inquiry(cli, "limits", service, json_pack("{s:o}", "set", changes), &instances, e);
    if (r == 0 && cli->format == FORMAT_JSON) {
        documents_write(instances, stdout);
    }
    for (size_t i = 0; cli->format == FORMAT_TABLE && !cli->quiet && i < json_array_size(instances);
         i++)
        tell_changes(json_array_get(instances, i));
    json_decref(instances);
    return r;
}

static int limits_verb(const struct cli *cli, char *const *words, struct err *e)
{
    if (words && strcmp(words[0], "set") == 0)
        return set(cli, words + 1, e);
    if (words && strcmp(words[0], "show") == 0)
        return show(cli, words[1] ? words + 1 : NULL, e);
    if (!words)
        return show(cli, NULL, e);
    err_set(e, -EINVAL, "limits can 'show' and 'set', not '%s'", words[0]);
    return err_classify(e, ERR_USAGE);
}

int cmd_limits(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = cli_parse_words,
        .args_doc = "[show [SERVICE...]]\nset SERVICE LIMIT=VALUE...",
        .doc =
            "Shows what running services may use, and changes it while they run: memory, "
            "memory_swap, memory_low, cpus, cpu_shares, cpuset, pids; `none` lifts a limit.  All "
            "limits of one `set` are changed, or none.  They hold until the service is started "
            "again, which takes those of the compose file."
    };
    auto_strv words = NULL;
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &words) != 0)
        return ERR_USAGE;
    return limits_verb(cli, words, &e) < 0 ? cli_fail(cli, &e) : 0;
}
