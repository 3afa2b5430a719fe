#include "sandbox/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "sandbox/nft.h"

/* chains jump into each other at most this deep in the kernel; the other bound is ours */
enum { DEPTH_MAX = 16, STEPS_MAX = 100000, NAMES_MAX = 4096 };

enum answer { NO, MAYBE, YES };
enum verdict { GO_ON, ACCEPTED, DROPPED, RETURNED };

struct walk {
    const json_t *rules;
    const struct firewall_packet *packet;
    const char *family, *table;
    unsigned depth, steps;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static bool is(const json_t *object, const char *key, const char *text)
{
    return strcmp(text_of(object, key), text) == 0;
}

static bool belongs(const struct walk *w, const json_t *object)
{
    return is(object, "family", w->family) && is(object, "table", w->table);
}

/* ---- is it so? ---- */

/* the elements of "@name", NULL if they are not known */
static const json_t *elements(const struct walk *w, const char *name)
{
    static const char *const kinds[] = { "set", "map" };
    size_t i;
    json_t *entry;

    json_array_foreach (w->rules, i, entry)
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            const json_t *set = json_object_get(entry, kinds[k]);

            if (set && belongs(w, set) && is(set, "name", name))
                return json_object_get(set, "elem");
        }
    return NULL;
}

/* what a field of the packet is, as a number or a word; all false: unknown */
struct value {
    const char *word;
    json_int_t number;
    bool has_number, open; /* open: any but `word`, such as any interface but lo */
    bool absent;           /* a packet of that kind has no such field */
};

static struct value protocol(const struct walk *w)
{
    return w->packet->udp ? (struct value){ .word = "udp", .number = 17, .has_number = true }
                          : (struct value){ .word = "tcp", .number = 6, .has_number = true };
}

static struct value payload(const struct walk *w, const json_t *p)
{
    const char *of = text_of(p, "protocol"), *field = text_of(p, "field");
    bool ipv6 = w->packet->ipv6;

    if (strcmp(of, "ip") == 0 || strcmp(of, "ip6") == 0) {
        if ((strcmp(of, "ip6") == 0) != ipv6)
            return (struct value){ .absent = true };
        if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
            return protocol(w);
        return (struct value){ 0 };
    }
    if (strcmp(of, "th") != 0 && strcmp(of, protocol(w).word) != 0)
        return (struct value){ .absent = of[0] != '\0' };
    if (strcmp(field, "dport") == 0)
        return (struct value){ .number = w->packet->port, .has_number = true };
    return (struct value){ 0 };
}

static struct value value_of(const struct walk *w, const json_t *left)
{
    const json_t *meta = json_object_get(left, "meta"), *ct = json_object_get(left, "ct");
    const json_t *p = json_object_get(left, "payload"), *fib = json_object_get(left, "fib");

    if (p)
        return payload(w, p);
    if (is(meta, "key", "l4proto"))
        return protocol(w);
    if (is(meta, "key", "nfproto"))
        return (struct value){ .word = w->packet->ipv6 ? "ipv6" : "ipv4" };
    if (is(meta, "key", "iifname"))
        return (struct value){ .word = "lo", .open = true };
    if (is(meta, "key", "pkttype"))
        return (struct value){ .word = "host" };
    if (is(ct, "key", "state"))
        return (struct value){ .word = "new" };
    if (is(fib, "result", "type") && json_array_size(json_object_get(fib, "flags")) == 1 &&
        strcmp(json_string_value(json_array_get(json_object_get(fib, "flags"), 0)), "daddr") == 0)
        return (struct value){ .word = "local" };
    return (struct value){ 0 };
}

static enum answer equals(const struct walk *w, const struct value *v, const json_t *right);

static enum answer any_of(const struct walk *w, const struct value *v, const json_t *list)
{
    enum answer best = NO;
    size_t i;
    json_t *item;

    json_array_foreach (list, i, item) {
        enum answer a = equals(w, v, item);

        best = a > best ? a : best;
    }
    return best;
}

static enum answer in_range(const struct value *v, const json_t *range)
{
    const json_t *first = json_array_get(range, 0), *last = json_array_get(range, 1);

