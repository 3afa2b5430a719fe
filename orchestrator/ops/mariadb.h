/* mariadb.h -- the MariaDB server of a project, asked as its administrator from inside its service.
 * The account is the service's own user through the socket, else root with the password that the
 * service has; neither password nor statement is in an argument list or an environment.
 * Runs in: CLI.  Owns: nothing.
 * Fails: negative errno, with what the tool said. */
#ifndef IPAM_OPS_MARIADB_H
#define IPAM_OPS_MARIADB_H

#include "ops/tool.h"

struct mariadb_tool {
    const char *service;
    const char *const *argv; /* the tool and its arguments, without those of the connection */
    const char *const *env;  /* as in tool.h */
    int in, out;             /* -1: /dev/null; may be closed once it is started */
};

/* as tool_start; ends with tool_end */
int mariadb_start(const struct procedure *p, const struct mariadb_tool *tool, struct tool_run *run,
                  struct err *e);

/* What statements answer: rows as lines, columns by tabs, nothing escaped; malloc'd. */
int mariadb_ask(const struct procedure *p, const char *service, const char *sql, char **rows,
                struct err *e);

/* `text` as an SQL string or name, with its quotes; malloc'd */
char *mariadb_quote(const char *text);
char *mariadb_name(const char *text);
/* printf; ends the program when out of memory */
char *mariadb_sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
