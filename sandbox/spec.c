#include "sandbox/spec.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/auto.h"

/* far above any real service; the packet's limit is met first */
enum { LIST_MAX = 4096 };

/* Of what the broker keeps of an instance.  A key may be added under the same number if 0, "" or an
 * empty list means what there was before; one that changes its meaning needs the next number. */
enum { SPEC_SCHEMA = 1 };

static const char *const kind_text[] = {
    [SPEC_BIND] = "bind", [SPEC_VOLUME] = "volume", [SPEC_TMPFS] = "tmpfs"
};
static const char *const reach_text[] = { [SPEC_REACH_ALL] = "enabled",
                                          [SPEC_REACH_TOP] = "disabled",
                                          [SPEC_REACH_WRITABLE] = "writable",
                                          [SPEC_REACH_SEALED] = "readonly" };

/* One decoder at work: where results live, and the error to fill. */
struct decoder {
    struct arena *arena;
    struct err *e;
    bool *foreign; /* set where another version has said what is not known here; NULL: an error */
};

enum field_type {
    FIELD_TEXT,
    FIELD_STRINGS,
    FIELD_U64,
    FIELD_U32,
    FIELD_U16,
    FIELD_BOOL,
    FIELD_INT,
    FIELD_KIND,
    FIELD_REACH
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
};

#define FIELD(object, member, kind)                                                                \
    {                                                                                              \
#member, kind, offsetof(struct object, member)                                             \
    }

/* on the wire they stand among the fields of the specification */
static const struct field limit_fields[] = {
    FIELD(spec_limits, memory, FIELD_U64),       FIELD(spec_limits, milli_cpus, FIELD_U64),
    FIELD(spec_limits, pids, FIELD_U64),         FIELD(spec_limits, memory_low, FIELD_U64),
    FIELD(spec_limits, memory_swap, FIELD_U64),  FIELD(spec_limits, cpu_shares, FIELD_U64),
    FIELD(spec_limits, cpu_quota_us, FIELD_U64), FIELD(spec_limits, cpu_period_us, FIELD_U64),
    FIELD(spec_limits, cpuset, FIELD_TEXT),
};

static const struct field spec_fields[] = {
    FIELD(spec, id, FIELD_TEXT),
    FIELD(spec, project, FIELD_TEXT),
    FIELD(spec, argv, FIELD_STRINGS),
    FIELD(spec, env, FIELD_STRINGS),
    FIELD(spec, workdir, FIELD_TEXT),
    FIELD(spec, hostname, FIELD_TEXT),
    FIELD(spec, user, FIELD_TEXT),
    FIELD(spec, home, FIELD_TEXT),
    FIELD(spec, uid, FIELD_U32),
    FIELD(spec, gid, FIELD_U32),
    FIELD(spec, etc, FIELD_STRINGS),
    FIELD(spec, nofile, FIELD_U64),
    FIELD(spec, seccomp, FIELD_TEXT),
    FIELD(spec, oom_score_adj, FIELD_INT),
    FIELD(spec, disk_weight, FIELD_U64),
    FIELD(spec, swappiness, FIELD_TEXT),
    FIELD(spec, stdin_open, FIELD_BOOL),
    FIELD(spec, tty, FIELD_BOOL),
    FIELD(spec, domainname, FIELD_TEXT),
    FIELD(spec, dns, FIELD_STRINGS),
    FIELD(spec, sysctls, FIELD_STRINGS),
    FIELD(spec, dns_search, FIELD_STRINGS),
    FIELD(spec, dns_options, FIELD_STRINGS),
    FIELD(spec, network_of, FIELD_TEXT),
    FIELD(spec, ipc_of, FIELD_TEXT),
    FIELD(spec, no_shm, FIELD_BOOL),
    FIELD(spec, pid_of, FIELD_TEXT),
    FIELD(spec, proc_all, FIELD_BOOL),
    FIELD(spec, seccomp_profile, FIELD_TEXT),
    FIELD(spec, capabilities, FIELD_STRINGS),
    FIELD(spec, own_users, FIELD_BOOL),
    FIELD(spec, notify, FIELD_BOOL),
    FIELD(spec, inherits, FIELD_BOOL),
    FIELD(spec, host_uts, FIELD_BOOL),
    FIELD(spec, host_cgroup, FIELD_BOOL),
    FIELD(spec, device_rules, FIELD_STRINGS),
    FIELD(spec, apparmor, FIELD_TEXT),
    FIELD(spec, beside, FIELD_TEXT),
};

