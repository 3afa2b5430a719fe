#include <errno.h>
#include <mysql.h>

#include "units/probe.h"

/* A ping is answered even when every login is refused; a query with a login tells the truth. */
static int ask(MYSQL *db, const struct probe_request *r, struct err *e)
{
    MYSQL_RES *rows;

    if (!mysql_real_connect(db, r->host, r->user, r->password, r->database[0] ? r->database : NULL,
                            (unsigned) r->port, NULL, 0) ||
        mysql_query(db, "select 1") != 0)
        return err_set(e, -EIO, "%s", mysql_error(db));
    rows = mysql_store_result(db);
    if (!rows)
        return err_set(e, -EIO, "%s", mysql_error(db));
    mysql_free_result(rows);
    return 0;
}

static int run(const struct probe_request *r, struct err *e)
{
    unsigned seconds = probe_seconds(r);
    MYSQL *db = mysql_init(NULL);
    int code;

    if (!db)
        return err_set(e, -ENOMEM, "the MariaDB client does not start");
    (void) mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    (void) mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &seconds);
    (void) mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
    code = ask(db, r, e);
    mysql_close(db);
    return code;
}

const struct probe_ops probe_mysql = { .name = "mysql", .run = run };
