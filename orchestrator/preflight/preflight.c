#include "preflight/preflight.h"

const uint16_t preflight_ports_wanted[PREFLIGHT_PORTS] = { 80, 443, 3000, 3306, 6379, 9090 };

const struct preflight_subject preflight_subjects[] = {
    { "docker", "client, daemon and compose plugin, which compose mode needs", preflight_docker },
    { "package", "programs and versions that native services need", preflight_packages },
    { "memory", "memory that is available", preflight_memory },
    { "disk", "free space for data, logs, backups and releases", preflight_disk },
    { "port", "ports that must be free, and who has them", preflight_ports },
    { "kernel", "version and features of the kernel", preflight_kernel },
    { "cgroup", "control groups that limits and kills need", preflight_cgroup },
    { "sysctl", "settings of the kernel that servers want otherwise", preflight_sysctl },
    { "user", "system users of the manager", preflight_users },
    { "host", "clock, entropy, names", preflight_host },
    { "sql", "scripts for MySQL 8 that MariaDB has to run", preflight_sql },
    { 0 },
};