    if (!v->has_number || !json_is_integer(first) || !json_is_integer(last))
        return MAYBE;
    return v->number >= json_integer_value(first) && v->number <= json_integer_value(last) ? YES
                                                                                           : NO;
}

static enum answer equals_word(const struct value *v, const char *word)
{
    bool same = v->word && strcmp(v->word, word) == 0;

    if (!v->word || strchr(word, '*'))
        return MAYBE;
    if (v->open)
        return same ? NO : MAYBE;
    return same ? YES : NO;
}

static enum answer equals(const struct walk *w, const struct value *v, const json_t *right)
{
    const char *word = json_string_value(right);
    const json_t *inner;

    if (word && word[0] == '@')
        return any_of(w, v, elements(w, word + 1));
    if (word)
        return equals_word(v, word);
    if (json_is_integer(right))
        return !v->has_number ? MAYBE : v->number == json_integer_value(right) ? YES : NO;
    if (json_is_array(right))
        return any_of(w, v, right);
    if ((inner = json_object_get(right, "set")))
        return json_is_array(inner) ? any_of(w, v, inner) : equals(w, v, inner);
    if ((inner = json_object_get(right, "elem")))
        return equals(w, v, json_object_get(inner, "val"));
    if ((inner = json_object_get(right, "range")))
        return in_range(v, inner);
    return MAYBE;
}

static enum answer match(const struct walk *w, const json_t *m)
{
    const json_t *right = json_object_get(m, "right");
    const struct value v = value_of(w, json_object_get(m, "left"));
    bool same = is(m, "op", "==") || is(m, "op", "in");
    enum answer a;

    if (v.absent)
        return NO;
    if (!same && !is(m, "op", "!="))
        return MAYBE;
    a = v.has_number || v.word ? equals(w, &v, right) : MAYBE;
    return same ? a : (enum answer)(YES - a);
}

/* ---- what becomes of it? ---- */

static enum verdict walk_chain(struct walk *w, const char *chain);

static enum verdict jump(struct walk *w, enum answer so_far, bool comes_back, const json_t *target)
{
    enum verdict v;

    if (w->depth == DEPTH_MAX || text_of(target, "target")[0] == '\0')
        return DROPPED;
    w->depth++;
    v = walk_chain(w, text_of(target, "target"));
    w->depth--;
    if (v == DROPPED || (v == ACCEPTED && so_far == YES))
        return v;
    if (v == ACCEPTED || comes_back)
        return GO_ON;
    /* the end of the other chain is the end of this one */
    return so_far == YES ? RETURNED : DROPPED;
}

/* What may hold counts where it shuts, not where it opens. */
static enum verdict judge(struct walk *w, enum answer so_far, const json_t *statement)
{
    const json_t *target;

    if (json_object_get(statement, "accept"))
        return so_far == YES ? ACCEPTED : GO_ON;
    if (json_object_get(statement, "return"))
        return so_far == YES ? RETURNED : DROPPED;
    if ((target = json_object_get(statement, "jump")))
        return jump(w, so_far, true, target);
    if ((target = json_object_get(statement, "goto")))
        return jump(w, so_far, false, target);
    if (json_object_get(statement, "drop") || json_object_get(statement, "reject") ||
        json_object_get(statement, "queue") || json_object_get(statement, "synproxy"))
        return DROPPED;
    return GO_ON;
}

static enum verdict look_up(struct walk *w, enum answer so_far, const json_t *vmap)
{
    const struct value v = value_of(w, json_object_get(vmap, "key"));
    const json_t *data = json_object_get(vmap, "data"), *list = json_object_get(data, "set");
    const char *name = json_string_value(data);
    size_t i;
    json_t *pair;

    if (name)
        list = elements(w, name + strspn(name, "@"));
    if (v.absent)
        return GO_ON;
    json_array_foreach (list, i, pair) {
        enum answer a = v.has_number || v.word ? equals(w, &v, json_array_get(pair, 0)) : MAYBE;
        enum verdict r;

        if (a == NO)
            continue;
        r = judge(w, a < so_far ? a : so_far, json_array_get(pair, 1));
        if (r != GO_ON)
            return r;
    }
    return GO_ON;
}

