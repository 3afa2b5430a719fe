/* secret_list.h -- the secrets of a project as its files know them: variables of .env.prod that
 * secrets are made of or that its template calls secret, and files.
 * Runs in: CLI.  Owns: everything it lists.
 * Fails: as load_raw; a value that is missing fails nothing. */
#ifndef IPAM_CLI_SECRET_LIST_H
#define IPAM_CLI_SECRET_LIST_H

#include <stdbool.h>

#include "cli/cmd.h"
#include "compose/load.h"
#include "model/settings.h"

struct secret_item {
    const char *name;              /* of the variable, else of the secret */
    const char *secret;            /* its name in the compose file, NULL = a variable only */
    const char *file;              /* NULL = a variable */
    const char *value;             /* of a variable; "" if it has none */
    const char **readers;          /* services, ended by NULL */
    const struct setting *setting; /* of .env.prod or else its template; NULL = none */
    bool in_file;                  /* .env.prod is what decides */
};

struct secret_list {
    struct loaded loaded;
    struct settings env, template;
    char *env_path; /* of .env.prod, links followed; NULL if there is none */
    struct secret_item *items;
    size_t n;
};

int secret_list_read(const struct cli *cli, struct secret_list *out, struct err *e);
void secret_list_clear(struct secret_list *l);
/* By the name of the variable or of the secret; an unknown one is ERR_USAGE, with the nearest. */
int secret_list_find(const struct secret_list *l, const char *name, struct secret_item **out,
                     struct err *e);
/* Why the value is no good ("is empty", "is that of X too"); false when it is. */
bool secret_list_refuse(const struct secret_list *l, const struct secret_item *item,
                        const char *value, char *why, size_t size);
/* "backend, mysql", "-" if nobody; malloc'd */
char *secret_list_readers(const struct secret_item *item);
/* days since it was made, -1 if nobody knows */
int secret_list_age(const struct secret_item *item, long long now_s);

#endif
