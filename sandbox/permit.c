#include "sandbox/permit.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/apparmor.h"
#include "base/auto.h"
#include "base/capability.h"
#include "base/cidr.h"
#include "base/device_rule.h"
#include "base/num.h"
#include "sandbox/policy.h"
#include "sandbox/users.h"

enum { ID_MAX = 65534 };

const char *const permit_key_text[PERMIT_KEY_COUNT] = {
    [PERMIT_USERS] = "users",
    [PERMIT_GROUPS] = "groups",
    [PERMIT_BIND_READ] = "bind-read",
    [PERMIT_BIND_WRITE] = "bind-write",
    [PERMIT_CAPABILITIES] = "capabilities",
    [PERMIT_DEVICES] = "devices",
    [PERMIT_DEVICE_RULES] = "device-rules",
    [PERMIT_APPARMOR] = "apparmor",
    [PERMIT_SECCOMP] = "seccomp",
    [PERMIT_PORTS] = "ports",
    [PERMIT_SUBNETS] = "subnets",
    [PERMIT_HOST_NETWORK] = "host-network",
    [PERMIT_HOST_UTS] = "host-uts",
    [PERMIT_HOST_CGROUP] = "host-cgroup",
    [PERMIT_HOST_IPC] = "host-ipc",
    [PERMIT_HOST_PID] = "host-pid",
    [PERMIT_PROPAGATION] = "propagation",
    [PERMIT_PRIVILEGED] = "privileged",
    [PERMIT_LOG_DENIED] = "log-denied",
    [PERMIT_USER_NAMESPACES] = "user-namespaces",
    [PERMIT_PUBLISH_FROM] = "publish-from",
    [PERMIT_PUBLISH_PAST_FIREWALL] = "publish-past-firewall",
    [PERMIT_TRASH_MIN_FREE] = "trash-min-free",
};

/* ---- words ---- */

static bool is_any(const char *word)
{
    return strcmp(word, "any") == 0;
}

static bool is_none(const char *word)
{
    return strcmp(word, "none") == 0 || strcmp(word, "no") == 0;
}

/* "80" or "1024-65535" */
static int parse_range(const char *word, uint64_t max, uint64_t *first, uint64_t *last)
{
    char low[32];
    size_t len = strcspn(word, "-");
    int r;

    if (len >= sizeof low)
        return -EINVAL;
    memcpy(low, word, len);
    low[len] = '\0';
    r = num_u64(low, max, first);
    if (r == 0)
        r = word[len] == '-' ? num_u64(word + len + 1, max, last) : num_u64(low, max, last);
    return r < 0 || *first == 0 || *first > *last ? -EINVAL : 0;
}

/* the length of the path in "/dev/fuse:rw" */
static size_t device_path(const char *word)
{
    return strcspn(word, ":");
}

static int check_range(const char *word, uint64_t max, struct err *e)
{
    uint64_t first = 0, last = 0;

    if (is_any(word) || is_none(word) || parse_range(word, max, &first, &last) == 0)
        return 0;
    return err_set(e, -EINVAL, "'%.64s' is no number or range from 1 to %llu, any or none", word,
                   (unsigned long long) max);
}

static int check_path(const char *word, struct err *e)
{
    if (is_any(word) || is_none(word) || (word[0] == '/' && !strstr(word, "/../")))
        return 0;
    return err_set(e, -EINVAL, "'%.64s' is no absolute path, any or none", word);
}

static int check_capability(const char *word, struct err *e)
{
    const char *wrong = NULL;
    uint64_t mask = 0;
    int r = is_none(word) ? 0 : capability_mask((const char *[]){ word, NULL }, &mask, &wrong);

    if (r == -EPERM)
        return err_set(e, -EINVAL,
                       "'%.64s' would make a service root of the host; it can be no"
                       " service's",
                       word);
    return r < 0 ? err_set(e, -EINVAL, "'%.64s' is no capability", word) : 0;
}

static int check_device(const char *word, struct err *e)
{
    size_t len = device_path(word);
    const char *access = word[len] ? word + len + 1 : "rwm";

    if (is_none(word) ||
        (strncmp(word, "/dev/", 5) == 0 && access[0] && access[strspn(access, "rwm")] == '\0'))
        return 0;
    return err_set(e, -EINVAL, "'%.64s' is neither none nor /dev/NAME or /dev/NAME:rwm", word);
}

static int check_device_rule(const char *word, struct err *e)
{
    struct device_rule rule;

    if (is_none(word) || device_rule_parse(word, ':', &rule) == 0)
        return 0;
    return err_set(e, -EINVAL, "'%.64s' is neither none nor a rule such as c:10:229:rw or b:8:*:r",
                   word);
}

