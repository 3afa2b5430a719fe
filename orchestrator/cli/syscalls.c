#include "cli/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/capability.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/profile_rule.h"

enum { PROFILE_MAX = 1024 * 1024, NUMBERS_MAX = 1024 };

#define FLOOR_NAME "own/floor"

int syscalls_read(const char *name, json_t **out, struct err *e)
{
    auto_free char *path = paths_join("%s/configs/seccomp/%s.json", paths_data(), name);
    auto_free char *text = NULL;
    json_error_t why;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, PROFILE_MAX, &text, &len);

    if (r < 0)
        return err_set(e, r, "system call profile %s: %s", path, strerror(-r));
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    return *out ? 0
                : err_set(e, -EINVAL, "system call profile %s:%d: %s", path, why.line, why.text);
}

int syscalls_open(const struct unit *u, struct syscalls *out, struct err *e)
{
    const char *wrong = NULL;
    int r;

    *out = (struct syscalls){ .name = u->seccomp };
    (void) capability_mask(u->capabilities, &out->capabilities, &wrong);
    r = syscalls_read(FLOOR_NAME, &out->floor, e);
    if (r < 0)
        return r;
    if (u->seccomp_profile[0]) {
        out->name = "its own profile";
        out->profile = json_loads(u->seccomp_profile, JSON_REJECT_DUPLICATES, NULL);
        return out->profile ? 0 : err_set(e, -EINVAL, "the profile of '%s' is no JSON", u->name);
    }
    if (strcmp(u->seccomp, "unconfined") == 0) {
        out->profile = json_incref(out->floor);
        return 0;
    }
    return syscalls_read(u->seccomp, &out->profile, e);
}

void syscalls_clear(struct syscalls *s)
{
    json_decref(s->floor);
    json_decref(s->profile);
    *s = (struct syscalls){ 0 };
}

/* ---- one call ---- */

static bool allows(const json_t *action)
{
    const char *text = json_string_value(action);

    return text && (strcmp(text, "SCMP_ACT_ALLOW") == 0 || strcmp(text, "SCMP_ACT_LOG") == 0);
}

static bool names_call(const json_t *rule, const char *call)
{
    const json_t *names = json_object_get(rule, "names");
    const char *single = json_string_value(json_object_get(rule, "name"));

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));

        if (name && strcmp(name, call) == 0)
            return true;
    }
    return single && strcmp(single, call) == 0;
}

static struct syscalls_verdict ask(const struct syscalls *s, const json_t *profile,
                                   const char *source, const char *call)
{
    const json_t *rules = json_object_get(profile, "syscalls");
    bool by_default = allows(json_object_get(profile, "defaultAction"));
    struct syscalls_verdict v = { by_default ? SYSCALLS_ALLOWED : SYSCALLS_REFUSED, source, "" };

    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        const char *comment = json_string_value(json_object_get(rule, "comment"));
        bool allow = allows(json_object_get(rule, "action"));

        if (allow == by_default || !names_call(rule, call) ||
            !profile_rule_applies(rule, s->capabilities))
            continue;
        v.rule = comment ? comment : v.rule;
        if (json_array_size(json_object_get(rule, "args")) == 0) {
            v.answer = allow ? SYSCALLS_ALLOWED : SYSCALLS_REFUSED;
            return v;
        }
        v.answer = SYSCALLS_BY_ARGUMENT;
    }
    return v;
}

static struct syscalls_verdict judge(const struct syscalls *s, const char *call)
{
    struct syscalls_verdict floor = ask(s, s->floor, "the floor of all services", call);
    struct syscalls_verdict own = ask(s, s->profile, s->name, call);

    return floor.answer == SYSCALLS_REFUSED || floor.answer < own.answer ? floor : own;
}

int syscalls_judge(const struct syscalls *s, const char *call, struct syscalls_verdict *out)
{
    int number = seccomp_syscall_resolve_name(call);

    if (number == __NR_SCMP_ERROR || number < 0)
        return -ENOENT;
    *out = judge(s, call);
    return 0;
}

/* ---- all of them ---- */

char *syscalls_name(int number)
{
    return number < 0 ? NULL : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

struct syscalls_count syscalls_count(const struct syscalls *s)
{
    struct syscalls_count count = { 0 };

    for (int n = 0; n < NUMBERS_MAX; n++) {
        auto_free char *name = syscalls_name(n);

        if (!name)
            continue;
        count.total++;
        switch (judge(s, name).answer) {
        case SYSCALLS_REFUSED: break;
        case SYSCALLS_BY_ARGUMENT: count.by_argument++; break;
        case SYSCALLS_ALLOWED: count.allowed++; break;
        }
    }
    return count;
}
