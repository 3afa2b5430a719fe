#include "runtime/native_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"

/* dynamic ports, RFC 6335 */
enum { DYNAMIC_PORT_FIRST = 49152 };

static void *array(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);

    if (!p)
        abort();
    return p;
}

static enum spec_mount_kind mount_kind(enum mount_kind kind)
{
    switch (kind) {
    case MOUNT_BIND: return SPEC_BIND;
    case MOUNT_VOLUME: return SPEC_VOLUME;
    case MOUNT_TMPFS:
    case MOUNT_KIND_COUNT: break;
    }
    return SPEC_TMPFS;
}

static enum spec_reach mount_reach(enum mount_reach reach)
{
    switch (reach) {
    case MOUNT_REACH_TOP: return SPEC_REACH_TOP;
    case MOUNT_REACH_WRITABLE: return SPEC_REACH_WRITABLE;
    case MOUNT_REACH_SEALED: return SPEC_REACH_SEALED;
    case MOUNT_REACH_ALL:
    case MOUNT_REACH_COUNT: break;
    }
    return SPEC_REACH_ALL;
}

static void copy_mounts(const struct unit *u, struct spec *s)
{
    s->mounts = array(u->n_mounts, sizeof *s->mounts);
    s->n_mounts = u->n_mounts;
    for (size_t i = 0; i < u->n_mounts; i++)
        s->mounts[i] = (struct spec_mount){ .kind = mount_kind(u->mounts[i].kind),
                                            .source = u->mounts[i].source,
                                            .target = u->mounts[i].target,
                                            .read_only = u->mounts[i].read_only,
                                            .noexec = u->mounts[i].noexec,
                                            .size = u->mounts[i].size,
                                            .mode = u->mounts[i].mode,
                                            .subpath = u->mounts[i].subpath,
                                            .existing = u->mounts[i].external,
                                            .reach = mount_reach(u->mounts[i].reach),
                                            .follows = u->mounts[i].follows };
}

static int copy_files(const struct project *p, const struct unit *u, struct native_spec *out,
                      struct err *e)
{
    struct spec *s = &out->spec;

    s->files = array(u->n_files, sizeof *s->files);
    for (size_t i = 0; i < u->n_files; i++) {
        const struct secret_file *f = &u->files[i];
        const struct secret *secret = project_secret(p, f->secret);

        if (i == FDPASS_MAX)
            return err_set(e, -E2BIG, "service '%s' has more than %d secrets", u->name, FDPASS_MAX);
        out->fds[i] = fsio_memfd(f->secret, secret->value, secret->len);
        if (out->fds[i] < 0)
            return err_set(e, out->fds[i], "secret '%s': %s", f->secret, strerror(-out->fds[i]));
        s->files[s->n_files++] = (struct spec_file){
            .target = f->target, .uid = f->uid, .gid = f->gid, .mode = f->mode, .fd = (unsigned) i
        };
    }
    return 0;
}

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

int native_spec_files(const struct runtime_files *f, json_t **out, int fds[FDPASS_MAX], size_t *n,
                      struct err *e)
{
    json_t *list = json_array();

    *n = 0;
    for (size_t i = 0; i < f->unit->n_files && i < FDPASS_MAX; i++) {
        const struct secret_file *file = &f->unit->files[i];
        const struct secret *secret = project_secret(f->project, file->secret);
        int fd;

        if (!secret || !is_one_of(f->secrets, file->secret))
            continue;
        fd = fsio_memfd(file->secret, secret->value, secret->len);
        if (fd < 0) {
            json_decref(list);
            fdpass_close(fds, *n);
            return err_set(e, fd, "secret '%s': %s", file->secret, strerror(-fd));
        }
        (void) json_array_append_new(
            list, json_pack("{s:s,s:i}", "target", file->target, "fd", (int) *n));
        fds[(*n)++] = fd;
    }
    *out = list;
    return 0;
}

