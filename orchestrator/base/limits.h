/* limits.h -- every limit of the programs: one line and one reason each. */
#ifndef IPAM_BASE_LIMITS_H
#define IPAM_BASE_LIMITS_H

enum {
    LIMIT_COMPOSE_FILE = 16 * 1024 * 1024, /* bytes of one YAML file: far above any real project */
    LIMIT_COMPOSE_DEPTH = 64,           /* nesting of maps and lists: bounds every recursive walk */
    LIMIT_COMPOSE_NODES = 1000000,      /* nodes of one file after aliases: stops alias bombs */
    LIMIT_COMPOSE_REPEATED = 100,       /* values aliases stand for, for each that is written... */
    LIMIT_COMPOSE_REPEATED_MIN = 10000, /* ...beyond so many */
    LIMIT_COMPOSE_CHAIN = 100,          /* services or files that extend or include one another */
    LIMIT_ENV_FILE = 1024 * 1024,       /* bytes of one env file */
    LIMIT_SECRET = 512 * 1024,          /* bytes of one secret or config, as in Swarm */
    LIMIT_CONTROL_LINE =
        16 * 1024 * 1024, /* bytes of one control request: a project of 5,000 units */
    LIMIT_SANDBOX_PACKET =
        128 * 1024, /* bytes of one broker message: fits a launch specification */
    LIMIT_LOG_FILES =
        1000, /* rotated files of one service: their numbers are looked up in a table */
    LIMIT_LOG_LINE = 16 * 1024, /* bytes of one log record: the json-file convention */
    LIMIT_CAPSULES = 5,        /* failures of one instance that are kept: enough to see a pattern */
    LIMIT_PROBE_OUTPUT = 4096, /* bytes kept of what a health check printed, as in moby */
    LIMIT_PROBE_CA = 32 * 1024, /* bytes of certificates that a probe trusts: one worker request */
    LIMIT_PATTERN = 256,        /* bytes of a pattern that lines are held against */
    LIMIT_PATTERN_REPEATED = 1000, /* copies its counts may make of a part: memory */
    LIMIT_PATTERN_LINE = 4096,     /* bytes of a line that are looked at: time */
    LIMIT_SECCOMP_PROFILE =
        64 * 1024, /* bytes of a service's own system call profile without blanks: half a packet */
    LIMIT_COPY_FILES =
        1000000,          /* files of one `cp` out of a service: it may never stop naming them */
    LIMIT_REPLICAS = 256, /* of one service: further addresses and names than a small network has */
    LIMIT_SCHEDULES = 64, /* of one project: the supervisor looks at each once a minute */
    LIMIT_INSTANCES = 1024, /* instances the broker keeps; its tables are static */
    LIMIT_NETWORKS = 256,   /* bridges the broker keeps */
    LIMIT_COVERED = 512, /* files of a running instance that were renewed: each stays in memory */
};

#endif
