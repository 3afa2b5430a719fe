/* sql_split.h -- an SQL script as single statements with their place in the file.  Pure.
 * Runs in: CLI.
 * Knows quotes ('..', "..", `..` with doubled quotes and backslashes), comments (-- , #, and C
 * style; executable comments of the form slash-star-bang are kept) and DELIMITER.
 * Source: MariaDB Knowledge Base, "Comment Syntax", "Delimiters". */
#ifndef IPAM_OPS_SQL_SPLIT_H
#define IPAM_OPS_SQL_SPLIT_H

#include <stddef.h>

struct sql_split {
    const char *at, *end;
    char delimiter[16];
    unsigned line; /* of `at` */
};

struct sql_statement {
    const char *text;
    size_t len;
    unsigned line; /* where it begins */
};

void sql_split_begin(struct sql_split *s, const char *text, size_t len);
/* 1 with a statement, 0 at the end, -EINVAL when a quote or comment is not closed */
int sql_split_next(struct sql_split *s, struct sql_statement *out);

#endif
