#include "cli/denied.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

enum { RECORD_MAX = 8192, KINDS_MAX = 512 };

/* the value behind ` key=`, up to a blank; "" when it is not there */
static void field(const char *line, const char *key, char *out, size_t size)
{
    const char *at = strstr(line, key);

    if (size > 0)
        (void) snprintf(out, size, "%.*s", at ? (int) strcspn(at + strlen(key), " \n") : 0,
                        at ? at + strlen(key) : "");
}

static void count(struct denied_list *l, const struct denied *d)
{
    for (size_t i = 0; i < l->n; i++) {
        struct denied *known = &l->items[i];

        if (known->uid == d->uid && known->call == d->call &&
            strcmp(known->program, d->program) == 0) {
            known->times++;
            return;
        }
    }
    if (l->n < KINDS_MAX)
        l->items[l->n++] = *d;
}

static void take(struct denied_list *l, const char *line)
{
    struct denied d = { .times = 1 };
    char uid[32], call[32], exe[sizeof d.program + 2];

    if (!strstr(line, "type=1326 "))
        return;
    field(line, " uid=", uid, sizeof uid);
    field(line, " syscall=", call, sizeof call);
    field(line, " exe=", exe, sizeof exe);
    if (uid[0] == '\0' || call[0] == '\0')
        return;
    d.uid = (uid_t) strtoul(uid, NULL, 10);
    d.call = (int) strtol(call, NULL, 10);
    (void) snprintf(d.program, sizeof d.program, "%.*s", (int) strcspn(exe + (exe[0] == '"'), "\""),
                    exe + (exe[0] == '"'));
    count(l, &d);
}

/* /dev/kmsg gives one record per read(2), a file many: both are cut into lines */
static void take_all(struct denied_list *l, char *text)
{
    for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n"))
        take(l, line);
}

int denied_read(const char *path, struct denied_list *out, struct err *e)
{
    auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct denied_list l = { 0 };
    char record[RECORD_MAX + 1];
    ssize_t n;

    if (fd < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    l.items = calloc(KINDS_MAX, sizeof *l.items);
    if (!l.items)
        abort();
    while ((n = read(fd, record, RECORD_MAX)) > 0 || (n < 0 && errno == EPIPE)) {
        record[n > 0 ? n : 0] = '\0'; /* EPIPE: records were overwritten, the next one follows */
        take_all(&l, record);
    }
    if (n < 0 && errno != EAGAIN) {
        int r = err_set(e, -errno, "%s: %s", path, strerror(errno));

        denied_clear(&l);
        return r;
    }
    *out = l;
    return 0;
}

bool denied_is_of(const struct denied *d, const struct unit *u)
{
    enum { IDS = 65536 };

    /* in a user namespace of its own it is another one to the kernel's log; see sandbox/users.h */
    return u->own_users ? d->uid >= IDS && d->uid % IDS == u->uid : d->uid == u->uid;
}

void denied_clear(struct denied_list *l)
{
    free(l->items);
    *l = (struct denied_list){ 0 };
}
