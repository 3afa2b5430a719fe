#include "sandbox/profile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/profile_rule.h"

enum { ARGS_MAX = 6, RULES_MAX = 1024 };

static void release_(scmp_filter_ctx *c)
{
    if (*c)
        seccomp_release(*c);
}
#define auto_filter __attribute__((cleanup(release_))) scmp_filter_ctx

static int parse_action(const char *text, unsigned errno_value, uint32_t *out)
{
    if (!text)
        return -EINVAL;
    if (strcmp(text, "SCMP_ACT_ALLOW") == 0)
        *out = SCMP_ACT_ALLOW;
    else if (strcmp(text, "SCMP_ACT_ERRNO") == 0)
        *out = SCMP_ACT_ERRNO(errno_value & 0xffff);
    else if (strcmp(text, "SCMP_ACT_KILL_PROCESS") == 0)
        *out = SCMP_ACT_KILL_PROCESS;
    else if (strcmp(text, "SCMP_ACT_KILL") == 0 || strcmp(text, "SCMP_ACT_KILL_THREAD") == 0)
        *out = SCMP_ACT_KILL_THREAD;
    else if (strcmp(text, "SCMP_ACT_TRAP") == 0)
        *out = SCMP_ACT_TRAP;
    else if (strcmp(text, "SCMP_ACT_LOG") == 0)
        *out = SCMP_ACT_LOG;
    else
        return -EINVAL;
    return 0;
}

