/* What a service may do with block devices, and how readily it is swapped out. */
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "compose/resolve.h"

enum { WEIGHT_LEAST = 10, WEIGHT_MOST = 1000, SWAPPINESS_MOST = 100 };

static int number(const struct node *n, uint64_t *out)
{
    if (n->kind != NODE_INT)
        return num_bytes(n->text, out);
    if (n->integer < 0)
        return -1;
    *out = (uint64_t) n->integer;
    return 0;
}

static int weight(const struct node *n, uint64_t *out, struct err *e)
{
    if (number(n, out) < 0 || *out < WEIGHT_LEAST || *out > WEIGHT_MOST)
        return resolve_refuse(n, e, "'weight' must be from %d to %d", WEIGHT_LEAST, WEIGHT_MOST);
    return 0;
}

/* what several lists say about one device stands together */
static int find_disk(struct unit *u, const struct node *entry, struct disk_limit **out,
                     struct err *e)
{
    const struct node *path = node_get(entry, "path");
    const char *text = path ? path->text : "";

    if (strncmp(text, "/dev/", 5) != 0 || strstr(text, "/../"))
        return resolve_refuse(path ? path : entry, e, "'path' must name a block device below /dev");
    for (size_t i = 0; i < u->n_disks; i++)
        if (strcmp(u->disks[i].path, text) == 0) {
            *out = &u->disks[i];
            return 0;
        }
    *out = &u->disks[u->n_disks++];
    (*out)->path = text;
    return 0;
}

static int rate(const struct node *entry, uint64_t *out, struct err *e)
{
    const struct node *n = node_get(entry, "rate");

    if (!n || number(n, out) < 0 || *out == 0)
        return resolve_refuse(n ? n : entry, e, "'rate' must be a number above 0");
    return 0;
}

/* one of the five lists */
static int disks(struct unit *u, const struct node *list, size_t offset, struct err *e)
{
    for (size_t i = 0; i < node_count(list); i++) {
        const struct node *entry = list->items[i], *n = node_get(entry, "weight");
        struct disk_limit *disk = NULL;
        int r = find_disk(u, entry, &disk, e);

        if (r == 0 && offset != offsetof(struct disk_limit, weight))
            r = rate(entry, (uint64_t *) (void *) ((char *) disk + offset), e);
        else if (r == 0)
            r = n ? weight(n, &disk->weight, e) : resolve_refuse(entry, e, "'weight' is missing");
        if (r < 0)
            return r;
    }
    return 0;
}

static int swappiness(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "mem_swappiness");
    uint64_t value = 0;

    r->unit->swappiness = r->unit->release = "";
    if (!n || (n->kind == NODE_INT ? n->integer == -1 : strcmp(n->text, "-1") == 0))
        return 0; /* -1 is Docker's word for the host's */
    if (number(n, &value) < 0 || value > SWAPPINESS_MOST)
        return resolve_refuse(n, e, "'mem_swappiness' must be from 0 to %d", SWAPPINESS_MOST);
    r->unit->swappiness = arena_printf(r->arena, "%u", (unsigned) value);
    return 0;
}

int resolve_disks(struct resolve *r, struct err *e)
{
    static const struct {
        const char *key;
        size_t offset;
    } lists[] = {
        { "weight_device", offsetof(struct disk_limit, weight) },
        { "device_read_bps", offsetof(struct disk_limit, read_bps) },
        { "device_write_bps", offsetof(struct disk_limit, write_bps) },
        { "device_read_iops", offsetof(struct disk_limit, read_iops) },
        { "device_write_iops", offsetof(struct disk_limit, write_iops) },
    };
    const struct node *config = node_get(r->service, "blkio_config");
    const struct node *all = node_get(config, "weight");
    size_t n = 0;
    int code = swappiness(r, e);

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        n += node_count(node_get(config, lists[i].key));
    r->unit->disks = arena_array(r->arena, n + 1, sizeof *r->unit->disks);
    if (code == 0 && all && !(all->kind == NODE_INT && all->integer == 0))
        code = weight(all, &r->unit->disk_weight, e);
    for (size_t i = 0; i < ARRAY_LEN(lists) && code == 0; i++)
        code = disks(r->unit, node_get(config, lists[i].key), lists[i].offset, e);
    return code;
}