static const struct field mount_fields[] = {
    FIELD(spec_mount, kind, FIELD_KIND),     FIELD(spec_mount, source, FIELD_TEXT),
    FIELD(spec_mount, target, FIELD_TEXT),   FIELD(spec_mount, read_only, FIELD_BOOL),
    FIELD(spec_mount, noexec, FIELD_BOOL),   FIELD(spec_mount, size, FIELD_U64),
    FIELD(spec_mount, mode, FIELD_U32),      FIELD(spec_mount, subpath, FIELD_TEXT),
    FIELD(spec_mount, existing, FIELD_BOOL), FIELD(spec_mount, reach, FIELD_REACH),
    FIELD(spec_mount, follows, FIELD_BOOL),
};

static const struct field file_fields[] = {
    FIELD(spec_file, target, FIELD_TEXT), FIELD(spec_file, uid, FIELD_U32),
    FIELD(spec_file, gid, FIELD_U32),     FIELD(spec_file, mode, FIELD_U32),
    FIELD(spec_file, fd, FIELD_U32),
};

static const struct field ulimit_fields[] = {
    FIELD(spec_ulimit, resource, FIELD_TEXT),
    FIELD(spec_ulimit, soft, FIELD_U64),
    FIELD(spec_ulimit, hard, FIELD_U64),
};

static const struct field group_fields[] = {
    FIELD(spec_group, name, FIELD_TEXT),
    FIELD(spec_group, gid, FIELD_U32),
};

static const struct field device_fields[] = {
    FIELD(spec_device, source, FIELD_TEXT),
    FIELD(spec_device, target, FIELD_TEXT),
    FIELD(spec_device, access, FIELD_TEXT),
};

static const struct field link_fields[] = {
    FIELD(spec_link, bridge, FIELD_TEXT),    FIELD(spec_link, ipv4, FIELD_TEXT),
    FIELD(spec_link, gateway4, FIELD_TEXT),  FIELD(spec_link, ipv6, FIELD_TEXT),
    FIELD(spec_link, gateway6, FIELD_TEXT),  FIELD(spec_link, mac, FIELD_TEXT),
    FIELD(spec_link, interface, FIELD_TEXT),
};

static const struct field port_fields[] = {
    FIELD(spec_port, address, FIELD_TEXT), FIELD(spec_port, published, FIELD_U16),
    FIELD(spec_port, last, FIELD_U16),     FIELD(spec_port, target, FIELD_U16),
    FIELD(spec_port, udp, FIELD_BOOL),
};

static const struct field disk_fields[] = {
    FIELD(spec_disk, path, FIELD_TEXT),     FIELD(spec_disk, weight, FIELD_U64),
    FIELD(spec_disk, read_bps, FIELD_U64),  FIELD(spec_disk, write_bps, FIELD_U64),
    FIELD(spec_disk, read_iops, FIELD_U64), FIELD(spec_disk, write_iops, FIELD_U64),
};

static const struct field host_fields[] = {
    FIELD(spec_host, address, FIELD_TEXT),
    FIELD(spec_host, names, FIELD_TEXT),
};

static const struct field hook_fields[] = {
    FIELD(spec_hook, argv, FIELD_STRINGS),
    FIELD(spec_hook, env, FIELD_STRINGS),
    FIELD(spec_hook, workdir, FIELD_TEXT),
    FIELD(spec_hook, deadline_us, FIELD_U64),
};

static const struct field listener_fields[] = {
    FIELD(spec_listener, name, FIELD_TEXT),
    FIELD(spec_listener, address, FIELD_TEXT),
    FIELD(spec_listener, port, FIELD_U16),
};