static enum answer condition(const struct walk *w, const json_t *statement)
{
    static const char *const inert[] = { "counter", "log", "mangle" };
    const json_t *m = json_object_get(statement, "match");

    for (size_t i = 0; i < ARRAY_LEN(inert); i++)
        if (json_object_get(statement, inert[i]))
            return YES;
    return m ? match(w, m) : MAYBE;
}

/* a target of iptables that nft has no words for */
static bool is_foreign_target(const json_t *statement)
{
    const json_t *xt = json_object_get(statement, "xt");

    return is(xt, "type", "target") && !is(xt, "name", "LOG");
}

static enum verdict walk_rule(struct walk *w, const json_t *statements)
{
    enum answer so_far = YES;
    size_t i;
    json_t *s;

    json_array_foreach (statements, i, s) {
        const json_t *vmap = json_object_get(s, "vmap");
        enum verdict v = is_foreign_target(s) ? DROPPED
                         : vmap               ? look_up(w, so_far, vmap)
                                              : judge(w, so_far, s);
        enum answer a;

        if (v != GO_ON)
            return v;
        a = vmap ? so_far : condition(w, s);
        if (a == NO)
            return GO_ON;
        so_far = a < so_far ? a : so_far;
    }
    return GO_ON;
}

static enum verdict walk_chain(struct walk *w, const char *chain)
{
    size_t i;
    json_t *entry;

    json_array_foreach (w->rules, i, entry) {
        const json_t *rule = json_object_get(entry, "rule");
        enum verdict v;

        if (++w->steps > STEPS_MAX)
            return DROPPED;
        if (!rule || !belongs(w, rule) || !is(rule, "chain", chain))
            continue;
        v = walk_rule(w, json_object_get(rule, "expr"));
        if (v != GO_ON)
            return v;
    }
    return GO_ON;
}

static bool concerns(const json_t *chain, bool ipv6)
{
    return is(chain, "hook", "input") && is(chain, "type", "filter") &&
           (is(chain, "family", "inet") || is(chain, "family", ipv6 ? "ip6" : "ip")) &&
           strncmp(text_of(chain, "table"), FIREWALL_OURS, strlen(FIREWALL_OURS)) != 0;
}

bool firewall_admits(const struct firewall *f, const struct firewall_packet *p,
                     char why[FIREWALL_WHY])
{
    size_t i;
    json_t *entry;

    json_array_foreach (f->rules, i, entry) {
        const json_t *chain = json_object_get(entry, "chain");
        struct walk w = { .rules = f->rules,
                          .packet = p,
                          .family = text_of(chain, "family"),
                          .table = text_of(chain, "table") };
        enum verdict v;

        if (!chain || !concerns(chain, p->ipv6))
            continue;
        v = walk_chain(&w, text_of(chain, "name"));
        if (v == ACCEPTED || (v != DROPPED && !is(chain, "policy", "drop")))
            continue;
        (void) snprintf(why, FIREWALL_WHY, "chain '%.32s' of table '%s %.32s'",
                        text_of(chain, "name"), w.family, w.table);
        return false;
    }
    if (!(p->ipv6 ? f->legacy6 : f->legacy4))
        return true;
    (void) snprintf(why, FIREWALL_WHY, "rules of %s-legacy, which cannot be read here",
                    p->ipv6 ? "ip6tables" : "iptables");
    return false;
}

/* ---- reading ---- */

static bool has_legacy_filter(const char *path)
{
    auto_free char *names = NULL;

    return fsio_read_pseudo(AT_FDCWD, path, NAMES_MAX, &names) == 0 && strstr(names, "filter");
}

int firewall_read(struct firewall *out, struct err *e)
{
    json_t *rules = NULL;
    int r = nft_list(&rules, e);

    if (r < 0)
        return r;
    firewall_clear(out);
    *out = (struct firewall){ .rules = rules,
                              .legacy4 = has_legacy_filter("/proc/net/ip_tables_names"),
                              .legacy6 = has_legacy_filter("/proc/net/ip6_tables_names") };
    return 0;
}

void firewall_clear(struct firewall *f)
{
    json_decref(f->rules);
    *f = (struct firewall){ 0 };
}
