#include "sandbox/profile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/auto.h"

enum { ARGS_MAX = 6 };

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

static const char *native_arch(void)
{
    switch (seccomp_arch_native()) {
    case SCMP_ARCH_X86_64: return "amd64";
    case SCMP_ARCH_AARCH64: return "arm64";
    case SCMP_ARCH_X86: return "x86";
    case SCMP_ARCH_ARM: return "arm";
    case SCMP_ARCH_PPC64LE: return "ppc64le";
    case SCMP_ARCH_S390X: return "s390x";
    case SCMP_ARCH_RISCV64: return "riscv64";
    default: return "";
    }
}

static bool has_string(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));

        if (s && strcmp(s, text) == 0)
            return true;
    }
    return false;
}

static bool kernel_is_older(const char *wanted)
{
    struct utsname u;
    unsigned major = 0, minor = 0, want_major = 0, want_minor = 0;

    if (!wanted || uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2 ||
        sscanf(wanted, "%u.%u", &want_major, &want_minor) != 2)
        return false;
    return major < want_major || (major == want_major && minor < want_minor);
}

/* moby's conditions, for a program that has no capability */
static bool applies(const json_t *rule)
{
    const json_t *in = json_object_get(rule, "includes"), *ex = json_object_get(rule, "excludes");
    const json_t *arches = json_object_get(in, "arches");

    if (json_array_size(json_object_get(in, "caps")) > 0)
        return false;
    if (json_array_size(arches) > 0 && !has_string(arches, native_arch()))
        return false;
    return !kernel_is_older(json_string_value(json_object_get(in, "minKernel"))) &&
           !has_string(json_object_get(ex, "arches"), native_arch());
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

static int add_rule(scmp_filter_ctx filter, const json_t *rule, uint32_t default_action,
                    unsigned default_errno)
{
    const json_t *names = json_object_get(rule, "names");
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
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        int nr = name ? seccomp_syscall_resolve_name(name) : __NR_SCMP_ERROR;

        if (nr == __NR_SCMP_ERROR || nr < 0)
            continue; /* another architecture's, or newer than libseccomp */
        r = seccomp_rule_add_array(filter, action, nr, n_args, args);
        if (r < 0 && r != -EEXIST)
            return r;
    }
    return 0;
}

int profile_export(const json_t *profile, const char *name, int fd, struct err *e)
{
    const json_t *rules = json_object_get(profile, "syscalls");
    unsigned error = (unsigned) json_integer_value(json_object_get(profile, "defaultErrnoRet"));
    auto_filter filter = NULL;
    uint32_t action = 0;
    int r;

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

        if (applies(rule) && (r = add_rule(filter, rule, action, error)) < 0)
            return err_set(e, r, "syscall profile '%s': entry %zu: %s", name, i + 1, strerror(-r));
    }
    r = seccomp_export_bpf(filter, fd);
    return r < 0 ? err_set(e, r, "syscall profile '%s': %s", name, strerror(-r)) : 0;
}