static void copy_links(const struct runtime_launch *l, struct spec *s)
{
    s->links = array(l->n_links, sizeof *s->links);
    s->n_links = l->n_links;
    for (size_t i = 0; i < l->n_links; i++)
        s->links[i] = (struct spec_link){ .bridge = l->links[i].bridge,
                                          .ipv4 = l->links[i].ipv4,
                                          .gateway4 = l->links[i].gateway4,
                                          .ipv6 = l->links[i].ipv6,
                                          .gateway6 = l->links[i].gateway6,
                                          .mac = l->links[i].mac,
                                          .interface = l->links[i].interface };
    s->hosts = array(l->n_hosts, sizeof *s->hosts);
    s->n_hosts = l->n_hosts;
    for (size_t i = 0; i < l->n_hosts; i++)
        s->hosts[i] =
            (struct spec_host){ .address = l->hosts[i].address, .names = l->hosts[i].names };
}

static void copy_rights(const struct unit *u, struct spec *s)
{
    s->ulimits = array(u->n_ulimits, sizeof *s->ulimits);
    s->n_ulimits = u->n_ulimits;
    for (size_t i = 0; i < u->n_ulimits; i++)
        s->ulimits[i] = (struct spec_ulimit){ .resource = u->ulimits[i].resource,
                                              .soft = u->ulimits[i].soft,
                                              .hard = u->ulimits[i].hard };
    s->groups = array(u->n_groups, sizeof *s->groups);
    s->n_groups = u->n_groups;
    for (size_t i = 0; i < u->n_groups; i++)
        s->groups[i] = (struct spec_group){ .name = u->groups[i].name, .gid = u->groups[i].gid };
}

static void copy_devices(const struct unit *u, struct spec *s)
{
    s->devices = array(u->n_devices, sizeof *s->devices);
    s->n_devices = u->n_devices;
    s->device_rules = u->device_rules;
    s->apparmor = u->apparmor;
    for (size_t i = 0; i < u->n_devices; i++)
        s->devices[i] = (struct spec_device){ .source = u->devices[i].source,
                                              .target = u->devices[i].target,
                                              .access = u->devices[i].access };
}

static void copy_disks(const struct unit *u, struct spec *s)
{
    s->disks = array(u->n_disks, sizeof *s->disks);
    s->n_disks = u->n_disks;
    for (size_t i = 0; i < u->n_disks; i++)
        s->disks[i] = (struct spec_disk){ .path = u->disks[i].path,
                                          .weight = u->disks[i].weight,
                                          .read_bps = u->disks[i].read_bps,
                                          .write_bps = u->disks[i].write_bps,
                                          .read_iops = u->disks[i].read_iops,
                                          .write_iops = u->disks[i].write_iops };
}

static void copy_ports(const struct unit *u, struct spec *s)
{
    s->ports = array(u->n_ports, sizeof *s->ports);
    s->n_ports = u->n_ports;
    for (size_t i = 0; i < u->n_ports; i++)
        s->ports[i] =
            (struct spec_port){ .address = u->ports[i].address,
                                .published = u->ports[i].published ? u->ports[i].published
                                                                   : DYNAMIC_PORT_FIRST,
                                .last = u->ports[i].published ? u->ports[i].last : UINT16_MAX,
                                .target = u->ports[i].target,
                                .udp = u->ports[i].udp };
}

static void copy_listeners(const struct unit *u, struct spec *s)
{
    s->listen = array(u->n_listen, sizeof *s->listen);
    s->n_listen = u->n_listen;
    for (size_t i = 0; i < u->n_listen; i++)
        s->listen[i] = (struct spec_listener){ .name = u->listen[i].name,
                                               .address = u->listen[i].address,
                                               .port = u->listen[i].port };
}

static void copy_hooks(const struct unit *u, struct spec *s)
{
    s->pre_start = array(u->n_pre_start, sizeof *s->pre_start);
    s->n_pre_start = u->n_pre_start;
    for (size_t i = 0; i < u->n_pre_start; i++)
        s->pre_start[i] = (struct spec_hook){ .argv = u->pre_start[i].argv,
                                              .env = u->pre_start[i].env,
                                              .workdir = u->pre_start[i].workdir,
                                              .deadline_us = u->pre_start[i].timeout_us };
}