/* a list of objects in `struct spec`, as a pointer and a count */
static const struct list {
    const char *key;
    const struct field *fields;
    size_t n_fields, size, offset, count_offset;
} lists[] = {
#define LIST(member, object, table)                                                                \
    {                                                                                              \
#member, table, ARRAY_LEN(table), sizeof(struct object), offsetof(struct spec, member),    \
            offsetof(struct spec, n_##member)                                                      \
    }
    LIST(mounts, spec_mount, mount_fields),       LIST(files, spec_file, file_fields),
    LIST(ulimits, spec_ulimit, ulimit_fields),    LIST(groups, spec_group, group_fields),
    LIST(links, spec_link, link_fields),          LIST(ports, spec_port, port_fields),
    LIST(hosts, spec_host, host_fields),          LIST(devices, spec_device, device_fields),
    LIST(disks, spec_disk, disk_fields),          LIST(pre_start, spec_hook, hook_fields),
    LIST(listen, spec_listener, listener_fields),
#undef LIST
};

/* ---- to JSON ---- */

static json_t *encode_strings(const char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++)
        (void) json_array_append_new(list, json_string(*v));
    return list;
}

static json_t *encode_field(const struct field *f, const void *object)
{
    const char *at = (const char *) object + f->offset;

    switch (f->type) {
    case FIELD_TEXT: {
        const char *text = *(const char *const *) (const void *) at;
        return json_string(text ? text : "");
    }
    case FIELD_STRINGS: return encode_strings(*(const char *const *const *) (const void *) at);
    case FIELD_U64: return json_integer((json_int_t) * (const uint64_t *) (const void *) at);
    case FIELD_U32: return json_integer(*(const uint32_t *) (const void *) at);
    case FIELD_U16: return json_integer(*(const uint16_t *) (const void *) at);
    case FIELD_BOOL: return json_boolean(*(const bool *) at);
    case FIELD_INT: return json_integer(*(const int *) (const void *) at);
    case FIELD_KIND:
        return json_string(kind_text[*(const enum spec_mount_kind *) (const void *) at]);
    case FIELD_REACH: return json_string(reach_text[*(const enum spec_reach *) (const void *) at]);
    }
    abort();
}

static json_t *encode_object(const struct field *fields, size_t n, const void *object)
{
    json_t *json = json_object();

    for (size_t i = 0; i < n; i++)
        (void) json_object_set_new(json, fields[i].key, encode_field(&fields[i], object));
    return json;
}

json_t *spec_encode_limits(const struct spec_limits *l)
{
    return encode_object(limit_fields, ARRAY_LEN(limit_fields), l);
}

json_t *spec_encode(const struct spec *s)
{
    json_t *json = encode_object(spec_fields, ARRAY_LEN(spec_fields), s);
    json_t *limits = spec_encode_limits(&s->limits);

    (void) json_object_update(json, limits);
    json_decref(limits);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct list *l = &lists[i];
        const char *item = *(const char *const *) (const void *) ((const char *) s + l->offset);
        size_t n = *(const size_t *) (const void *) ((const char *) s + l->count_offset);
        json_t *list = json_array();

        for (size_t k = 0; k < n; k++)
            (void) json_array_append_new(list,
                                         encode_object(l->fields, l->n_fields, item + k * l->size));
        (void) json_object_set_new(json, l->key, list);
    }
    return json;
}

/* ---- from JSON ---- */

static int wrong(const struct decoder *d, const char *key, const char *want)
{
    return err_set(d->e, -EINVAL, "launch specification: '%s' must be %s", key, want);
}

static int decode_text(const struct decoder *d, const struct field *f, const json_t *json,
                       const char **out)
{
    /* jansson refuses \u0000 in strings unless asked, so the C string is the whole string */
    if (!json_is_string(json))
        return wrong(d, f->key, "a string");
    *out = arena_strdup(d->arena, json_string_value(json));
    return 0;
}

static int decode_strings(const struct decoder *d, const struct field *f, const json_t *json,
                          const char *const **out)
{
    size_t n = json_array_size(json);
    const char **v;

    if (!json_is_array(json) || n > LIST_MAX)
        return wrong(d, f->key, "a list of at most 4096 strings");
    v = arena_array(d->arena, n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        int r = decode_text(d, f, json_array_get(json, i), &v[i]);

        if (r < 0)
            return r;
    }
    *out = v;
    return 0;
}

static int decode_number(const struct decoder *d, const struct field *f, const json_t *json,
                         uint64_t max, uint64_t *out)
{
    json_int_t n = json_integer_value(json);

    if (!json_is_integer(json) || n < 0 || (uint64_t) n > max)
        return err_set(d->e, -EINVAL, "launch specification: '%s' must be a number from 0 to %llu",
                       f->key, (unsigned long long) max);
    *out = (uint64_t) n;
    return 0;
}

