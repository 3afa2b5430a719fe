#include "sandbox/devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/device_rule.h"

/* so many steps are one rule, and so many devices a specification has at most */
enum { RULE_STEPS = 8, RULES_MAX = 32, FRAME_STEPS = 10, ANY = -1 };

struct rule {
    int kind, major, minor, access;
};

struct program {
    struct bpf_insn step[RULES_MAX * RULE_STEPS + FRAME_STEPS];
    int n;
};

int devices_find(const struct spec_device *d, struct devices_node *out, struct err *e)
{
    struct stat st;

    if (stat(d->source, &st) < 0)
        return err_set(e, -errno, "device %s: %s", d->source, strerror(errno));
    if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
        return err_set(e, -ENODEV, "%s is no device", d->source);
    *out = (struct devices_node){ .kind = S_ISBLK(st.st_mode) ? 'b' : 'c',
                                  .major = major(st.st_rdev),
                                  .minor = minor(st.st_rdev),
                                  .uid = st.st_uid,
                                  .gid = st.st_gid,
                                  .mode = st.st_mode & 0777 };
    return 0;
}

static void put(struct program *p, int code, int to, int from, int off, int imm)
{
    p->step[p->n++] = (struct bpf_insn){ .code = (__u8) code,
                                         .dst_reg = (__u8) to & 15,
                                         .src_reg = (__u8) from & 15,
                                         .off = (__s16) off,
                                         .imm = imm };
}

static void answer(struct program *p, int allow)
{
    put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
    put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* registers: 2 kind, 3 access, 4 major, 5 minor */
static void begin(struct program *p)
{
    put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    put(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    put(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
    /* making a node: init does, and no service has the capability */
    put(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, BPF_DEVCG_ACC_MKNOD);
    answer(p, 1);
}

/* one step also where anything goes: rules are all of one length */
static void demand(struct program *p, int reg, int value, int else_skip)
{
    if (value == ANY)
        put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
    else
        put(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, else_skip, value);
}

/* each test leads to the next rule when it fails */
static void allow(struct program *p, const struct rule *r)
{
    int end = p->n + RULE_STEPS;
#define TO_END (end - p->n - 1)

    demand(p, BPF_REG_2, r->kind, TO_END);
    demand(p, BPF_REG_4, r->major, TO_END);
    demand(p, BPF_REG_5, r->minor, TO_END);
    put(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_0, BPF_REG_3, 0, 0);
    put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_0, 0, 0, ~r->access);
    put(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, TO_END, 0);
    answer(p, 1);
#undef TO_END
}

static int access_of(const char *text)
{
    return BPF_DEVCG_ACC_MKNOD | (strchr(text, 'r') ? BPF_DEVCG_ACC_READ : 0) |
           (strchr(text, 'w') ? BPF_DEVCG_ACC_WRITE : 0);
}

/* checked by policy.c */
static int kernel_rule(const char *text, struct rule *out)
{
    struct device_rule rule;
    int r = device_rule_parse(text, ' ', &rule);

    if (r < 0)
        return r;
    *out = (struct rule){ rule.kind == 'a'   ? ANY
                          : rule.kind == 'b' ? BPF_DEVCG_DEV_BLOCK
                                             : BPF_DEVCG_DEV_CHAR,
                          rule.major, rule.minor,
                          BPF_DEVCG_ACC_MKNOD |
                              (rule.access & DEVICE_RULE_READ ? BPF_DEVCG_ACC_READ : 0) |
                              (rule.access & DEVICE_RULE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) };
    return 0;
}

static int attach(const struct program *p, int cgroup)
{
    union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                            .insn_cnt = (__u32) p->n,
                            .insns = (uintptr_t) p->step,
                            .license = (uintptr_t) "Apache-2.0" };
    auto_fd fd = (int) syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);

    if (fd < 0)
        return -errno;
    union bpf_attr to = { .target_fd = (__u32) cgroup,
                          .attach_bpf_fd = (__u32) fd,
                          .attach_type = BPF_CGROUP_DEVICE,
                          .attach_flags = BPF_F_ALLOW_MULTI };
    return syscall(SYS_bpf, BPF_PROG_ATTACH, &to, sizeof to) < 0 ? -errno : 0;
}

int devices_limit(const struct spec *s, int cgroup, struct err *e)
{
    enum { ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };
    /* null zero full random urandom, tty ptmx, pseudo terminals */
    static const struct rule always[] = {
        { BPF_DEVCG_DEV_CHAR, 1, 3, ALL }, { BPF_DEVCG_DEV_CHAR, 1, 5, ALL },
        { BPF_DEVCG_DEV_CHAR, 1, 7, ALL }, { BPF_DEVCG_DEV_CHAR, 1, 8, ALL },
        { BPF_DEVCG_DEV_CHAR, 1, 9, ALL }, { BPF_DEVCG_DEV_CHAR, 5, 0, ALL },
        { BPF_DEVCG_DEV_CHAR, 5, 2, ALL }, { BPF_DEVCG_DEV_CHAR, 136, ANY, ALL },
    };
    struct program p = { .n = 0 };
    int r;

    /* rules are about nodes, and the usual ones need none */
    if (s->n_devices == 0)
        return 0;
    begin(&p);
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        allow(&p, &always[i]);
    for (size_t i = 0; i < s->n_devices; i++) {
        struct devices_node node;
        struct rule rule;

        if ((r = devices_find(&s->devices[i], &node, e)) < 0)
            return r;
        rule = (struct rule){ node.kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
                              (int) node.major, (int) node.minor, access_of(s->devices[i].access) };
        if (cgroup < 0 && rule.access != ALL)
            return err_set(e, -ENOTSUP, "device %s:%s: without a cgroup2 tree only rw is possible",
                           s->devices[i].source, s->devices[i].access);
        allow(&p, &rule);
    }
    for (size_t i = 0; s->device_rules && s->device_rules[i]; i++) {
        struct rule rule;

        if ((r = kernel_rule(s->device_rules[i], &rule)) < 0)
            return err_set(e, r, "'%.64s' is no device rule", s->device_rules[i]);
        allow(&p, &rule);
    }
    answer(&p, 0);
    r = cgroup < 0 ? 0 : attach(&p, cgroup);
    return r < 0 ? err_set(e, r, "devices of '%s': %s", s->id, strerror(-r)) : 0;
}