int native_spec_make(const struct runtime_launch *l, struct native_spec *out, struct err *e)
{
    const struct unit *u = l->unit;

    out->spec = (struct spec){ .id = l->id,
                               .project = l->project->name,
                               .argv = u->argv,
                               .env = u->env,
                               .workdir = u->workdir,
                               .hostname = u->hostname,
                               .domainname = u->domainname,
                               .dns = u->dns,
                               .dns_search = u->dns_search,
                               .dns_options = u->dns_options,
                               .user = u->user,
                               .home = u->home,
                               .uid = u->uid,
                               .gid = u->gid,
                               .etc = u->etc,
                               .network_of = l->shares[SHARED_NETWORK],
                               .ipc_of = l->shares[SHARED_IPC],
                               .no_shm = u->no_shm,
                               .pid_of = l->shares[SHARED_PID],
                               .proc_all = u->proc_all,
                               .beside = l->beside ? l->beside : "",
                               .limits.memory = u->limits.memory,
                               .limits.milli_cpus = u->limits.milli_cpus,
                               .limits.pids = u->limits.pids,
                               .limits.memory_low = u->limits.memory_low,
                               .limits.memory_swap = u->limits.memory_swap,
                               .limits.cpu_shares = u->limits.cpu_shares,
                               .limits.cpu_quota_us = u->limits.cpu_quota_us,
                               .limits.cpu_period_us = u->limits.cpu_period_us,
                               .limits.cpuset = u->limits.cpuset,
                               .nofile = u->limits.nofile,
                               .disk_weight = u->disk_weight,
                               .swappiness = u->swappiness,
                               .oom_score_adj = u->oom_score_adj,
                               .stdin_open = u->stdin_open,
                               .tty = u->tty,
                               .sysctls = u->sysctls,
                               .seccomp = u->seccomp,
                               .seccomp_profile = u->seccomp_profile,
                               .capabilities = u->capabilities,
                               .own_users = u->own_users,
                               .inherits = l->whole && u->inherits,
                               .notify = l->whole && u->health.probe.kind == PROBE_NOTIFY,
                               .host_uts = u->host_uts,
                               .host_cgroup = u->host_cgroup };
    copy_mounts(u, &out->spec);
    copy_rights(u, &out->spec);
    copy_devices(u, &out->spec);
    copy_links(l, &out->spec);
    copy_ports(u, &out->spec);
    copy_disks(u, &out->spec);
    copy_listeners(u, &out->spec);
    if (l->whole)
        copy_hooks(u, &out->spec);
    return copy_files(l->project, u, out, e);
}

void native_spec_clear(struct native_spec *s)
{
    fdpass_close(s->fds, s->spec.n_files);
    free(s->spec.mounts);
    free(s->spec.files);
    free(s->spec.ulimits);
    free(s->spec.groups);
    free(s->spec.devices);
    free(s->spec.links);
    free(s->spec.hosts);
    free(s->spec.ports);
    free(s->spec.disks);
    free(s->spec.pre_start);
    free(s->spec.listen);
    *s = (struct native_spec){ 0 };
}

static const char *secret_value(const struct project *p, const char *name)
{
    const struct secret *s = name[0] != '\0' ? project_secret(p, name) : NULL;

    return s ? s->value : "";
}

json_t *native_probe_request(const struct project *p, const struct health_spec *h)
{
    const struct probe *q = &h->probe;
    json_t *j = json_pack("{s:s,s:I}", "kind", probe_kind_text[q->kind], "timeout_us",
                          (json_int_t) h->timeout_us);

    if (q->kind == PROBE_HTTP) {
        (void) json_object_set_new(j, "url", json_string(q->url));
        (void) json_object_set_new(j, "insecure", json_boolean(q->insecure));
        return j;
    }
    (void) json_object_set_new(j, "host", json_string(q->host));
    (void) json_object_set_new(j, "port", json_integer(q->port));
    if (q->kind == PROBE_TCP)
        return j;
    if (q->kind == PROBE_TLS) {
        (void) json_object_update_new(
            j, json_pack("{s:s,s:i,s:s,s:b}", "server_name", q->server_name, "days", (int) q->days,
                         "ca", secret_value(p, q->ca_secret), "insecure", q->insecure));
        return j;
    }
    (void) json_object_set_new(j, "user", json_string(q->user));
    (void) json_object_set_new(j, "password", json_string(secret_value(p, q->password_secret)));
    if (q->kind == PROBE_MYSQL)
        (void) json_object_set_new(j, "database", json_string(q->database));
    return j;
}