/* the place of a word in its table, or -EINVAL */
static int find_word(const char *const *words, size_t n, const json_t *json)
{
    const char *text = json_string_value(json);

    for (size_t i = 0; text && i < n; i++)
        if (strcmp(words[i], text) == 0)
            return (int) i;
    return -EINVAL;
}

static int decode_kind(const struct decoder *d, const struct field *f, const json_t *json,
                       enum spec_mount_kind *out)
{
    int found = find_word(kind_text, ARRAY_LEN(kind_text), json);

    if (found < 0)
        return wrong(d, f->key, "bind, volume or tmpfs");
    *out = (enum spec_mount_kind) found;
    return 0;
}

static int decode_reach(const struct decoder *d, const struct field *f, const json_t *json,
                        enum spec_reach *out)
{
    int found = find_word(reach_text, ARRAY_LEN(reach_text), json);

    if (found < 0)
        return wrong(d, f->key, "enabled, disabled, writable or readonly");
    *out = (enum spec_reach) found;
    return 0;
}

static int decode_field(const struct decoder *d, const struct field *f, const json_t *json,
                        void *object)
{
    void *at = (char *) object + f->offset;
    uint64_t n = 0;
    int r;

    switch (f->type) {
    case FIELD_TEXT: return decode_text(d, f, json, at);
    case FIELD_STRINGS: return decode_strings(d, f, json, at);
    case FIELD_KIND: return decode_kind(d, f, json, at);
    case FIELD_REACH: return decode_reach(d, f, json, at);
    case FIELD_U64: return decode_number(d, f, json, INT64_MAX, at);
    case FIELD_U32:
        if ((r = decode_number(d, f, json, UINT32_MAX, &n)) == 0)
            *(uint32_t *) at = (uint32_t) n;
        return r;
    case FIELD_U16:
        if ((r = decode_number(d, f, json, UINT16_MAX, &n)) == 0)
            *(uint16_t *) at = (uint16_t) n;
        return r;
    case FIELD_INT:
        if (!json_is_integer(json) || json_integer_value(json) < INT_MIN ||
            json_integer_value(json) > INT_MAX)
            return wrong(d, f->key, "a number");
        *(int *) at = (int) json_integer_value(json);
        return 0;
    case FIELD_BOOL:
        if (!json_is_boolean(json))
            return wrong(d, f->key, "true or false");
        *(bool *) at = json_is_true(json);
        return 0;
    }
    abort();
}

static const char *const no_strings[] = { NULL };

/* what stands for a key that is not there; all else is 0 */
static void default_field(const struct field *f, void *object)
{
    char *at = (char *) object + f->offset;

    if (f->type == FIELD_TEXT)
        *(const char **) (void *) at = "";
    else if (f->type == FIELD_STRINGS)
        *(const char *const **) (void *) at = no_strings;
}

static void decode_leniently(const struct decoder *d, const struct field *f, const json_t *value,
                             void *object)
{
    struct err ignored = ERR_INIT;
    const struct decoder quiet = { .arena = d->arena, .e = &ignored };

    default_field(f, object);
    if (value && decode_field(&quiet, f, value, object) < 0)
        *d->foreign = true;
}

/* every key must be there, unless it is read leniently: encoder and decoder are of one version */
static int decode_fields(const struct decoder *d, const struct field *fields, size_t n,
                         const json_t *json, void *object)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(json, fields[i].key);
        int r;

        if (d->foreign) {
            decode_leniently(d, &fields[i], value, object);
            continue;
        }
        if (!value)
            return err_set(d->e, -EINVAL, "launch specification: '%s' is missing", fields[i].key);
        if ((r = decode_field(d, &fields[i], value, object)) < 0)
            return r;
    }
    return 0;
}

static bool has_field(const struct field *fields, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].key, key) == 0)
            return true;
    return false;
}

static bool has_list(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (strcmp(lists[i].key, key) == 0)
            return true;
    return false;
}

static bool is_limit(const char *key)
{
    return has_field(limit_fields, ARRAY_LEN(limit_fields), key);
}

