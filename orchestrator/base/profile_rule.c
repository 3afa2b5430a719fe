#include "base/profile_rule.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/capability.h"

/* as Go names it */
static const char *native_arch(void)
{
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__i386__)
    return "x86";
#elif defined(__arm__)
    return "arm";
#elif defined(__powerpc64__)
    return "ppc64le";
#elif defined(__s390x__)
    return "s390x";
#elif defined(__riscv)
    return "riscv64";
#else
    return "";
#endif
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

/* how many of a list of capabilities a program with these has */
static size_t count_held(const json_t *list, uint64_t capabilities)
{
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        int number = name ? capability_number(name) : -1;

        n += number >= 0 && (capabilities >> number & 1);
    }
    return n;
}

bool profile_rule_applies(const json_t *rule, uint64_t capabilities)
{
    const json_t *in = json_object_get(rule, "includes"), *ex = json_object_get(rule, "excludes");
    const json_t *arches = json_object_get(in, "arches"), *caps = json_object_get(in, "caps");

    if (count_held(caps, capabilities) < json_array_size(caps) ||
        count_held(json_object_get(ex, "caps"), capabilities) > 0)
        return false;
    if (json_array_size(arches) > 0 && !has_string(arches, native_arch()))
        return false;
    return !kernel_is_older(json_string_value(json_object_get(in, "minKernel"))) &&
           !has_string(json_object_get(ex, "arches"), native_arch());
}