static int check_subnet(const char *word, struct err *e)
{
    struct cidr range;

    if (is_any(word) || is_none(word) || cidr_parse(word, &range) == 0)
        return 0;
    return err_set(e, -EINVAL, "'%.64s' is no range of addresses, any or none", word);
}

static int check_namespaces(const char *word, struct err *e)
{
    uint64_t first = 0, last = 0;

    if (is_none(word) || (parse_range(word, INT32_MAX, &first, &last) == 0 &&
                          first % USERS_IDS == 0 && (last + 1) % USERS_IDS == 0))
        return 0;
    return err_set(e, -EINVAL,
                   "'%.64s' is neither none nor a range of ids from a multiple of %d, not 0, to"
                   " before one, below 2147483648",
                   word, USERS_IDS);
}

/* "10%" */
static int parse_percent(const char *word, uint64_t *out)
{
    char number[8];
    size_t len = strlen(word);

    if (len < 2 || len > sizeof number || word[len - 1] != '%')
        return -EINVAL;
    memcpy(number, word, len - 1);
    number[len - 1] = '\0';
    return num_u64(number, 99, out);
}

static int check_percent(const char *word, struct err *e)
{
    uint64_t n = 0;

    return is_none(word) || parse_percent(word, &n) == 0
               ? 0
               : err_set(e, -EINVAL, "'%.64s' is neither none nor a part such as 5%%", word);
}

int permit_check_word(enum permit_key key, const char *word, struct err *e)
{
    switch (key) {
    case PERMIT_USERS:
    case PERMIT_GROUPS: return check_range(word, ID_MAX, e);
    case PERMIT_PORTS: return check_range(word, UINT16_MAX, e);
    case PERMIT_BIND_READ:
    case PERMIT_BIND_WRITE: return check_path(word, e);
    case PERMIT_CAPABILITIES: return check_capability(word, e);
    case PERMIT_DEVICES: return check_device(word, e);
    case PERMIT_DEVICE_RULES: return check_device_rule(word, e);
    case PERMIT_APPARMOR:
        return is_any(word) || is_none(word) || apparmor_is_profile(word)
                   ? 0
                   : err_set(e, -EINVAL, "'%.64s' is no name of a profile, any or none", word);
    case PERMIT_PUBLISH_FROM:
    case PERMIT_SUBNETS: return check_subnet(word, e);
    case PERMIT_SECCOMP:
        if (is_none(word) || strcmp(word, "custom") == 0 || strcmp(word, "unconfined") == 0)
            return 0;
        return err_set(e, -EINVAL, "'%.64s' is not none, custom or unconfined", word);
    case PERMIT_HOST_NETWORK:
    case PERMIT_HOST_UTS:
    case PERMIT_HOST_CGROUP:
    case PERMIT_HOST_IPC:
    case PERMIT_HOST_PID:
        return strcmp(word, "no") == 0 || strcmp(word, "yes") == 0
                   ? 0
                   : err_set(e, -EINVAL, "'%.64s' is neither yes nor no", word);
    case PERMIT_PRIVILEGED:
        return strcmp(word, "no") == 0
                   ? 0
                   : err_set(e, -EINVAL,
                             "'%.64s' is not no: without a user namespace a privileged service is"
                             " the host's root; permit capabilities and devices by name",
                             word);
    case PERMIT_PROPAGATION:
    case PERMIT_LOG_DENIED:
    case PERMIT_PUBLISH_PAST_FIREWALL:
        return strcmp(word, "no") == 0 || strcmp(word, "yes") == 0
                   ? 0
                   : err_set(e, -EINVAL, "'%.64s' is neither yes nor no", word);
    case PERMIT_USER_NAMESPACES: return check_namespaces(word, e);
    case PERMIT_TRASH_MIN_FREE: return check_percent(word, e);
    case PERMIT_KEY_COUNT: break;
    }
    abort();
}

/* ---- rules ---- */

