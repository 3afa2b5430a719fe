/* backup_impl.h -- what the files that make a backup share; included by them only. */
#ifndef IPAM_OPS_BACKUP_IMPL_H
#define IPAM_OPS_BACKUP_IMPL_H

#include "ops/backup.h"

enum { BACKUP_PARTS_MAX = 200 };

struct making {
    const struct procedure *p;
    const struct backup_store *store;
    const struct backup_wish *wish;
    char *name;
    char *names[BACKUP_PARTS_MAX + 1];
    int fds[BACKUP_PARTS_MAX];
    size_t n;
    json_t *parts, *skipped;
};

/* one file of it, while it is written: bytes go to `flow` */
struct part {
    struct flow *flow;
    uint64_t plain_bytes;
    struct flow_sum stored;
};

/* `plainly`: neither compressed nor sealed */
int backup_part_open(struct making *m, const char *file, bool plainly, struct part *part,
                     struct err *e);
/* Finishes it and lists it; `volume` is the name of the volume it is, or NULL. */
int backup_part_close(struct making *m, struct part *part, const char *what, const char *volume,
                      struct err *e);
void backup_part_stop(struct part *part);

/* the definition and the files it was made from; the volumes */
int backup_config(struct making *m, struct err *e);
int backup_volumes(struct making *m, struct err *e);

#endif
