/* Is the database as closed as it should be (R8.2)?  Asked as its administrator, who is whoever
 * owns the server's files, through the socket inside the service. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "verify/lines.h"
#include "verify/verify_impl.h"

static const char administrator[] =
    "exec mariadb --no-defaults --protocol=socket --socket=/run/mysqld/mysqld.sock "
    "--user=\"$(id -un)\" --batch --skip-column-names -e \"$1\" 2>&1";

/* with the right password, where one is known */
static const char root_over_tcp[] =
    "f=${MARIADB_ROOT_PASSWORD_FILE:-${MYSQL_ROOT_PASSWORD_FILE:-/dev/null}}\n"
    "secret=$(sed -e 's/\\\\/\\\\\\\\/g' -e 's/\"/\\\\\"/g' \"$f\")\n"
    "mariadb --defaults-file=/dev/fd/3 --protocol=tcp --host=\"$1\" --port=\"$2\" --user=root "
    "--connect-timeout=5 --batch -e 'select 1' 2>&1 3<<E || true\n"
    "[client]\n"
    "password=\"$secret\"\n"
    "E\n";

/* what the statement prints, malloc'd; NULL when that is said */
static char *ask(struct verify *v, const char *sql)
{
    const char *unit = v->project->database.unit;
    char *output = NULL;
    struct err e = ERR_INIT;

    if (!verify_needs(v, unit, "database"))
        return NULL;
    if (verify_inside(v, unit, administrator, (const char *const[]){ sql, NULL }, &output, &e) <
        0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        verify_next(v, "ipam-orch logs %s", unit);
        return NULL;
    }
    return output;
}

/* lines as one, for a message */
static void join_lines(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    for (char *c = text; (c = strchr(c, '\n'));)
        *c = ',';
}

void verify_db_accounts(struct verify *v)
{
    auto_free char *found =
        ask(v, "select concat('account ', quote(user), '@', quote(host)) from mysql.user "
               "where user = '' or (user = 'root' and host <> 'localhost');"
               "select concat('no password for ', quote(user), '@', quote(host)) from mysql.user "
               "where is_role = 'N' and user <> '' and plugin in ('', 'mysql_native_password') "
               "and authentication_string = '' and user <> 'mariadb.sys';"
               "select concat('schema ', schema_name) from information_schema.schemata "
               "where schema_name = 'test' or schema_name like 'test\\_%';");

    if (!found)
        return;
    join_lines(found);
    if (found[0]) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", found);
        verify_next(v, "DROP USER, DROP DATABASE what is named, with: ipam-orch exec %s mariadb",
                    v->project->database.unit);
    } else {
        verify_say(v, VERIFY_OK, NULL,
                   "root at localhost only, no anonymous account, none without a password, no test "
                   "schema");
    }
}

void verify_db_settings(struct verify *v)
{
    auto_free char *found = ask(v, "select concat('local_infile ', @@local_infile + 0), "
                                   "concat('secure_file_priv ', coalesce(@@secure_file_priv, '')), "
                                   "concat('skip_name_resolve ', @@skip_name_resolve + 0), "
                                   "concat('general_log ', @@general_log + 0)");

    if (!found)
        return;
    for (char *c = found; (c = strchr(c, '\t'));)
        *c = '\n';
    if (!lines_have(found, "local_infile 0"))
        verify_say(v, VERIFY_FAIL, NULL, "local_infile is on: clients' files can be read");
    else if (lines_have(found, "secure_file_priv "))
        verify_say(v, VERIFY_FAIL, NULL, "secure_file_priv is empty: files go anywhere");
    else if (!lines_have(found, "general_log 0"))
        verify_say(v, VERIFY_FAIL, NULL, "general_log is on: it writes down what statements say");
    else
        verify_say(v, VERIFY_OK, NULL, "local_infile off, secure_file_priv set, general_log off%s",
                   lines_have(found, "skip_name_resolve 1") ? ", names are not resolved" : "");
    if (v->out->items[v->out->n - 1].status == VERIFY_FAIL)
        verify_next(v, "take the option out of the service's command, then: ipam-orch restart %s",
                    v->project->database.unit);
}

void verify_db_application(struct verify *v)
{
    const struct database *db = &v->project->database;
    auto_free char *sql = NULL, *found = NULL;

    if (strpbrk(db->user, "'\\") || strpbrk(db->schema, "'\\")) {
        verify_say(v, VERIFY_SKIP, NULL, "the name of account or schema has a quote in it");
        return;
    }
    if (asprintf(&sql,
                 "select concat(privilege_type, ' on *.*') from information_schema.user_privileges "
                 "where grantee like '\\'%1$s\\'@%%' and privilege_type <> 'USAGE';"
                 "select concat(privilege_type, ' on ', table_schema) from "
                 "information_schema.schema_privileges where grantee like '\\'%1$s\\'@%%' and "
                 "(replace(table_schema, '\\\\', '') <> '%2$s' or is_grantable = 'YES');"
                 "select concat('its host is ', host) from mysql.user where user = '%1$s'",
                 db->user, db->schema) < 0)
        abort();
    found = ask(v, sql);
    if (!found)
        return;
    join_lines(found);
    if (strncmp(found, "its host is ", 12) == 0) {
        verify_say(v, VERIFY_OK, NULL, "'%s' has rights on %s only; %s", db->user, db->schema,
                   found);
    } else {
        verify_say(v, VERIFY_FAIL, NULL, "'%s' has more than its schema: %.300s", db->user, found);
        verify_next(v, "REVOKE what is named from '%s'", db->user);
    }
}

/* refused for who it is, not because nobody answers */
static bool is_refusal(const char *output)
{
    static const char *const codes[] = { "ERROR 1045 ", "ERROR 1130 ", "ERROR 1698 " };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strstr(output, codes[i]))
            return true;
    return false;
}

void verify_db_root(struct verify *v)
{
    const struct database *db = &v->project->database;
    auto_free char *output = NULL;
    struct err e = ERR_INIT;
    char port[8];

    if (!verify_needs(v, db->unit, "database"))
        return;
    (void) snprintf(port, sizeof port, "%u", db->port);
    if (verify_inside(v, db->unit, root_over_tcp, (const char *const[]){ "127.0.0.1", port, NULL },
                      &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    join_lines(output);
    if (is_refusal(output)) {
        verify_say(v, VERIFY_OK, NULL, "with the right password too: %.200s", output);
    } else {
        verify_say(v, VERIFY_FAIL, NULL, "%s: %.200s",
                   strstr(output, "ERROR") ? "it cannot be tried" : "root gets in over TCP",
                   output);
        verify_next(v, "DROP USER 'root'@'%%'");
    }
}