static const struct permit_rule built_in[PERMIT_KEY_COUNT] = {
#define RULE(word)                                                                                 \
    {                                                                                              \
        .words = (const char *const[]){ word, NULL }, .text = word                                 \
    }
    [PERMIT_USERS] = RULE("any"),         [PERMIT_GROUPS] = RULE("any"),
    [PERMIT_BIND_READ] = RULE("any"),     [PERMIT_BIND_WRITE] = RULE("any"),
    [PERMIT_CAPABILITIES] = RULE("none"), [PERMIT_DEVICES] = RULE("none"),
    [PERMIT_SECCOMP] = RULE("none"),      [PERMIT_PORTS] = RULE("any"),
    [PERMIT_SUBNETS] = RULE("any"),       [PERMIT_HOST_NETWORK] = RULE("no"),
    [PERMIT_PROPAGATION] = RULE("no"),    [PERMIT_PRIVILEGED] = RULE("no"),
    [PERMIT_LOG_DENIED] = RULE("no"),     [PERMIT_USER_NAMESPACES] = RULE("1879048192-2147352575"),
    [PERMIT_PUBLISH_FROM] = RULE("any"),  [PERMIT_PUBLISH_PAST_FIREWALL] = RULE("no"),
    [PERMIT_DEVICE_RULES] = RULE("none"), [PERMIT_APPARMOR] = RULE("any"),
    [PERMIT_HOST_UTS] = RULE("no"),       [PERMIT_HOST_CGROUP] = RULE("no"),
    [PERMIT_HOST_IPC] = RULE("no"),       [PERMIT_HOST_PID] = RULE("no"),
    [PERMIT_TRASH_MIN_FREE] = RULE("5%"),
#undef RULE
};

const struct permit_rule *permit_find(const struct permit *p, const char *project,
                                      enum permit_key key)
{
    const struct permit_rule *rule = &built_in[key];

    for (size_t i = 0; i < p->n_sections; i++) {
        const struct permit_section *s = &p->sections[i];

        if (s->rules[key].words && (i == 0 || strcmp(s->project, project) == 0))
            rule = &s->rules[key];
    }
    return rule;
}

/* one question put to one rule */
struct question {
    const struct permit *permit;
    const char *project, *who;
};

static int refuse(const struct question *q, enum permit_key key, struct err *e, const char *fmt,
                  ...) __attribute__((format(printf, 4, 5)));

static int refuse(const struct question *q, enum permit_key key, struct err *e, const char *fmt,
                  ...)
{
    const struct permit_rule *rule = permit_find(q->permit, q->project, key);
    char wish[256];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(wish, sizeof wish, fmt, ap);
    va_end(ap);
    if (rule->line)
        (void) err_set(e, -EPERM, "%s:%u: %s = %.128s: '%.128s' may not %s", q->permit->path,
                       rule->line, permit_key_text[key], rule->text, q->who, wish);
    else
        (void) err_set(e, -EPERM, "policy: %s = %s: '%.128s' may not %s", permit_key_text[key],
                       rule->text, q->who, wish);
    (void) err_hint(e, "root may permit it, see ipam-orch-policy.conf(5)");
    return -EPERM;
}

static bool in_ranges(const struct permit_rule *rule, uint64_t n)
{
    for (const char *const *w = rule->words; *w; w++) {
        uint64_t first = 0, last = 0;

        if (is_any(*w) ||
            (parse_range(*w, UINT32_MAX, &first, &last) == 0 && n >= first && n <= last))
            return true;
    }
    return false;
}

static int ask_number(const struct question *q, enum permit_key key, uint64_t n, const char *wish,
                      struct err *e)
{
    if (in_ranges(permit_find(q->permit, q->project, key), n))
        return 0;
    return refuse(q, key, e, "%s %llu", wish, (unsigned long long) n);
}

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    while (len > 0 && dir[len - 1] == '/')
        len--;
    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static int ask_source(const struct question *q, const char *path, bool read_only, struct err *e)
{
    enum permit_key key = read_only ? PERMIT_BIND_READ : PERMIT_BIND_WRITE;

    for (const char *const *w = permit_find(q->permit, q->project, key)->words; *w; w++)
        if (is_any(*w) || (!is_none(*w) && is_below(path, *w)))
            return 0;
    return refuse(q, key, e, "%s '%.128s'", read_only ? "read" : "write to", path);
}

int permit_source(const struct permit *p, const struct permit_asker *by, const char *path,
                  bool read_only, struct err *e)
{
    if (read_only && policy_is_release(by->project, path))
        return 0; /* copies that an operator made with his own rights */
    return ask_source(&(struct question){ p, by->project, by->who }, path, read_only, e);
}

int permit_opened(const struct permit *p, const struct permit_asker *by, int opened, bool read_only,
                  struct err *e)
{
    char link[64], real[PATH_MAX];
    ssize_t n;
    int r;

    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", opened);
    n = readlink(link, real, sizeof real - 1);
    if (n < 0)
        return err_set(e, -errno, "%s: %s", link, strerror(errno));
    real[n] = '\0';
    r = policy_source(by->project, real, e);
    if (r == 0 && !read_only && policy_is_release(by->project, real))
        r = err_set(e, -EPERM, "'%s' is a release, which is read only", real);
    if (r == 0 && policy_is_manager(real) && !(read_only && by->onlooker))
        r = err_set(e, -EPERM,
                    "'%s' is the manager's: ipam-worker may look at it, without any right", real);
    return r < 0 ? r : permit_source(p, by, real, read_only, e);
}

