/* mysql8.h -- what a script written for MySQL 8 says that MariaDB does not take, or takes for
 * something else.  Pure but for mysql8_directory.
 * Runs in: CLI.  Owns: nothing.
 * Source: MariaDB, "Incompatibilities and Feature Differences Between MariaDB and MySQL 8.0". */
#ifndef IPAM_PREFLIGHT_MYSQL8_H
#define IPAM_PREFLIGHT_MYSQL8_H

#include <stddef.h>

enum { MYSQL8_WORD = 64 };

struct mysql8_gap {
    unsigned line;
    char what[MYSQL8_WORD]; /* as it is written */
    const char *instead;
};

typedef void mysql8_taker(void *owner, const char *file, const struct mysql8_gap *gap);

/* Tells the gaps of one script, what is in quotes and comments left out. */
void mysql8_scan(const char *file, const char *text, size_t len, mysql8_taker *take, void *owner);
/* The same for the *.sql of a directory, by name; what cannot be read is passed over. */
void mysql8_directory(const char *path, mysql8_taker *take, void *owner);
/* is the image one of MySQL 8? */
_Bool mysql8_is_image(const char *image);

#endif