static int parse_compare(const char *text, enum scmp_compare *out)
{
    static const struct {
        const char *text;
        enum scmp_compare op;
    } ops[] = { { "SCMP_CMP_NE", SCMP_CMP_NE },
                { "SCMP_CMP_LT", SCMP_CMP_LT },
                { "SCMP_CMP_LE", SCMP_CMP_LE },
                { "SCMP_CMP_EQ", SCMP_CMP_EQ },
                { "SCMP_CMP_GE", SCMP_CMP_GE },
                { "SCMP_CMP_GT", SCMP_CMP_GT },
                { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ } };

    for (size_t i = 0; text && i < ARRAY_LEN(ops); i++) {
        if (strcmp(ops[i].text, text) == 0) {
            *out = ops[i].op;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_args(const json_t *list, struct scmp_arg_cmp args[ARGS_MAX], unsigned *n)
{
    size_t count = json_array_size(list);

    if (count > ARGS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_array_get(list, i);
        json_int_t index = json_integer_value(json_object_get(a, "index"));
        json_int_t value = json_integer_value(json_object_get(a, "value"));
        json_int_t second = json_integer_value(json_object_get(a, "valueTwo"));
        enum scmp_compare op;

        if (index < 0 || index >= ARGS_MAX ||
            parse_compare(json_string_value(json_object_get(a, "op")), &op) < 0)
            return -EINVAL;
        args[i] = (struct scmp_arg_cmp){ .arg = (unsigned) index,
                                         .op = op,
                                         .datum_a = (scmp_datum_t) value,
                                         .datum_b = (scmp_datum_t) second };
    }
    *n = (unsigned) count;
    return 0;
}

static int add_call(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned n_args,
                    const struct scmp_arg_cmp *args)
{
    int nr = seccomp_syscall_resolve_name(name), r;

    if (nr == __NR_SCMP_ERROR || nr < 0)
        return 0; /* another architecture's, or newer than libseccomp */
    r = seccomp_rule_add_array(filter, action, nr, n_args, args);
    return r == -EEXIST ? 0 : r;
}

static int add_rule(scmp_filter_ctx filter, const json_t *rule, uint32_t default_action,
                    unsigned default_errno)
{
    const json_t *names = json_object_get(rule, "names");
    const char *single = json_string_value(json_object_get(rule, "name"));
    const json_t *value = json_object_get(rule, "errnoRet");
    unsigned error = value ? (unsigned) json_integer_value(value) : default_errno;
    struct scmp_arg_cmp args[ARGS_MAX];
    unsigned n_args = 0;
    uint32_t action = 0;
    int r = parse_action(json_string_value(json_object_get(rule, "action")), error, &action);

    if (r == 0)
        r = parse_args(json_object_get(rule, "args"), args, &n_args);
    /* libseccomp refuses a rule that repeats the default */
    if (r < 0 || action == default_action)
        return r;
    for (size_t i = 0; i < json_array_size(names) && r == 0; i++)
        r = add_call(filter, action, json_string_value(json_array_get(names, i)), n_args, args);
    if (r == 0 && single)
        r = add_call(filter, action, single, n_args, args);
    return r;
}

/* ---- form ---- */

struct form {
    const char *key;
    json_type type;
};

static const struct form profile_form[] = {
    { "comment", JSON_STRING },          { "defaultAction", JSON_STRING },
    { "defaultErrnoRet", JSON_INTEGER }, { "architectures", JSON_ARRAY },
    { "archMap", JSON_ARRAY },           { "syscalls", JSON_ARRAY },
};
static const struct form rule_form[] = {
    { "comment", JSON_STRING },  { "names", JSON_ARRAY },      { "name", JSON_STRING },
    { "action", JSON_STRING },   { "errnoRet", JSON_INTEGER }, { "args", JSON_ARRAY },
    { "includes", JSON_OBJECT }, { "excludes", JSON_OBJECT },
};
static const struct form condition_form[] = {
    { "caps", JSON_ARRAY },
    { "arches", JSON_ARRAY },
    { "minKernel", JSON_STRING },
};
static const struct form arg_form[] = {
    { "index", JSON_INTEGER },
    { "value", JSON_INTEGER },
    { "valueTwo", JSON_INTEGER },
    { "op", JSON_STRING },
};

/* null, as Go writes an empty list, is as good as nothing */
static int check_form(const json_t *object, const struct form *form, size_t n, struct err *e)
{
    const char *key;
    json_t *value, *all = (json_t *) (uintptr_t) object; /* jansson's iterator is not const */

    if (!json_is_object(object))
        return err_set(e, -EINVAL, "is no object");
    json_object_foreach (all, key, value) {
        size_t i = 0;

        while (i < n && strcmp(form[i].key, key) != 0)
            i++;
        if (i == n)
            return err_set(e, -EINVAL, "'%.64s' is not understood", key);
        if (!json_is_null(value) && json_typeof(value) != form[i].type)
            return err_set(e, -EINVAL, "'%s' has the wrong type", key);
    }
    return 0;
}

static int check_rule(const json_t *rule, struct err *e)
{
    const json_t *names = json_object_get(rule, "names"), *args = json_object_get(rule, "args");
    int r = check_form(rule, rule_form, ARRAY_LEN(rule_form), e);

    for (size_t i = 0; i < json_array_size(names) && r == 0; i++)
        if (!json_is_string(json_array_get(names, i)))
            r = err_set(e, -EINVAL, "a name is no string");
    for (size_t i = 0; i < json_array_size(args) && r == 0; i++)
        r = check_form(json_array_get(args, i), arg_form, ARRAY_LEN(arg_form), e);
    for (int i = 0; i < 2 && r == 0; i++) {
        const json_t *condition = json_object_get(rule, i ? "excludes" : "includes");

        if (json_object_size(condition) > 0)
            r = check_form(condition, condition_form, ARRAY_LEN(condition_form), e);
    }
    return r;
}

static int check(const json_t *profile, struct err *e)
{
    const json_t *rules = json_object_get(profile, "syscalls");
    int r = check_form(profile, profile_form, ARRAY_LEN(profile_form), e);

    if (r == 0 && json_array_size(rules) > RULES_MAX)
        return err_set(e, -E2BIG, "more than %d entries", RULES_MAX);
    for (size_t i = 0; i < json_array_size(rules) && r == 0; i++) {
        r = check_rule(json_array_get(rules, i), e);
        if (r < 0)
            (void) err_wrap(e, "entry %zu", i + 1);
    }
    return r;
}

int profile_export(const json_t *profile, const char *name, uint64_t capabilities, int fd,
                   struct err *e)
{
    const json_t *rules = json_object_get(profile, "syscalls");
    unsigned error = (unsigned) json_integer_value(json_object_get(profile, "defaultErrnoRet"));
    auto_filter filter = NULL;
    uint32_t action = 0;
    int r;

    if (check(profile, e) < 0)
        return err_wrap(e, "syscall profile '%s'", name);
    error = error ? error : EPERM;
    r = parse_action(json_string_value(json_object_get(profile, "defaultAction")), error, &action);
    if (r < 0)
        return err_set(e, r, "syscall profile '%s': defaultAction is not known", name);
    filter = seccomp_init(action);
    if (!filter)
        return err_set(e, -ENOMEM, "syscall profile '%s': out of memory", name);
    (void) seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    (void) seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* binary tree */
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);

        if (profile_rule_applies(rule, capabilities) &&
            (r = add_rule(filter, rule, action, error)) < 0)
            return err_set(e, r, "syscall profile '%s': entry %zu: %s", name, i + 1, strerror(-r));
    }
    r = seccomp_export_bpf(filter, fd);
    return r < 0 ? err_set(e, r, "syscall profile '%s': %s", name, strerror(-r)) : 0;
}
