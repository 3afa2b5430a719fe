/* dump_scan.h -- what a dump of mariadb-dump says while it passes: tables, rows, sums, the place in
 * the binary log, and whether it is whole.  The rows are those of the dump itself, and so of the
 * moment it shows; asking the server would be another moment.
 * Runs in: CLI.  Owns: itself.  Pure: bytes in, facts out. */
#ifndef IPAM_OPS_DUMP_SCAN_H
#define IPAM_OPS_DUMP_SCAN_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DUMP_SUM = 32, DUMP_LOG_NAME = 256 };

struct dump_table {
    char *name;
    uint64_t rows;
    unsigned char sum[DUMP_SUM]; /* SHA-256 of its part of the dump without comments */
};

struct dump_facts {
    uint64_t bytes;
    char log_file[DUMP_LOG_NAME]; /* of the binary log, "" if it is off */
    uint64_t log_position;
    struct dump_table *tables; /* base tables, by name */
    size_t n_tables;
    unsigned char rest[DUMP_SUM]; /* of views, routines and events */
    bool whole;                   /* it has its end marker */
};

void dump_facts_clear(struct dump_facts *f);
const struct dump_table *dump_facts_table(const struct dump_facts *f, const char *name);

struct dump_scan;

struct dump_scan *dump_scan_new(void);
void dump_scan_feed(struct dump_scan *s, const void *data, size_t len);
/* The facts, the caller's; frees it. */
void dump_scan_end(struct dump_scan *s, struct dump_facts *out);
void dump_scan_free(struct dump_scan *s); /* accepts NULL */

#endif
