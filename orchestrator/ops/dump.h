/* dump.h -- the database of a project as a stream of SQL statements, and exactly back.
 * A dump shows one moment (a transaction of its own; InnoDB), with tables, triggers, views,
 * routines and events, the character set of the schema, and where the binary log was if there is
 * one.  It does not name the schema.  Accounts are apart: a schema is restored without them, a
 * server is not.
 * Runs in: CLI.  Owns: nothing.
 * Fails: negative errno, with what the tool said; a dump without its end marker is none. */
#ifndef IPAM_OPS_DUMP_H
#define IPAM_OPS_DUMP_H

#include "model/project.h"
#include "ops/dump_end.h"
#include "ops/dump_scan.h"
#include "ops/flow.h"
#include "ops/mariadb.h"

/* Writes it to `fd`; *facts (may be NULL) are the caller's. */
int dump_create(const struct procedure *p, const struct database *db, int fd,
                struct dump_facts *facts, struct err *e);

/* Makes the schema what the dump in `fd` says: it is dropped first, so that nothing else is in it
 * afterwards.  `schema` NULL: that of the project.  Not atomic: whoever calls has another dump to
 * go back to.  A load that was killed is ended first, however far it is. */
int dump_load(const struct procedure *p, const struct database *db, const char *schema, int fd,
              struct err *e);

/* The same in pieces, for what comes through a filter. */
int dump_stream(const struct procedure *p, const struct database *db, struct flow *to,
                struct dump_facts *facts, struct err *e);

struct dump_loading {
    struct tool_run run;
    struct dump_end end;
    char *schema; /* as a name of SQL */
    int pipe;
    bool began;
    void (*on_pipe)(int); /* what SIGPIPE did before */
};

#define DUMP_LOADING_NONE ((struct dump_loading){ .run = { .errors = -1 }, .pipe = -1 })

int dump_load_begin(const struct procedure *p, const struct database *db, const char *schema,
                    struct dump_loading *l, struct err *e);
int dump_load_write(struct dump_loading *l, const void *data, size_t len, struct err *e);
int dump_load_end(struct dump_loading *l, struct err *e);
void dump_load_stop(struct dump_loading *l); /* after any of them */

/* Statements that make the accounts which have rights on the schema, if they are missing, and give
 * them those rights; a password that an account has by now stays.  malloc'd */
int dump_accounts(const struct procedure *p, const struct database *db, char **sql, struct err *e);

/* Rows of every base table as the server counts them now, sums left out. */
int dump_count(const struct procedure *p, const struct database *db, const char *schema,
               struct dump_facts *facts, struct err *e);

#endif
