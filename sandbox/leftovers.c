/* What belongs to nobody any more: ended instances, control groups, records, networks, interfaces
 * and packet rules of projects that the supervisor does not know.  Looked at when somebody asks;
 * what is in use stays. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/net.h"
#include "sandbox/nft.h"
#include "sandbox/policy.h"

/* what is listed fits in one message */
enum { ITEMS_MAX = 500, TAG = 8 };

struct look {
    struct broker *broker;
    const json_t *keep; /* names of projects */
    bool remove;
    json_t *items;
};

static bool is_kept(const struct look *l, const char *project)
{
    for (size_t i = 0; i < json_array_size(l->keep); i++) {
        const char *name = json_string_value(json_array_get(l->keep, i));

        if (name && strcmp(name, project) == 0)
            return true;
    }
    return false;
}

/* true when it is to be taken away */
static bool add(struct look *l, const char *kind, const char *name, const char *used)
{
    json_t *item;

    if (json_array_size(l->items) == ITEMS_MAX)
        return false;
    item = json_pack("{s:s,s:s}", "kind", kind, "name", name);
    if (used)
        (void) json_object_set_new(item, "used", json_string(used));
    (void) json_array_append_new(l->items, item);
    if (!used && l->remove)
        log_line(LOG_NOTE, "left over, removed kind=%s name=%s", kind, name);
    return !used && l->remove;
}

static void look_at_guests(struct look *l)
{
    struct guest *g, *next;

    HASH_ITER (hh, l->broker->guests, g, next) {
        struct request nobody = { 0 };
        struct err e = ERR_INIT;

        if (g->state != GUEST_ENDED || g->removal || is_kept(l, g->spec.project))
            continue;
        if (add(l, "instance", g->id, NULL) && lifecycle_remove(l->broker, g, &nobody, &e) < 0)
            log_err(&e, g->id);
    }
}

static bool is_guest(const struct look *l, const char *id)
{
    const struct guest *g = NULL;

    HASH_FIND_STR(l->broker->guests, id, g);
    return g != NULL;
}

static void look_at_cgroup(const char *id, void *userdata)
{
    struct look *l = userdata;

    if (is_guest(l, id) || !add(l, "cgroup", id, NULL))
        return;
    (void) l->broker->cgroup->kill(id);
    (void) l->broker->cgroup->destroy(id); /* as soon as it is empty: the sweep comes back to it */
}

static void look_at_records(struct look *l)
{
    auto_free char *path = paths_join("%s/instances", paths_run());
    auto_dir dir = opendir(path);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && !is_guest(l, entry->d_name) &&
            add(l, "record", entry->d_name, NULL))
            guest_remove_dir(entry->d_name);
}

static void look_at_networks(struct look *l)
{
    struct network *n, *next;

    HASH_ITER (hh, l->broker->networks, n, next) {
        bool used = network_is_used(l->broker, n->name);
        struct err e = ERR_INIT;

        if (is_kept(l, n->project))
            continue;
        if (add(l, "network", n->name, used ? "a running instance" : NULL) &&
            network_remove(l->broker, n->project, n->name, &e) < 0)
            log_err(&e, "removing a network");
    }
}

static void look_at_bridge(const char *name, void *userdata)
{
    struct look *l = userdata;
    const struct network *n = NULL;
    struct err e = ERR_INIT;

    HASH_FIND_STR(l->broker->networks, name, n);
    if (n || policy_bridge(name, NULL) < 0 || !add(l, "interface", name, NULL))
        return;
    if (net_bridge_remove(name, &e) < 0)
        log_err(&e, "removing an interface");
}

/* the project whose table it is; NULL: it is not one of this installation */
static const char *project_of(const char *table)
{
    char ours[NET_TABLE];
    size_t len, hex = 0;

    net_rules_table("", ours);
    len = strlen(ours);
    if (strncmp(table, ours, len) != 0)
        return NULL;
    table += len;
    /* of another one beside it, whose name begins with its tag */
    while (isxdigit((unsigned char) table[hex]))
        hex++;
    return hex == TAG && table[hex] == '-' && paths_tag()[0] == '\0' ? NULL : table;
}

static bool has_network(const struct look *l, const char *project)
{
    for (const struct network *n = l->broker->networks; n; n = n->hh.next)
        if (strcmp(n->project, project) == 0)
            return true;
    return false;
}

static void look_at_rules(struct look *l)
{
    struct err e = ERR_INIT;
    json_t *tables = NULL;

    if (nft_list(&tables, &e) < 0) {
        log_err(&e, "listing packet rules");
        return;
    }
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *table = json_object_get(json_array_get(tables, i), "table");
        const char *name = json_string_value(json_object_get(table, "name"));
        const char *project = name ? project_of(name) : NULL;

        if (!project || has_network(l, project) || is_kept(l, project) ||
            policy_name("project", project, NULL) < 0 || !add(l, "rules", name, NULL))
            continue;
        e = ERR_INIT;
        if (net_rules_replace(project, &(struct net_table){ 0 }, &e) < 0)
            log_err(&e, "removing packet rules");
    }
    json_decref(tables);
}

int leftovers(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct look l = { .broker = b };
    json_t *keep = NULL;
    json_error_t why;
    int remove = 0;

    if (json_unpack_ex(r->fields, &why, JSON_STRICT, "{s:o,s:b}", "keep", &keep, "remove",
                       &remove) < 0)
        return err_set(e, -EINVAL, "request: %s", why.text);
    l.keep = keep;
    l.remove = remove;
    l.items = json_array();
    look_at_guests(&l);
    b->cgroup->each(look_at_cgroup, &l);
    look_at_records(&l);
    look_at_networks(&l);
    if (net_bridge_each(look_at_bridge, &l, e) < 0) {
        json_decref(l.items);
        return e->code;
    }
    look_at_rules(&l);
    a->fields = json_pack("{s:o}", "items", l.items);
    return 0;
}