/* whole: a specification, which has lists and limits too */
static int refuse_unknown(const struct decoder *d, const json_t *json, const struct field *fields,
                          size_t n, bool whole)
{
    /* jansson's iterator takes a pointer to non-const and does not change the object */
    json_t *object = (json_t *) (uintptr_t) json;

    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        const char *key = json_object_iter_key(it);

        if (has_field(fields, n, key) || (whole && (has_list(key) || is_limit(key))))
            continue;
        if (d->foreign)
            *d->foreign = true;
        else
            return err_set(d->e, -EINVAL, "launch specification: unknown key '%s'", key);
    }
    return 0;
}

static int decode_list(const struct decoder *d, const struct list *l, const json_t *json,
                       struct spec *out)
{
    size_t n = json_array_size(json);
    char *items;

    if (!json_is_array(json) || n > LIST_MAX)
        return wrong(d, l->key, "a list of at most 4096 objects");
    items = arena_array(d->arena, n + 1, l->size);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(json, i);
        int r = json_is_object(item) ? refuse_unknown(d, item, l->fields, l->n_fields, false)
                                     : wrong(d, l->key, "a list of objects");

        if (r == 0)
            r = decode_fields(d, l->fields, l->n_fields, item, items + i * l->size);
        if (r < 0)
            return err_wrap(d->e, "%s[%zu]", l->key, i);
    }
    *(void **) (void *) ((char *) out + l->offset) = items;
    *(size_t *) (void *) ((char *) out + l->count_offset) = n;
    return 0;
}

/* a list of another version that cannot be read is an empty one */
static int decode_lists(const struct decoder *d, const json_t *json, struct spec *s)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(lists) && r == 0; i++) {
        const json_t *list = json_object_get(json, lists[i].key);

        if (list || !d->foreign)
            r = decode_list(d, &lists[i], list, s);
        if (r < 0 && d->foreign) {
            *d->foreign = true;
            r = 0;
        }
    }
    return r;
}

static int decode(const struct decoder *d, const json_t *json, struct spec *out)
{
    struct spec s = { 0 };
    int r;

    if (!json_is_object(json))
        return err_set(d->e, -EINVAL, "launch specification: must be an object");
    r = refuse_unknown(d, json, spec_fields, ARRAY_LEN(spec_fields), true);
    if (r == 0)
        r = decode_fields(d, spec_fields, ARRAY_LEN(spec_fields), json, &s);
    if (r == 0)
        r = decode_fields(d, limit_fields, ARRAY_LEN(limit_fields), json, &s.limits);
    if (r == 0)
        r = decode_lists(d, json, &s);
    if (r == 0)
        *out = s;
    return r;
}

int spec_decode(const json_t *json, struct arena *a, struct spec *out, struct err *e)
{
    return decode(&(struct decoder){ .arena = a, .e = e }, json, out);
}

json_t *spec_save(const struct spec *s)
{
    json_t *json = spec_encode(s);

    (void) json_object_set_new(json, "schema", json_integer(SPEC_SCHEMA));
    return json;
}

int spec_read_saved(json_t *json, struct arena *a, struct spec *out, bool *foreign, struct err *e)
{
    struct decoder d = { .arena = a, .e = e, .foreign = foreign };

    *foreign = json_integer_value(json_object_get(json, "schema")) > SPEC_SCHEMA;
    (void) json_object_del(json, "schema");
    return decode(&d, json, out);
}

int spec_change_hosts(const json_t *hosts, struct arena *a, struct spec *s, struct err *e)
{
    const struct decoder d = { .arena = a, .e = e };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (lists[i].offset == offsetof(struct spec, hosts))
            return decode_list(&d, &lists[i], hosts, s);
    return -ENOENT;
}

int spec_change_limits(const json_t *changes, struct arena *a, struct spec_limits *l, struct err *e)
{
    const struct decoder d = { .arena = a, .e = e };
    int r = json_is_object(changes)
                ? refuse_unknown(&d, changes, limit_fields, ARRAY_LEN(limit_fields), false)
                : err_set(e, -EINVAL, "limits: must be an object");

    for (size_t i = 0; i < ARRAY_LEN(limit_fields) && r == 0; i++) {
        const json_t *value = json_object_get(changes, limit_fields[i].key);

        if (value)
            r = decode_field(&d, &limit_fields[i], value, l);
    }
    return r;
}
