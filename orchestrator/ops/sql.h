/* sql.h -- a conversation with the project's MariaDB as the application, statement by statement.
 * The client is the one of the service, inside it (inside.h); the account reaches it on its stdin,
 * never as an argument or a variable.  What needs the administrator is in mariadb.h.
 * Runs in: CLI.  Owns: the client; it ends with the conversation.
 * Fails: with the server's message; ERR_MIGRATION.  After a failure the client has ended, and
 * whatever it held at the server (locks, roles) goes with it. */
#ifndef IPAM_OPS_SQL_H
#define IPAM_OPS_SQL_H

#include <jansson.h>
#include <stddef.h>

#include "ops/procedure.h"

/* where and as whom; all borrowed */
struct sql_account {
    const char *service;
    const char *schema, *user, *password;
    uint16_t port;
};

struct sql;

/* That the server does not answer is told by the first statement. */
int sql_open(const struct procedure *p, const struct sql_account *who, struct sql **out,
             struct err *e);
void sql_close(struct sql *s); /* accepts NULL; waits until the client is gone */
void sql_close_(struct sql **s);
#define auto_sql __attribute__((cleanup(sql_close_))) struct sql *

/* One statement, however long it takes; what it answers is passed over. */
int sql_run(struct sql *s, const char *text, size_t len, struct err *e);
int sql_runf(struct sql *s, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The rows as a list of lists of texts; new reference.  NULL is the text "NULL". */
int sql_rows(struct sql *s, json_t **rows, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* First column of the first row, "" if there is none; malloc'd. */
int sql_text(struct sql *s, char **out, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
