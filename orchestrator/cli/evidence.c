#include "cli/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/paths.h"
#include "cli/denied.h"
#include "cli/syscalls.h"
#include "model/project_json.h"
#include "preflight/listener.h"

/* below so much of a file system something does not get written, sooner or later */
enum { LEAST_SHARE = 50, LEAST_BYTES = 64 * 1024 * 1024 };

static int ask_definition(struct client *c, const char *project, struct project **out)
{
    auto_free char *text = NULL;
    json_t *answer = NULL;
    int r = client_send(c, json_pack("{s:s,s:s}", "op", "definition", "project", project), NULL);

    if (r == 0)
        r = client_receive(c, -1, &answer, NULL);
    if (r == 0 && (r = client_error(answer, NULL)) == 0) {
        text = json_dumps(json_object_get(answer, "definition"), JSON_COMPACT);
        r = project_from_json(text ? text : "", text ? strlen(text) : 0, out, NULL);
    }
    json_decref(answer);
    return r;
}

static void note_ports(const struct unit *u, json_t *out)
{
    for (size_t i = 0; i < u->n_ports; i++) {
        const struct port *p = &u->ports[i];
        auto_free char *holder = NULL;
        struct listener l;

        if (p->published == 0 || p->published != p->last ||
            !listener_has(p->address, p->published, p->udp))
            continue;
        listener_find(p->published, p->udp, &l);
        holder = listener_text(&l);
        (void) json_array_append_new(out,
                                     json_sprintf("port %u/%s, which it publishes, is in use "
                                                  "by %s",
                                                  p->published, p->udp ? "udp" : "tcp", holder));
    }
}

static void note_calls(const struct unit *u, json_t *out)
{
    struct denied_list log = { 0 };

    if (denied_read(DENIED_KERNEL_LOG, &log, NULL) < 0)
        return;
    for (size_t i = 0; i < log.n; i++) {
        auto_free char *name =
            denied_is_of(&log.items[i], u) ? syscalls_name(log.items[i].call) : NULL;

        if (name)
            (void) json_array_append_new(
                out, json_sprintf("%s was refused the system call %s (%u times): ipam-orch harden "
                                  "--explain says by which rule",
                                  log.items[i].program, name, log.items[i].times));
    }
    denied_clear(&log);
}

static void note_disk(const char *path, json_t *out)
{
    char text[NUM_BYTES_TEXT];
    struct statvfs fs;
    uint64_t have, all;

    if (statvfs(path, &fs) < 0)
        return;
    have = (uint64_t) fs.f_bavail * fs.f_frsize;
    all = (uint64_t) fs.f_blocks * fs.f_frsize;
    num_bytes_text(have, text);
    if (have < LEAST_BYTES || have < all / LEAST_SHARE)
        (void) json_array_append_new(out,
                                     json_sprintf("the file system of %s has %s left", path, text));
    if (fs.f_files > 0 && fs.f_favail == 0)
        (void) json_array_append_new(out,
                                     json_sprintf("the file system of %s has no inode left", path));
}

json_t *evidence_of(struct client *c, const char *project, const char *service)
{
    auto_free char *logs = paths_join("%s/%s", paths_log(), project);
    struct project *p = NULL;
    json_t *out = json_array();

    note_disk(paths_state(), out);
    note_disk(logs, out);
    if (ask_definition(c, project, &p) == 0 && project_unit(p, service)) {
        note_ports(project_unit(p, service), out);
        note_calls(project_unit(p, service), out);
    }
    project_free(p);
    return out;
}