int permit_subnet(const struct permit *p, const char *project, const char *subnet, struct err *e)
{
    const struct question q = { p, project, project };
    struct cidr wanted, range;

    if (cidr_parse(subnet, &wanted) < 0)
        return err_set(e, -EINVAL, "'%.64s' is no range of addresses", subnet);
    for (const char *const *w = permit_find(p, project, PERMIT_SUBNETS)->words; *w; w++)
        if (is_any(*w) || (cidr_parse(*w, &range) == 0 && cidr_contains(&range, &wanted)))
            return 0;
    return refuse(&q, PERMIT_SUBNETS, e, "have a network with '%.64s'", subnet);
}

static uint64_t ceiling(const struct permit_rule *rule)
{
    const char *wrong = NULL;
    uint64_t mask = 0;

    return capability_mask(rule->words, &mask, &wrong) == 0 ? mask : 0; /* "none" is no name */
}

uint64_t permit_capabilities(const struct permit *p)
{
    uint64_t all = 0;

    for (size_t i = 0; i < p->n_sections; i++)
        if (p->sections[i].rules[PERMIT_CAPABILITIES].words)
            all |= ceiling(&p->sections[i].rules[PERMIT_CAPABILITIES]);
    return all;
}

static int ask_ports(const struct question *q, const struct spec_port *p, struct err *e)
{
    int r = 0;

    for (unsigned n = p->published; n <= p->last && r == 0; n++)
        r = ask_number(q, PERMIT_PORTS, n, "publish port", e);
    return r;
}

static int ask_host(const struct question *q, const struct spec *s, struct err *e)
{
    const struct {
        bool wanted;
        enum permit_key key;
        const char *wish;
    } of[] = { { strcmp(s->network_of, SPEC_HOST) == 0, PERMIT_HOST_NETWORK,
                 "live in the network of the host" },
               { s->host_uts, PERMIT_HOST_UTS, "have the host's name as the host has it" },
               { s->host_cgroup, PERMIT_HOST_CGROUP, "see the control groups of the host" },
               { strcmp(s->ipc_of, SPEC_HOST) == 0, PERMIT_HOST_IPC,
                 "live in the IPC namespace of the host" },
               { strcmp(s->pid_of, SPEC_HOST) == 0, PERMIT_HOST_PID,
                 "live among the processes of the host" } };

    for (size_t i = 0; i < ARRAY_LEN(of); i++)
        if (of[i].wanted &&
            strcmp(permit_find(q->permit, q->project, of[i].key)->words[0], "yes") != 0)
            return refuse(q, of[i].key, e, "%s", of[i].wish);
    return 0;
}

static bool has_word(const struct permit_rule *rule, const char *word)
{
    for (const char *const *w = rule->words; *w; w++)
        if (strcmp(*w, word) == 0)
            return true;
    return false;
}

static int ask_confinement(const struct question *q, const struct spec *s, struct err *e)
{
    const struct permit_rule *seccomp = permit_find(q->permit, q->project, PERMIT_SECCOMP);
    uint64_t most = ceiling(permit_find(q->permit, q->project, PERMIT_CAPABILITIES));

    for (const char *const *c = s->capabilities; c && *c; c++)
        if (!(most >> capability_number(*c) & 1))
            return refuse(q, PERMIT_CAPABILITIES, e, "have the capability %.64s", *c);
    if (s->seccomp_profile[0] && !has_word(seccomp, "custom"))
        return refuse(q, PERMIT_SECCOMP, e, "have a system call profile of its own");
    if (strcmp(s->seccomp, SPEC_UNCONFINED) == 0 && !has_word(seccomp, SPEC_UNCONFINED))
        return refuse(q, PERMIT_SECCOMP, e, "run without a system call filter");
    return 0;
}

static int ask_device(const struct question *q, const struct spec_device *d, struct err *e)
{
    const struct permit_rule *rule = permit_find(q->permit, q->project, PERMIT_DEVICES);

    for (const char *const *w = rule->words; *w; w++) {
        size_t len = device_path(*w);
        const char *most = (*w)[len] ? *w + len + 1 : "rwm";

        if (strncmp(*w, d->source, len) == 0 && d->source[len] == '\0' &&
            d->access[strspn(d->access, most)] == '\0')
            return 0;
    }
    return refuse(q, PERMIT_DEVICES, e, "have the device %.128s:%s", d->source, d->access);
}

/* What comes in later is as writable as the host has it. */
static int ask_mount(const struct question *q, const struct spec_mount *m, struct err *e)
{
    const char *word = permit_find(q->permit, q->project, PERMIT_PROPAGATION)->words[0];

    if (m->kind != SPEC_BIND)
        return 0;
    if (m->follows && strcmp(word, "yes") != 0)
        return refuse(q, PERMIT_PROPAGATION, e, "see what is mounted below '%.128s' later",
                      m->source);
    return ask_source(q, m->source, m->read_only && !m->follows, e);
}

static int ask_apparmor(const struct question *q, const char *profile, struct err *e)
{
    const struct permit_rule *rule = permit_find(q->permit, q->project, PERMIT_APPARMOR);

    if (has_word(rule, "any") || has_word(rule, profile))
        return 0;
    return refuse(q, PERMIT_APPARMOR, e, "run under the AppArmor profile '%.128s'", profile);
}

static int ask_device_rule(const struct question *q, const char *text, struct err *e)
{
    const struct permit_rule *permitted = permit_find(q->permit, q->project, PERMIT_DEVICE_RULES);
    struct device_rule wish, most;

    if (device_rule_parse(text, ' ', &wish) < 0)
        return err_set(e, -EINVAL, "'%.64s' is no device rule", text);
    for (const char *const *w = permitted->words; *w; w++)
        if (device_rule_parse(*w, ':', &most) == 0 && device_rule_covers(&most, &wish))
            return 0;
    return refuse(q, PERMIT_DEVICE_RULES, e, "have the device rule '%.64s'", text);
}

int permit_spec(const struct permit *p, const struct spec *s, struct err *e)
{
    const struct question q = { p, s->project, s->id };
    int r = ask_number(&q, PERMIT_USERS, s->uid, "run as user", e);

    if (r == 0)
        r = ask_number(&q, PERMIT_GROUPS, s->gid, "run with group", e);
    if (r == 0)
        r = ask_host(&q, s, e);
    for (size_t i = 0; i < s->n_groups && r == 0; i++)
        r = ask_number(&q, PERMIT_GROUPS, s->groups[i].gid, "run with group", e);
    for (size_t i = 0; i < s->n_mounts && r == 0; i++)
        r = ask_mount(&q, &s->mounts[i], e);
    if (r == 0)
        r = ask_confinement(&q, s, e);
    for (size_t i = 0; i < s->n_devices && r == 0; i++)
        r = ask_device(&q, &s->devices[i], e);
    if (r == 0 && s->apparmor[0])
        r = ask_apparmor(&q, s->apparmor, e);
    for (size_t i = 0; s->device_rules && s->device_rules[i] && r == 0; i++)
        r = ask_device_rule(&q, s->device_rules[i], e);
    for (size_t i = 0; i < s->n_ports && r == 0; i++)
        r = ask_ports(&q, &s->ports[i], e);
    return r;
}

int permit_user_namespace(const struct permit *p, const struct permit_asker *by, uint32_t *first,
                          uint32_t *last, struct err *e)
{
    const char *word = permit_find(p, by->project, PERMIT_USER_NAMESPACES)->words[0];
    uint64_t from = 0, to = 0;

    if (is_none(word) || parse_range(word, INT32_MAX, &from, &to) < 0)
        return refuse(&(struct question){ p, by->project, by->who }, PERMIT_USER_NAMESPACES, e,
                      "have a user namespace");
    *first = (uint32_t) from;
    *last = (uint32_t) to;
    return 0;
}

bool permit_log_denied(const struct permit *p, const char *project)
{
    return strcmp(permit_find(p, project, PERMIT_LOG_DENIED)->words[0], "yes") == 0;
}

const char *const *permit_publish_from(const struct permit *p, const char *project)
{
    const struct permit_rule *rule = permit_find(p, project, PERMIT_PUBLISH_FROM);

    return is_any(rule->words[0]) ? NULL : rule->words;
}

bool permit_past_firewall(const struct permit *p, const char *project)
{
    return strcmp(permit_find(p, project, PERMIT_PUBLISH_PAST_FIREWALL)->words[0], "yes") == 0;
}

unsigned permit_trash_min_free(const struct permit *p)
{
    uint64_t percent = 0;

    (void) parse_percent(permit_find(p, "", PERMIT_TRASH_MIN_FREE)->words[0], &percent);
    return (unsigned) percent;
}

void permit_free(struct permit *p)
{
    if (p)
        arena_free(p->arena);
}
